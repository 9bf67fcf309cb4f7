//! Values that are kept once and named by a number.
//!
//! A snapshot is cloned whenever the catalogue moves on while resolutions still read the old one. Tables of a million
//! texts must not be copied for that: they are cut into pieces, a clone shares the pieces, and what is added touches one
//! or two of them. Nothing is ever taken out.

use std::hash::{BuildHasher, Hash};
use std::sync::Arc;

use foldhash::fast::FixedState;
use hashbrown::HashTable;

/// Pieces of the index: a power of two, so that 300,000 texts lie some thousand to a piece.
const SHARDS: usize = 256;
/// Values in a piece of the store: a power of two.
const CHUNK: usize = 512;

/// A grow-only pool. Two pools that were filled alike name values alike.
pub(super) struct Pool<T> {
    index: Vec<Arc<HashTable<u32>>>,
    chunks: Vec<Arc<Vec<T>>>,
    length: usize,
}

impl<T> Clone for Pool<T> {
    fn clone(&self) -> Self {
        Self { index: self.index.clone(), chunks: self.chunks.clone(), length: self.length }
    }
}

impl<T> Default for Pool<T> {
    fn default() -> Self {
        Self { index: Vec::new(), chunks: Vec::new(), length: 0 }
    }
}

fn hash<Q: Hash + ?Sized>(value: &Q) -> u64 {
    FixedState::with_seed(0x6c65).hash_one(value)
}

/// The shard is chosen by bits that the table inside does not use first.
const fn shard(hash: u64) -> usize {
    (hash >> 48) as usize % SHARDS
}

impl<T: Clone> Pool<T> {
    /// How many values there are; their numbers are below it.
    pub(super) const fn len(&self) -> usize {
        self.length
    }

    /// The value with this number.
    ///
    /// # Panics
    /// No such number was given out by this pool or one that it was cloned from.
    #[inline]
    pub(super) fn get(&self, id: u32) -> &T {
        &self.chunks[id as usize / CHUNK][id as usize % CHUNK]
    }

    /// All values in the order of their numbers.
    pub(super) fn iter(&self) -> impl Iterator<Item = &T> {
        self.chunks.iter().flat_map(|chunk| chunk.iter())
    }

    /// The number of a value, if it is here. `key` says what of a value is compared and hashed.
    pub(super) fn find<Q: Hash + Eq + ?Sized>(&self, wanted: &Q, key: impl Fn(&T) -> &Q) -> Option<u32> {
        let hash = hash(wanted);
        self.index.get(shard(hash))?.find(hash, |id| key(self.get(*id)) == wanted).copied()
    }

    /// The number of a value, which `make` makes if it is new.
    pub(super) fn intern<Q: Hash + Eq + ?Sized>(
        &mut self,
        wanted: &Q,
        key: impl Fn(&T) -> &Q,
        make: impl FnOnce() -> T,
    ) -> u32 {
        if let Some(id) = self.find(wanted, &key) {
            return id;
        }
        let id = u32::try_from(self.length).expect("fewer than four thousand million values fit into memory");
        if self.index.is_empty() {
            self.index = vec![Arc::default(); SHARDS];
        }
        let hashed = hash(wanted);
        self.push(make());
        let Self { index, chunks, .. } = self;
        let of = |id: &u32| hash(key(&chunks[*id as usize / CHUNK][*id as usize % CHUNK]));
        Arc::make_mut(&mut index[shard(hashed)]).insert_unique(hashed, id, of);
        id
    }

    /// Adds a value that cannot be found again but by its number.
    pub(super) fn push(&mut self, value: T) -> u32 {
        let id = self.length;
        if id.is_multiple_of(CHUNK) {
            self.chunks.push(Arc::new(Vec::with_capacity(CHUNK)));
        }
        Arc::make_mut(self.chunks.last_mut().expect("one was added when the last was full")).push(value);
        self.length += 1;
        u32::try_from(id).expect("fewer than four thousand million values fit into memory")
    }

    /// Puts another value under a number.
    pub(super) fn set(&mut self, id: u32, value: T) {
        Arc::make_mut(&mut self.chunks[id as usize / CHUNK])[id as usize % CHUNK] = value;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn clones_grow_apart() {
        let mut pool = Pool::<String>::default();
        for n in 0..3000 {
            let text = format!("n{n}");
            assert_eq!(pool.intern(text.as_str(), String::as_str, || text.clone()), n);
        }
        let mut other = pool.clone();
        assert_eq!(other.intern("x", String::as_str, || "x".into()), 3000);
        assert_eq!((pool.find("x", String::as_str), other.find("x", String::as_str)), (None, Some(3000)));
        assert_eq!(pool.find("n2999", String::as_str), Some(2999));
        other.set(7, "n7".into());
        assert_eq!((pool.len(), other.len(), other.get(7).as_str()), (3000, 3001, "n7"));
        assert_eq!(other.iter().count(), 3001);
    }
}
