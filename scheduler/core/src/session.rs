//! What comes in from workers, and the answers.

use gleaner_model::{Attempt, Fault, Timestamp, Token};

use crate::{Needs, WorkerId};

/// A worker that opens a session.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Joining {
    /// The session.
    pub worker: WorkerId,
    /// How many attempts it has room for.
    pub slots: u16,
    /// What it can do.
    pub needs: Needs,
    /// Every attempt that it still runs, or holds an outcome of.
    pub held: Vec<Held>,
}

/// An attempt that a worker has from an earlier session.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Held {
    /// The attempt.
    pub attempt: Attempt,
    /// Has it ended, so that it takes no slot and only its outcome is to be told?
    pub finished: bool,
}

/// The answer to one [`Held`], in the same order.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Claim {
    /// The attempt as announced.
    pub attempt: Attempt,
    /// What to do with it.
    pub verdict: ClaimVerdict,
}

/// What a worker does with an attempt that it announced.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ClaimVerdict {
    /// Go on, under this token.
    Adopted(Token),
    /// Stop and forget it: another attempt is current, or will be.
    Abandoned,
    /// Stop and forget it: the task has ended.
    Closed,
}

/// How an attempt ended.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Report {
    /// With an answer for the catalogue: done, not modified, not found, gone.
    Finished,
    /// With a fault.
    Failed(Fault),
    /// Not at all: the worker drains and gives it back.
    HandedBack,
}

/// What is done about a reported outcome.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Verdict {
    /// It is the task's outcome: prepare it, commit it, then call `committed`, or `reopen` if it cannot be applied.
    Accept,
    /// The task is tried again.
    Retried {
        /// Failed attempts so far.
        attempts: u32,
        /// No earlier than this.
        retry_at: Timestamp,
    },
    /// The task has failed for good; an [`Effect::Close`](crate::Effect::Close) says so.
    DeadLetter,
    /// The token is not current: acknowledge it, so that the worker forgets it, and do nothing.
    Refused,
    /// The task has ended before: acknowledge.
    Closed,
}
