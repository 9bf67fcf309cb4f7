//! What travels between the scheduler and the others.
//!
//! Everything carries what the real messages carry. `run` is the exception: the simulation's own number of one body of
//! work, by which the checks recognise it whatever its token is. The scheduler never decides by it.

use gleaner_core::{ClaimVerdict, HostIndex, Refusal};
use gleaner_model::{Attempt, BatchId, FaultKind, JobId, JobState};

use crate::packages::Packages;

/// A connection; never used twice.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(crate) struct Conn(pub(crate) u64);

/// One body of work at one worker.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct Run(pub(crate) u64);

/// Who is at the other end of a connection to the scheduler.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Peer {
    Worker(usize),
    Client(usize),
}

/// What travels.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Frame {
    Said(Said),
    Told(Told),
    Asked(Asked),
    Answered(Answered),
    /// The sender's side is closed.
    Close,
}

/// A worker says.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Said {
    /// `tells`: it says when its requests end.
    Hello {
        slots: u16,
        needs: u16,
        tells: bool,
        held: Vec<HeldRun>,
    },
    Heartbeat {
        draining: bool,
    },
    WantsPermit {
        attempt: Attempt,
        host: HostIndex,
    },
    RequestEnded {
        attempt: Attempt,
        host: HostIndex,
        well: bool,
    },
    Throttled {
        attempt: Attempt,
        host: HostIndex,
        retry_after_ms: Option<u64>,
    },
    Suspended {
        attempt: Attempt,
    },
    Outcome {
        attempt: Attempt,
        run: Run,
        outcome: Ended,
    },
}

/// An attempt that a worker announces.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct HeldRun {
    pub(crate) attempt: Attempt,
    pub(crate) run: Run,
    pub(crate) finished: bool,
}

/// How a body of work ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Ended {
    Finished(JobState),
    /// A question has an answer, which lacks these packages.
    Answered(Packages),
    Failed(FaultKind),
    HandedBack,
}

/// A worker is told.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Told {
    Welcome {
        heartbeat_ms: u64,
        claims: Vec<(Attempt, ClaimVerdict)>,
    },
    Assign {
        attempt: Attempt,
        run: Run,
        host: HostIndex,
        use_within_ms: u64,
    },
    Permit {
        attempt: Attempt,
        host: HostIndex,
        use_within_ms: u64,
    },
    Suspend(Attempt),
    Resume(Attempt),
    Cancel(Attempt),
    Ack(Attempt),
    /// An operator wants it to end what it has begun and to go.
    Drain,
}

/// What a job is about.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Wish {
    pub(crate) target: u64,
    pub(crate) max_age_ms: u64,
    /// Milliseconds from now after which it is of no use, by the scheduler's wall clock at its arrival.
    pub(crate) expires_in_ms: Option<u64>,
    /// Milliseconds from now before which nothing is done for it, by the same clock.
    pub(crate) begins_in_ms: Option<u64>,
    /// Milliseconds from now after which it is late.
    pub(crate) deadline_in_ms: Option<u64>,
    /// The client's own key for it.
    pub(crate) key: Option<u64>,
}

impl Wish {
    /// One that says nothing but what it is about.
    pub(crate) const fn plain(target: u64) -> Self {
        Self { target, max_age_ms: 0, expires_in_ms: None, begins_in_ms: None, deadline_in_ms: None, key: None }
    }
}

/// A client asks. `request` is its own number of the question.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Asked {
    Submit {
        request: u64,
        wishes: Vec<Wish>,
    },
    Cancel {
        request: u64,
        job: JobId,
    },
    /// Several jobs that are looked at as one.
    Batch {
        request: u64,
        wishes: Vec<Wish>,
    },
    /// A job for every package, a few at a time.
    Campaign {
        request: u64,
    },
    /// A job again and again.
    Schedule {
        request: u64,
    },
    /// A dead letter is to be tried again.
    Retry {
        request: u64,
        job: JobId,
    },
    /// What is open of a batch is not wanted any more.
    CancelBatch {
        request: u64,
        batch: BatchId,
    },
    /// The client's campaign is not wanted any more.
    CancelCampaign {
        request: u64,
    },
    /// Opens the client's numbered stream.
    Open {
        request: u64,
    },
    /// Items of the stream, the first of which has this number.
    Items {
        request: u64,
        first: u64,
        wishes: Vec<Wish>,
    },
}

/// A client is answered.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Answered {
    Receipts {
        request: u64,
        jobs: Vec<JobId>,
    },
    Refused {
        request: u64,
        why: Refusal,
    },
    /// A campaign or a schedule is there, or what was to end is about to, or there is nothing of the kind.
    Ordered {
        request: u64,
    },
    /// What is open of a batch ends.
    BatchCancelled {
        request: u64,
        batch: BatchId,
    },
    /// `over`: the job has ended, and not: its outcome is on its way to the disk, and perhaps does not get there.
    Cancelled {
        request: u64,
        job: JobId,
        over: bool,
    },
    /// The stream goes on after this number.
    Position {
        request: u64,
        number: u64,
    },
}
