//! How fast one host is asked: a cell of the generic cell rate algorithm (ITU-T I.371, virtual scheduling), in whole
//! microseconds. `tat` is when the next request would come if requests came evenly; one may come earlier than that by
//! `burst - 1` intervals. Hence of any stretch of time at most `burst + stretch / interval` permits are granted.
//!
//! A host that throttles is asked at half its pace from then on, and slowly faster again: by a step now and then, if it
//! has answered something well since the last one. Time alone proves nothing. The allowance for bursts stays as it is in
//! time and so shrinks in number; the bound above keeps holding.
//!
//! A part of the budget may be kept for the most urgent lane. Then what the lesser lanes get has a cell of its own beside
//! the one for all, with the rest of the rate and of the burst: a permit of theirs is charged to both.

use crate::cell::Cell;
use crate::{Budget, HostLimits, Moment, Options};

/// Full pace, in eighths of the budget's interval.
const FULL: u64 = 8;
/// The slowest pace: a hundredth part or so of the budget.
const SLOWEST: u64 = FULL * 128;

pub(crate) struct Pace {
    pub(crate) budget: Budget,
    reserve_permille: u16,
    /// What all lanes were granted.
    all: Cell,
    /// What the lesser lanes were granted of it.
    lesser: Cell,
    /// After a restart the cells begin empty: what an earlier owner granted just now is not known.
    begins_empty: bool,
    slow: u64,
    recover_at_ms: u64,
    /// Has it answered well since its pace changed last?
    answered: bool,
    pub(crate) blocked_until_ms: u64,
    /// Throttles in a row, each before the host had its full pace again.
    repeats: u32,
}

impl Pace {
    pub(crate) const fn new(budget: Budget, begins_empty: bool) -> Self {
        Self {
            budget,
            reserve_permille: 0,
            all: Cell::new(),
            lesser: Cell::new(),
            begins_empty,
            slow: FULL,
            recover_at_ms: 0,
            answered: false,
            blocked_until_ms: 0,
            repeats: 0,
        }
    }

    /// Between two requests, in microseconds.
    pub(crate) fn interval_us(&self) -> u64 {
        self.budget.interval_us.max(1).saturating_mul(self.slow) / FULL
    }

    /// The same for lesser lanes alone.
    fn lesser_interval_us(&self) -> u64 {
        without(self.interval_us(), self.reserve_permille)
    }

    fn allowance_us(&self) -> u64 {
        allowance_us(self.budget.interval_us, self.budget.burst)
    }

    fn lesser_allowance_us(&self) -> u64 {
        let kept = u64::from(self.budget.burst) * u64::from(1_000 - self.reserve_permille) / 1_000;
        let burst = u32::try_from(kept).unwrap_or(u32::MAX);
        allowance_us(without(self.budget.interval_us.max(1), self.reserve_permille), burst)
    }

    /// Is it asked below its budget?
    pub(crate) const fn is_slow(&self) -> bool {
        self.slow > FULL
    }

    /// Would it grant the same if it had never granted anything: a whole burst at once, and that at its full pace?
    pub(crate) fn is_fresh(&self, now: Moment) -> bool {
        let is_full = |cell: Cell| cell.next_us(0) <= now.mono_us();
        !self.is_slow() && self.blocked_until_ms <= now.mono_ms && is_full(self.all) && is_full(self.lesser)
    }

    /// From now on these hold. What was granted before counts in requests, so that neither a burst comes twice nor a pace
    /// that was slow before makes anybody wait under one that is not.
    pub(crate) fn set(&mut self, limits: &HostLimits, now: Moment, recovery_ms: u64) {
        if !self.all.has_begun() {
            // Then the cells begin by what holds from now on: begun by a smaller burst and brought over to a larger one,
            // they would have most of that at once.
            (self.budget, self.reserve_permille) =
                (limits.budget, limits.reserve_permille.min(HostLimits::RESERVE_MAX));
            return self.look(now, recovery_ms);
        }
        self.look(now, recovery_ms);
        let before = (self.interval_us(), self.lesser_interval_us());
        (self.budget, self.reserve_permille) = (limits.budget, limits.reserve_permille.min(HostLimits::RESERVE_MAX));
        let (interval_us, lesser_us) = (self.interval_us(), self.lesser_interval_us());
        self.all.rescale(now.mono_us(), (before.0, interval_us), self.allowance_us());
        self.lesser.rescale(now.mono_us(), (before.1, lesser_us), self.lesser_allowance_us());
    }

