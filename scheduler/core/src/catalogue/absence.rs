//! "No such package": never there, missing for the moment, or gone.

use gleaner_model::{EventKind, JobState, Package, PackageKey, PackageRecord, Presence, Timestamp};

use super::due::{GONE_CONFIRM_MS, next_due};
use super::{Applied, events, next_revision};

/// Applies a 404 or 410, which the registry gave at `at`.
pub(super) fn absent(old: Option<&PackageRecord>, key: &PackageKey, at: Timestamp, now: Timestamp) -> Applied {
    let mut record = old.cloned().unwrap_or_else(|| never_known(key, now));
    record.revision = next_revision(old);
    record.last_attempt = now;
    record.last_success = Some(at);
    let confirmed = record.presence == Presence::Present
        && record.missing_since.is_some_and(|since| now.ms_since(since) >= GONE_CONFIRM_MS);
    if confirmed {
        record.presence = Presence::Gone;
        record.last_change = Some(now);
    } else if record.presence == Presence::Present {
        record.missing_since = record.missing_since.or(Some(now));
    }
    record.next_due = next_due(&record, now);
    let state = if record.presence == Presence::Gone { JobState::Gone } else { JobState::NotFound };
    let events = events(key, now, confirmed.then_some(EventKind::PackageGone));
    Applied { record, events, changed: confirmed, state, follow_up: None }
}

fn never_known(key: &PackageKey, now: Timestamp) -> PackageRecord {
    PackageRecord {
        key: key.clone(),
        revision: 0,
        presence: Presence::NotFound,
        package: Package::default(),
        source: None,
        last_attempt: now,
        last_success: None,
        last_change: None,
        missing_since: None,
        next_due: now,
    }
}
