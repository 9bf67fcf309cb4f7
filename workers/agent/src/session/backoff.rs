//! How long to wait before the scheduler is tried again.
//!
//! When a scheduler restarts, all its workers lose their streams in the same moment; without jitter they would also
//! come back in the same moment.

use std::time::Duration;

use crate::chance::Chance;

/// The first wait: a scheduler that restarts is back within a second.
const FIRST_MS: u64 = 100;
/// The longest wait: well below the time in which an operator looks twice.
const LONGEST_MS: u64 = 10_000;

/// Waits that double, each drawn from the upper half of its range.
#[derive(Debug)]
pub(crate) struct Backoff {
    chance: Chance,
    failures: u32,
}

impl Backoff {
    pub(crate) const fn new(chance: Chance) -> Self {
        Self { chance, failures: 0 }
    }

    /// A session came about: the next failure is a first one again.
    pub(crate) fn succeeded(&mut self) {
        self.failures = 0;
    }

    /// How long to wait after one more failure.
    pub(crate) fn failed(&mut self) -> Duration {
        let full = FIRST_MS.saturating_mul(1 << self.failures.min(32)).min(LONGEST_MS);
        self.failures = self.failures.saturating_add(1);
        Duration::from_millis(full / 2 + self.chance.up_to(full / 2))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn waits_double_within_their_range_and_stay_bounded() {
        let mut backoff = Backoff::new(Chance::new(3));
        for full in [100, 200, 400, 800, 1_600, 3_200, 6_400, 10_000, 10_000] {
            let wait = backoff.failed().as_millis();
            assert!((full / 2..=full).contains(&wait), "{wait} of {full}");
        }
        backoff.succeeded();
        assert!(backoff.failed() <= Duration::from_millis(100));
    }

    #[test]
    fn seeds_spread_the_waits() {
        let first = |seed| Backoff::new(Chance::new(seed)).failed();
        assert_ne!(first(1), first(2));
        assert_eq!(first(1), first(1));
    }
}
