//! Enumerations, each of whose values has the same name on the wire and in the domain.

use gleaner_model::{
    CampaignState, CrawlPart, DependencyKind, EdgeKind, FaultKind, JobKind, JobState, Lane, Presence, Sensitivity,
    UntoldFact, WaitCause,
};

use super::field::unknown_number;
use super::{InvalidMessage, Unspecified};
use crate::v1;

/// An enumeration of the domain that has a twin on the wire.
pub trait Mirrored: Sized {
    /// The twin.
    type Wire: TryFrom<i32>;
}

/// Writes both ways for values of equal names. The compiler refuses a value that only one side has.
macro_rules! mirror {
    ($name:ident: $($value:ident),+) => {
        impl Mirrored for $name {
            type Wire = v1::$name;
        }

        impl From<$name> for v1::$name {
            fn from(value: $name) -> Self {
                match value {
                    $($name::$value => Self::$value),+
                }
            }
        }

        impl TryFrom<v1::$name> for $name {
            type Error = Unspecified;

            fn try_from(value: v1::$name) -> Result<Self, Unspecified> {
                match value {
                    v1::$name::Unspecified => Err(Unspecified),
                    $(v1::$name::$value => Ok(Self::$value)),+
                }
            }
        }
    };
}

mirror!(WaitCause: Worker, Slot, Host, Turn, Retry, Task, Recovery, Commit, Time);
mirror!(Lane: Paid, Internal, Free, Bulk);
mirror!(CrawlPart: Newest, Older);
mirror!(JobState: Queued, Running, Done, NotFound, Gone, Failed, Expired, Cancelled);
mirror!(FaultKind: Throttled, Stale, Malformed, Outage, Denied, Unimplemented, LeaseExpired, Internal);
mirror!(DependencyKind: Normal, Build, Dev, Peer);
mirror!(EdgeKind: Normal, Build, Dev, Optional, Peer, PeerOptional);
mirror!(Sensitivity: FirstCandidates, Anything);
mirror!(UntoldFact: Version, Dependencies, YankReason, DeprecationWords, Facts);
mirror!(CampaignState: Running, Paused, Done, Cancelled);
mirror!(Presence: Present, NotFound, Gone);

impl From<JobKind> for v1::JobKind {
    fn from(kind: JobKind) -> Self {
        match kind {
            JobKind::Crawl => Self::Crawl,
            JobKind::Resolve => Self::Resolve,
        }
    }
}

impl From<v1::JobKind> for JobKind {
    fn from(kind: v1::JobKind) -> Self {
        match kind {
            v1::JobKind::Unspecified | v1::JobKind::Crawl => Self::Crawl,
            v1::JobKind::Resolve => Self::Resolve,
        }
    }
}

/// Reads a kind of work; zero is read as a crawl, as the protocol says.
///
/// # Errors
/// It is a number that this version of the protocol does not know.
pub fn job_kind(number: i32, field: &str) -> Result<JobKind, InvalidMessage> {
    v1::JobKind::try_from(number).map(Into::into).map_err(|_| unknown_number(number, field))
}