    /// Lets time pass: begins the cells, and gives pace back. Call it before the cells are asked.
    pub(crate) fn look(&mut self, now: Moment, recovery_ms: u64) {
        let (all, lesser) = (self.allowance_us(), self.lesser_allowance_us());
        self.all.begin(now.mono_us(), self.begins_empty.then(|| all.saturating_add(self.interval_us())));
        self.lesser.begin(now.mono_us(), self.begins_empty.then(|| lesser.saturating_add(self.lesser_interval_us())));
        if self.slow > FULL && self.answered && now.mono_ms >= self.recover_at_ms {
            self.slow = FULL.max(self.slow - (self.slow / 8).max(1));
            self.recover_at_ms = now.mono_ms.saturating_add(recovery_ms.max(1));
            self.answered = false;
        }
    }

    /// When the next permit may be granted, in microseconds; perhaps in the past.
    pub(crate) fn next_us(&self) -> u64 {
        self.all.next_us(self.allowance_us()).max(self.blocked_until_ms.saturating_mul(1_000))
    }

    /// The same for a lesser lane: never before that.
    pub(crate) fn lesser_next_us(&self) -> u64 {
        match self.reserve_permille {
            0 => self.next_us(),
            _ => self.next_us().max(self.lesser.next_us(self.lesser_allowance_us())),
        }
    }

    /// How many permits may be granted until then, of all lanes and of the lesser ones among them, at the present pace.
    pub(crate) fn grants_until(&self, now: Moment, until_us: u64) -> (u64, u64) {
        let from_us = now.mono_us().max(self.blocked_until_ms.saturating_mul(1_000));
        let count = |cell: Cell, allowance_us: u64, interval_us: u64| {
            // A cell that was not used for long is full, and not more than that.
            let next_us = cell.next_us(allowance_us).max(from_us.saturating_sub(allowance_us));
            let left_us = until_us.checked_sub(next_us).filter(|_| from_us < until_us);
            left_us.map_or(0, |left_us| left_us / interval_us.max(1) + 1)
        };
        let all = count(self.all, self.allowance_us(), self.interval_us());
        let lesser = match self.reserve_permille {
            0 => all,
            _ => count(self.lesser, self.lesser_allowance_us(), self.lesser_interval_us()),
        };
        (all, lesser.min(all))
    }

    /// Charges one permit, of a lesser lane or not. Only when [`Self::next_us`] or [`Self::lesser_next_us`] has come.
    pub(crate) fn charge(&mut self, is_lesser: bool, now: Moment) {
        let next_us = if is_lesser { self.lesser_next_us() } else { self.next_us() };
        debug_assert!(next_us <= now.mono_us(), "a permit is granted within the budget");
        self.all.charge(now.mono_us(), self.interval_us());
        if is_lesser {
            self.lesser.charge(now.mono_us(), self.lesser_interval_us());
        }
    }

    /// The host answered well, at its present pace: an answer that comes while it wants to be left alone was asked for
    /// before that.
    pub(crate) fn answered(&mut self, now: Moment) {
        self.answered |= now.mono_ms >= self.blocked_until_ms;
    }

    /// The host said "slow down". Requests that were under way when it said so first may say it again; they neither
    /// slow it further nor lengthen the default pause.
    pub(crate) fn throttle(&mut self, retry_after_ms: Option<u64>, now: Moment, options: &Options) {
        if now.mono_ms >= self.blocked_until_ms {
            self.repeats = if self.is_slow() { self.repeats.saturating_add(1) } else { 0 };
            self.slow = (self.slow * 2).min(SLOWEST);
        }
        let doubled = 1_u64.checked_shl(self.repeats).unwrap_or(u64::MAX);
        let unasked = options.throttle_default_ms.saturating_mul(doubled).min(options.backoff_cap_ms);
        let pause = retry_after_ms.unwrap_or(unasked).min(options.throttle_cap_ms);
        self.block(now.mono_ms.saturating_add(pause));
        self.recover_at_ms = self.blocked_until_ms.saturating_add(options.pace_recovery_ms);
        self.answered = false;
    }

    pub(crate) fn block(&mut self, until_ms: u64) {
        self.blocked_until_ms = self.blocked_until_ms.max(until_ms);
    }
}

/// An interval when a part of the rate is kept for others.
fn without(interval_us: u64, reserve_permille: u16) -> u64 {
    interval_us.saturating_mul(1_000) / u64::from(1_000 - reserve_permille)
}

