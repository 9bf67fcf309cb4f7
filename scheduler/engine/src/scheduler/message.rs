//! What the scheduler actor is told.

use gleaner_core::WorkerId;
use gleaner_model::Origin;
use gleaner_model::{
    Assignment, Attempt, ClientName, ContentHash, Explanation, Fault, Host, JobId, JobResult, JobSpec, JobView, Lane,
    Outcome, Permit, Trace, WorkerName,
};
use gleaner_proto::convert::{EndedRequests, Hello, Welcome};
use gleaner_store::{PackageWrite, Place};
use tokio::sync::{OwnedSemaphorePermit, mpsc, oneshot};

use super::answers::Answered;
use super::hosts::SetHost;
use super::orders::Order;
use crate::clients::{Client, Clients};
use crate::services::Claim;
use crate::views::{Depths, HostState, WorkerState};

/// A message. Whoever sends one from the edge holds a credit, which travels with it.
pub(crate) enum Message {
    /// Take in jobs.
    Submit(Submission),
    /// End a job.
    Cancel { job: JobId, client: Option<ClientName>, reply: Reply<Result<(), CancelError>>, credit: Credit },
    /// A worker said hello.
    Join { hello: Box<Hello>, outbound: Outbound, reply: Reply<Result<WorkerId, JoinError>> },
    /// A worker's stream ended.
    Leave { worker: WorkerId },
    /// A worker said something.
    Worker { worker: WorkerId, said: WorkerSaid, credit: Option<Credit> },
    /// What an accepted outcome means was worked out.
    Prepared(Box<Prepared>),
    /// Commits happened.
    Committed(Committed),
    /// Something about schedules, campaigns or batches.
    Order(Box<Order>),
    /// The clients changed: their weights, their lanes, who there is.
    Clients(std::sync::Arc<Clients>),
    /// Something is due.
    Wake,
    /// Old results are to be forgotten.
    Housekeeping,
    /// Give nothing new to workers, and say so when nothing runs any more.
    Drain { reply: Reply<()> },
    /// What open jobs look like; those that are not open are left out.
    JobViews { jobs: Vec<JobId>, reply: Reply<Vec<JobView>> },
    /// Why an open job is not further; nothing if it is not open.
    Explain { job: JobId, reply: Reply<Option<Box<Explanation>>> },
    /// What workers look like.
    Workers { reply: Reply<Vec<WorkerState>> },
    /// What hosts look like.
    Hosts { reply: Reply<Vec<HostState>> },
    /// Change what a host may be asked.
    SetHost(Box<SetHost>),
    /// Give a worker nothing new; nothing is answered if there is none of this name.
    DrainWorker { name: WorkerName, operator: ClientName, reply: Reply<Option<Box<WorkerState>>> },
    /// What lanes look like.
    Lanes { reply: Reply<Depths> },
}

/// The way back to who asked; nobody minds if they are gone.
pub(crate) type Reply<T> = oneshot::Sender<T>;

/// Room in the scheduler's inbox, given back when the message has been dealt with.
pub(crate) type Credit = OwnedSemaphorePermit;

/// Room among the jobs of one client that are on their way to the disk, given back when they are there.
pub(crate) type Room = OwnedSemaphorePermit;

/// Jobs that are taken in together or not at all.
pub(crate) struct Submission {
    pub(crate) specs: Vec<JobSpec>,
    pub(crate) client: Client,
    pub(crate) trace: Trace,
    /// The submit stream that they belong to and the number of the last one.
    pub(crate) stream: Option<(String, u64)>,
    pub(crate) reply: Reply<Result<Vec<Admitted>, SubmitError>>,
    pub(crate) credit: (Credit, Room),
    /// What they came from.
    pub(crate) origin: Origin,
    /// The keys of these jobs, kept from others until they are durable.
    pub(crate) claims: Vec<Claim>,
}

/// A job that was taken in and is durable.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Admitted {
    pub(crate) job: JobId,
    pub(crate) task: gleaner_model::TaskId,
    pub(crate) lane: Lane,
    pub(crate) attached: bool,
    /// Was it taken in before, under the same key?
    pub(crate) known: bool,
}

