//! Times that jobs were given: nothing begins before its time, and nothing expires before its end.
//!
//! A wall clock may be set back. A job whose time has come stays one whose time has come as long as the scheduler lives,
//! so the latest time that it has read decides.

use gleaner_model::{JobId, JobState, TaskId, Timestamp};

use super::{Facts, Ledger};

impl Ledger {
    /// The scheduler has read its clock.
    pub(crate) fn clock_read(&mut self, wall: Timestamp) {
        self.latest = self.latest.max(Some(wall));
        while let Some((_, target)) = self.later.first().copied().filter(|(at, _)| *at <= wall) {
            self.later.pop_first();
            // Whoever joins now must not get what may have been found before.
            let joined: Vec<TaskId> =
                self.runs.in_limbo().filter(|task| self.target_of(*task) == Some(target)).collect();
            joined.into_iter().for_each(|task| self.attached(task));
        }
    }

    /// What is known of a job.
    pub(crate) fn facts(&self, job: JobId) -> Option<&Facts> {
        self.pending.get(&job).or_else(|| self.durable.facts(job))
    }

    /// Is it too early for a task? Of one that others wait for as well the time had come when they did, perhaps in an
    /// earlier life of the scheduler.
    pub(super) fn is_early(&self, task: TaskId) -> bool {
        let not_before = self.facts(task.maker()).and_then(|facts| facts.not_before);
        not_before.is_some_and(|at| self.latest.is_none_or(|latest| at > latest))
            && !self.pending.iter().any(|(job, facts)| facts.task == task && *job != task.maker())
            && !self.durable.was_joined(task)
    }

    /// A task is assigned: its time must have come.
    pub(super) fn may_begin(&mut self, task: TaskId) {
        if self.is_early(task) {
            self.fail(format!("{task} is assigned before its time"));
        }
    }

    /// Jobs are decided to end at this time of the wall clock.
    pub(crate) fn ends_in_time(&mut self, jobs: &[JobId], state: JobState, wall: Timestamp) {
        if state != JobState::Expired {
            return;
        }
        let in_time = |job: &&JobId| self.facts(**job).and_then(|facts| facts.expires_at).is_none_or(|at| at > wall);
        if let Some(job) = jobs.iter().find(in_time) {
            self.fail(format!("{job} expires before its time is over"));
        }
    }
}
