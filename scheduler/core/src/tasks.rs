//! The tasks themselves: forty bytes each, in chunks, so that neither a burst nor its end moves what is there.
//!
//! An entry is at most in one list (a stream's queue, or the list of recovered tasks), linked through the entries: a
//! task can be taken out of the middle at once, and a list allocates nothing. New entries fill the lowest chunk with
//! room, so that the highest ones empty and are given back.

use std::collections::BTreeSet;
use std::ops::{Index, IndexMut};

use gleaner_model::{TaskId, Timestamp};

use crate::TargetKey;
use crate::ids_table::Ids;
use crate::streams::StreamIndex;

/// A place in the table. Valid while its task lives; then it may become another task's.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(crate) struct Slot(pub(crate) u32);

impl Slot {
    pub(crate) const NONE: Self = Self(u32::MAX);
}

/// Where a task stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum State {
    /// In its stream's queue.
    Queued,
    /// A follow-up: the task for the same target that runs must end, or fail, first.
    Behind,
    /// In the pause after a failed attempt.
    Retrying,
    /// Its time has not come.
    Delayed,
    /// Recovered: a worker may still be at it.
    Recovered,
    /// At a worker, or with one whose stream broke a moment ago.
    Running,
    /// Its outcome was accepted and is being committed.
    Committing,
    /// For other tasks to end, which its last attempt found out that it needs.
    Waiting,
}

#[derive(Clone, Copy, Debug)]
pub(crate) struct Entry {
    pub(crate) id: u64,
    // Two halves, since a u128 would ask for sixteen-byte alignment and cost eight bytes of padding.
    target: [u64; 2],
    pub(crate) prev: Slot,
    pub(crate) next: Slot,
    pub(crate) stream: StreamIndex,
    pub(crate) state: State,
    /// Failed attempts, lost ones included, throttled ones not.
    pub(crate) attempts: u8,
    pub(crate) throttles: u8,
    pub(crate) lost: u8,
}

impl Entry {
    pub(crate) fn new(task: TaskId, target: TargetKey, stream: StreamIndex, state: State) -> Self {
        let bytes = target.0.to_le_bytes();
        let half = |at: usize| u64::from_le_bytes(bytes[at..at + 8].try_into().expect("eight bytes"));
        Self {
            id: task.0,
            target: [half(0), half(8)],
            prev: Slot::NONE,
            next: Slot::NONE,
            stream,
            state,
            attempts: 0,
            throttles: 0,
            lost: 0,
        }
    }

    pub(crate) fn target(&self) -> TargetKey {
        TargetKey(u128::from(self.target[0]) | u128::from(self.target[1]) << 64)
    }

    /// When a delayed task's time comes. It is in no list, so its links hold that.
    pub(crate) fn due(&self) -> Timestamp {
        Timestamp::from_millis((u64::from(self.prev.0) | u64::from(self.next.0) << 32).cast_signed())
    }

    pub(crate) fn set_due(&mut self, due: Timestamp) {
        let [a, b, c, d, e, f, g, h] = due.as_millis().to_le_bytes();
        (self.prev, self.next) = (Slot(u32::from_le_bytes([a, b, c, d])), Slot(u32::from_le_bytes([e, f, g, h])));
    }

    /// It is in no list.
    pub(crate) fn unlink(&mut self) {
        (self.prev, self.next) = (Slot::NONE, Slot::NONE);
    }

    pub(crate) const fn task(&self) -> TaskId {
        TaskId(self.id)
    }

    /// Attempts that were started, the current one included, those handed back not.
    pub(crate) fn started(&self) -> u32 {
        let current = u32::from(matches!(self.state, State::Running | State::Committing));
        u32::from(self.attempts) + u32::from(self.throttles) + current
    }
}

/// Entries a chunk: 40 KiB, small enough that the allocator keeps and reuses it.
const CHUNK: usize = 1_024;

struct Chunk {
    entries: Vec<Entry>,
    free: Vec<u16>,
}

impl Chunk {
    fn live(&self) -> usize {
        self.entries.len() - self.free.len()
    }
}

