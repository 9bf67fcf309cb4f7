//! What the journal holds: commands, which carry a sequence number each, and closures, which end them.

use serde::{Deserialize, Serialize};

use gleaner_model::{ClientName, Fault, Host, JobId, JobResult, JobSpec, Lane, TaskId, Timestamp, Trace};

/// Something that was decided and must survive. Assignments are not commands: they are forgotten on purpose.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum Command {
    /// A client submitted a job. Its sequence number is the job's id; if `task` has the same number, the job made the
    /// task, otherwise it attached to it.
    Submit {
        /// The task that the job waits for.
        task: TaskId,
        /// What was asked.
        spec: JobSpec,
        /// Who asked.
        client: ClientName,
        /// How urgent it is, derived from who asked.
        lane: Lane,
        /// When it was accepted.
        at: Timestamp,
        /// The epoch in which it was; no attempt at a task that it made is older.
        epoch: u64,
        /// The trace that it belongs to.
        trace: Trace,
    },
    /// An attempt at a task ended badly and another one follows.
    AttemptFailed {
        /// The task.
        task: TaskId,
        /// Attempts so far, this one included.
        attempts: u32,
        /// What went wrong.
        fault: Fault,
        /// No earlier than this.
        retry_at: Timestamp,
    },
    /// A host asked to be left alone.
    HostBlocked {
        /// Which host.
        host: Host,
        /// Until when, in wall time, so that it holds across restarts.
        until: Timestamp,
    },
}

/// The end of one job.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Closure {
    /// Which job.
    pub job: JobId,
    /// How it ended.
    pub result: JobResult,
    /// The task, if it ended with this job. Of several jobs that end with one task, each says so.
    pub ends_task: Option<TaskId>,
}

/// How far a client's numbered submit stream has got.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct StreamPosition {
    /// Whose stream.
    pub client: ClientName,
    /// The stream's id, chosen by the client; at most 64 bytes.
    pub stream: String,
    /// The highest item number that is committed.
    pub number: u64,
    /// The job that this item became.
    pub job: JobId,
    /// When it was committed; positions are forgotten some days later.
    pub at: Timestamp,
}