/// Why jobs are not taken in.
#[derive(Clone, Debug, thiserror::Error)]
pub(crate) enum SubmitError {
    /// The decision was no.
    #[error("{0}")]
    Refused(gleaner_core::Refusal),
    /// No such registry.
    #[error("registry `{registry}` is not configured for {purl}")]
    Registry { registry: String, purl: String },
    /// Nothing can be made durable.
    #[error("{0}")]
    Store(String),
    /// The scheduler is going away.
    #[error("the scheduler is draining; ask another one or try again later")]
    Draining,
}

/// Why a job is not cancelled.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub(crate) enum CancelError {
    /// It is somebody else's.
    #[error("this job belongs to another client")]
    NotYours,
    /// Nothing can be made durable.
    #[error("{0}")]
    Store(String),
}

/// Why a worker gets no session.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub(crate) enum JoinError {
    /// Another process with its name has one, and is alive.
    #[error(
        "another process is connected as worker `{name}`, and was heard {seen_ms} ms ago; give each worker a --name and a \
         --data of its own. If that process has just been killed, this one gets in within seconds"
    )]
    Connected { name: WorkerName, seen_ms: u64 },
}

/// What a worker says once it has a session.
pub(crate) enum WorkerSaid {
    Heartbeat { draining: bool },
    WantsPermit { attempt: Attempt, host: Host, ended: Vec<EndedRequests> },
    RequestsEnded { attempt: Attempt, ended: Vec<EndedRequests> },
    Throttled { attempt: Attempt, host: Host, retry_after_ms: Option<u64> },
    Progress { attempt: Attempt, checkpoint: Vec<u8> },
    Outcome { attempt: Attempt, outcome: Outcome, documents: Vec<(ContentHash, Place)> },
}

/// The bounded way to a worker's stream.
pub(crate) type Outbound = mpsc::Sender<ToWorker>;

/// What a worker is told.
#[derive(Debug)]
pub(crate) enum ToWorker {
    Welcome(Welcome),
    Assign(Box<Assignment>),
    Permit { attempt: Attempt, permit: Permit },
    Suspend(Attempt),
    Resume(Attempt),
    Cancel(Attempt),
    Ack(Attempt),
    Drain,
}

/// What an accepted outcome means.
pub(crate) struct Prepared {
    pub(crate) worker: WorkerId,
    pub(crate) attempt: Attempt,
    /// Where the outcome's documents lie.
    pub(crate) documents: Vec<(ContentHash, Place)>,
    pub(crate) result: Result<Meaning, Fault>,
}

/// What an outcome that can be applied means.
pub(crate) enum Meaning {
    /// Something for the catalogue.
    Found(Box<Found>),
    /// An answer to a question.
    Answered(Box<Answered>),
}

/// The catalogue's side of an outcome that can be applied.
pub(crate) struct Found {
    pub(crate) write: PackageWrite,
    /// The result for each job, but for the number of attempts.
    pub(crate) result: JobResult,
    /// Work that this outcome leaves to do.
    pub(crate) follow_up: Option<JobSpec>,
    pub(crate) trace: Trace,
}

/// What a commit made true.
pub(crate) enum Committed {
    /// These jobs are durable.
    Submitted(Vec<JobId>),
    /// These jobs have ended.
    Ended(Vec<(JobId, JobResult)>),
    /// A task's accepted outcome is durable, and so is the end of its jobs.
    Outcome { worker: WorkerId, attempt: Attempt, ended: Vec<(JobId, JobResult)>, submitted: Option<JobId> },
    /// What a task's answer lacks is asked for.
    Asked { worker: WorkerId, attempt: Attempt, children: Vec<JobId> },
    /// A task's accepted outcome could not be written, since the package changed meanwhile.
    Conflict { attempt: Attempt },
    /// What an outcome led to is durable, so the worker may forget it.
    Ack { worker: WorkerId, attempt: Attempt },
}
