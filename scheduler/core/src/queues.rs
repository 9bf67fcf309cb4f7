//! In and out of the queues: the one place that keeps streams, shares and hosts in step.

use gleaner_model::Lane;

use crate::scheduler::Scheduler;
use crate::streams::{StreamIndex, StreamKey};
use crate::tasks::{Slot, State};
use crate::turns::Turn;
use crate::{ClientIndex, Moment};

/// Which end of the queue.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum End {
    /// Before all others, but for those with a deadline: it had its turn already and lost it through no fault of its own.
    Head,
    Tail,
}

impl Scheduler {
    /// Makes a task ready.
    pub(crate) fn enqueue(&mut self, slot: Slot, end: End, now: Moment) {
        let index = self.tasks[slot].stream;
        self.tasks[slot].state = State::Queued;
        let deadline = self.deadlines.get(&slot).copied();
        let stream = self.streams.get_mut(index);
        stream.add(&mut self.tasks, slot, deadline, end);
        let (key, first) = (stream.key, stream.ready.len() == 1);
        self.shares.lane_mut(key.lane).queued += 1;
        if first {
            self.wake(index, key, now);
        } else {
            self.show_deadline(index);
        }
    }

    /// Takes a ready task out of its queue.
    pub(crate) fn withdraw(&mut self, slot: Slot, now: Moment) {
        let index = self.tasks[slot].stream;
        let deadline = self.deadlines.get(&slot).copied();
        let stream = self.streams.get_mut(index);
        stream.take(&mut self.tasks, slot, deadline);
        let (key, last) = (stream.key, stream.ready.len() == 0);
        self.shares.lane_mut(key.lane).queued -= 1;
        if last {
            self.sleep(index, key, now);
        } else {
            self.show_deadline(index);
        }
    }

    /// Lets a task change its stream, for another lane or client; a ready one goes to the end of the new queue.
    pub(crate) fn move_to(&mut self, slot: Slot, lane: Lane, client: ClientIndex, now: Moment) {
        let old = self.streams.key_of(&self.tasks, slot);
        if (old.lane, old.client) == (lane, client) {
            return;
        }
        let state = self.tasks[slot].state;
        if state == State::Queued {
            self.withdraw(slot, now);
        }
        if state == State::Running {
            self.count_attempt(slot, old.lane, false);
            self.count_attempt(slot, lane, true);
        }
        self.streams.quit(self.tasks[slot].stream);
        self.tasks[slot].stream = self.streams.enter(StreamKey { lane, client, ..old });
        if state == State::Queued {
            self.enqueue(slot, End::Tail, now);
        }
        self.lane_changed(slot, now);
    }

    /// Charges a start to the stream's lane and client, after the first task was taken out of it.
    pub(crate) fn charge_start(&mut self, index: StreamIndex, key: StreamKey, cost_us: u64) {
        let awake = self.streams.get(index).ready.len() > 0;
        if awake {
            self.leave_front(index);
        }
        let before = self.pass_of(key);
        self.streams.get_mut(index).turn = self.shares.charge(key.lane, key.client, cost_us);
        self.turns.pass(key.lane, key.client, before, self.pass_of(key));
        if awake {
            self.enter_front(index);
        }
    }

    /// Lists the streams of the hosts that may be asked now, and no others.
    pub(crate) fn list_hosts(&mut self) {
        while let Some((host, listed)) = self.hosts.take_turned() {
            let streams: Vec<StreamIndex> = self.hosts.get(host).fronts.values().flatten().copied().collect();
            for index in streams {
                let (turn, key) = (self.turn_of(index), self.streams.get(index).key);
                if listed {
                    self.turns.insert(key.lane, key.needs, turn);
                } else {
                    self.turns.remove(key.lane, key.needs, turn);
                }
            }
        }
    }

    fn client_streams(&self, key: StreamKey) -> impl Iterator<Item = StreamIndex> {
        self.shares.client(key.client).lanes[key.lane.index()].streams.iter().copied()
    }

    /// The stream's first task came: it takes part in decisions.
    fn wake(&mut self, index: StreamIndex, key: StreamKey, now: Moment) {
        // Only a client that slept altogether may have fallen behind; one that is awake keeps its place.
        if self.client_streams(key).next().is_none() {
            self.shares.wake(key.lane, key.client);
        }
        self.shares.client_mut(key.client).lanes[key.lane.index()].streams.insert(index);
        let stream = self.streams.get_mut(index);
        stream.deadline = stream.first_deadline();
        self.enter_front(index);
        self.hosts.seat(key.host, now, &self.options);
    }

    /// The stream's last task went.
    fn sleep(&mut self, index: StreamIndex, key: StreamKey, now: Moment) {
        self.leave_front(index);
        self.shares.client_mut(key.client).lanes[key.lane.index()].streams.remove(&index);
        self.hosts.seat(key.host, now, &self.options);
    }

    /// The first task of a stream that is awake may be another one: its place hangs on when that is wanted.
    fn show_deadline(&mut self, index: StreamIndex) {
        let deadline = self.streams.get(index).first_deadline();
        if self.streams.get(index).deadline != deadline {
            self.leave_front(index);
            self.streams.get_mut(index).deadline = deadline;
            self.enter_front(index);
        }
    }

    fn pass_of(&self, key: StreamKey) -> u128 {
        self.shares.client(key.client).lanes[key.lane.index()].account.pass
    }

    fn turn_of(&self, index: StreamIndex) -> Turn {
        let stream = self.streams.get(index);
        let pass = self.pass_of(stream.key);
        let (client, deadline, turn) = (stream.key.client, stream.deadline, stream.turn);
        Turn { pass, client, deadline, turn, stream: index }
    }

    fn enter_front(&mut self, index: StreamIndex) {
        let (turn, key) = (self.turn_of(index), self.streams.get(index).key);
        let host = self.hosts.get_mut(key.host);
        host.fronts.entry((key.lane, key.needs)).or_default().insert(index);
        if host.listed {
            self.turns.insert(key.lane, key.needs, turn);
        }
    }

    fn leave_front(&mut self, index: StreamIndex) {
        let (turn, key) = (self.turn_of(index), self.streams.get(index).key);
        let host = self.hosts.get_mut(key.host);
        if let Some(front) = host.fronts.get_mut(&(key.lane, key.needs)) {
            front.remove(&index);
            if front.is_empty() {
                host.fronts.remove(&(key.lane, key.needs));
            }
        }
        if host.listed {
            self.turns.remove(key.lane, key.needs, turn);
        }
    }
}
