//! Workers come, give signs of life, and go. What they run stays theirs for a grace, so that a reconnect costs nothing.

use std::cmp::Reverse;

use gleaner_model::{Attempt, Lane, Token};

use crate::attempts::{Course, Hold, Payer, Running};
use crate::costs::LEAST_US;
use crate::scheduler::{Out, Scheduler};
use crate::tasks::{Slot, State};
use crate::{Claim, ClaimVerdict, Effect, Held, Joining, Moment, WorkerId};

impl Scheduler {
    /// Opens a session. Of each attempt that the worker has from earlier it is told whether to go on with it, in the
    /// order in which it announced them. Of several announcements of one task, by whomever, the highest token wins. Of
    /// an adopted attempt that its worker may have suspended, an [`Effect::Suspend`] or [`Effect::Resume`] tells how it
    /// goes on; it names the fresh token.
    pub fn join(&mut self, joining: Joining, now: Moment, out: Out<'_>) -> Vec<Claim> {
        let Joining { worker, slots, needs, held } = joining;
        self.sift(now, out);
        self.leave(worker, now);
        let lease_until_ms = now.mono_ms.saturating_add(self.options.lease_ttl_ms);
        self.roster.join(worker, slots, self.options.suspended_max, needs, lease_until_ms);
        let mut order: Vec<_> = (0..held.len()).collect();
        order.sort_by_key(|at| (Reverse(held[*at].attempt.token), *at));
        let mut claims: Vec<_> =
            held.iter().map(|held| Claim { attempt: held.attempt, verdict: ClaimVerdict::Abandoned }).collect();
        for at in order {
            claims[at].verdict = self.claim(worker, held[at], now, out);
        }
        self.fit(worker, now, out);
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

    /// The worker gets nothing new; what it runs goes on. What it has suspended goes back to the queues with the next
    /// tick.
    pub fn drain(&mut self, worker: WorkerId) {
        self.roster.change(worker, |worker| worker.draining = true);
        self.place_all(worker);
        self.give_up_suspended(worker);
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
            State::Recovered => {
                self.limbo.unlink(&mut self.tasks, slot);
                self.limbo_retries.remove(&slot);
                ClaimVerdict::Adopted(self.adopt(slot, worker, held, None, now, out))
            }
            State::Running => self.claim_running(slot, worker, held, now, out),
            State::Committing => ClaimVerdict::Closed,
            // Its lease was over, and somebody may have asked since who must not get what it found before that.
            State::Queued | State::Behind | State::Retrying | State::Delayed | State::Waiting => {
                ClaimVerdict::Abandoned
            }
        }
    }

    fn claim_running(&mut self, slot: Slot, worker: WorkerId, held: Held, now: Moment, out: Out<'_>) -> ClaimVerdict {
        let running = &self.running[&slot];
        let announced = held.attempt.token;
        // The worker that has it, perhaps one that never heard of the token under which it was adopted before.
        let same = announced == running.token || announced == running.origin;
        if !same && announced < running.origin {
            return ClaimVerdict::Abandoned;
        }
        if !same {
            self.stop_attempt(slot, out);
        }
        let known = if same {
            self.take_attempt(slot, now)
        } else {
            self.end_attempt(slot, now);
            None
        };
        ClaimVerdict::Adopted(self.adopt(slot, worker, held, known, now, out))
    }

    /// Lets a worker go on with an attempt, which is `known` if it is this scheduler's own.
    fn adopt(
        &mut self,
        slot: Slot,
        worker: WorkerId,
        held: Held,
        known: Option<Running>,
        now: Moment,
        out: Out<'_>,
    ) -> Token {
        self.counters.adopted += 1;
        let token = self.next_token();
        let was = known.as_ref().map_or(Hold::Slot, |known| known.hold);
        let mut course = known.as_ref().map_or_else(|| Course::new(now.mono_ms), |known| known.course);
        let hold = match was {
            Hold::Aside if !held.finished => Hold::Aside,
            Hold::Slot | Hold::Aside | Hold::Nothing if held.finished => {
                course.stop(was, now.mono_ms);
                Hold::Nothing
            }
            _ => Hold::Slot,
        };
        // Whether the worker has it suspended is not known if another scheduler had it, or if it ever was: the last
        // word on it may have been lost with the stream.
        let attempt = Attempt { task: held.attempt.task, token };
        match hold {
            Hold::Aside => out.push(Effect::Suspend { worker, attempt }),
            Hold::Slot if known.is_none() || course.suspensions > 0 => out.push(Effect::Resume { worker, attempt }),
            Hold::Slot | Hold::Nothing => {}
        }
        let first_request_at_ms = known.and_then(|known| known.first_request_at_ms);
        let running = Running {
            token,
            origin: held.attempt.token,
            worker: Some(worker),
            hold,
            grace_until_ms: 0,
            first_request_at_ms,
            thirsts: Vec::new(),
            course,
            place: None,
        };
        self.begin_attempt(slot, running);
        token
    }

