//! Interning: most versions of a package share most of their dependencies, so each distinct one is kept once.
//!
//! In 850 real npm packages 1,080,791 dependency entries are 158,741 distinct ones, counted package by package; with a
//! pool these are parsed, sent and stored once each.

use std::hash::{BuildHasher, Hash};

use hashbrown::HashTable;

/// A position in the pooled list.
pub type PoolIndex = u32;

/// Builds a list of distinct values, telling the position of each.
pub struct Pool<T> {
    values: Vec<T>,
    table: HashTable<PoolIndex>,
    hasher: foldhash::fast::FixedState,
}

impl<T> Default for Pool<T> {
    fn default() -> Self {
        Self { values: Vec::new(), table: HashTable::new(), hasher: foldhash::fast::FixedState::default() }
    }
}

impl<T: Hash + Eq> Pool<T> {
    /// An empty one with room for `values`, so that it need not grow, which would hash all again.
    #[must_use]
    pub fn with_room_for(values: usize) -> Self {
        Self {
            values: Vec::with_capacity(values),
            table: HashTable::with_capacity(values),
            hasher: foldhash::fast::FixedState::default(),
        }
    }

    /// The position of `value`, which is added if it is new.
    pub fn intern(&mut self, value: T) -> PoolIndex {
        self.intern_with(&value, |known| *known == value).unwrap_or_else(|hash| self.push(hash, value))
    }

    /// The position of the value that looks like `probe`, made by `make` if it is new. `T` must hash as `Q` does, as
    /// for `Borrow`; this spares the allocation of a value that is known already.
    pub fn intern_ref<Q: Hash + ?Sized>(
        &mut self,
        probe: &Q,
        same: impl Fn(&T) -> bool,
        make: impl FnOnce() -> T,
    ) -> PoolIndex {
        self.intern_with(probe, same).unwrap_or_else(|hash| {
            let value = make();
            self.push(hash, value)
        })
    }

    /// The value at a position.
    #[must_use]
    pub fn get(&self, at: PoolIndex) -> Option<&T> {
        self.values.get(at as usize)
    }

    /// The distinct values, in the order of their first appearance.
    #[must_use]
    pub fn into_values(self) -> Vec<T> {
        self.values
    }

    fn intern_with<Q: Hash + ?Sized>(&self, probe: &Q, same: impl Fn(&T) -> bool) -> Result<PoolIndex, u64> {
        let hash = self.hasher.hash_one(probe);
        self.table.find(hash, |at| same(&self.values[*at as usize])).copied().ok_or(hash)
    }

    fn push(&mut self, hash: u64, value: T) -> PoolIndex {
        // A document is at most some hundred megabytes, so its distinct values fit into 32 bits.
        let at = PoolIndex::try_from(self.values.len()).expect("fewer than 2^32 distinct values");
        self.values.push(value);
        let (values, hasher) = (&self.values, &self.hasher);
        self.table.insert_unique(hash, at, |at| hasher.hash_one(&values[*at as usize]));
        at
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_distinct_value_has_one_position() {
        let mut pool = Pool::default();
        let positions: Vec<_> = ["a", "b", "a", "c", "b"].into_iter().map(|v| pool.intern(v.to_owned())).collect();
        assert_eq!(positions, [0, 1, 0, 2, 1]);
        assert_eq!(pool.intern_ref("c", |known| known == "c", || unreachable!("known already")), 2);
        assert_eq!(pool.intern_ref("d", |known| known == "d", || "d".to_owned()), 3);
        assert_eq!((pool.get(3).map(String::as_str), pool.get(4)), (Some("d"), None));
        assert_eq!(pool.into_values(), ["a", "b", "c", "d"]);
    }
}
