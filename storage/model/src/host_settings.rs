//! What operators have set for a host, beside what the scheduler's configuration says.

use serde::{Deserialize, Serialize};

use crate::{Host, Timestamp};

/// What operators have set for a host; what they have not is as configured.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct HostSettings {
    /// Which host.
    pub host: Host,
    /// Requests a second in the long run, in thousandths.
    pub rate_milli_per_s: Option<u64>,
    /// Requests at once after a pause.
    pub burst: Option<u32>,
    /// Requests under way at once; none for no bound.
    pub concurrency: Option<u32>,
    /// The part that only the lane `paid` gets, in thousandths.
    pub reserve_permille: u16,
    /// Does nobody get a permit?
    pub paused: bool,
    /// When this was set last.
    pub changed_at: Timestamp,
}

/// What an operator changes; what is none stays as it is.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct HostChange {
    /// As in [`HostSettings`].
    pub rate_milli_per_s: Option<u64>,
    /// As in [`HostSettings`].
    pub burst: Option<u32>,
    /// As in [`HostSettings`]; zero takes the bound away.
    pub concurrency: Option<u32>,
    /// As in [`HostSettings`].
    pub reserve_permille: Option<u16>,
    /// As in [`HostSettings`].
    pub paused: Option<bool>,
    /// Is what was set before to be forgotten first?
    pub reset: bool,
}

impl HostSettings {
    /// Nothing is set.
    #[must_use]
    pub const fn none(host: Host, at: Timestamp) -> Self {
        Self {
            host,
            rate_milli_per_s: None,
            burst: None,
            concurrency: None,
            reserve_permille: 0,
            paused: false,
            changed_at: at,
        }
    }

    /// These, changed.
    #[must_use]
    pub fn changed(self, change: &HostChange, at: Timestamp) -> Self {
        let before = if change.reset { Self::none(self.host, at) } else { self };
        Self {
            rate_milli_per_s: change.rate_milli_per_s.or(before.rate_milli_per_s),
            burst: change.burst.or(before.burst),
            concurrency: change.concurrency.map_or(before.concurrency, |bound| Some(bound).filter(|bound| *bound > 0)),
            reserve_permille: change.reserve_permille.unwrap_or(before.reserve_permille),
            paused: change.paused.unwrap_or(before.paused),
            changed_at: at,
            host: before.host,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_not_named_stays_and_a_reset_forgets_the_rest() {
        let at = Timestamp::from_millis;
        let none = HostSettings::none("mirror.example".parse().expect("a host"), at(1));
        let set = HostChange { burst: Some(5), concurrency: Some(3), ..HostChange::default() };
        let set = none.clone().changed(&set, at(2));
        let paused = set.clone().changed(&HostChange { paused: Some(true), ..HostChange::default() }, at(3));
        assert_eq!(paused, HostSettings { paused: true, changed_at: at(3), ..set });
        let unbound = paused.clone().changed(&HostChange { concurrency: Some(0), ..HostChange::default() }, at(4));
        assert_eq!((unbound.concurrency, unbound.burst, unbound.paused), (None, Some(5), true));
        let reset = paused.changed(&HostChange { reset: true, burst: Some(7), ..HostChange::default() }, at(5));
        assert_eq!(reset, HostSettings { burst: Some(7), changed_at: at(5), ..none });
    }
}
