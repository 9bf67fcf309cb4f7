//! Which jobs expire when. Rare, so ordered maps, which never stand still to grow.

use std::collections::{BTreeMap, BTreeSet};

use gleaner_model::{JobId, Timestamp};

#[derive(Default)]
pub(crate) struct Expiry {
    of: BTreeMap<JobId, Timestamp>,
    order: BTreeSet<(Timestamp, JobId)>,
}

impl Expiry {
    pub(crate) fn set(&mut self, job: JobId, at: Timestamp) {
        self.of.insert(job, at);
        self.order.insert((at, job));
    }

    pub(crate) fn forget(&mut self, job: JobId) {
        if let Some(at) = self.of.remove(&job) {
            self.order.remove(&(at, job));
        }
    }

    pub(crate) fn next(&self) -> Option<(Timestamp, JobId)> {
        self.order.first().copied()
    }

    /// The job's outcome is being committed, which is not to be stopped any more.
    pub(crate) fn suspend(&mut self, job: JobId) {
        if let Some(at) = self.of.get(&job) {
            self.order.remove(&(*at, job));
        }
    }

    /// The commit did not come to pass.
    pub(crate) fn resume(&mut self, job: JobId) {
        if let Some(at) = self.of.get(&job) {
            self.order.insert((*at, job));
        }
    }

    pub(crate) fn resident(&self) -> usize {
        self.of.len() * 32 + self.order.len() * 32
    }
}
