//! "No such package": never there, missing for the moment, or gone.

use gleaner_model::{EventKind, JobState, Outline, PackageHead, PackageKey, Presence, Timestamp};

use super::due::{GONE_CONFIRM_MS, next_due};
use super::{Applied, events};

/// Applies a 404 or 410, which the registry gave at `at`.
pub(super) fn absent(old: Option<PackageHead>, key: &PackageKey, at: Timestamp, now: Timestamp) -> Applied {
    let mut head = old.unwrap_or_else(|| never_known(key, now));
    head.revision += 1;
    head.last_attempt = now;
    head.last_success = Some(at);
    let confirmed = head.presence == Presence::Present
        && head.missing_since.is_some_and(|since| now.ms_since(since) >= GONE_CONFIRM_MS);
    if confirmed {
        head.presence = Presence::Gone;
        head.last_change = Some(now);
    } else if head.presence == Presence::Present {
        head.missing_since = head.missing_since.or(Some(now));
    }
    head.next_due = next_due(&head, now);
    let state = if head.presence == Presence::Gone { JobState::Gone } else { JobState::NotFound };
    let events = events(key, now, confirmed.then_some(EventKind::PackageGone));
    Applied { head, content: None, events, changed: confirmed, state, follow_up: None }
}

fn never_known(key: &PackageKey, now: Timestamp) -> PackageHead {
    PackageHead {
        key: key.clone(),
        revision: 0,
        content_revision: 0,
        presence: Presence::NotFound,
        source: None,
        last_attempt: now,
        last_success: None,
        last_change: None,
        missing_since: None,
        next_due: now,
        outline: Outline::default(),
    }
}
