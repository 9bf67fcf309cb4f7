//! One cell of the generic cell rate algorithm, in microseconds of monotonic time. It knows neither rate nor burst: who
//! asks says how far ahead of its even pace it may be (the *allowance*), and how far a charge moves it.

/// When the next one would come if they came evenly; none before the first look.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Cell(Option<u64>);

impl Cell {
    pub(crate) const fn new() -> Self {
        Self(None)
    }

    pub(crate) const fn has_begun(self) -> bool {
        self.0.is_some()
    }

    /// Begins, if it has not begun: full, or with so much to wait.
    pub(crate) fn begin(&mut self, now_us: u64, behind_us: Option<u64>) {
        self.0.get_or_insert_with(|| now_us.saturating_add(behind_us.unwrap_or(0)));
    }

    /// When the next one may come.
    pub(crate) fn next_us(self, allowance_us: u64) -> u64 {
        self.0.unwrap_or(0).saturating_sub(allowance_us)
    }

    pub(crate) fn charge(&mut self, now_us: u64, interval_us: u64) {
        self.0 = Some(self.0.unwrap_or(0).max(now_us).saturating_add(interval_us));
    }

    /// The interval changed from one to another: what is charged stays so many requests, and no more than the next of
    /// them has to wait for.
    pub(crate) fn rescale(&mut self, now_us: u64, (before_us, interval_us): (u64, u64), allowance_us: u64) {
        let Some(even_us) = self.0 else { return };
        let ahead = u128::from(even_us.saturating_sub(now_us));
        let scaled = ahead * u128::from(interval_us) / u128::from(before_us.max(1));
        let most_us = allowance_us.saturating_add(interval_us);
        self.0 = Some(now_us.saturating_add(u64::try_from(scaled).unwrap_or(u64::MAX).min(most_us)));
    }
}
