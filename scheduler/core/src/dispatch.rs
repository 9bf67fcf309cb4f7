//! Handing out: permits to attempts that run, then work to workers with room.
//!
//! What was suspended returns first, unless more urgent work wants its room; and where no room is left, urgent work
//! displaces lesser (see `preempt`).
//!
//! Which work: the lane whose turn it is, in it the client whose turn it is, of that client the host served longest
//! ago, and of what is queued there the first. Only streams take part whose host may be asked now and for which a
//! worker has room. The cost of a decision grows neither with what is queued nor with the number of hosts.

use gleaner_model::{Attempt, Lane, TaskId};

use crate::attempts::{Course, Hold, Payer, Running};
use crate::hosts::Front;
use crate::scheduler::{Out, Scheduler};
use crate::streams::StreamIndex;
use crate::tasks::Slot;
use crate::turns::{Ready, Turn};
use crate::{Effect, Moment, Needs};

/// How many tasks at the head of a stream are passed over because they wait for protected room: as many as were
/// displaced as often as they may be and handed back, which are few. It bounds a decision; beyond it the stream waits.
const PASSED_OVER_MAX: usize = 64;

impl Scheduler {
    /// Hands out as much as slots, hosts and budgets allow, up to a bound. True if the bound stopped it: call again.
    pub fn dispatch(&mut self, now: Moment, out: Out<'_>) -> bool {
        self.hosts.open_due(now, &self.options);
        self.ripen(now);
        for _ in 0..self.options.dispatch_max {
            self.list_hosts();
            let decided = self.grant_any(now, out)
                || self.resume_any(now, out)
                || self.assign_any(now, out)
                || self.displace_any(now, out);
            if !decided {
                return false;
            }
        }
        true
    }

    fn grant_any(&mut self, now: Moment, out: Out<'_>) -> bool {
        let floor_every = self.options.permit_floor_every;
        let startable = |lane, needs, front: &_| self.is_startable(lane, needs, front);
        let ready = self
            .hosts
            .thirsty()
            .find(|(index, host)| host.is_open() && self.hosts.next_waiting(*index, floor_every, startable).is_some());
        let Some((index, _)) = ready else { return false };
        self.grant_waiting(index, now, out)
    }

    /// Could a task of this front get a slot, or will it when its lane's target is over?
    pub(crate) fn is_startable(&self, lane: Lane, needs: Needs, front: &Front) -> bool {
        let displaces = || self.target_ms(lane).is_some() && self.victim(needs, lane).is_some();
        self.has_next(front) && (self.room(lane, needs).is_some() || displaces())
    }

    fn assign_any(&mut self, now: Moment, out: Out<'_>) -> bool {
        if !self.roster.has_room() {
            return false;
        }
        self.shares.lanes_in_turn().into_iter().any(|lane| self.assign_in(lane, now, out))
    }

    /// Starts what is next in a lane. A lane whose turn it is while more urgent work wants the same room begins what it
    /// may keep: within its floor, or within what may be protected. Otherwise it would be displaced at once.
    fn assign_in(&mut self, lane: Lane, now: Moment, out: Out<'_>) -> bool {
        let Some(turn) = self.next_in(lane) else { return false };
        let needs = self.streams.get(turn.stream).key.needs;
        let Some(worker) = self.room(lane, needs) else { return false };
        if !self.is_threatened(lane) || !self.is_wanted(worker, lane, &self.urgent_wishes()) {
            self.assign(turn.stream, false, None, now, out);
            return true;
        }
        let within_floor = self.field.running(needs, lane) < self.floor(needs, lane);
        if !within_floor && !self.has_protected_room(needs) {
            return false;
        }
        match self.return_by_right(lane) {
            Some(slot) => self.resume(slot, !within_floor, now, out),
            None => self.assign(turn.stream, !within_floor, None, now, out),
        }
        true
    }

    /// The next stream of a lane that can be served now.
    pub(crate) fn next_in(&self, lane: Lane) -> Option<Turn> {
        if self.shares.lane(lane).queued == 0 {
            return None;
        }
        let roomy = self.turns.of(lane).filter(|(needs, _)| self.room(lane, *needs).is_some());
        let first = |(_, ready): (Needs, &Ready)| ready.in_order().find(|turn| self.is_next(turn, lane));
        roomy.filter_map(first).min()
    }

    /// May something of this stream start, as far as its host and its tasks are concerned?
    fn is_next(&self, turn: &Turn, lane: Lane) -> bool {
        let host = self.streams.get(turn.stream).key.host;
        self.hosts.get(host).serves(lane) && self.next_of(turn.stream).is_some()
    }

    /// Is there a task in a host's front which may start?
    pub(crate) fn has_next(&self, front: &Front) -> bool {
        front.iter().any(|stream| self.next_of(*stream).is_some())
    }

    /// The task that a stream starts next: the first one, but for some that wait for protected room.
    pub(crate) fn next_of(&self, index: StreamIndex) -> Option<Slot> {
        let first = self.streams.get(index).ready.first();
        let following = |slot: &Slot| Some(self.tasks[*slot].next).filter(|next| *next != Slot::NONE);
        let mut queue = std::iter::successors(first, following).take(PASSED_OVER_MAX);
        queue.find(|slot| self.may_start(*slot))
    }

    /// Gives the next task of a stream to a worker with room; `displaced` made that room.
    pub(crate) fn assign(
        &mut self,
        index: StreamIndex,
        by_right: bool,
        displaced: Option<TaskId>,
        now: Moment,
        out: Out<'_>,
    ) {
        let key = self.streams.get(index).key;
        let slot = self.next_of(index).expect("a stream was chosen that has something to start");
        let worker = self.worker_for(slot, key).expect("a worker with room was seen");
        self.withdraw(slot, now);
        let charged_us = self.costs.predict(key);
        self.charge_start(index, key, charged_us);
        self.hosts.charge(key.host, key.lane, now, &self.options);
        self.note_request(slot, worker, key.host, key.lane, now);
        if self.target_ms(key.lane).is_some() && self.roster.get(worker).is_some_and(|worker| worker.suspended() > 0) {
            self.rest(worker, now);
        }
        let token = self.next_token();
        let mut course = Course::new(now.mono_ms);
        course.payer = Some(Payer { lane: key.lane, client: key.client, charged_us });
        (course.by_right, course.displaced) = (by_right, displaced);
        let running = Running {
            token,
            origin: token,
            worker: Some(worker),
            hold: Hold::Slot,
            grace_until_ms: 0,
            first_request_at_ms: Some(now.mono_ms),
            thirsts: Vec::new(),
            course,
            place: None,
        };
        self.begin_attempt(slot, running);
        self.counters.assigned += 1;
        out.push(Effect::Assign {
            worker,
            attempt: Attempt { task: self.tasks[slot].task(), token },
            host: key.host,
            use_before_ms: self.options.permit_ttl_ms,
            lane: key.lane,
        });
    }
}
