//! What a new scheduler finds is what was durable: whole groups, in order, and of the one that was cut off all or
//! nothing.

use std::collections::BTreeSet;

use gleaner_core::{HostIndex, Moment};
use gleaner_model::{Batch, Campaign, HostSettings, JobId, TaskId, Timestamp};

use super::{Durable, Ledger};

/// What recovery handed over.
#[derive(Clone, Debug, Default)]
pub(crate) struct Found {
    pub(crate) epoch: u64,
    /// Jobs with their tasks, and whether they are open.
    pub(crate) jobs: Vec<(JobId, TaskId, bool)>,
    pub(crate) failed: Vec<TaskId>,
    pub(crate) wishes: Vec<(HostIndex, Timestamp)>,
    /// What operators have set.
    pub(crate) settings: Vec<HostSettings>,
    /// How far campaigns have come.
    pub(crate) campaigns: Vec<Campaign>,
    /// Batches, those that have ended included.
    pub(crate) batches: Vec<Batch>,
}

impl Found {
    fn open(&self) -> BTreeSet<JobId> {
        self.jobs.iter().filter(|(_, _, open)| *open).map(|(job, _, _)| *job).collect()
    }
}

impl Ledger {
    /// A new scheduler has read the journal.
    pub(crate) fn recovered(&mut self, found: &Found, now: Moment, at_ms: u64, lease_ttl_ms: u64) {
        self.settle_unsure(found);
        self.pending.clear();
        let expected: BTreeSet<JobId> = self.durable.open().map(|(job, _)| job).collect();
        let later = self.durable.open().filter_map(|(_, facts)| Some((facts.not_before?, facts.target)));
        self.later.extend(later.filter(|(at, _)| *at > now.wall));
        let open = found.open();
        if let Some(job) = expected.symmetric_difference(&open).next() {
            let (was, is) = (expected.contains(job), open.contains(job));
            self.fail(format!("after a restart {job} is open: {is}; it ought to be: {was}"));
        }
        for (job, task, open) in &found.jobs {
            if self.durable.task_has_ended(*task) || (!open && *job != task.maker()) {
                self.fail(format!("after a restart {job} waits for {task}, which has ended"));
            }
            // Nobody can be at a task whose time has not come.
            if *open && !self.is_early(*task) {
                self.runs.waits_in_limbo(*task, at_ms + lease_ttl_ms);
            }
        }
        if let Some(task) = found.failed.iter().find(|task| self.durable.task_has_ended(**task)) {
            self.fail(format!("after a restart a failed attempt of {task} is told, which has ended"));
        }
        let cancelled = self.cancelled.recovered(&found.batches, &found.campaigns);
        self.expect(cancelled);
        self.found = open.len() as u64;
        self.grants.restarted(&self.durable, found.epoch, now, at_ms);
        self.keeps_its_word();
    }

    /// The group that was cut off is there as a whole, or it is not there.
    fn settle_unsure(&mut self, found: &Found) {
        let unsure = std::mem::take(&mut self.unsure);
        let agree = self.durable.settings_agree(&unsure, &found.settings);
        self.expect(agree);
        if unsure.is_empty() {
            return;
        }
        let before: BTreeSet<JobId> = self.durable.open().map(|(job, _)| job).collect();
        let (mut after, mut pending) = (self.durable.clone(), self.pending.clone());
        let applied = unsure.iter().try_for_each(|entry| after.apply(entry, &mut pending));
        let kept = applied.is_ok() && found.open() != before && is_same(&after, found);
        // A group that changes no job is known by its wishes.
        self.durable.keep_wishes(&unsure, &found.wishes);
        self.durable.keep_ends(&unsure, &found.jobs.iter().map(|(_, task, _)| *task).collect());
        if kept {
            self.tally.unsure_kept += 1;
            self.committed(&unsure);
        } else {
            // One that passes over packages and submits none is known by its campaign's row.
            self.durable.keep_skipped(&unsure, &found.campaigns);
        }
    }
}

fn is_same(durable: &Durable, found: &Found) -> bool {
    durable.open().map(|(job, _)| job).eq(found.open())
}
