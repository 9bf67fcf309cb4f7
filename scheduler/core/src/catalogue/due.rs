//! When to look at a package again: the longer it has been quiet, the later.

use gleaner_model::{PackageHead, Presence, Timestamp};

const HOUR_MS: u64 = 3_600_000;
const DAY_MS: u64 = 24 * HOUR_MS;

/// A package that was there is gone if a second "no such package" comes at least this long after the first: longer
/// than a registry's bad afternoon.
pub const GONE_CONFIRM_MS: u64 = 6 * HOUR_MS;

/// The soonest: what was published in the last hours is often corrected in the next.
const SOONEST_MS: u64 = HOUR_MS;
/// The latest: nobody should have to wait for more than a fortnight to see a yank.
const LATEST_MS: u64 = 14 * DAY_MS;
/// The pause is this part of the time since the last publish: hourly on the first half day, daily after a fortnight,
/// the latest of all from half a year on.
const QUIET_PART: u64 = 14;

/// When the package ought to be looked at again, counted from `now`:
/// - missing, not yet confirmed: when the confirmation may be had;
/// - never there: after a day, since names are registered all the time;
/// - gone: after the longest pause;
/// - present: a fourteenth of the time since its newest version was published, an hour at least and 14 days at most;
///   without publish times of the time since its facts changed, a day at least.
pub(super) fn next_due(head: &PackageHead, now: Timestamp) -> Timestamp {
    let pause_ms = match head.presence {
        Presence::NotFound => DAY_MS,
        Presence::Gone => LATEST_MS,
        Presence::Present if head.missing_since.is_some() => {
            let since = head.missing_since.map_or(0, |since| now.ms_since(since));
            GONE_CONFIRM_MS.saturating_sub(since)
        }
        Presence::Present => quiet_pause_ms(head, now),
    };
    now.plus_ms(pause_ms)
}

fn quiet_pause_ms(head: &PackageHead, now: Timestamp) -> u64 {
    let (since, soonest_ms) = match head.outline.last_published {
        Some(at) => (at, SOONEST_MS),
        None => (head.last_change.unwrap_or(now), DAY_MS),
    };
    (now.ms_since(since) / QUIET_PART).clamp(soonest_ms, LATEST_MS)
}
