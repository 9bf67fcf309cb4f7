//! What a task is made of. It follows from the task's number, so that one that begins anew is as long as before.

use gleaner_core::Needs;
use gleaner_model::TaskId;

use super::scenario::Asking;
use crate::chance::Chance;

/// What a job asks for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Kind {
    /// Some requests to a package's host.
    Crawl,
    /// Computing over documents that are there: a resolution, an analysis.
    Analyse,
}

impl Kind {
    pub(super) const ALL: [Self; 2] = [Self::Crawl, Self::Analyse];

    pub(super) const fn needs(self) -> Needs {
        match self {
            Self::Crawl => Needs(1),
            Self::Analyse => Needs(2),
        }
    }
}

/// What is left of a body of work.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Left {
    /// Requests yet to be answered.
    pub(super) requests: u8,
    /// Time yet to be computed.
    pub(super) compute_ms: u64,
    /// Can what was done be saved in a checkpoint? Half of the analyses have no such thing.
    pub(super) saves: bool,
}

impl Left {
    pub(super) fn of(task: TaskId, kind: Kind, asking: Asking) -> Self {
        let mut chance = Chance::new(task.0 ^ 0x5eed);
        match (kind, asking) {
            // Most packages are one document; some have one for each of their newest versions.
            (Kind::Crawl, _) => Self { requests: if chance.percent(85) { 1 } else { 3 }, compute_ms: 0, saves: true },
            (Kind::Analyse, Asking::Daily(_)) => {
                Self { requests: 0, compute_ms: chance.within(2_000, 30_000), saves: chance.percent(50) }
            }
            (Kind::Analyse, Asking::Always) => {
                Self { requests: 0, compute_ms: chance.within(100, 1_000), saves: chance.percent(50) }
            }
        }
    }
}
