//! Faults that can be planted into the simulated scheduler process, to see that the checks find them.

use gleaner_core::Options;

/// What is done wrong on purpose.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Fault {
    /// Receipts are sent when the commit begins.
    ReceiptBeforeCommit,
    /// Workers are told to forget their outcomes when the commit begins.
    AckBeforeCommit,
    /// An outcome counts whatever its token is.
    AnyToken,
    /// Recovery does not tell the core in which epoch a job was journalled.
    NoBirths,
    /// The core is always told that the epoch is 1, so that tokens repeat.
    SameEpoch,
    /// Hosts have their burst allowance anew after a restart.
    BudgetReset,
    /// Some permits are handed out twice.
    PermitTwice,
    /// Recovered tasks do not wait for workers that may still be at them.
    NoLimbo,
    /// A host's wish to be left alone is not journalled.
    WishNotJournalled,
    /// Some recovered jobs are not given back to the core.
    JobNotRecovered,
    /// Some jobs that end are not closed in the journal.
    ClosureLost,
    /// A client is told that its job is cancelled before that is durable.
    CancelBeforeCommit,
    /// The position of a submit stream is committed after its jobs and not with them.
    PositionLate,
    /// Paid work displaces nothing.
    NeverDisplaces,
    /// One task is displaced again and again.
    DisplacesWithoutEnd,
    /// Most slots hold work that may not be displaced.
    ProtectsMost,
    /// Lanes have no floors.
    FloorIgnored,
    /// Any number of one worker's attempts is suspended.
    SuspendsWithoutBound,
    /// What a host keeps for paid work is given to everybody.
    ReserveGiven,
    /// A host's bound of requests at once is not kept.
    ConcurrencyIgnored,
    /// After a restart a paused host is asked again.
    PauseForgotten,
    /// A worker that an operator drains gets work all the same.
    DrainIgnored,
    /// The core is not told that a job is not to begin before some moment.
    BeginsEarly,
    /// Recovery does not tell the core either.
    TimesForgotten,
    /// The tasks of jobs that joined others when their time came are not closed with them.
    MergedLeftOpen,
    /// A client's key is committed after its job and not with it.
    KeyLate,
    /// A client is told that its job is cancelled, and nobody cancels it.
    CancelForgotten,
    /// A batch has ended as soon as one of its jobs has.
    BatchEndsEarly,
    /// How far a campaign has come is committed after its jobs and not with them.
    CursorLate,
    /// That a schedule has asked is committed after its job and not with it.
    RunLate,
    /// The core is not told that what a task waits for is durable.
    WakeUpLost,
    /// A task that waits for others keeps its slot.
    WaitsInSlot,
    /// What a task lacks is asked for in the lane `bulk`, whoever asks.
    AsksInBulk,
    /// What cannot be had is asked for again and again.
    AsksForEver,
    /// All clients of a lane weigh the same.
    WeightIgnored,
    /// That a dead letter is tried again is committed after the new job and not with it.
    RetryKeyLate,
    /// What is open of a cancelled batch or campaign goes on.
    CancelledGoesOn,
    /// A campaign that is cancelled while its next packages are read asks for them.
    CancelledAsks,
}

impl Fault {
    /// Every fault.
    pub const ALL: [Self; 38] = [
        Self::ReceiptBeforeCommit,
        Self::AckBeforeCommit,
        Self::AnyToken,
        Self::NoBirths,
        Self::SameEpoch,
        Self::BudgetReset,
        Self::PermitTwice,
        Self::NoLimbo,
        Self::WishNotJournalled,
        Self::JobNotRecovered,
        Self::ClosureLost,
        Self::CancelBeforeCommit,
        Self::PositionLate,
        Self::NeverDisplaces,
        Self::DisplacesWithoutEnd,
        Self::ProtectsMost,
        Self::FloorIgnored,
        Self::SuspendsWithoutBound,
        Self::ReserveGiven,
        Self::ConcurrencyIgnored,
        Self::PauseForgotten,
        Self::DrainIgnored,
        Self::BeginsEarly,
        Self::TimesForgotten,
        Self::MergedLeftOpen,
        Self::KeyLate,
        Self::CancelForgotten,
        Self::BatchEndsEarly,
        Self::CursorLate,
        Self::RunLate,
        Self::WakeUpLost,
        Self::WaitsInSlot,
        Self::AsksInBulk,
        Self::AsksForEver,
        Self::WeightIgnored,
        Self::RetryKeyLate,
        Self::CancelledGoesOn,
        Self::CancelledAsks,
    ];

    /// The options of a scheduler that does this wrong, where these are what was promised.
    pub(crate) fn bend(self, promised: &Options) -> Options {
        let mut options = promised.clone();
        match self {
            Self::NeverDisplaces => options.displace_after_ms = [None; 4],
            Self::DisplacesWithoutEnd => options.displaced_max = u8::MAX,
            Self::ProtectsMost => options.protected_permille = 900,
            Self::FloorIgnored => options.lane_floors_permille = [0; 4],
            Self::SuspendsWithoutBound => options.suspended_max = u16::MAX,
            _ => {}
        }
        options
    }
}
