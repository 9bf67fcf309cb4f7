//! What jobs ask for, as far as it is worth keeping in memory.
//!
//! The problem: the queue may hold millions of jobs, of which memory keeps only what decisions need; what a job asks
//! for stays on disk. But a job that was just submitted may be dispatched before its commit, when the disk does not
//! have it yet, and the jobs next in line are asked for one after the other. So jobs are kept until they are
//! committed, then as long as there is room; whoever is missing is loaded together with its neighbours of the journal.

use std::collections::VecDeque;
use std::sync::Arc;

use gleaner_model::{ClientName, JobId, JobSpec, Lane, Origin, TaskId, Timestamp, Trace};
use gleaner_store::{Command, Store, StoreError};
use hashbrown::HashMap;

/// Committed jobs kept in memory: a few seconds' worth of dispatching at any speed measured, and some tens of
/// megabytes.
const KEPT: usize = 65_536;

/// What one job asks for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Payload {
    pub(crate) task: TaskId,
    pub(crate) spec: JobSpec,
    pub(crate) client: ClientName,
    pub(crate) lane: Lane,
    pub(crate) created_at: Timestamp,
    pub(crate) epoch: u64,
    pub(crate) trace: Trace,
    pub(crate) origin: Origin,
}

impl Payload {
    /// What a journalled submission says; none if the command is of another kind.
    pub(crate) fn of_command(command: Command) -> Option<Self> {
        match command {
            Command::Submit { task, spec, client, lane, at, epoch, trace, origin } => {
                Some(Self { task, spec, client, lane, created_at: at, epoch, trace, origin })
            }
            Command::AttemptFailed { .. } | Command::HostBlocked { .. } => None,
        }
    }

    pub(crate) fn to_command(&self) -> Command {
        Command::Submit {
            task: self.task,
            spec: self.spec.clone(),
            client: self.client.clone(),
            lane: self.lane,
            at: self.created_at,
            epoch: self.epoch,
            trace: self.trace.clone(),
            origin: self.origin.clone(),
        }
    }
}

/// The payloads in memory.
#[derive(Default)]
pub(crate) struct Payloads {
    by_job: HashMap<JobId, Arc<Payload>>,
    /// Committed ones, oldest first: the first to go when there is no room.
    committed: VecDeque<JobId>,
}

impl Payloads {
    /// Keeps a payload whose job is not committed yet.
    pub(crate) fn insert(&mut self, job: JobId, payload: Payload) {
        self.by_job.insert(job, Arc::new(payload));
    }

    /// From now on the disk has it, so it may be forgotten for want of room.
    pub(crate) fn committed(&mut self, job: JobId) {
        if self.by_job.contains_key(&job) {
            self.committed.push_back(job);
        }
        while self.committed.len() > KEPT {
            if let Some(oldest) = self.committed.pop_front() {
                self.by_job.remove(&oldest);
            }
        }
    }

    /// Forgets a job that has ended; answers what it asked for, if that was in memory.
    pub(crate) fn remove(&mut self, job: JobId) -> Option<Arc<Payload>> {
        self.by_job.remove(&job)
    }

    /// What a job asks for, from memory or else from the journal.
    ///
    /// # Errors
    /// The store failed. None means that the journal does not know the job.
    pub(crate) fn get(&mut self, job: JobId, store: &dyn Store) -> Result<Option<Arc<Payload>>, StoreError> {
        if let Some(payload) = self.by_job.get(&job) {
            return Ok(Some(Arc::clone(payload)));
        }
        for (neighbour, command) in store.neighbours(job)? {
            // Those before it were taken already, in the usual order, and will not be asked for again.
            if neighbour >= job
                && !self.by_job.contains_key(&neighbour)
                && let Some(payload) = Payload::of_command(command)
            {
                self.insert(neighbour, payload);
                self.committed(neighbour);
            }
        }
        if let Some(payload) = self.by_job.get(&job) {
            return Ok(Some(Arc::clone(payload)));
        }
        // A job that has ended may have made a task that others wait for still.
        Ok(store.job(job)?.and_then(|stored| Payload::of_command(stored.submit)).map(Arc::new))
    }
}
