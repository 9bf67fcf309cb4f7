//! Streams: the queues of ready tasks that are alike in lane, client, host and needs, so that the first of a stream
//! stands for all of it, and a decision looks at streams and never at the tasks behind the first.

use std::collections::BTreeMap;

use foldhash::fast::FixedState;
use gleaner_model::{Lane, TaskId, Timestamp};
use hashbrown::HashMap;

use crate::queues::End;
use crate::tasks::{Chain, Slot, Tasks};
use crate::{ClientIndex, HostIndex, Needs};

#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(crate) struct StreamIndex(pub(crate) u32);

#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(crate) struct StreamKey {
    pub(crate) lane: Lane,
    pub(crate) client: ClientIndex,
    pub(crate) host: HostIndex,
    pub(crate) needs: Needs,
}

pub(crate) struct Stream {
    pub(crate) key: StreamKey,
    /// Those with a deadline in the order of these, then the others by age.
    pub(crate) ready: Chain,
    /// The ready ones with a deadline.
    pub(crate) dated: BTreeMap<(Timestamp, TaskId), Slot>,
    /// The deadline of the first one as it stands in the front; the end of time if it has none.
    pub(crate) deadline: Timestamp,
    /// Tasks that name this stream, ready or not; it goes with the last of them.
    tasks: u64,
    /// When it was served last, counted by its client; the lowest is next (round robin over hosts).
    pub(crate) turn: u64,
}

impl Stream {
    pub(crate) const NO_DEADLINE: Timestamp = Timestamp::from_millis(i64::MAX);

    /// Adds a ready task, wanted at `deadline`; behind all others like it, or before those without a deadline.
    pub(crate) fn add(&mut self, tasks: &mut Tasks, slot: Slot, deadline: Option<Timestamp>, end: End) {
        let before = match (deadline, end) {
            (Some(at), _) => {
                let key = (at, tasks[slot].task());
                let before = self.dated.range(..key).next_back().map(|(_, slot)| *slot);
                self.dated.insert(key, slot);
                before
            }
            (None, End::Tail) => return self.ready.push_back(tasks, slot),
            (None, End::Head) => self.dated.last_key_value().map(|(_, slot)| *slot),
        };
        self.ready.insert_after(tasks, before, slot);
    }

    /// Takes a ready task, wanted at `deadline`, out of the queue.
    pub(crate) fn take(&mut self, tasks: &mut Tasks, slot: Slot, deadline: Option<Timestamp>) {
        self.ready.unlink(tasks, slot);
        if let Some(at) = deadline {
            self.dated.remove(&(at, tasks[slot].task()));
        }
    }

    /// When the first one is wanted.
    pub(crate) fn first_deadline(&self) -> Timestamp {
        self.dated.first_key_value().map_or(Self::NO_DEADLINE, |((at, _), _)| *at)
    }
}

#[derive(Default)]
pub(crate) struct Streams {
    list: Vec<Stream>,
    unused: Vec<StreamIndex>,
    by_key: HashMap<StreamKey, StreamIndex, FixedState>,
}

impl Streams {
    /// The stream of `key`, for one more task.
    pub(crate) fn enter(&mut self, key: StreamKey) -> StreamIndex {
        if let Some(index) = self.by_key.get(&key) {
            self.list[index.0 as usize].tasks += 1;
            return *index;
        }
        let (ready, dated) = (Chain::default(), BTreeMap::new());
        let stream = Stream { key, ready, dated, deadline: Stream::NO_DEADLINE, tasks: 1, turn: 0 };
        let index = if let Some(index) = self.unused.pop() {
            self.list[index.0 as usize] = stream;
            index
        } else {
            self.list.push(stream);
            StreamIndex(u32::try_from(self.list.len() - 1).expect("no more streams than jobs"))
        };
        self.by_key.insert(key, index);
        index
    }

    /// One task less names the stream.
    pub(crate) fn quit(&mut self, index: StreamIndex) {
        let stream = self.get_mut(index);
        stream.tasks -= 1;
        if stream.tasks == 0 {
            let key = stream.key;
            self.by_key.remove(&key);
            self.unused.push(index);
        }
    }

    /// The hosts that tasks name, ready or not.
    pub(crate) fn hosts(&self) -> impl Iterator<Item = HostIndex> {
        self.by_key.keys().map(|key| key.host)
    }

    pub(crate) fn get(&self, index: StreamIndex) -> &Stream {
        &self.list[index.0 as usize]
    }

    pub(crate) fn get_mut(&mut self, index: StreamIndex) -> &mut Stream {
        &mut self.list[index.0 as usize]
    }

    pub(crate) fn key_of(&self, tasks: &Tasks, slot: Slot) -> StreamKey {
        self.get(tasks[slot].stream).key
    }

    pub(crate) fn resident(&self) -> usize {
        let dated: usize = self.list.iter().map(|stream| stream.dated.len()).sum();
        dated * 48
            + self.list.capacity() * size_of::<Stream>()
            + self.unused.capacity() * 4
            + self.by_key.allocation_size()
    }
}
