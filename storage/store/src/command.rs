//! What the journal holds: commands, which carry a sequence number each, and closures, which end them; and what stands
//! beside it: how far streams have got, clients' keys, batches and standing orders, what operators have set.

use std::sync::Arc;

use serde::{Deserialize, Serialize};

use gleaner_model::{
    Batch, BatchId, Campaign, ClientName, Fault, Host, HostSettings, JobId, JobResult, JobSpec, Lane, OrderName,
    Origin, Schedule, TaskId, Timestamp, Trace,
};

/// What a job asks for, and for whom.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Payload {
    /// The task that the job waits for.
    pub task: TaskId,
    /// What was asked.
    pub spec: JobSpec,
    /// Who asked.
    pub client: ClientName,
    /// How urgent it is, derived from who asked.
    pub lane: Lane,
    /// When it was accepted.
    pub created_at: Timestamp,
    /// The epoch in which it was; no attempt at a task that it made is older.
    pub epoch: u64,
    /// The trace that it belongs to.
    pub trace: Trace,
    /// What it came from.
    pub origin: Origin,
}

/// Something that was decided and must survive. Assignments are not commands: they are forgotten on purpose.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum Command {
    /// A client submitted a job. Its sequence number is the job's id; if the payload's task has the same number, the job
    /// made the task, otherwise it attached to it. Shared with whoever has work with the job meanwhile.
    Submit(Arc<Payload>),
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

impl From<Payload> for Command {
    fn from(payload: Payload) -> Self {
        Self::Submit(Arc::new(payload))
    }
}

impl Command {
    /// What a submission says; none if the command is of another kind.
    #[must_use]
    pub fn into_payload(self) -> Option<Arc<Payload>> {
        match self {
            Self::Submit(payload) => Some(payload),
            Self::AttemptFailed { .. } | Self::HostBlocked { .. } => None,
        }
    }
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

/// What a client's key names.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum Keyed {
    /// A job.
    Job(JobId),
    /// A batch.
    Batch(BatchId),
}

/// What became of an ask under a key. It is kept as long as what it names: a key may be used for something else when the
/// job's result, or the batch, is forgotten.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct KeyEntry {
    /// Whose key.
    pub client: ClientName,
    /// The key: one of the client's own, which has no spaces, or [`KeyEntry::of_retry`].
    pub key: String,
    /// What it names.
    pub names: Keyed,
    /// A hash of what was asked for, to refuse another ask under the same key.
    pub fingerprint: [u8; 16],
}

impl KeyEntry {
    /// The key under which the job stands that tries a dead letter again, so that it is tried again once only.
    #[must_use]
    pub fn of_retry(job: JobId) -> String {
        format!("retry {job}")
    }
}

/// A change of a batch, a standing order, or what operators have set.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum OrderWrite {
    /// What is set for a host from now on.
    Host(Box<HostSettings>),
    /// The batch as it is now.
    Batch(Batch),
    /// The schedule as it is now.
    Schedule(Box<Schedule>),
    /// The campaign as it is now.
    Campaign(Campaign),
    /// There is no such schedule any more.
    ScheduleRemoved {
        /// Whose.
        client: ClientName,
        /// Its name.
        name: OrderName,
    },
    /// There is no such campaign any more.
    CampaignRemoved {
        /// Whose.
        client: ClientName,
        /// Its name.
        name: OrderName,
    },
}
