//! The time of a decision, as an argument.

use gleaner_model::Timestamp;

/// Now, told twice: wall time for what is durable (retry times, Retry-After, expiry), monotonic time for leases and
/// budgets, which must not jump when somebody sets the clock.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Moment {
    /// Wall-clock time.
    pub wall: Timestamp,
    /// Milliseconds on a clock that never goes back, from any beginning.
    pub mono_ms: u64,
}

impl Moment {
    /// The monotonic time in microseconds, the unit of budgets.
    pub(crate) const fn mono_us(self) -> u64 {
        self.mono_ms.saturating_mul(1_000)
    }

    /// The monotonic time at which the wall clock will show `wall`, if nobody sets it; now if that is past.
    pub(crate) fn mono_at(self, wall: Timestamp) -> u64 {
        self.mono_ms.saturating_add(wall.ms_since(self.wall))
    }

    /// The wall time when the monotonic clock will show `mono_ms`; now if that is past.
    pub(crate) const fn wall_at(self, mono_ms: u64) -> Timestamp {
        self.wall.plus_ms(mono_ms.saturating_sub(self.mono_ms))
    }
}
