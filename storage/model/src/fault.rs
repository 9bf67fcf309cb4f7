//! What can go wrong with an attempt.

use std::fmt;

use serde::{Deserialize, Serialize};

/// The kinds of fault. What is done about each is the scheduler's decision, not the reporter's.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub enum FaultKind {
    /// The host said "slow down" (429, or 503 with Retry-After).
    Throttled,
    /// The document is older than the one that the record was made from.
    Stale,
    /// The document cannot be what it claims: truncated, oversized, wrongly compressed, not of its format.
    Malformed,
    /// No usable answer: connection refused or hanging, redirects without end, 5xx.
    Outage,
    /// The registry wants credentials, or forbids (401, 403).
    Denied,
    /// This worker cannot do this kind of work.
    Unimplemented,
    /// The worker's lease ended before it reported.
    LeaseExpired,
    /// A defect in Gleaner itself.
    Internal,
}

impl FaultKind {
    /// Every kind of fault.
    pub const ALL: [Self; 8] = [
        Self::Throttled,
        Self::Stale,
        Self::Malformed,
        Self::Outage,
        Self::Denied,
        Self::Unimplemented,
        Self::LeaseExpired,
        Self::Internal,
    ];

    /// The kind's name.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Throttled => "Throttled",
            Self::Stale => "Stale",
            Self::Malformed => "Malformed",
            Self::Outage => "Outage",
            Self::Denied => "Denied",
            Self::Unimplemented => "Unimplemented",
            Self::LeaseExpired => "LeaseExpired",
            Self::Internal => "Internal",
        }
    }

    /// Can another try at the same work go better?
    #[must_use]
    pub const fn is_transient(self) -> bool {
        !matches!(self, Self::Denied | Self::Unimplemented)
    }
}

impl fmt::Display for FaultKind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

/// A fault: its kind, what it concerns, and what is wrong with it, in one sentence for people.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, thiserror::Error)]
#[error("{kind}: {detail}")]
pub struct Fault {
    /// Its kind.
    pub kind: FaultKind,
    /// What happened, naming the thing; at most 1,024 bytes are kept.
    pub detail: String,
}

impl Fault {
    /// Longest `detail` that is kept, in bytes: enough for a URL and a sentence.
    pub const DETAIL_MAX: usize = 1024;

    /// A fault of `kind`; an overlong `detail` is cut.
    #[must_use]
    pub fn new(kind: FaultKind, detail: impl Into<String>) -> Self {
        let mut detail = detail.into();
        if detail.len() > Self::DETAIL_MAX {
            let cut = (0..=Self::DETAIL_MAX).rev().find(|at| detail.is_char_boundary(*at)).unwrap_or(0);
            detail.truncate(cut);
        }
        Self { kind, detail }
    }
}