    /// From now on `running` is the task's current attempt.
    pub(crate) fn begin_attempt(&mut self, slot: Slot, running: Running) {
        self.tasks[slot].state = State::Running;
        if let Some(worker) = running.worker {
            self.roster.take(worker, slot, running.hold == Hold::Slot);
        }
        if running.hold == Hold::Aside {
            self.hand_backs.insert((running.course.hand_back_at_ms, slot));
        }
        self.running.insert(slot, Box::new(running));
        self.count_attempt(slot, self.streams.key_of(&self.tasks, slot).lane, true);
        self.place(slot);
        self.ripen_later(slot);
    }

    /// Counts a task's attempt for a lane, or not any more.
    pub(crate) fn count_attempt(&mut self, slot: Slot, lane: Lane, begins: bool) {
        let aside = self.running.get(&slot).is_some_and(|running| running.hold == Hold::Aside);
        let share = self.shares.lane_mut(lane);
        let count = if aside { &mut share.suspended } else { &mut share.running };
        *count = if begins { *count + 1 } else { *count - 1 };
    }

    /// The task's current attempt is over, whatever comes next; the caller gives the task another state.
    pub(crate) fn end_attempt(&mut self, slot: Slot, now: Moment) {
        let Some(running) = self.take_attempt(slot, now) else { return };
        self.lose_requests(slot);
        self.note_journey(slot, &running, now);
        let key = self.streams.key_of(&self.tasks, slot);
        let took_us = running.course.slot_us(running.hold, now.mono_ms).max(LEAST_US);
        let payer = running.course.payer.unwrap_or(Payer { lane: key.lane, client: key.client, charged_us: 0 });
        self.shares.correct(payer.lane, payer.client, payer.charged_us, took_us);
        let kept = running.worker.filter(|worker| self.roster.get(*worker).is_some_and(|at| at.suspended() > 0));
        if let Some(worker) = kept.filter(|_| self.target_ms(key.lane).is_some()) {
            self.rest(worker, now);
        }
    }

    /// Takes the task's current attempt out of everything that counts it.
    fn take_attempt(&mut self, slot: Slot, now: Moment) -> Option<Running> {
        self.stop_thirst(slot, now);
        self.unplace(slot);
        if self.running.contains_key(&slot) {
            self.count_attempt(slot, self.streams.key_of(&self.tasks, slot).lane, false);
        }
        let running = self.running.remove(&slot)?;
        if running.hold == Hold::Aside {
            self.hand_backs.remove(&(running.course.hand_back_at_ms, slot));
        }
        match running.worker {
            Some(worker) => self.roster.give_back(worker, slot, running.hold == Hold::Slot),
            None => {
                self.orphans.remove(&(running.grace_until_ms, slot));
            }
        }
        Some(*running)
    }

    fn orphan(&mut self, slot: Slot, grace_until_ms: u64, now: Moment) {
        self.stop_thirst(slot, now);
        if let Some(running) = self.running.get_mut(&slot) {
            running.worker = None;
            running.grace_until_ms = grace_until_ms;
            self.orphans.insert((grace_until_ms, slot));
        }
        self.unplace(slot);
    }

    pub(crate) fn stop_thirst(&mut self, slot: Slot, now: Moment) {
        let Some(running) = self.running.get_mut(&slot) else { return };
        for (host, key) in std::mem::take(&mut running.thirsts) {
            self.hosts.stop_waiting(host, key);
            self.hosts.seat(host, now, &self.options);
        }
    }
}
