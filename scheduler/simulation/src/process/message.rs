//! What the simulated scheduler is told, and what it does to the outside.

use gleaner_core::{HostIndex, WorkerId};
use gleaner_model::{Attempt, ClientName, FaultKind, HostChange, JobId};

use super::Meaning;
use crate::wire::{Conn, Frame, Peer, Run, Told};

/// A message in the scheduler's inbox.
#[derive(Clone, Debug)]
pub(crate) enum Message {
    /// Something came over a connection.
    Came { conn: Conn, peer: Peer, frame: Frame },
    /// A connection is over.
    Gone { conn: Conn },
    /// An assignment is ready to be sent.
    Described { worker: WorkerId, conn: Conn, told: Told },
    /// What an accepted outcome means was worked out.
    Prepared { worker: WorkerId, attempt: Attempt, run: Run, result: Result<Meaning, FaultKind> },
    /// A commit happened.
    Committed(Committed),
    /// The next packages of this client's campaign were read.
    CampaignPage { client: ClientName },
    /// An operator changes what a host may be asked.
    SetHost { host: HostIndex, change: HostChange },
    /// An operator wants a worker to get nothing new.
    DrainWorker { peer: usize },
    /// Something is due.
    Wake,
    /// Old results are to be forgotten.
    Housekeeping,
}

/// What a commit made true.
#[derive(Clone, Debug)]
pub(crate) enum Committed {
    /// A task's accepted outcome is durable, and so is the end of its jobs.
    Outcome { worker: WorkerId, attempt: Attempt, jobs: Vec<JobId> },
    /// A task's accepted outcome could not be written.
    Conflict { worker: WorkerId, attempt: Attempt },
    /// What an outcome led to is durable.
    Ack { worker: WorkerId, attempt: Attempt },
    /// These jobs have ended.
    Ended { jobs: Vec<JobId> },
}

/// What is to be done for the scheduler.
#[derive(Debug)]
pub(crate) enum Out {
    Send {
        conn: Conn,
        frame: Frame,
    },
    Close {
        conn: Conn,
    },
    /// Off the scheduler's thread: it comes back as a message after a while.
    Later(Message),
    /// It comes back behind the messages that wait already.
    Again,
    /// Wake it at this monotonic time.
    Alarm(u64),
}

/// A host's wish that was just taken in.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Throttle {
    pub(crate) host: HostIndex,
    pub(crate) retry_after_ms: Option<u64>,
}
