//! What a crawl's answer does to the catalogue: the new record, what changed, and when to look again.
//!
//! The problem: answers are partial (older versions come later, what is known is not fetched again), late (an old copy
//! of a document may arrive after a new one) and at times wrong (a registry that loses a package for an hour). What was
//! known and good must outlive all of that, and only what really changed may be told.

mod absence;
mod diff;
mod due;
mod merge;
mod outline;
mod past;

use gleaner_model::{
    CrawlFacts, CrawlPart, Document, Event, EventKind, Fault, FaultKind, JobState, Outline, Package, PackageContent,
    PackageHead, PackageKey, PackageRecord, Presence, Source, Timestamp, Validators,
};

pub use due::GONE_CONFIRM_MS;
pub use past::{Then, past};

/// What a registry answers that has nothing new to show.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Answer {
    /// The first document is the one that the record was made from.
    NotModified,
    /// There is no such package (404), or not any more (410).
    NoSuchPackage,
}

/// What to write and what to tell.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Applied {
    /// The new head; its revision is one more than the old one's, or 1.
    pub head: PackageHead,
    /// The new content; none if the stored one stays.
    pub content: Option<PackageContent>,
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

/// Applies what was fetched to the record that was there: facts that were settled stay while the files that they were
/// read from are there (see `merge`).
///
/// # Errors
/// The facts cannot be used and the old record stays as it is: `Stale` if the document is of an older edition than the
/// record's, `Malformed` if positions in the facts point outside their pools, or if they name no document.
pub fn fetched(
    old: Option<&PackageRecord>,
    key: &PackageKey,
    facts: CrawlFacts,
    now: Timestamp,
) -> Result<Applied, Fault> {
    let known = old.filter(|old| old.head.source.is_some());
    check(known, key, &facts.package)?;
    let (source, more_documents) = source(key, facts.documents, facts.validators, facts.fetched_at)?;
    let package = merge::merge(known.map(|known| &known.content.package), facts.package);
    let outline = outline::outline(&package, key.purl().ecosystem());
    let (kinds, changed) = changes(known, &package, &outline);
    let content = PackageContent { package, more_documents };
    let kept = known.filter(|known| !changed && same_beside_facts(&known.content, &content));
    let old = old.map(|old| &old.head);
    let revision = next_revision(old);
    let mut head = PackageHead {
        key: key.clone(),
        revision,
        content_revision: kept.map_or(revision, |kept| kept.head.content_revision),
        presence: Presence::Present,
        last_attempt: now,
        last_success: Some(source.fetched_at),
        source: Some(source),
        last_change: if changed { Some(now) } else { old.and_then(|old| old.last_change) },
        missing_since: None,
        next_due: now,
        outline,
    };
    head.next_due = due::next_due(&head, now);
    let follow_up = if changed { left_to_fetch(&head) } else { None };
    let content = kept.is_none().then_some(content);
    Ok(Applied { head, content, events: events(key, now, kinds), changed, state: JobState::Done, follow_up })
}

/// Is that the same which [`diff::same_facts`] leaves aside?
fn same_beside_facts(old: &PackageContent, new: &PackageContent) -> bool {
    old.package.edition == new.package.edition && old.more_documents == new.more_documents
}

/// What changed, and whether anything did; a package that is first read did.
fn changes(known: Option<&PackageRecord>, package: &Package, outline: &Outline) -> (Vec<EventKind>, bool) {
    let Some(known) = known else {
        return (vec![EventKind::PackageDiscovered { versions: outline.versions }], true);
    };
    let returned = known.head.presence == Presence::Gone;
    let mut kinds: Vec<EventKind> = returned.then_some(EventKind::PackageReturned).into_iter().collect();
    let differs = !diff::same_facts(&known.content.package, package);
    if differs {
        diff::diff(&known.content.package, package, &mut kinds);
    }
    (kinds, differs || returned)
}

fn source(
    key: &PackageKey,
    documents: Vec<Document>,
    validators: Validators,
    fetched_at: Timestamp,
) -> Result<(Source, Vec<Document>), Fault> {
    let mut documents = documents.into_iter();
    let Some(document) = documents.next() else {
        return Err(Fault::new(FaultKind::Malformed, format!("the facts of {key} name no document")));
    };
    Ok((Source { document, validators, fetched_at }, documents.collect()))
}

fn check(known: Option<&PackageRecord>, key: &PackageKey, package: &Package) -> Result<(), Fault> {
    if !package.positions_are_valid() {
        let detail = format!("the facts of {key} name dependencies, features or licences that they do not hold");
        return Err(Fault::new(FaultKind::Malformed, detail));
    }
    let Some(known) = known.filter(|known| known.head.presence != Presence::Gone) else { return Ok(()) };
    match (known.content.package.edition, package.edition) {
        (Some(stored), Some(new)) if new < stored => {
            let detail = format!("the document of {key} is of edition {new}, and edition {stored} is known already");
            Err(Fault::new(FaultKind::Stale, detail))
        }
        _ => Ok(()),
    }
}

/// Applies an answer that the registry gave at `at` to the head of the record that was there. The content stays.
///
/// A package that was present and is answered with "no such package" keeps its facts and its presence until a second
/// such answer at least [`GONE_CONFIRM_MS`] after the first. A package that never was is recorded as not found, without
/// an event.
///
/// # Errors
/// `Malformed` if "not modified" is said of something that was never fetched.
pub fn answered(
    old: Option<PackageHead>,
    key: &PackageKey,
    answer: Answer,
    at: Timestamp,
    now: Timestamp,
) -> Result<Applied, Fault> {
    match answer {
        Answer::NotModified => not_modified(old, key, at, now),
        Answer::NoSuchPackage => Ok(absence::absent(old, key, at, now)),
    }
}

fn not_modified(old: Option<PackageHead>, key: &PackageKey, at: Timestamp, now: Timestamp) -> Result<Applied, Fault> {
    let Some(mut head) = old.filter(|old| old.source.is_some()) else {
        let detail = format!("{key} was answered with \"not modified\", but no document of it was ever accepted");
        return Err(Fault::new(FaultKind::Malformed, detail));
    };
    let returned = head.presence == Presence::Gone;
    head.revision = next_revision(Some(&head));
    head.presence = Presence::Present;
    head.missing_since = None;
    head.last_attempt = now;
    head.last_success = Some(at);
    if returned {
        head.last_change = Some(now);
    }
    head.next_due = due::next_due(&head, now);
    Ok(Applied {
        content: None,
        events: events(key, now, returned.then_some(EventKind::PackageReturned)),
        changed: returned,
        state: JobState::Done,
        follow_up: left_to_fetch(&head),
        head,
    })
}

fn left_to_fetch(head: &PackageHead) -> Option<CrawlPart> {
    head.outline.pending.then_some(CrawlPart::Older)
}

fn next_revision(old: Option<&PackageHead>) -> u64 {
    old.map_or(0, |old| old.revision) + 1
}

fn events(key: &PackageKey, at: Timestamp, kinds: impl IntoIterator<Item = EventKind>) -> Vec<Event> {
    kinds.into_iter().map(|kind| Event { key: key.clone(), at, kind }).collect()
}

#[cfg(test)]
mod tests;
