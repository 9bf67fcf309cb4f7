//! What is lived through, each number with its reason.

/// Milliseconds of an hour.
pub(super) const HOUR_MS: u64 = 3_600_000;
/// Milliseconds of a day.
pub(super) const DAY_MS: u64 = 24 * HOUR_MS;

/// Who asks how much.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Asking {
    /// So many jobs a day, more by day than by night.
    Daily(u64),
    /// Every client of the internal, free and bulk lanes always has something ready, of at most a second each.
    Always,
}

/// A part of a day of a fleet.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Scenario {
    /// Its name; the drawing is named after it.
    pub name: &'static str,
    /// Everything random follows from this.
    pub seed: u64,
    /// The time of day at which it begins, in milliseconds since midnight.
    pub from_ms: u64,
    /// How long it lasts.
    pub lasts_ms: u64,
    /// Who asks how much.
    pub asking: Asking,
    /// Packages that are asked for.
    pub packages: u64,
    /// Workers.
    pub workers: u64,
    /// Slots of each.
    pub slots: u16,
    /// Every second worker is away between these times of day.
    pub halved: Option<(u64, u64)>,
}

impl Scenario {
    /// A day: 15 million jobs. Half of them take about 16 seconds in a slot, so that 2,000 slots are busy to seven
    /// tenths in the mean and half of them are too few; the others return at six, to be seen working off what is left.
    #[must_use]
    pub const fn day() -> Self {
        Self {
            name: "day",
            seed: 1,
            from_ms: 0,
            lasts_ms: DAY_MS,
            asking: Asking::Daily(15_000_000),
            packages: 14_000_000,
            workers: 1_000,
            slots: 2,
            halved: Some((12 * HOUR_MS, 18 * HOUR_MS)),
        }
    }

    /// Ten times as much, around noon, for a tenth of a day; as many workers with ten times the slots, and the same
    /// hosts with the same budgets, which bear less than half of it.
    #[must_use]
    pub const fn tenfold() -> Self {
        Self {
            name: "tenfold",
            from_ms: 11 * HOUR_MS,
            lasts_ms: DAY_MS / 10,
            asking: Asking::Daily(150_000_000),
            slots: 20,
            ..Self::day()
        }
    }

    /// Ten minutes in which every lane and every client has more to do than it may: how even are shares?
    #[must_use]
    pub const fn contention() -> Self {
        Self { name: "contention", lasts_ms: 600_000, asking: Asking::Always, halved: None, ..Self::day() }
    }

    /// The minute around noon under ten times the load, with as many slots as on other days: all slots are busy within a
    /// second or two, and then half of them go. Short enough for every run of the tests.
    #[must_use]
    pub const fn minute() -> Self {
        Self {
            name: "minute",
            from_ms: 12 * HOUR_MS - 30_000,
            lasts_ms: 60_000,
            asking: Asking::Daily(150_000_000),
            ..Self::day()
        }
    }

    /// The time of day at this many milliseconds from the beginning.
    pub(super) const fn time_of_day(&self, at_ms: u64) -> u64 {
        (self.from_ms + at_ms) % DAY_MS
    }

    /// One of the points at which the curves are drawn.
    pub(super) const fn window_ms(&self) -> u64 {
        self.lasts_ms / 144
    }
}
