//! What jobs ask for, as far as it is worth keeping in memory.
//!
//! The problem: the queue may hold millions of jobs, of which memory keeps only what decisions need; what a job asks
//! for stays on disk. But a job that was just submitted may be dispatched before its commit, when the disk does not
//! have it yet, and the jobs next in line are asked for one after the other. So jobs are kept until they are
//! committed, then as long as there is room; whoever is missing is loaded together with its neighbours of the journal.

use std::collections::VecDeque;
use std::sync::Arc;

use gleaner_model::JobId;
use gleaner_store::{Payload, Store, StoreError};
use hashbrown::HashMap;

/// Committed jobs kept in memory: a few seconds' worth of dispatching at any speed measured, and some tens of
/// megabytes.
const KEPT: usize = 65_536;

/// Jobs whose payloads lie together. They are numbered in the order in which they came, and come up in about that order,
/// so that looking for one mostly looks where the one before it was found.
const TOGETHER: usize = 64;

/// The payloads of neighbouring jobs.
struct Page {
    payloads: [Option<Arc<Payload>>; TOGETHER],
    kept: usize,
}

/// Which page a job stands on, and where.
fn place(job: JobId) -> (u64, usize) {
    let together = TOGETHER as u64;
    (job.0 / together, usize::try_from(job.0 % together).expect("below the length of a page"))
}

/// The payloads in memory.
#[derive(Default)]
pub(crate) struct Payloads {
    pages: HashMap<u64, Box<Page>>,
    /// Committed ones, oldest first: the first to go when there is no room.
    committed: VecDeque<JobId>,
}

impl Payloads {
    /// Keeps a payload whose job is not committed yet.
    pub(crate) fn insert(&mut self, job: JobId, payload: Arc<Payload>) {
        let (page, at) = place(job);
        let empty = || Box::new(Page { payloads: [const { None }; TOGETHER], kept: 0 });
        let page = self.pages.entry(page).or_insert_with(empty);
        if page.payloads[at].replace(payload).is_none() {
            page.kept += 1;
        }
    }

    /// From now on the disk has it, so it may be forgotten for want of room.
    pub(crate) fn committed(&mut self, job: JobId) {
        if self.kept(job).is_some() {
            self.committed.push_back(job);
        }
        while self.committed.len() > KEPT {
            if let Some(oldest) = self.committed.pop_front() {
                self.remove(oldest);
            }
        }
    }

    /// Forgets a job that has ended; answers what it asked for, if that was in memory.
    pub(crate) fn remove(&mut self, job: JobId) -> Option<Arc<Payload>> {
        let (number, at) = place(job);
        let page = self.pages.get_mut(&number)?;
        let payload = page.payloads[at].take()?;
        page.kept -= 1;
        if page.kept == 0 {
            self.pages.remove(&number);
        }
        Some(payload)
    }

    /// What a job asks for, from memory or else from the journal.
    ///
    /// # Errors
    /// The store failed. None means that the journal does not know the job.
    pub(crate) fn get(&mut self, job: JobId, store: &dyn Store) -> Result<Option<Arc<Payload>>, StoreError> {
        if let Some(payload) = self.kept(job) {
            return Ok(Some(Arc::clone(payload)));
        }
        for (neighbour, command) in store.neighbours(job)? {
            // Those before it were taken already, in the usual order, and will not be asked for again.
            if neighbour >= job
                && self.kept(neighbour).is_none()
                && let Some(payload) = command.into_payload()
            {
                self.insert(neighbour, payload);
                self.committed(neighbour);
            }
        }
        if let Some(payload) = self.kept(job) {
            return Ok(Some(Arc::clone(payload)));
        }
        // A job that has ended may have made a task that others wait for still.
        Ok(store.job(job)?.and_then(|stored| stored.submit.into_payload()))
    }

    fn kept(&self, job: JobId) -> Option<&Arc<Payload>> {
        let (page, at) = place(job);
        self.pages.get(&page)?.payloads[at].as_ref()
    }
}