fn allowance_us(interval_us: u64, burst: u32) -> u64 {
    interval_us.max(1).saturating_mul(u64::from(burst.max(1)) - 1)
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
                pace.charge(false, at(ms));
                granted.push(ms);
            }
        }
        granted
    }

    /// Has it answer something well now and then until it has its full pace.
    fn heal(pace: &mut Pace, from: u64) {
        for ms in (from..from + 400_000).step_by(1_000) {
            pace.answered(at(ms));
            pace.look(at(ms), 10_000);
        }
    }

    #[test]
    fn time_without_a_good_answer_gives_no_pace_back_and_answers_give_it_step_by_step() {
        let options = Options::default();
        let mut pace = Pace::new(Budget { interval_us: 80_000, burst: 1 }, false);
        pace.throttle(Some(1_000), at(0), &options);
        pace.answered(at(500));
        pace.look(at(1_000_000), 10_000);
        assert_eq!(pace.interval_us(), 160_000, "what was under way when it said so proves nothing");
        pace.answered(at(1_000_000));
        for later in [0, 1, 9_999] {
            pace.look(at(1_000_000 + later), 10_000);
            pace.answered(at(1_000_000 + later));
            assert_eq!(pace.interval_us(), 140_000, "one step, however many answers");
        }
        pace.look(at(1_010_000), 10_000);
        assert_eq!(pace.interval_us(), 130_000);
        heal(&mut pace, 1_010_000);
        assert_eq!(pace.interval_us(), 80_000, "never beyond the budget");
    }

    fn limits(interval_us: u64, burst: u32, reserve_permille: u16) -> HostLimits {
        HostLimits { reserve_permille, ..HostLimits::of(Budget { interval_us, burst }) }
    }

    #[test]
    fn lesser_lanes_never_get_what_is_kept() {
        let mut pace = Pace::new(Budget { interval_us: 100_000, burst: 10 }, false);
        pace.set(&limits(100_000, 10, 200), at(0), 10_000);
        let mut granted = 0;
        for ms in 0..100_000 {
            pace.look(at(ms), 10_000);
            while pace.lesser_next_us() <= ms * 1_000 {
                pace.charge(true, at(ms));
                granted += 1;
            }
            assert!(pace.next_us() <= ms * 1_000, "there is always one left for who pays");
        }
        assert_eq!(granted, 8 + 799, "eight of ten at once, then eight a second");
        let paid = grants(&mut pace, 100_000, 100_001).len();
        assert_eq!(paid, 10, "what was kept gathered up to the burst");
    }

    #[test]
    fn a_new_budget_holds_at_once_and_gives_no_second_burst() {
        let mut pace = Pace::new(Budget { interval_us: 1_000_000_000, burst: 1 }, false);
        assert_eq!(grants(&mut pace, 0, 1), [0]);
        pace.set(&limits(10_000, 1, 0), at(1), 10_000);
        assert_eq!(grants(&mut pace, 1, 22), [11, 21]);
        let mut pace = Pace::new(Budget { interval_us: 10_000, burst: 100 }, false);
        assert_eq!(grants(&mut pace, 0, 1).len(), 100);
        pace.set(&limits(1_000_000, 100, 0), at(1), 10_000);
        assert_eq!(grants(&mut pace, 1, 1_900).len(), 1);
        pace.set(&limits(1_000_000, 2, 0), at(2_000), 10_000);
        assert_eq!(grants(&mut pace, 2_000, 5_000).len(), 2, "a smaller burst is full, and no fuller");
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

    /// What operators had set is read at the start, before anybody asks for anything. The budget of the configuration was
    /// looked at first, and of a larger burst that was set nearly all was given out at once, though the scheduler before
    /// this one may have given all of it a moment ago. The simulation found it.
    #[test]
    fn after_a_restart_what_was_set_comes_at_once_no_more_than_what_was_configured() {
        let mut pace = Pace::new(Budget { interval_us: 50_000, burst: 1 }, true);
        pace.set(&limits(400_000, 10, 500), at(1_000), 10_000);
        assert_eq!(grants(&mut pace, 1_000, 2_201), [1_400, 1_800, 2_200]);
        let mut lesser = Pace::new(Budget { interval_us: 50_000, burst: 1 }, true);
        lesser.set(&limits(400_000, 10, 500), at(1_000), 10_000);
        assert_eq!(lesser.lesser_next_us(), 1_800_000);
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
        pace.charge(false, at(0));
        pace.throttle(Some(2_000), at(10), &options);
        pace.throttle(None, at(20), &options);
        assert_eq!(pace.blocked_until_ms, 5_020, "the longer pause holds");
        assert_eq!(pace.interval_us(), 200_000, "one episode halves once");
        assert_eq!(grants(&mut pace, 20, 5_300), [5_020, 5_220]);
        pace.throttle(None, at(5_300), &options);
        assert_eq!(pace.blocked_until_ms, 15_300, "the second in a row pauses twice as long");
        heal(&mut pace, 16_000);
        assert_eq!(pace.interval_us(), 100_000);
        pace.throttle(None, at(500_000), &options);
        assert_eq!(pace.blocked_until_ms, 505_000, "after a calm time it begins anew");
        pace.throttle(Some(u64::MAX), at(600_000), &options);
        assert_eq!(pace.blocked_until_ms, 600_000 + options.throttle_cap_ms);
    }
}
