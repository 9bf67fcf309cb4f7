//! What happens because time passes: leases end, graces and pauses end, jobs expire, recovery ends.

use gleaner_model::{Attempt, Fault, FaultKind, JobState};

use crate::attempts::Hold;
use crate::queues::End;
use crate::scheduler::{Out, Scheduler};
use crate::tasks::{Slot, State};
use crate::{Effect, Moment, WorkerId};

impl Scheduler {
    /// Handles every timer that is due, up to a bound; [`Self::next_wake`] says when to call again.
    pub fn tick(&mut self, now: Moment, out: Out<'_>) {
        self.sift(now, out);
        self.end_leases(now, out);
        self.end_graces(now, out);
        self.end_suspensions(now, out);
        self.forget_requests(now);
        self.ripen(now);
        self.end_pauses(now);
        self.end_delays(now);
        self.end_recovery(now);
        self.expire(now, out);
    }

    /// When [`Self::tick`] and [`Self::dispatch`] have something to do again, in monotonic milliseconds; never before
    /// now. None if only an input can change anything. Ask again after every input.
    #[must_use]
    pub fn next_wake(&self, now: Moment) -> Option<u64> {
        let lease = self.roster.next_lease().map(|(at, _)| at);
        let grace = self.orphans.first().map(|(at, _)| *at);
        let pause = self.retries.first().map(|(at, _)| *at);
        let delay = self.delays.first().map(|(at, _)| now.mono_at(*at));
        let recovery = self.limbo.first().map(|_| self.limbo_until_ms);
        let expiry = self.expiry.next().map(|(at, _)| now.mono_at(at));
        let host = self.hosts.next_opening_us().map(|us| us.div_ceil(1_000));
        let patience = self.hand_backs.first().map(|(at, _)| *at);
        let displacement = self.next_displacement_ms(now);
        let request = self.under_way.next_end_ms();
        let wakes = [lease, grace, pause, delay, recovery, expiry, host, patience, displacement, request];
        wakes.into_iter().flatten().min().map(|at| at.max(now.mono_ms))
    }

    fn end_leases(&mut self, now: Moment, out: Out<'_>) {
        while let Some((until_ms, worker)) = self.roster.next_lease() {
            if until_ms > now.mono_ms {
                break;
            }
            for slot in self.roster.silence(worker) {
                self.lose(slot, Some(worker), now, out);
            }
        }
    }

    fn end_graces(&mut self, now: Moment, out: Out<'_>) {
        for _ in 0..self.options.tick_max {
            let Some((until_ms, slot)) = self.orphans.first().copied() else { break };
            if until_ms > now.mono_ms {
                break;
            }
            self.lose(slot, None, now, out);
        }
    }

    /// The attempt is lost. A worker that is silent but connected is told to stop, in case it wakes up.
    fn lose(&mut self, slot: Slot, silent: Option<WorkerId>, now: Moment, out: Out<'_>) {
        let Some(running) = self.running.get(&slot) else { return };
        if running.hold == Hold::Aside {
            // It was not at work, so this is no fault of the task.
            self.hand_back(slot, now, out);
            return;
        }
        let attempt = Attempt { task: self.tasks[slot].task(), token: running.token };
        if let Some(worker) = silent {
            out.push(Effect::CancelAttempt { worker, attempt });
        }
        self.counters.lost += 1;
        self.end_attempt(slot, now);
        let detail = format!("the worker of attempt {} of {} gave no sign of life", attempt.token, attempt.task);
        self.fail(slot, Fault::new(FaultKind::LeaseExpired, detail), now, out);
    }

    fn end_pauses(&mut self, now: Moment) {
        for _ in 0..self.options.tick_max {
            let Some((due_ms, task)) = self.retries.first().copied() else { break };
            if due_ms > now.mono_ms {
                break;
            }
            self.retries.remove(&(due_ms, task));
            if let Some(slot) = self.tasks.find(task).filter(|slot| self.tasks[*slot].state == State::Retrying) {
                self.enqueue(slot, End::Tail, now);
            }
        }
    }

    fn end_recovery(&mut self, now: Moment) {
        if now.mono_ms < self.limbo_until_ms {
            return;
        }
        for _ in 0..self.options.tick_max {
            let Some(slot) = self.limbo.first() else { break };
            self.leave_limbo(slot, now);
        }
    }

    fn expire(&mut self, now: Moment, out: Out<'_>) {
        for _ in 0..self.options.tick_max {
            let Some((at, job)) = self.expiry.next() else { break };
            if at > now.wall {
                break;
            }
            // An open job has a task, and those of committing tasks are not in the order of expiry.
            let Some(slot) = self.slot_of_job(job) else {
                self.expiry.forget(job);
                continue;
            };
            self.counters.expired += 1;
            self.detach(slot, job, JobState::Expired, now, out);
        }
    }
}
