//! The clock of the comparison: one that all processes of a machine share.

use rustix::time::{ClockId, clock_gettime};

/// Microseconds of `CLOCK_MONOTONIC`.
pub(crate) fn now_us() -> u64 {
    let now = clock_gettime(ClockId::Monotonic);
    let of = |part: i64| u64::try_from(part).expect("time since the start is not negative");
    of(now.tv_sec) * 1_000_000 + of(now.tv_nsec) / 1_000
}
