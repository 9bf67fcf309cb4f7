//! How fast one host is asked: a cell of the generic cell rate algorithm (ITU-T I.371, virtual scheduling), in whole
//! microseconds. `tat` is when the next request would come if requests came evenly; one may come earlier than that by
//! `burst - 1` intervals. Hence of any stretch of time at most `burst + stretch / interval` permits are granted.
//!
//! A host that throttles is asked at half its pace from then on, and slowly faster again. The allowance for bursts
//! stays as it is in time and so shrinks in number; the bound above keeps holding.

use crate::{Budget, Moment, Options};

/// Full pace, in eighths of the budget's interval.
const FULL: u64 = 8;
/// The slowest pace: a hundredth part or so of the budget.
const SLOWEST: u64 = FULL * 128;

pub(crate) struct Pace {
    pub(crate) budget: Budget,
    /// In microseconds of monotonic time; none before the first look.
    tat_us: Option<u64>,
    /// After a restart the cell begins empty: what an earlier owner granted just now is not known.
    begins_empty: bool,
    slow: u64,
    recover_at_ms: u64,
    pub(crate) blocked_until_ms: u64,
    /// Throttles in a row, each before the host had its full pace again.
    repeats: u32,
}

impl Pace {
    pub(crate) const fn new(budget: Budget, begins_empty: bool) -> Self {
        Self { budget, tat_us: None, begins_empty, slow: FULL, recover_at_ms: 0, blocked_until_ms: 0, repeats: 0 }
    }

    pub(crate) fn interval_us(&self) -> u64 {
        self.budget.interval_us.max(1).saturating_mul(self.slow) / FULL
    }

    fn allowance_us(&self) -> u64 {
        self.budget.interval_us.max(1).saturating_mul(u64::from(self.budget.burst.max(1)) - 1)
    }

    /// Lets time pass: begins the cell, and gives pace back. Call it before the cell is asked.
    pub(crate) fn look(&mut self, now: Moment, recovery_ms: u64) {
        if self.tat_us.is_none() {
            let empty = now.mono_us().saturating_add(self.allowance_us()).saturating_add(self.interval_us());
            self.tat_us = Some(if self.begins_empty { empty } else { now.mono_us() });
        }
        while self.slow > FULL && now.mono_ms >= self.recover_at_ms {
            self.slow = FULL.max(self.slow - (self.slow / 8).max(1));
            self.recover_at_ms = self.recover_at_ms.saturating_add(recovery_ms.max(1));
        }
    }

    /// When the next permit may be granted, in microseconds; perhaps in the past.
    pub(crate) fn next_us(&self) -> u64 {
        let conforming = self.tat_us.unwrap_or(0).saturating_sub(self.allowance_us());
        conforming.max(self.blocked_until_ms.saturating_mul(1_000))
    }

    /// Charges one permit. Only when [`Self::next_us`] has come.
    pub(crate) fn charge(&mut self, now: Moment) {
        debug_assert!(self.next_us() <= now.mono_us(), "a permit is granted within the budget");
        self.tat_us = Some(self.tat_us.unwrap_or(0).max(now.mono_us()).saturating_add(self.interval_us()));
    }

    /// The host said "slow down". Requests that were under way when it said so first may say it again; they neither
    /// slow it further nor lengthen the default pause.
    pub(crate) fn throttle(&mut self, retry_after_ms: Option<u64>, now: Moment, options: &Options) {
        if now.mono_ms >= self.blocked_until_ms {
            let calm_again = now.mono_ms >= self.recover_at_ms;
            self.repeats = if calm_again { 0 } else { self.repeats.saturating_add(1) };
            self.slow = (self.slow * 2).min(SLOWEST);
        }
        let doubled = 1_u64.checked_shl(self.repeats).unwrap_or(u64::MAX);
        let unasked = options.throttle_default_ms.saturating_mul(doubled).min(options.backoff_cap_ms);
        let pause = retry_after_ms.unwrap_or(unasked).min(options.throttle_cap_ms);
        self.block(now.mono_ms.saturating_add(pause));
        self.recover_at_ms = self.blocked_until_ms.saturating_add(options.pace_recovery_ms);
    }

    pub(crate) fn block(&mut self, until_ms: u64) {
        self.blocked_until_ms = self.blocked_until_ms.max(until_ms);
    }
}

#[cfg(test)]
mod tests {
    use gleaner_model::Timestamp;

    use super::*;

    fn at(ms: u64) -> Moment {
        Moment { wall: Timestamp::from_millis(0), mono_ms: ms }
    }

    /// Asks every millisecond from `from` until `to`; tells when it was granted.
    fn grants(pace: &mut Pace, from: u64, to: u64) -> Vec<u64> {
        let mut granted = Vec::new();
        for ms in from..to {
            pace.look(at(ms), 10_000);
            while pace.next_us() <= ms * 1_000 {
                pace.charge(at(ms));
                granted.push(ms);
            }
        }
        granted
    }

    #[test]
    fn a_burst_and_then_evenly() {
        let mut pace = Pace::new(Budget { interval_us: 100_000, burst: 3 }, false);
        assert_eq!(grants(&mut pace, 50, 451), [50, 50, 50, 150, 250, 350, 450]);
        // After a pause of two intervals two may come together.
        assert_eq!(grants(&mut pace, 650, 760), [650, 650, 750]);
    }

    #[test]
    fn after_a_restart_nothing_comes_at_once() {
        let mut pace = Pace::new(Budget { interval_us: 100_000, burst: 3 }, true);
        assert_eq!(grants(&mut pace, 1_000, 1_301), [1_100, 1_200, 1_300]);
    }

    #[test]
    fn intervals_below_a_millisecond_are_kept() {
        let mut pace = Pace::new(Budget::per_second(4_000, 1), false);
        let granted = grants(&mut pace, 0, 1_000).len();
        // A look a millisecond grants one at most at burst one: no more than was asked for, never more than allowed.
        assert_eq!(granted, 1_000);
        let mut pace = Pace::new(Budget::per_second(4_000, 8), false);
        assert!((3_990..=4_008).contains(&grants(&mut pace, 0, 1_000).len()));
    }

    #[test]
    fn throttling_pauses_halves_and_heals() {
        let options = Options::default();
        let mut pace = Pace::new(Budget { interval_us: 100_000, burst: 1 }, false);
        pace.look(at(0), 10_000);
        pace.charge(at(0));
        pace.throttle(Some(2_000), at(10), &options);
        pace.throttle(None, at(20), &options);
        assert_eq!(pace.blocked_until_ms, 5_020, "the longer pause holds");
        assert_eq!(pace.interval_us(), 200_000, "one episode halves once");
        assert_eq!(grants(&mut pace, 20, 5_300), [5_020, 5_220]);
        pace.throttle(None, at(5_300), &options);
        assert_eq!(pace.blocked_until_ms, 15_300, "the second in a row pauses twice as long");
        pace.look(at(500_000), 10_000);
        assert_eq!(pace.interval_us(), 100_000);
        pace.throttle(None, at(500_000), &options);
        assert_eq!(pace.blocked_until_ms, 505_000, "after a calm time it begins anew");
        pace.throttle(Some(u64::MAX), at(600_000), &options);
        assert_eq!(pace.blocked_until_ms, 600_000 + options.throttle_cap_ms);
    }
}
