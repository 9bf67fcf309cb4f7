//! All chance of a history comes from here, and from one seed: SplitMix64 (Steele, Lea and Flood, 2014).

/// A stream of numbers.
#[derive(Clone, Debug)]
pub(crate) struct Chance(u64);

impl Chance {
    pub(crate) const fn new(seed: u64) -> Self {
        Self(seed)
    }

    /// Any number.
    pub(crate) fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut z = self.0;
        z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        z ^ (z >> 31)
    }

    /// A number from `low` to `high`, both included.
    pub(crate) fn within(&mut self, low: u64, high: u64) -> u64 {
        low + self.next() % (high - low + 1)
    }

    /// An index below `count`.
    pub(crate) fn below(&mut self, count: usize) -> usize {
        let count = u64::try_from(count.max(1)).unwrap_or(u64::MAX);
        usize::try_from(self.next() % count).unwrap_or(0)
    }

    /// True in so many of a hundred cases.
    pub(crate) fn percent(&mut self, percent: u64) -> bool {
        self.next() % 100 < percent
    }

    /// One of several.
    pub(crate) fn pick<T: Copy>(&mut self, of: &[T]) -> T {
        of[self.below(of.len())]
    }

    /// A pause whose mean is about `mean`: many short ones, few long ones, at most eight times the mean.
    pub(crate) fn pause(&mut self, mean: u64) -> u64 {
        let halvings = (self.next() % 1_024).trailing_zeros().min(4);
        self.within(0, mean.max(1) << halvings) / 2
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ranges_are_kept_and_reached() {
        let mut chance = Chance::new(3);
        let drawn: Vec<_> = (0..1_000).map(|_| chance.within(4, 6)).collect();
        assert!([4, 5, 6].iter().all(|wanted| drawn.contains(wanted)));
        assert!(drawn.iter().all(|drawn| (4..=6).contains(drawn)));
        let pauses: Vec<_> = (0..1_000).map(|_| chance.pause(100)).collect();
        assert!(pauses.iter().all(|pause| *pause <= 800) && pauses.iter().any(|pause| *pause > 300));
    }
}
