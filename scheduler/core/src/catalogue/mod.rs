//! What a crawl's answer does to the catalogue: the new record, what changed, and when to look again.
//!
//! The problem: answers are partial (older versions come later, what is known is not fetched again), late (an old copy
//! of a document may arrive after a new one) and at times wrong (a registry that loses a package for an hour). What was
//! known and good must outlive all of that, and only what really changed may be told.

mod absence;
mod diff;
mod due;
mod merge;

use gleaner_model::{
    CrawlFacts, CrawlPart, Dependencies, Event, EventKind, Fault, FaultKind, JobState, Package, PackageKey,
    PackageRecord, Presence, Source, Timestamp,
};

pub use due::GONE_CONFIRM_MS;

/// What a crawl found.
#[derive(Clone, Debug, PartialEq, Eq)]
#[expect(clippy::large_enum_variant, reason = "one is made a crawl and taken apart at once; nobody keeps many")]
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
    /// The new record; its revision is one more than the old one's, or 1.
    pub record: PackageRecord,
    /// What changed: the package's coming back first, then by version in the package's order, then its latest one.
    pub events: Vec<Event>,
    /// Did the facts or the package's presence change? False if only times and sources did.
    pub changed: bool,
    /// How the jobs end: done, not found or gone.
    pub state: JobState,
    /// What is left to fetch, for a job in the bulk lane. None if this crawl fetched and got no further with it, so
    /// that a version whose document never comes cannot keep crawls going round; the next due crawl tries again.
    pub follow_up: Option<CrawlPart>,
}

/// Applies a crawl's `report` to the record that was there.
///
/// Rules: facts that were settled stay while the files that they were read from are there (see `merge`). A package
/// that was present and is answered with 404 or 410 keeps its facts and its presence until a second such answer at
/// least [`GONE_CONFIRM_MS`] after the first. A package that never was is recorded as not found, without an event.
///
/// # Errors
/// The report cannot be used and the old record stays as it is: `Stale` if the document is of an older edition than the
/// record's, `Malformed` if positions in the facts point outside their pools, or if "not modified" is said of something
/// that was never fetched.
pub fn apply(
    old: Option<&PackageRecord>,
    key: &PackageKey,
    report: CrawlReport,
    now: Timestamp,
) -> Result<Applied, Fault> {
    match report {
        CrawlReport::Fetched(facts) => fetched(old, key, facts, now),
        CrawlReport::NotModified { at } => not_modified(old, key, at, now),
        CrawlReport::NotFound { at } | CrawlReport::Gone { at } => Ok(absence::absent(old, key, at, now)),
    }
}

fn fetched(old: Option<&PackageRecord>, key: &PackageKey, facts: CrawlFacts, now: Timestamp) -> Result<Applied, Fault> {
    let known = old.filter(|old| old.source.is_some());
    check(known, key, &facts.package)?;
    let package = merge::merge(known.map(|old| &old.package), &facts.package);
    let returned = known.is_some_and(|old| old.presence == Presence::Gone);
    let differs = known.is_none_or(|old| !diff::same_facts(&old.package, &package));
    let mut kinds = Vec::new();
    match known {
        None => kinds
            .push(EventKind::PackageDiscovered { versions: u32::try_from(package.versions.len()).unwrap_or(u32::MAX) }),
        Some(old) => {
            kinds.extend(returned.then_some(EventKind::PackageReturned));
            if differs {
                diff::diff(&old.package, &package, &mut kinds);
            }
        }
    }
    let changed = differs || returned;
    let follow_up = if changed { left_to_fetch(&package) } else { None };
    let source = Source { documents: facts.documents, validators: facts.validators, fetched_at: facts.fetched_at };
    let mut record = PackageRecord {
        key: key.clone(),
        revision: next_revision(old),
        presence: Presence::Present,
        package,
        source: Some(source),
        last_attempt: now,
        last_success: Some(facts.fetched_at),
        last_change: if changed { Some(now) } else { old.and_then(|old| old.last_change) },
        missing_since: None,
        next_due: now,
    };
    record.next_due = due::next_due(&record, now);
    Ok(Applied { events: events(key, now, kinds), record, changed, state: JobState::Done, follow_up })
}

fn check(known: Option<&PackageRecord>, key: &PackageKey, package: &Package) -> Result<(), Fault> {
    if !package.positions_are_valid() {
        let detail = format!("the facts of {key} name dependencies, features or licences that they do not hold");
        return Err(Fault::new(FaultKind::Malformed, detail));
    }
    let Some(known) = known.filter(|known| known.presence != Presence::Gone) else { return Ok(()) };
    match (known.package.edition, package.edition) {
        (Some(stored), Some(new)) if new < stored => {
            let detail = format!("the document of {key} is of edition {new}, and edition {stored} is known already");
            Err(Fault::new(FaultKind::Stale, detail))
        }
        _ => Ok(()),
    }
}

fn not_modified(
    old: Option<&PackageRecord>,
    key: &PackageKey,
    at: Timestamp,
    now: Timestamp,
) -> Result<Applied, Fault> {
    let Some(old) = old.filter(|old| old.source.is_some()) else {
        let detail = format!("{key} was answered with \"not modified\", but no document of it was ever accepted");
        return Err(Fault::new(FaultKind::Malformed, detail));
    };
    let returned = old.presence == Presence::Gone;
    let mut record = old.clone();
    record.revision = next_revision(Some(old));
    record.presence = Presence::Present;
    record.missing_since = None;
    record.last_attempt = now;
    record.last_success = Some(at);
    record.last_change = if returned { Some(now) } else { old.last_change };
    record.next_due = due::next_due(&record, now);
    Ok(Applied {
        events: events(key, now, returned.then_some(EventKind::PackageReturned)),
        changed: returned,
        state: JobState::Done,
        follow_up: left_to_fetch(&record.package),
        record,
    })
}

fn left_to_fetch(package: &Package) -> Option<CrawlPart> {
    let pending = package.versions.iter().any(|version| version.dependencies == Dependencies::Pending);
    pending.then_some(CrawlPart::Older)
}

fn next_revision(old: Option<&PackageRecord>) -> u64 {
    old.map_or(0, |old| old.revision) + 1
}

fn events(key: &PackageKey, at: Timestamp, kinds: impl IntoIterator<Item = EventKind>) -> Vec<Event> {
    kinds.into_iter().map(|kind| Event { key: key.clone(), at, kind }).collect()
}

#[cfg(test)]
mod tests;
