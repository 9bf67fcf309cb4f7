//! What is to happen when, in virtual milliseconds; of two things at one moment the one that was set down first.

use std::collections::BTreeMap;

/// Things to happen.
#[derive(Debug)]
pub(crate) struct Agenda<T> {
    now_ms: u64,
    set_down: u64,
    entries: BTreeMap<(u64, u64), T>,
}

impl<T> Agenda<T> {
    /// An empty one whose time begins at `now_ms`.
    pub(crate) const fn new(now_ms: u64) -> Self {
        Self { now_ms, set_down: 0, entries: BTreeMap::new() }
    }

    pub(crate) const fn now_ms(&self) -> u64 {
        self.now_ms
    }

    pub(crate) fn after(&mut self, delay_ms: u64, what: T) {
        self.at(self.now_ms + delay_ms, what);
    }

    /// Sets something down for a moment; now if that is past.
    pub(crate) fn at(&mut self, at_ms: u64, what: T) {
        self.set_down += 1;
        self.entries.insert((at_ms.max(self.now_ms), self.set_down), what);
    }

    /// When the next thing happens.
    pub(crate) fn next_ms(&self) -> Option<u64> {
        self.entries.first_key_value().map(|((at_ms, _), _)| *at_ms)
    }

    /// The next thing, at whose time it is now.
    pub(crate) fn next(&mut self) -> Option<T> {
        let ((at_ms, _), what) = self.entries.pop_first()?;
        self.now_ms = at_ms;
        Some(what)
    }
}