#[derive(Default)]
pub(crate) struct Tasks {
    chunks: Vec<Option<Chunk>>,
    /// Chunks with room, and places for chunks; the lowest is filled first.
    roomy: BTreeSet<usize>,
    ids: Ids,
    len: u64,
}

fn place(slot: Slot) -> (usize, usize) {
    let at = slot.0 as usize;
    (at / CHUNK, at % CHUNK)
}

impl Tasks {
    pub(crate) fn find(&self, task: TaskId) -> Option<Slot> {
        self.ids.get(task.0)
    }

    /// Adds a task whose id is new.
    pub(crate) fn insert(&mut self, entry: Entry) -> Slot {
        let number = self.roomy.first().copied().unwrap_or_else(|| {
            self.chunks.push(None);
            self.roomy.insert(self.chunks.len() - 1);
            self.chunks.len() - 1
        });
        let chunk =
            self.chunks[number].get_or_insert_with(|| Chunk { entries: Vec::with_capacity(CHUNK), free: Vec::new() });
        let at = if let Some(at) = chunk.free.pop() {
            chunk.entries[usize::from(at)] = entry;
            usize::from(at)
        } else {
            chunk.entries.push(entry);
            chunk.entries.len() - 1
        };
        if chunk.live() == CHUNK {
            self.roomy.remove(&number);
        }
        let slot = Slot(u32::try_from(number * CHUNK + at).expect("queue_max is far below 2^32"));
        self.ids.insert(entry.id, slot);
        self.len += 1;
        slot
    }

    pub(crate) fn remove(&mut self, slot: Slot) {
        let (number, at) = place(slot);
        self.ids.remove(self[slot].id);
        let chunk = self.chunks[number].as_mut().expect("a live task's chunk is there");
        chunk.free.push(u16::try_from(at).expect("below the chunk size"));
        if chunk.live() == 0 {
            self.chunks[number] = None;
        }
        self.roomy.insert(number);
        self.len -= 1;
    }

    pub(crate) const fn len(&self) -> u64 {
        self.len
    }

    /// Bytes of the entries and of the table of ids.
    pub(crate) fn resident(&self) -> (usize, usize) {
        let chunks = self.chunks.iter().flatten();
        let entries: usize =
            chunks.map(|chunk| chunk.entries.capacity() * size_of::<Entry>() + chunk.free.capacity() * 2).sum();
        (entries, self.ids.resident())
    }
}

impl Index<Slot> for Tasks {
    type Output = Entry;

    fn index(&self, slot: Slot) -> &Entry {
        let (number, at) = place(slot);
        &self.chunks[number].as_ref().expect("a live task's chunk is there").entries[at]
    }
}

impl IndexMut<Slot> for Tasks {
    fn index_mut(&mut self, slot: Slot) -> &mut Entry {
        let (number, at) = place(slot);
        &mut self.chunks[number].as_mut().expect("a live task's chunk is there").entries[at]
    }
}

/// A list of tasks, first in, first out, linked through their entries.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Chain {
    head: Slot,
    tail: Slot,
    len: u64,
}

impl Default for Chain {
    fn default() -> Self {
        Self { head: Slot::NONE, tail: Slot::NONE, len: 0 }
    }
}

impl Chain {
    pub(crate) const fn len(&self) -> u64 {
        self.len
    }

    pub(crate) fn first(&self) -> Option<Slot> {
        (self.head != Slot::NONE).then_some(self.head)
    }

    pub(crate) fn last(&self) -> Option<Slot> {
        (self.tail != Slot::NONE).then_some(self.tail)
    }

    pub(crate) fn push_back(&mut self, tasks: &mut Tasks, slot: Slot) {
        (tasks[slot].prev, tasks[slot].next) = (self.tail, Slot::NONE);
        match self.tail {
            Slot::NONE => self.head = slot,
            tail => tasks[tail].next = slot,
        }
        self.tail = slot;
        self.len += 1;
    }

    pub(crate) fn push_front(&mut self, tasks: &mut Tasks, slot: Slot) {
        (tasks[slot].prev, tasks[slot].next) = (Slot::NONE, self.head);
        match self.head {
            Slot::NONE => self.tail = slot,
            head => tasks[head].prev = slot,
        }
        self.head = slot;
        self.len += 1;
    }

