//! Workers come, give signs of life, and go. What they run stays theirs for a grace, so that a reconnect costs nothing.

use std::cmp::Reverse;

use gleaner_model::{Attempt, Token};

use crate::scheduler::{Out, Running, Scheduler};
use crate::tasks::{Slot, State};
use crate::{Claim, ClaimVerdict, Held, Joining, Moment, WorkerId};

impl Scheduler {
    /// Opens a session. Of each attempt that the worker has from earlier it is told whether to go on with it, in the
    /// order in which it announced them. Of several announcements of one task, by whomever, the highest token wins.
    pub fn join(&mut self, joining: Joining, now: Moment, out: Out<'_>) -> Vec<Claim> {
        let Joining { worker, slots, needs, held } = joining;
        self.leave(worker, now);
        self.roster.join(worker, slots, needs, now.mono_ms.saturating_add(self.options.lease_ttl_ms));
        let mut order: Vec<_> = (0..held.len()).collect();
        order.sort_by_key(|at| (Reverse(held[*at].attempt.token), *at));
        let mut claims: Vec<_> =
            held.iter().map(|held| Claim { attempt: held.attempt, verdict: ClaimVerdict::Abandoned }).collect();
        for at in order {
            claims[at].verdict = self.claim(worker, held[at], now, out);
        }
        claims
    }

    /// A sign of life: renews the leases of all that the worker runs. False if there is no such session, so that the
    /// worker must join again.
    pub fn heartbeat(&mut self, worker: WorkerId, now: Moment) -> bool {
        self.roster.renew(worker, now.mono_ms.saturating_add(self.options.lease_ttl_ms))
    }

    /// The worker's stream broke. Its attempts are requeued after a grace, or with the end of their lease if that is
    /// sooner, unless they are announced again before.
    pub fn leave(&mut self, worker: WorkerId, now: Moment) {
        let Some(gone) = self.roster.remove(worker) else { return };
        let grace_ms = now.mono_ms.saturating_add(self.options.reconnect_grace_ms);
        for slot in gone.attempts {
            self.orphan(slot, grace_ms.min(gone.lease_until_ms), now);
        }
    }

    /// The worker gets nothing new; what it runs goes on.
    pub fn drain(&mut self, worker: WorkerId) {
        self.roster.change(worker, |worker| worker.draining = true);
    }

    /// The attempt gets somewhere: a sign of life of its worker.
    pub fn progressed(&mut self, attempt: Attempt, now: Moment) {
        let running = self.current(attempt).and_then(|slot| self.running.get(&slot));
        if let Some(worker) = running.and_then(|running| running.worker) {
            self.heartbeat(worker, now);
        }
    }

    /// The slot of the attempt's task, if the attempt is current.
    pub(crate) fn current(&self, attempt: Attempt) -> Option<Slot> {
        let slot = self.tasks.find(attempt.task)?;
        self.running.get(&slot).is_some_and(|running| running.token == attempt.token).then_some(slot)
    }

    fn claim(&mut self, worker: WorkerId, held: Held, now: Moment, out: Out<'_>) -> ClaimVerdict {
        let Some(slot) = self.tasks.find(held.attempt.task) else { return ClaimVerdict::Closed };
        if held.attempt.token.epoch < self.births.epoch_of(held.attempt.task) {
            return ClaimVerdict::Abandoned;
        }
        match self.tasks[slot].state {
            State::Recovered if self.nobody_waits(slot) => {
                self.finish(slot, now);
                ClaimVerdict::Closed
            }
            State::Recovered => {
                self.limbo.unlink(&mut self.tasks, slot);
                self.limbo_retries.remove(&slot);
                ClaimVerdict::Adopted(self.adopt(slot, worker, held, None))
            }
            State::Running => self.claim_running(slot, worker, held, now, out),
            State::Committing => ClaimVerdict::Closed,
            // Its lease was over, and somebody may have asked since who must not get what it found before that.
            State::Queued | State::Behind | State::Retrying => ClaimVerdict::Abandoned,
        }
    }

    fn claim_running(&mut self, slot: Slot, worker: WorkerId, held: Held, now: Moment, out: Out<'_>) -> ClaimVerdict {
        let running = &self.running[&slot];
        let (announced, since) = (held.attempt.token, running.first_request_at_ms);
        // The worker that has it, perhaps one that never heard of the token under which it was adopted before.
        let same = announced == running.token || announced == running.origin;
        if !same && announced < running.origin {
            return ClaimVerdict::Abandoned;
        }
        if !same {
            self.stop_attempt(slot, out);
        }
        self.end_attempt(slot, now);
        ClaimVerdict::Adopted(self.adopt(slot, worker, held, since.filter(|_| same)))
    }

    fn adopt(&mut self, slot: Slot, worker: WorkerId, held: Held, first_request_at_ms: Option<u64>) -> Token {
        self.counters.adopted += 1;
        let token = self.next_token();
        self.begin_attempt(
            slot,
            Running {
                token,
                origin: held.attempt.token,
                worker: Some(worker),
                takes_slot: !held.finished,
                grace_until_ms: 0,
                first_request_at_ms,
                thirsts: Vec::new(),
            },
        );
        token
    }

    /// From now on `running` is the task's current attempt.
    pub(crate) fn begin_attempt(&mut self, slot: Slot, running: Running) {
        self.tasks[slot].state = State::Running;
        let lane = self.streams.key_of(&self.tasks, slot).lane;
        self.shares.lane_mut(lane).running += 1;
        if let Some(worker) = running.worker {
            self.roster.take(worker, slot, running.takes_slot);
        }
        self.running.insert(slot, running);
    }

    /// The task's current attempt is over, whatever comes next; the caller gives the task another state.
    pub(crate) fn end_attempt(&mut self, slot: Slot, now: Moment) {
        self.stop_thirst(slot, now);
        let Some(running) = self.running.remove(&slot) else { return };
        let lane = self.streams.key_of(&self.tasks, slot).lane;
        self.shares.lane_mut(lane).running -= 1;
        match running.worker {
            Some(worker) => self.roster.give_back(worker, slot, running.takes_slot),
            None => {
                self.orphans.remove(&(running.grace_until_ms, slot));
            }
        }
    }

    fn orphan(&mut self, slot: Slot, grace_until_ms: u64, now: Moment) {
        self.stop_thirst(slot, now);
        if let Some(running) = self.running.get_mut(&slot) {
            running.worker = None;
            running.grace_until_ms = grace_until_ms;
            self.orphans.insert((grace_until_ms, slot));
        }
    }

    fn stop_thirst(&mut self, slot: Slot, now: Moment) {
        let Some(running) = self.running.get_mut(&slot) else { return };
        for (host, key) in std::mem::take(&mut running.thirsts) {
            self.hosts.stop_waiting(host, key);
            self.hosts.seat(host, now, &self.options);
        }
    }

    /// Was the task recovered without any open job?
    pub(crate) fn nobody_waits(&self, slot: Slot) -> bool {
        self.groups.get(&slot).is_some_and(Vec::is_empty)
    }
}
