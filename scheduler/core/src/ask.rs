//! What comes in from clients and from recovery, and the answers.

use gleaner_model::{JobId, Lane, TaskId, Timestamp};

use crate::{ClientIndex, HostIndex, Needs, TargetKey};

/// A job to be taken in.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Ask {
    /// Its id, higher than any before.
    pub job: JobId,
    /// Who asks.
    pub client: ClientIndex,
    /// How urgent it is.
    pub lane: Lane,
    /// The host of the first request.
    pub host: HostIndex,
    /// What a worker must be able to do.
    pub needs: Needs,
    /// What it is about.
    pub target: TargetKey,
    /// A running task serves if its first request is at most this old, in milliseconds.
    pub max_age_ms: u64,
    /// Of no use after this moment.
    pub expires_at: Option<Timestamp>,
}

/// What became of a job that was taken in.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Admission {
    /// It made this task, which has the job's number.
    Made(TaskId),
    /// It waits for this task, which was there.
    Attached(TaskId),
}

impl Admission {
    /// The task that the job waits for.
    #[must_use]
    pub const fn task(self) -> TaskId {
        match self {
            Self::Made(task) | Self::Attached(task) => task,
        }
    }
}

/// Why a job was not taken in. Nothing of it is kept.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Refusal {
    /// The queue is full, or too full for a client that holds so much of it.
    #[error("the queue is full; try again in {retry_after_ms} ms")]
    Full {
        /// When to try again.
        retry_after_ms: u64,
    },
    /// Too many jobs wait for the same task.
    #[error("too many jobs wait for {task}; try again in {retry_after_ms} ms")]
    TooManyAttached {
        /// The task.
        task: TaskId,
        /// When to try again.
        retry_after_ms: u64,
    },
    /// The job is of no use any more: its `expires_at` is past.
    #[error("the job's time is over already: its expiry is past")]
    Expired,
    /// The job is wanted at a moment that is past.
    #[error("the job's deadline is past")]
    DeadlinePast,
    /// The job is not to begin for longer than anybody plans; more likely a unit was mistaken.
    #[error("the job's not-before is more than {} days ahead", delay_max_ms / 86_400_000)]
    TooFar {
        /// How far ahead it may be.
        delay_max_ms: u64,
    },
    /// The job is not to begin before it is to be over.
    #[error("the job's {end} is not after its not-before")]
    EndsBeforeItBegins {
        /// Which end.
        end: &'static str,
    },
}

/// A job as the journal has it, given back after a restart, in ascending order of `job`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct RecoveredJob {
    /// Its id.
    pub job: JobId,
    /// False if the job itself has ended and only the task that it made has not.
    pub open: bool,
    /// The task that it waits for.
    pub task: TaskId,
    /// Who asked.
    pub client: ClientIndex,
    /// How urgent it is.
    pub lane: Lane,
    /// The host of the first request.
    pub host: HostIndex,
    /// What a worker must be able to do.
    pub needs: Needs,
    /// What it is about.
    pub target: TargetKey,
    /// Of no use after this moment.
    pub expires_at: Option<Timestamp>,
}

/// What became of a wish to cancel.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum CancelOutcome {
    /// The job has ended as cancelled; an [`Effect::Close`](crate::Effect::Close) says so.
    Cancelled,
    /// There is no such open job: it ended before, or never was.
    Unknown,
    /// Its outcome was accepted and is being committed: too late.
    Committing,
}
