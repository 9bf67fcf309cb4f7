//! Bad days on demand: a registry that throttles, and one that fails now and then. Decided from numbers alone.

use std::num::NonZeroU32;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

const SECOND_NS: u64 = 1_000_000_000;

/// A bucket of one second's tokens, kept as the time at which it would be full again (GCRA): one number, no timer.
#[derive(Debug)]
pub(super) struct Throttle {
    interval_ns: u64,
    tolerance_ns: u64,
    full_at_ns: AtomicU64,
}

impl Throttle {
    /// Lets `per_s` requests a second through, that many at once after a rest.
    pub(super) fn new(per_s: NonZeroU32) -> Self {
        let interval_ns = SECOND_NS / u64::from(per_s.get());
        let tolerance_ns = interval_ns * u64::from(per_s.get() - 1);
        Self { interval_ns, tolerance_ns, full_at_ns: AtomicU64::new(0) }
    }

    /// Takes a token at `now` (since any fixed moment), or says after how many whole seconds there will be one.
    pub(super) fn take(&self, now: Duration) -> Result<(), u64> {
        let now_ns = u64::try_from(now.as_nanos()).unwrap_or(u64::MAX);
        let taken = self.full_at_ns.fetch_update(Ordering::Relaxed, Ordering::Relaxed, |full_at| {
            let full_at = full_at.max(now_ns);
            (full_at - now_ns <= self.tolerance_ns).then(|| full_at.saturating_add(self.interval_ns))
        });
        taken
            .map(drop)
            .map_err(|full_at| (full_at - self.tolerance_ns).saturating_sub(now_ns).div_ceil(SECOND_NS).max(1))
    }
}

/// What goes wrong with one request.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Trouble {
    /// 500.
    Internal,
    /// 503.
    Unavailable,
    /// The connection closes in the middle of the answer.
    Broken,
}

/// A seeded sequence of good and bad luck. The n-th request meets the same luck in every run with the same seed.
#[derive(Debug)]
pub(super) struct Luck {
    error_rate: f64,
    seed: u64,
    drawn: AtomicU64,
}

impl Luck {
    /// Trouble with probability `error_rate`, 0 to 1.
    pub(super) fn new(error_rate: f64, seed: u64) -> Self {
        Self { error_rate, seed, drawn: AtomicU64::new(0) }
    }

    /// The next request's luck.
    pub(super) fn draw(&self) -> Option<Trouble> {
        if self.error_rate <= 0.0 {
            return None;
        }
        let number = split_mix(self.seed, self.drawn.fetch_add(1, Ordering::Relaxed));
        // The upper 53 bits make an exact fraction; the lower ones, independent of it, choose the kind.
        let fraction = (number >> 11) as f64 / (1_u64 << 53) as f64;
        let trouble = match (number & 0x7ff) % 3 {
            0 => Trouble::Internal,
            1 => Trouble::Unavailable,
            _ => Trouble::Broken,
        };
        (fraction < self.error_rate).then_some(trouble)
    }
}

/// The n-th number of SplitMix64 (Steele, Lea and Flood, 2014): random access, so that threads share one sequence.
fn split_mix(seed: u64, n: u64) -> u64 {
    let mut z = seed.wrapping_add(n.wrapping_add(1).wrapping_mul(0x9e37_79b9_7f4a_7c15));
    z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
    z ^ (z >> 31)
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]

    use super::*;

    #[test]
    fn a_second_holds_as_many_as_allowed() {
        for per_s in [1, 3, 7, 1000] {
            let throttle = Throttle::new(NonZeroU32::new(per_s).unwrap());
            let at = |ms| Duration::from_secs(60) + Duration::from_millis(ms);
            let passed = (0..per_s + 5).filter(|_| throttle.take(at(0)).is_ok()).count();
            assert_eq!(passed, per_s as usize);
            assert_eq!(throttle.take(at(0)), Err(1));
            // A refusal costs nothing: after a whole second the bucket is full again.
            let passed = (0..per_s + 5).filter(|_| throttle.take(at(1000)).is_ok()).count();
            assert_eq!(passed, per_s as usize);
        }
    }

    #[test]
    fn the_sequence_is_the_published_one() {
        // The first outputs of SplitMix64 for seed 1234567, as its reference implementation prints them.
        let numbers: Vec<u64> = (0..3).map(|n| split_mix(1_234_567, n)).collect();
        assert_eq!(numbers, [6_457_827_717_110_365_317, 3_203_168_211_198_807_973, 9_817_491_932_198_370_423]);
    }

    #[test]
    fn luck_is_fair_repeatable_and_of_every_kind() {
        let draws = |seed| {
            let luck = Luck::new(0.2, seed);
            (0..30_000).map(|_| luck.draw()).collect::<Vec<_>>()
        };
        assert_eq!(draws(7), draws(7));
        assert_ne!(draws(7), draws(8));
        for trouble in [Trouble::Internal, Trouble::Unavailable, Trouble::Broken] {
            let met = draws(7).iter().filter(|&&drawn| drawn == Some(trouble)).count();
            assert!((1800..2200).contains(&met), "{trouble:?} {met} times");
        }
        assert!(Luck::new(0.0, 7).draw().is_none());
        let always = Luck::new(1.0, 7);
        assert!((0..1000).all(|_| always.draw().is_some()));
    }
}
