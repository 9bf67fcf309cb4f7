//! Handing out: permits to attempts that run, then work to workers with room.
//!
//! Which work: the lane whose turn it is, in it the client whose turn it is, of that client the host served longest
//! ago, and of what is queued there the first. Only streams take part whose host may be asked now and for which a
//! worker has room. The cost of a decision grows with the number of open hosts, never with what is queued.

use gleaner_model::{Attempt, Lane};

use crate::hosts::Turn;
use crate::scheduler::{Out, Running, Scheduler};
use crate::streams::StreamIndex;
use crate::{Effect, Moment, Needs};

impl Scheduler {
    /// Hands out as much as slots, hosts and budgets allow, up to a bound. True if the bound stopped it: call again.
    pub fn dispatch(&mut self, now: Moment, out: Out<'_>) -> bool {
        self.hosts.open_due(now, &self.options);
        for _ in 0..self.options.dispatch_max {
            if !self.grant_any(now, out) && !self.assign_any(now, out) {
                return false;
            }
        }
        true
    }

    fn grant_any(&mut self, now: Moment, out: Out<'_>) -> bool {
        let startable = |needs| self.roster.choose(needs).is_some();
        let floor_every = self.options.permit_floor_every;
        let ready = self
            .hosts
            .thirsty()
            .find(|(index, host)| host.is_open() && self.hosts.next_waiting(*index, floor_every, startable).is_some());
        let Some((index, _)) = ready else { return false };
        self.grant_waiting(index, now, out)
    }

    fn assign_any(&mut self, now: Moment, out: Out<'_>) -> bool {
        if !self.roster.has_room() {
            return false;
        }
        let next = self.shares.lanes_in_turn().into_iter().find_map(|lane| self.next_in(lane));
        let Some(turn) = next else { return false };
        self.assign(turn.stream, now, out);
        true
    }

    /// The next stream of a lane that can be served now.
    fn next_in(&self, lane: Lane) -> Option<Turn> {
        let mut best: Option<Turn> = None;
        for (_, host) in self.hosts.open() {
            // Who runs already and is as urgent comes first.
            if host.most_urgent_waiting().is_some_and(|(waiting, _)| waiting <= lane) {
                continue;
            }
            for ((_, needs), front) in host.fronts.range((lane, Needs(0))..=(lane, Needs(u16::MAX))) {
                let Some(first) = front.first() else { continue };
                if best.is_none_or(|best| *first < best) && self.roster.choose(*needs).is_some() {
                    best = Some(*first);
                }
            }
        }
        best
    }

    fn assign(&mut self, index: StreamIndex, now: Moment, out: Out<'_>) {
        let stream = self.streams.get(index);
        let key = stream.key;
        let slot = stream.ready.first().expect("a stream in a front has something ready");
        let worker = self.roster.choose(key.needs).expect("a worker with room was seen");
        self.withdraw(slot, now);
        self.charge_start(index, key);
        self.hosts.charge(key.host, now, &self.options);
        let token = self.next_token();
        self.begin_attempt(
            slot,
            Running {
                token,
                origin: token,
                worker: Some(worker),
                takes_slot: true,
                grace_until_ms: 0,
                first_request_at_ms: Some(now.mono_ms),
                thirsts: Vec::new(),
            },
        );
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
