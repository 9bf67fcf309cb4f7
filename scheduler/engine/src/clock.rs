//! The one place of the engine that reads a clock. Everything else is handed a [`Moment`].

use std::time::{Instant, SystemTime, UNIX_EPOCH};

use gleaner_core::Moment;
use gleaner_model::Timestamp;

/// Tells wall time and monotonic time together.
#[derive(Clone, Debug)]
pub(crate) struct Clock {
    started: Instant,
}

impl Clock {
    /// A clock whose monotonic time begins now.
    #[must_use]
    #[allow(clippy::disallowed_methods, reason = "this is where time comes in")]
    pub(crate) fn start() -> Self {
        Self { started: Instant::now() }
    }

    /// Now.
    #[must_use]
    #[allow(clippy::disallowed_methods, reason = "this is where time comes in")]
    pub(crate) fn now(&self) -> Moment {
        let since_1970 = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
        let wall_ms = i64::try_from(since_1970.as_millis()).unwrap_or(i64::MAX);
        let mono_ms = u64::try_from(self.started.elapsed().as_millis()).unwrap_or(u64::MAX);
        Moment { wall: Timestamp::from_millis(wall_ms), mono_ms }
    }
}

/// Measures how long something took, for metrics only.
pub(crate) struct Stopwatch(Instant);

impl Stopwatch {
    #[allow(clippy::disallowed_methods, reason = "this is where time comes in")]
    pub(crate) fn start() -> Self {
        Self(Instant::now())
    }

    pub(crate) fn seconds(&self) -> f64 {
        self.0.elapsed().as_secs_f64()
    }
}
