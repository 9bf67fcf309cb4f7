//! What suspended attempts may still receive.
//!
//! The problem: a request that is under way when its attempt is suspended has cost a permit, and its host will send the
//! answer in any case. To cut it off means to ask again; to let all of it in means that work which was told to wait takes
//! memory and network from the work it made room for. So it drains, up to a number of bytes that all suspended attempts
//! of a worker share. What an attempt took counts until it goes on or ends.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

/// All suspended attempts' part.
#[derive(Debug)]
pub(crate) struct Drains {
    max_bytes: u64,
    taken: AtomicU64,
}

impl Drains {
    pub(crate) const fn new(max_bytes: u64) -> Self {
        Self { max_bytes, taken: AtomicU64::new(0) }
    }
}

/// One attempt's part.
#[derive(Debug)]
pub(super) struct Drain {
    all: Arc<Drains>,
    mine: AtomicU64,
}

impl Drain {
    pub(super) const fn new(all: Arc<Drains>) -> Self {
        Self { all, mine: AtomicU64::new(0) }
    }

    /// Takes so many bytes, if there is room for them.
    pub(super) fn take(&self, bytes: u64) -> bool {
        let fitting = |taken: u64| taken.checked_add(bytes).filter(|sum| *sum <= self.all.max_bytes);
        let taken = self.all.taken.fetch_update(Ordering::Relaxed, Ordering::Relaxed, fitting).is_ok();
        if taken {
            self.mine.fetch_add(bytes, Ordering::Relaxed);
        }
        taken
    }

    /// What was taken counts no more.
    pub(super) fn give_back(&self) {
        let mine = self.mine.swap(0, Ordering::Relaxed);
        self.all.taken.fetch_sub(mine, Ordering::Relaxed);
    }
}

impl Drop for Drain {
    fn drop(&mut self) {
        self.give_back();
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn all_share_the_room_and_give_it_back() {
        let all = Arc::new(Drains::new(100));
        let (one, other) = (Drain::new(Arc::clone(&all)), Drain::new(Arc::clone(&all)));
        assert!(one.take(60) && other.take(40));
        assert!(!one.take(1) && !other.take(1));
        one.give_back();
        one.give_back();
        assert!(other.take(60) && !other.take(u64::MAX));
        drop(other);
        assert!(one.take(100));
    }
}
