//! Which live task is about a target: the newest one, to which later asks attach.
//!
//! The targets stand in the entries; here are only slots, four bytes and a control byte each. The table is cut into
//! many small ones, since a hash table grows by moving all that it holds: at ten million tasks one table would stand
//! still for a second, a thousandth part of it stands still for a millisecond.

use std::hash::BuildHasher;

use foldhash::fast::FixedState;
use hashbrown::HashTable;

use crate::TargetKey;
use crate::tasks::{Slot, Tasks};

const PARTS: usize = 1_024;

pub(crate) struct Twins {
    parts: Vec<HashTable<Slot>>,
}

impl Default for Twins {
    fn default() -> Self {
        Self { parts: (0..PARTS).map(|_| HashTable::new()).collect() }
    }
}

/// The part that a target falls into, and its hash in there.
fn place(target: TargetKey) -> (usize, u64) {
    let hash = FixedState::default().hash_one(target.0);
    (usize::try_from((hash >> 20) % PARTS as u64).expect("below the number of parts"), hash)
}

impl Twins {
    pub(crate) fn find(&self, tasks: &Tasks, target: TargetKey) -> Option<Slot> {
        let (part, hash) = place(target);
        self.parts[part].find(hash, |slot| tasks[*slot].target() == target).copied()
    }

    /// From now on `slot` is the task for its target.
    pub(crate) fn set(&mut self, tasks: &Tasks, slot: Slot) {
        let target = tasks[slot].target();
        let (part, hash) = place(target);
        let part = &mut self.parts[part];
        match part.find_mut(hash, |known| tasks[*known].target() == target) {
            Some(known) => *known = slot,
            None => {
                part.insert_unique(hash, slot, |slot| place(tasks[*slot].target()).1);
            }
        }
    }

    /// Forgets `slot`, if it still is the task for its target.
    pub(crate) fn forget(&mut self, tasks: &Tasks, slot: Slot) {
        let (part, hash) = place(tasks[slot].target());
        if let Ok(found) = self.parts[part].find_entry(hash, |known| *known == slot) {
            found.remove();
        }
        let part = &mut self.parts[part];
        // Give memory back after a flood, but not at every small dent.
        if part.num_buckets() > 64 && part.len() < part.num_buckets() / 8 {
            part.shrink_to(part.len() * 2, |slot| place(tasks[*slot].target()).1);
        }
    }

    pub(crate) fn resident(&self) -> usize {
        self.parts.capacity() * size_of::<HashTable<Slot>>()
            + self.parts.iter().map(HashTable::allocation_size).sum::<usize>()
    }
}