    /// Puts `slot` behind `before`, which must be in this list; none means in front of all.
    pub(crate) fn insert_after(&mut self, tasks: &mut Tasks, before: Option<Slot>, slot: Slot) {
        let Some(before) = before else { return self.push_front(tasks, slot) };
        let after = tasks[before].next;
        if after == Slot::NONE {
            return self.push_back(tasks, slot);
        }
        (tasks[slot].prev, tasks[slot].next) = (before, after);
        (tasks[before].next, tasks[after].prev) = (slot, slot);
        self.len += 1;
    }

    /// `slot` must be in this list.
    pub(crate) fn unlink(&mut self, tasks: &mut Tasks, slot: Slot) {
        let (prev, next) = (tasks[slot].prev, tasks[slot].next);
        match prev {
            Slot::NONE => self.head = next,
            prev => tasks[prev].next = next,
        }
        match next {
            Slot::NONE => self.tail = prev,
            next => tasks[next].prev = prev,
        }
        (tasks[slot].prev, tasks[slot].next) = (Slot::NONE, Slot::NONE);
        self.len -= 1;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn entry(id: u64) -> Entry {
        Entry::new(TaskId(id), TargetKey(u128::from(id) << 70 | 5), StreamIndex(0), State::Queued)
    }

    #[test]
    fn an_entry_is_forty_bytes_and_keeps_its_target() {
        assert_eq!(size_of::<Entry>(), 40);
        assert_eq!(entry(9).target(), TargetKey(9 << 70 | 5));
    }

    #[test]
    fn a_time_fits_where_the_links_are() {
        let mut entry = entry(1);
        for due in [0, 1, -1, i64::MAX, i64::MIN, 1_764_000_000_123] {
            entry.set_due(Timestamp::from_millis(due));
            assert_eq!(entry.due(), Timestamp::from_millis(due));
        }
        entry.unlink();
        assert_eq!((entry.prev, entry.next), (Slot::NONE, Slot::NONE));
    }

    #[test]
    fn chunks_are_given_back_and_low_places_used_first() {
        let mut tasks = Tasks::default();
        let slots: Vec<_> = (0..3_000).map(|id| tasks.insert(entry(id))).collect();
        for slot in &slots[10..] {
            tasks.remove(*slot);
        }
        assert_eq!(tasks.chunks.iter().flatten().count(), 1);
        assert!(tasks.insert(entry(5_000)).0 < 1_024);
        assert_eq!(tasks.len(), 11);
        assert_eq!(tasks.find(TaskId(2_000)), None);
    }

    #[test]
    fn a_chain_takes_entries_in_its_middle() {
        let mut tasks = Tasks::default();
        let mut chain = Chain::default();
        let slots: Vec<_> = (0..5).map(|id| tasks.insert(entry(id))).collect();
        for (before, slot) in [(None, 2), (Some(2), 4), (None, 0), (Some(0), 1), (Some(2), 3)] {
            chain.insert_after(&mut tasks, before.map(|at: usize| slots[at]), slots[slot]);
        }
        let mut order = Vec::new();
        while let Some(slot) = chain.first() {
            chain.unlink(&mut tasks, slot);
            order.push(tasks[slot].id);
        }
        assert_eq!((order, chain.len()), (vec![0, 1, 2, 3, 4], 0));
    }

    #[test]
    fn a_chain_keeps_order_whatever_leaves_it() {
        let mut tasks = Tasks::default();
        let mut chain = Chain::default();
        let slots: Vec<_> = (0..5).map(|id| tasks.insert(entry(id))).collect();
        slots.iter().for_each(|slot| chain.push_back(&mut tasks, *slot));
        for gone in [2, 0, 4] {
            chain.unlink(&mut tasks, slots[gone]);
        }
        chain.push_front(&mut tasks, slots[4]);
        let mut order = Vec::new();
        while let Some(slot) = chain.first() {
            chain.unlink(&mut tasks, slot);
            order.push(tasks[slot].id);
        }
        assert_eq!(order, [4, 1, 3]);
        assert_eq!(chain.len(), 0);
    }
}
