//! When a job may begin and when it is wanted: what few asks say, and what is kept of them alone.
//!
//! A task whose time has not come is in no queue and no twin of anybody: whoever asks for the same now must not wait for
//! it. It costs its entry and a place in an order by time; nobody walks over those that wait. When its time comes, its
//! job takes part like any other: it joins the twin that is there by then, or its task is queued.
//!
//! A deadline orders the ready tasks of one client: first those with a deadline, the earliest first, then the others by
//! age. It displaces nobody else's work, and a task that misses it is done all the same.

use gleaner_model::{JobId, TaskId, Timestamp};

use crate::queues::End;
use crate::scheduler::{Member, Scheduler};
use crate::tasks::{Slot, State};
use crate::{Ask, Moment, Refusal};

/// The times of an ask that has some.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Terms {
    /// Nothing is done for it before this moment.
    pub not_before: Option<Timestamp>,
    /// When it is wanted.
    pub deadline: Option<Timestamp>,
}

impl Terms {
    /// The moment before which nothing is done, if that is yet to come.
    pub(crate) fn delay(self, now: Moment) -> Option<Timestamp> {
        self.not_before.filter(|at| *at > now.wall)
    }

    /// Do the times of an ask make sense?
    pub(crate) fn check(self, ask: &Ask, now: Moment, delay_max_ms: u64) -> Result<(), Refusal> {
        if self.deadline.is_some_and(|at| at <= now.wall) {
            return Err(Refusal::DeadlinePast);
        }
        let Some(not_before) = self.delay(now) else { return Ok(()) };
        if not_before > now.wall.plus_ms(delay_max_ms) {
            return Err(Refusal::TooFar { delay_max_ms });
        }
        let ends = [(self.deadline, "deadline"), (ask.expires_at, "expiry")];
        match ends.into_iter().find(|(end, _)| end.is_some_and(|end| end <= not_before)) {
            Some((_, end)) => Err(Refusal::EndsBeforeItBegins { end }),
            None => Ok(()),
        }
    }
}

impl Scheduler {
    /// Lets a task that is nowhere wait for its time.
    pub(crate) fn delay(&mut self, slot: Slot, until: Timestamp) {
        let entry = &mut self.tasks[slot];
        entry.state = State::Delayed;
        entry.set_due(until);
        self.delays.insert((until, slot));
    }

    /// A task waits for its time no more.
    pub(crate) fn undelay(&mut self, slot: Slot) {
        self.delays.remove(&(self.tasks[slot].due(), slot));
        self.tasks[slot].unlink();
    }

    pub(crate) fn end_delays(&mut self, now: Moment) {
        for _ in 0..self.options.tick_max {
            let Some((at, slot)) = self.delays.first().copied() else { break };
            if at > now.wall {
                break;
            }
            self.undelay(slot);
            self.begin_to_count(slot, now);
        }
    }

    /// The time of a delayed task has come.
    fn begin_to_count(&mut self, slot: Slot, now: Moment) {
        let Some(twin) = self.twins.find(&self.tasks, self.tasks[slot].target()) else {
            self.twins.set(&self.tasks, slot);
            return self.enqueue(slot, End::Tail, now);
        };
        let is_full = self.is_crowded(twin, self.streams.key_of(&self.tasks, slot).lane);
        match self.tasks[twin].state {
            State::Running | State::Committing => {
                self.tasks[slot].state = State::Behind;
                self.twins.set(&self.tasks, slot);
                self.follow(twin, slot, now);
            }
            _ if is_full => self.delay(slot, now.wall.plus_ms(self.options.full_retry_after_ms)),
            _ => self.merge(slot, twin, now),
        }
    }

    /// The job of a task that never began goes over to its twin. In the journal its own task is still there, so that it
    /// must end with the job.
    fn merge(&mut self, slot: Slot, twin: Slot, now: Moment) {
        let key = self.streams.key_of(&self.tasks, slot);
        let (job, deadline) = (self.tasks[slot].task().maker(), self.deadlines.remove(&slot));
        self.sides.forget(slot);
        self.streams.quit(self.tasks[slot].stream);
        self.tasks.remove(slot);
        if self.tasks[twin].state == State::Recovered {
            self.leave_limbo(twin, now);
        }
        self.merged.insert(job);
        self.counters.attached += 1;
        self.add_member(twin, Member { job, client: key.client, lane: key.lane, deadline }, now);
    }

    /// The tasks that end with a task though they are not it: those of jobs that joined it when their time came.
    #[must_use]
    pub fn merged_into(&self, task: TaskId) -> Vec<TaskId> {
        let jobs = self.jobs_of(task);
        self.merged_of(&jobs)
    }

    pub(crate) fn merged_of(&self, jobs: &[JobId]) -> Vec<TaskId> {
        jobs.iter().filter(|job| self.merged.contains(job)).map(|job| TaskId(job.0)).collect()
    }

    /// From now on a task is wanted at another time, or at none in particular.
    pub(crate) fn set_deadline(&mut self, slot: Slot, deadline: Option<Timestamp>, now: Moment) {
        if self.deadlines.get(&slot).copied() == deadline {
            return;
        }
        let is_queued = self.tasks[slot].state == State::Queued;
        if is_queued {
            self.withdraw(slot, now);
        }
        match deadline {
            Some(at) => _ = self.deadlines.insert(slot, at),
            None => _ = self.deadlines.remove(&slot),
        }
        if is_queued {
            self.enqueue(slot, End::Tail, now);
        }
    }

    /// How many tasks wait for their time.
    #[must_use]
    pub fn delayed(&self) -> usize {
        self.delays.len()
    }
}
