//! In which epoch a task was journalled.
//!
//! The problem: work may begin before its commit. If the scheduler dies between the two, the task's number is given to
//! another task in the next epoch, and the worker that began the first one may come back much later and announce it.
//! It must not be taken for the second one's. An attempt is of an epoch as well, and no attempt at a task can be older
//! than the task; so an announced attempt counts only if its epoch is not below the one that journalled the task.

use gleaner_model::{JobId, TaskId};

/// The epochs of recovered jobs: one entry for each run of jobs journalled in one epoch, ascending.
#[derive(Clone, Debug, Default)]
pub(crate) struct Births {
    runs: Vec<(JobId, u64)>,
}

impl Births {
    /// Notes a job; jobs come in ascending order.
    pub(crate) fn note(&mut self, job: JobId, epoch: u64) {
        if self.runs.last().is_none_or(|(_, last)| *last != epoch) {
            self.runs.push((job, epoch));
        }
    }

    /// The epoch in which a task was journalled; zero if it is older than all that were noted.
    pub(crate) fn epoch_of(&self, task: TaskId) -> u64 {
        let after = self.runs.partition_point(|(first, _)| *first <= task.maker());
        after.checked_sub(1).map_or(0, |at| self.runs[at].1)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_run_of_jobs_has_its_epoch() {
        let mut births = Births::default();
        [(3, 1), (4, 1), (9, 2), (12, 5)].into_iter().for_each(|(job, epoch)| births.note(JobId(job), epoch));
        let epochs = [1, 3, 8, 9, 11, 12, 99].map(|task| births.epoch_of(TaskId(task)));
        assert_eq!(epochs, [0, 1, 1, 2, 2, 5, 5]);
        assert_eq!(births.runs.len(), 3);
    }
}
