//! Attempts end: well, with a fault, or not at all; and what was accepted is committed or not.

use gleaner_model::{Attempt, Fault, FaultKind, JobState, TaskId};

use crate::queues::End;
use crate::scheduler::{Out, Scheduler};
use crate::tasks::{Slot, State};
use crate::{Effect, Moment, Report, Verdict, WorkerId};

impl Scheduler {
    /// An attempt has ended. Only the current token's outcome counts; its slot is free from now on.
    pub fn outcome(&mut self, attempt: Attempt, report: Report, now: Moment, out: Out<'_>) -> Verdict {
        if self.tasks.find(attempt.task).is_none() {
            return Verdict::Closed;
        }
        let Some(slot) = self.current(attempt) else {
            self.counters.stale_outcomes += 1;
            return Verdict::Refused;
        };
        if report != Report::HandedBack {
            self.learn(slot, now);
        }
        self.end_requests(slot, report == Report::Finished, now);
        self.end_attempt(slot, now);
        match report {
            Report::Finished => {
                self.counters.accepted += 1;
                self.tasks[slot].state = State::Committing;
                self.members(slot).into_iter().for_each(|job| self.expiry.suspend(job));
                Verdict::Accept
            }
            Report::Failed(fault) => self.fail(slot, fault, now, out),
            Report::HandedBack => {
                let (attempts, retry_at) = (u32::from(self.tasks[slot].attempts), now.wall);
                self.release_follow_up(slot, now);
                self.enqueue(slot, End::Head, now);
                out.push(Effect::Requeued { task: attempt.task });
                Verdict::Retried { attempts, retry_at }
            }
        }
    }

    /// Is this the current attempt, and does another worker have it? Then nobody else's word about it counts.
    #[must_use]
    pub fn is_of_another(&self, worker: WorkerId, attempt: Attempt) -> bool {
        let holder = self.current(attempt).and_then(|slot| self.running[&slot].worker);
        holder.is_some_and(|holder| holder != worker)
    }

    /// What this attempt cost tells what the next one like it will.
    fn learn(&mut self, slot: Slot, now: Moment) {
        let key = self.streams.key_of(&self.tasks, slot);
        if let Some(running) = self.running.get(&slot).filter(|running| running.course.payer.is_some()) {
            self.costs.learn(key, running.course.slot_us(running.hold, now.mono_ms));
        }
    }

    /// Attempts that were started for a task, the current one included, those handed back not. Zero if there is no
    /// such task.
    #[must_use]
    pub fn attempts_of(&self, task: TaskId) -> u32 {
        self.tasks.find(task).map_or(0, |slot| self.tasks[slot].started())
    }

    /// The accepted outcome is durable, and so is the end of the task and of its jobs. They are forgotten.
    pub fn committed(&mut self, task: TaskId, now: Moment, _out: Out<'_>) {
        if let Some(slot) = self.committing(task) {
            self.finish(slot, now);
        }
    }

    /// The accepted outcome could not be applied, for the reason `fault`: counts as a failed attempt.
    pub fn reopen(&mut self, task: TaskId, fault: Fault, now: Moment, out: Out<'_>) -> Verdict {
        let Some(slot) = self.committing(task) else { return Verdict::Closed };
        self.members(slot).into_iter().for_each(|job| self.expiry.resume(job));
        self.fail(slot, fault, now, out)
    }

    pub(crate) fn committing(&self, task: TaskId) -> Option<Slot> {
        self.tasks.find(task).filter(|slot| self.tasks[*slot].state == State::Committing)
    }

    /// The task's attempt is over and came to nothing.
    pub(crate) fn fail(&mut self, slot: Slot, fault: Fault, now: Moment, out: Out<'_>) -> Verdict {
        self.release_follow_up(slot, now);
        if fault.kind != FaultKind::LeaseExpired {
            // What an attempt came to nothing from is no good beginning for the next one.
            self.sides.drop_checkpoint(slot);
        }
        let entry = &mut self.tasks[slot];
        entry.state = State::Retrying;
        match fault.kind {
            FaultKind::Throttled => entry.throttles = entry.throttles.saturating_add(1),
            kind => {
                entry.attempts = entry.attempts.saturating_add(1);
                entry.lost = entry.lost.saturating_add(u8::from(kind == FaultKind::LeaseExpired));
            }
        }
        if self.is_hopeless(slot, fault.kind) {
            self.counters.dead_lettered += 1;
            self.close(slot, JobState::Failed, Some(fault), now, out);
            return Verdict::DeadLetter;
        }
        self.retry(slot, fault, now, out)
    }

    fn is_hopeless(&self, slot: Slot, kind: FaultKind) -> bool {
        let (entry, options) = (&self.tasks[slot], &self.options);
        match kind {
            FaultKind::Throttled => entry.throttles >= options.throttles_max,
            FaultKind::LeaseExpired => entry.lost >= options.losses_max,
            kind => !kind.is_transient() || entry.attempts.saturating_sub(entry.lost) >= options.attempts_max,
        }
    }

    fn retry(&mut self, slot: Slot, fault: Fault, now: Moment, out: Out<'_>) -> Verdict {
        let pause_ms = self.pause_ms(slot, fault.kind, now);
        let (task, attempts) = (self.tasks[slot].task(), u32::from(self.tasks[slot].attempts));
        if fault.kind == FaultKind::LeaseExpired {
            self.enqueue(slot, End::Head, now);
        } else if pause_ms == 0 {
            self.enqueue(slot, End::Tail, now);
        } else {
            self.retries.insert((now.mono_ms.saturating_add(pause_ms), task));
        }
        self.counters.retried += 1;
        let retry_at = now.wall.plus_ms(pause_ms);
        out.push(Effect::AttemptFailed { task, attempts, fault, retry_at });
        Verdict::Retried { attempts, retry_at }
    }

    fn pause_ms(&mut self, slot: Slot, kind: FaultKind, now: Moment) -> u64 {
        let entry = &self.tasks[slot];
        let (base_ms, cap_ms) = (self.options.backoff_base_ms, self.options.backoff_cap_ms);
        match kind {
            // Its worker died, which is no reason to wait.
            FaultKind::LeaseExpired => 0,
            FaultKind::Throttled => {
                let doublings = u32::from(entry.throttles.saturating_sub(1));
                let pause_ms = self.chance.pause_ms(base_ms, doublings, cap_ms);
                let host = self.streams.key_of(&self.tasks, slot).host;
                pause_ms.max(self.hosts.get(host).pace.blocked_until_ms.saturating_sub(now.mono_ms))
            }
            _ => {
                let doublings = u32::from(entry.attempts.saturating_sub(entry.lost).saturating_sub(1));
                self.chance.pause_ms(base_ms, doublings, cap_ms)
            }
        }
    }
}
