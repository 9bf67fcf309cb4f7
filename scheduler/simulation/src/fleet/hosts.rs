//! Sixty hosts with budgets as public registries bear them, and which package is at which.

use gleaner_core::Budget;

/// Hosts that are asked.
pub(super) const HOSTS: u16 = 60;

/// A host: what it may be asked, and how fast it answers.
#[derive(Clone, Copy, Debug)]
pub(super) struct HostSize {
    pub(super) per_s: u32,
    pub(super) burst: u32,
    /// The mean time of an answer.
    pub(super) answer_ms: u64,
}

impl HostSize {
    /// By rank. A few are behind content networks; the many small ones, a company's mirror or a language's own server,
    /// want a request a second.
    pub(super) const fn of(rank: u16) -> Self {
        let (per_s, burst, answer_ms) = match rank {
            0..3 => (100, 50, 80),
            3..10 => (20, 10, 120),
            10..30 => (4, 4, 250),
            _ => (1, 2, 400),
        };
        Self { per_s, burst, answer_ms }
    }

    pub(super) const fn budget(self) -> Budget {
        Budget::per_second(self.per_s, self.burst)
    }
}

/// Which host a package is at: sizes of registries fall with the power 1.2 of their rank.
#[derive(Debug)]
pub(super) struct Places {
    /// Up to which part of all packages, in parts of 2^32, each host goes.
    up_to: Vec<u64>,
}

impl Places {
    pub(super) fn new() -> Self {
        let sizes: Vec<f64> = (1..=HOSTS).map(|rank| f64::from(rank).powf(-1.2)).collect();
        let total: f64 = sizes.iter().sum();
        let mut sum = 0.0;
        let up_to = sizes.iter().map(|size| {
            sum += size;
            super::figures::whole(sum / total * f64::from(u32::MAX))
        });
        Self { up_to: up_to.collect() }
    }

    /// The host of a package, by a hash of it.
    pub(super) fn host_of(&self, hash: u64) -> u16 {
        let part = hash >> 32;
        let rank = self.up_to.partition_point(|up_to| *up_to < part);
        u16::try_from(rank).unwrap_or(0).min(HOSTS - 1)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::chance::Chance;

    #[test]
    fn the_first_host_has_most_packages_and_the_last_one_has_some() {
        let (places, mut chance) = (Places::new(), Chance::new(5));
        let mut counts = vec![0_u32; usize::from(HOSTS)];
        (0..100_000).for_each(|_| counts[usize::from(places.host_of(chance.next()))] += 1);
        assert!(counts[0] > 20_000 && counts[1] < counts[0] && counts[59] > 50, "{counts:?}");
    }
}
