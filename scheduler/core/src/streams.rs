//! Streams: the queues of ready tasks that are alike in lane, client, host and needs, so that the first of a stream
//! stands for all of it, and a decision looks at streams and never at the tasks behind the first.

use foldhash::fast::FixedState;
use gleaner_model::Lane;
use hashbrown::HashMap;

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
    pub(crate) ready: Chain,
    /// Tasks that name this stream, ready or not; it goes with the last of them.
    tasks: u64,
    /// When it was served last, counted by its client; the lowest is next (round robin over hosts).
    pub(crate) turn: u64,
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
        let stream = Stream { key, ready: Chain::default(), tasks: 1, turn: 0 };
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
        self.list.capacity() * size_of::<Stream>() + self.unused.capacity() * 4 + self.by_key.allocation_size()
    }
}
