//! What a crawl's answer does to the catalogue: the new record, what changed, and when to look again.

use gleaner_model::{CrawlFacts, CrawlPart, Event, Fault, JobState, PackageKey, PackageRecord, Timestamp};

/// What a crawl found.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum CrawlReport {
    /// Documents, and the facts that they hold.
    Fetched(CrawlFacts),
    /// The first document is the one that the record was made from.
    NotModified {
        /// When the registry said so.
        at: Timestamp,
    },
    /// The registry has no such package (404).
    NotFound {
        /// When the registry said so.
        at: Timestamp,
    },
    /// The registry has the package no more (410).
    Gone {
        /// When the registry said so.
        at: Timestamp,
    },
}

/// What to write and what to tell.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Applied {
    /// The new record; its revision is one more than the old one's.
    pub record: PackageRecord,
    /// What changed, in order.
    pub events: Vec<Event>,
    /// Did the facts change? False if only times did.
    pub changed: bool,
    /// How the jobs end.
    pub state: JobState,
    /// What is left to fetch, for a job in the bulk lane.
    pub follow_up: Option<CrawlPart>,
}

/// Applies a crawl's `report` to the record that was there.
///
/// # Errors
/// The report cannot be used and the old record stays as it is.
pub fn apply(
    _old: Option<&PackageRecord>,
    _key: &PackageKey,
    _report: CrawlReport,
    _now: Timestamp,
) -> Result<Applied, Fault> {
    unimplemented!("in the next commit")
}
