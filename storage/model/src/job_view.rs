//! A job as it is shown to clients and operators.

use crate::{ClientName, JobId, JobResult, JobSpec, JobState, Lane, Origin, TaskId, Timestamp};

/// A job as of one moment, put together from the queue, the leases and the results.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct JobView {
    /// Its id.
    pub id: JobId,
    /// What was asked.
    pub spec: JobSpec,
    /// Who asked.
    pub client: ClientName,
    /// Its lane.
    pub lane: Lane,
    /// The task that it waits for or waited for.
    pub task: TaskId,
    /// When it was accepted.
    pub created_at: Timestamp,
    /// What it came from.
    pub origin: Origin,
    /// The job that tries this dead letter again, if somebody asked for that and it was looked for.
    pub retried_as: Option<JobId>,
    /// Its state; that of the result if there is one.
    pub state: JobState,
    /// Tries that were started for it; those of the result if there is one.
    pub attempts: u32,
    /// Why a queued job waits, one sentence for people; empty in other states.
    pub waiting_for: String,
    /// How it ended; there if and only if the state is terminal.
    pub result: Option<JobResult>,
}
