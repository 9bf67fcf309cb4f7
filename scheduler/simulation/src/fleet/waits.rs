//! How long jobs waited for the start of their work: exact, since every wait is kept.

/// Waits in milliseconds, of one lane and kind.
#[derive(Clone, Debug, Default)]
pub(super) struct Waits {
    /// In order once `ordered` was called.
    all: Vec<u32>,
    /// Those of the current window of the curves.
    window: Vec<u32>,
}

/// The value below which so many of ten thousand lie; none of nothing. The values must be in order.
fn quantile(ordered: &[u32], of_10_000: usize) -> Option<u64> {
    let last = ordered.len().checked_sub(1)?;
    Some(u64::from(ordered[(ordered.len() * of_10_000 / 10_000).min(last)]))
}

impl Waits {
    pub(super) fn note(&mut self, ms: u64) {
        self.window.push(u32::try_from(ms).unwrap_or(u32::MAX));
    }

    /// The window is over: its waits count with the others. Tells them.
    pub(super) fn close_window(&mut self) -> Vec<u32> {
        self.all.extend_from_slice(&self.window);
        std::mem::take(&mut self.window)
    }

    pub(super) fn order(&mut self) {
        self.all.sort_unstable();
    }

    pub(super) fn count(&self) -> u64 {
        self.all.len() as u64
    }

    pub(super) fn quantile(&self, of_10_000: usize) -> Option<u64> {
        quantile(&self.all, of_10_000)
    }
}

/// Median and 99th percentile of some waits, in any order.
pub(super) fn median_and_p99(mut waits: Vec<u32>) -> Option<(u64, u64)> {
    waits.sort_unstable();
    Some((quantile(&waits, 5_000)?, quantile(&waits, 9_900)?))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn quantiles_are_exact() {
        let mut waits = Waits::default();
        (0..1_000).rev().for_each(|ms| waits.note(ms));
        assert_eq!(waits.close_window().len(), 1_000);
        waits.order();
        assert_eq!(
            [waits.quantile(5_000), waits.quantile(9_900), waits.quantile(10_000)],
            [Some(500), Some(990), Some(999)]
        );
        assert_eq!(median_and_p99(Vec::new()), None);
        assert_eq!(median_and_p99(vec![3, 1, 2]), Some((2, 3)));
    }
}
