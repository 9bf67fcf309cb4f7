//! Chance, from a seed: SplitMix64 (Steele, Lea and Flood, 2014), enough to spread retries.

pub(crate) struct Chance(u64);

impl Chance {
    pub(crate) const fn new(seed: u64) -> Self {
        Self(seed)
    }

    fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut z = self.0;
        z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        z ^ (z >> 31)
    }

    /// A number from zero to `highest`, both included. The tiny bias of the remainder does not matter for pauses.
    pub(crate) fn up_to(&mut self, highest: u64) -> u64 {
        match highest.checked_add(1) {
            Some(count) => self.next() % count,
            None => self.next(),
        }
    }

    /// A pause with full jitter: anything up to `base_ms` doubled `doublings` times, at most `cap_ms`.
    pub(crate) fn pause_ms(&mut self, base_ms: u64, doublings: u32, cap_ms: u64) -> u64 {
        let factor = 1_u64.checked_shl(doublings).unwrap_or(u64::MAX);
        self.up_to(base_ms.saturating_mul(factor).min(cap_ms))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn pauses_fill_their_range_and_keep_the_cap() {
        let mut chance = Chance::new(7);
        for (doublings, highest) in [(0, 1_000), (1, 2_000), (3, 8_000), (9, 10_000), (200, 10_000)] {
            let pauses: Vec<_> = (0..2_000).map(|_| chance.pause_ms(1_000, doublings, 10_000)).collect();
            assert!(pauses.iter().all(|pause| *pause <= highest));
            assert!(pauses.iter().any(|pause| *pause > highest / 10 * 9));
            assert!(pauses.iter().any(|pause| *pause < highest / 10));
        }
    }
}
