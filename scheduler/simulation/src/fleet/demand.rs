//! Who asks for what: clients by lane and weight, packages by how often they are asked for, more by day than by night.

use gleaner_core::TargetKey;
use gleaner_model::Lane;

use super::figures::{fraction, whole};
use super::scenario::{Asking, DAY_MS, HOUR_MS, Scenario};
use super::work::Kind;
use crate::chance::Chance;

/// A client of the fleet.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct ClientSize {
    pub(super) lane: Lane,
    pub(super) weight: u32,
}

/// One paying client; in each other lane three, whose weights are as one to two to four.
pub(super) const CLIENTS: [ClientSize; 10] = {
    const fn of(lane: Lane, weight: u32) -> ClientSize {
        ClientSize { lane, weight }
    }
    [
        of(Lane::Paid, 1),
        of(Lane::Internal, 1),
        of(Lane::Internal, 2),
        of(Lane::Internal, 4),
        of(Lane::Free, 1),
        of(Lane::Free, 2),
        of(Lane::Free, 4),
        of(Lane::Bulk, 1),
        of(Lane::Bulk, 2),
        of(Lane::Bulk, 4),
    ]
};

/// The paying client asks this often.
const PAID_EVERY_MS: u64 = 1_000;

/// What somebody wants.
#[derive(Clone, Copy, Debug)]
pub(super) struct Wish {
    /// Which of [`CLIENTS`].
    pub(super) client: u8,
    pub(super) kind: Kind,
    /// A hash of the package.
    pub(super) package: u64,
}

impl Wish {
    pub(super) fn target(self) -> TargetKey {
        let kind = u128::from(self.kind == Kind::Crawl);
        TargetKey((u128::from(self.package) << 64) | (u128::from(self.package ^ 0x7a96) << 1) | kind)
    }
}

/// Everybody who asks.
#[derive(Debug)]
pub(super) struct Demand {
    chance: Chance,
    asking: Asking,
    packages: u64,
    /// Where the refreshes that nobody waits for have got to.
    cursor: u64,
}

impl Demand {
    pub(super) fn new(scenario: &Scenario) -> Self {
        let chance = Chance::new(scenario.seed);
        Self { chance, asking: scenario.asking, packages: scenario.packages, cursor: 0 }
    }

    /// When the next job of anybody but the paying client comes, in microseconds from now; none if they are always there.
    pub(super) fn next_us(&mut self, time_of_day_ms: u64) -> Option<u64> {
        let Asking::Daily(jobs) = self.asking else { return None };
        let others = fraction(jobs - DAY_MS / PAID_EVERY_MS);
        let mean_us = fraction(DAY_MS * 1_000) / others / day_curve(time_of_day_ms);
        let chance = (fraction(self.chance.next() >> 12) + 1.0) / fraction(1 << 52);
        Some(whole(-chance.ln() * mean_us))
    }

    /// When the paying client asks next: once in every second, at any moment of it.
    pub(super) fn next_paid_ms(&mut self, now_ms: u64) -> u64 {
        (now_ms / PAID_EVERY_MS + 1) * PAID_EVERY_MS + self.chance.within(0, PAID_EVERY_MS - 1)
    }

    /// A paying client asks for a package that many ask for: four times in five for its newest state.
    pub(super) fn paid(&mut self) -> Wish {
        let kind = if self.chance.percent(80) && self.asking != Asking::Always { Kind::Crawl } else { Kind::Analyse };
        Wish { client: 0, kind, package: self.popular() }
    }

    /// Any of the others: a tenth internal, half free, the rest bulk.
    pub(super) fn other(&mut self) -> Wish {
        let first = match self.chance.below(10) {
            0 => 1,
            1..6 => 4,
            _ => 7,
        };
        let client = first + self.chance.pick(&[0, 1, 2]);
        self.of(client)
    }

    /// Something that this client wants.
    pub(super) fn of(&mut self, client: u8) -> Wish {
        let crawls = self.asking != Asking::Always && self.chance.percent(50);
        let kind = if crawls { Kind::Crawl } else { Kind::Analyse };
        let lane = CLIENTS[usize::from(client)].lane;
        // Where shares are measured nobody joins another's work, since it is not plain then whose it is.
        let joins = lane == Lane::Free && self.asking != Asking::Always;
        let package = if joins { self.popular() } else { self.next_in_turn() };
        Wish { client, kind, package }
    }

    /// Few packages are asked for often: a thousand of 14 million get four asks of a hundred.
    fn popular(&mut self) -> u64 {
        let part = fraction(self.chance.next() >> 12) / fraction(1 << 52);
        hash(whole(part.powi(3) * fraction(self.packages)))
    }

    /// Refreshes go through all packages and begin again.
    fn next_in_turn(&mut self) -> u64 {
        self.cursor = (self.cursor + 1) % self.packages;
        hash(self.cursor)
    }
}

/// How many ask at a time of day, beside the mean: most at three in the afternoon, least at three in the morning.
fn day_curve(time_of_day_ms: u64) -> f64 {
    let turn = (fraction(time_of_day_ms) - fraction(9 * HOUR_MS)) / fraction(DAY_MS);
    0.4f64.mul_add((turn * std::f64::consts::TAU).sin(), 1.0)
}

fn hash(package: u64) -> u64 {
    Chance::new(package).next()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_day_has_as_many_jobs_as_it_should() {
        let mut demand = Demand::new(&Scenario::day());
        let mut jobs = 0_u64;
        // Every hundredth minute of a day.
        for minute in (0..1_440).step_by(100) {
            let (mut us, at_ms) = (0, minute * 60_000);
            while us < 60_000_000 {
                us += demand.next_us(at_ms).expect("a day has a rate");
                jobs += 1;
            }
        }
        let expected = (15_000_000 - 86_400) * 15 / 1_440;
        assert!(jobs.abs_diff(expected) < expected / 20, "{jobs} of {expected}");
    }

    #[test]
    fn some_packages_are_asked_for_again_and_again() {
        let mut demand = Demand::new(&Scenario::day());
        let mut asked: Vec<_> = (0..10_000).map(|_| demand.paid().package).collect();
        asked.sort_unstable();
        asked.dedup();
        assert!((8_000..9_990).contains(&asked.len()), "{}", asked.len());
    }
}
