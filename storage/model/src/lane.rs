//! Lanes: how urgent work is. A lane follows from who asks; a request never claims one.

use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Serialize};

/// The four lanes, most urgent first; `Paid < Bulk` in the derived order, so a minimum is the most urgent.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Lane {
    /// Paying clients' refreshes.
    Paid,
    /// Services of the same house.
    Internal,
    /// Everybody else.
    Free,
    /// Recomputations and back-fills; never in a hurry.
    Bulk,
}

/// The text names no lane.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("`{0}` is not a lane; the lanes are paid, internal, free and bulk")]
pub struct InvalidLane(pub String);

impl Lane {
    /// All lanes, most urgent first.
    pub const ALL: [Self; 4] = [Self::Paid, Self::Internal, Self::Free, Self::Bulk];

    /// The position in [`Lane::ALL`].
    #[must_use]
    pub const fn index(self) -> usize {
        self as usize
    }

    /// The lane's name in lower case.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Paid => "paid",
            Self::Internal => "internal",
            Self::Free => "free",
            Self::Bulk => "bulk",
        }
    }
}

impl fmt::Display for Lane {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

impl FromStr for Lane {
    type Err = InvalidLane;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        Self::ALL.into_iter().find(|lane| lane.as_str() == text).ok_or_else(|| InvalidLane(text.to_owned()))
    }
}
