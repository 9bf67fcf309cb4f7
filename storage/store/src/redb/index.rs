//! The index in memory: which chunks there are, and what in them still matters.
//!
//! It is rebuilt when the store is opened and changed only after a commit went through, so it never knows more than
//! the file. It holds no command: for ten million queued jobs it is some 3 MB (two bits a job and about 150 bytes a
//! chunk), and up to two bytes a job more in chunks of which some jobs have ended.

use std::collections::{BTreeMap, HashMap};

use gleaner_model::{Host, TaskId, Timestamp};

use super::chunk::Chunk;
use super::plan::Plan;
use super::tables::State;

/// A host's last wish to be left alone.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Wish {
    /// The command that tells of it.
    pub(crate) sequence: u64,
    /// Until when.
    pub(crate) until: Timestamp,
    /// The latest end of this wish and those before it: an earlier command may still stand in a chunk, and must not
    /// come to life again by forgetting a later one.
    pub(crate) latest: Timestamp,
}

/// A batch of closures that chunks rely on.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Relied {
    /// How many chunks do.
    pub(crate) chunks: u32,
    /// The latest end in it.
    pub(crate) last_ended: Timestamp,
}

/// What memory knows of the journal.
#[derive(Debug, Default)]
pub(crate) struct Index {
    /// The counters, as of the last commit.
    pub(crate) state: State,
    /// Chunks by their first sequence number.
    pub(crate) chunks: BTreeMap<u64, Chunk>,
    /// The last failed attempt of each open task that has one. Some 20 to 40 bytes for such a task only.
    pub(crate) attempts: HashMap<TaskId, u64>,
    /// Hosts that asked to be left alone: as many as there are hosts.
    pub(crate) hosts: BTreeMap<Host, Wish>,
    /// Batches that chunks rely on.
    pub(crate) relied: BTreeMap<u64, Relied>,
}

impl Index {
    /// The chunk that covers `sequence`, with its key and the offset in it.
    pub(crate) fn locate(&self, sequence: u64) -> Option<(u64, &Chunk, usize)> {
        let (first, chunk) = self.chunks.range(..=sequence).next_back()?;
        chunk.offset(*first, sequence).map(|offset| (*first, chunk, offset))
    }

    /// Has this task not ended?
    pub(crate) fn is_task_open(&self, task: TaskId) -> bool {
        self.locate(task.0).is_some_and(|(_, chunk, offset)| chunk.liveness.is_held(offset))
    }

    /// Takes over what was committed.
    pub(crate) fn apply(&mut self, plan: Plan) {
        for (first, touch) in plan.touched {
            if touch.ends_chunk() {
                self.chunks.remove(&first);
            } else if let Some(chunk) = self.chunks.get_mut(&first) {
                chunk.absorb(touch);
            }
        }
        let living = plan.fresh.into_iter().filter(|fresh| fresh.chunk.liveness.count() > 0);
        self.chunks.extend(living.map(|fresh| (fresh.first, fresh.chunk)));
        for (task, sequence) in plan.attempts {
            match sequence {
                Some(sequence) => _ = self.attempts.insert(task, sequence),
                None => _ = self.attempts.remove(&task),
            }
        }
        for (host, wish) in plan.hosts {
            match wish {
                Some(wish) => _ = self.hosts.insert(host, wish),
                None => _ = self.hosts.remove(&host),
            }
        }
        self.rely(&plan.released);
        for batch in plan.batches.iter().filter(|batch| batch.chunks > 0) {
            self.relied.insert(batch.number, Relied { chunks: batch.chunks, last_ended: batch.last_ended });
        }
        self.state = plan.state;
    }

    /// Takes note that so many chunks do not rely on these batches any more.
    pub(crate) fn rely(&mut self, released: &BTreeMap<u64, u32>) {
        for (number, chunks) in released {
            if let Some(relied) = self.relied.get_mut(number) {
                relied.chunks = relied.chunks.saturating_sub(*chunks);
                if relied.chunks == 0 {
                    self.relied.remove(number);
                }
            }
        }
    }

    /// Those of the `released` batches that nothing relies on after it, with their latest ends.
    pub(crate) fn freed(&self, released: &BTreeMap<u64, u32>) -> Vec<(u64, Timestamp)> {
        let freed = |(number, chunks): (&u64, &u32)| {
            let relied = self.relied.get(number).filter(|relied| relied.chunks <= *chunks)?;
            Some((*number, relied.last_ended))
        };
        released.iter().filter_map(freed).collect()
    }

    /// Bytes of memory that the chunks take, allocations included as far as they can be counted.
    pub(crate) fn chunk_bytes(&self) -> usize {
        let heap = |chunk: &Chunk| {
            let ends = chunk.ends.as_ref().map_or(0, |ends| {
                size_of_val(&**ends)
                    + ends.batches.capacity() * size_of::<u64>()
                    + ends.by.capacity() * size_of::<u16>()
            });
            chunk.span.div_ceil(64) * 2 * size_of::<u64>() + ends
        };
        self.chunks.values().map(|chunk| size_of::<(u64, Chunk)>() + heap(chunk)).sum()
    }
}

#[cfg(test)]
mod tests {
    use gleaner_model::{Fault, FaultKind, JobId, JobResult, JobSpec, JobState, Lane, Purl, RegistryName, Trace};

    use super::*;
    use crate::redb::plan::plan;
    use crate::{Closure, Command, Group, Payload};

    fn submit(sequence: u64) -> (u64, Command) {
        let purl: Purl = "pkg:cargo/serde".parse().expect("valid");
        let registry = RegistryName::default_of(purl.ecosystem());
        let spec = JobSpec::crawl(purl, registry);
        let (client, at) = (gleaner_model::ClientName::gleaner(), Timestamp::default());
        let (task, lane, trace) = (TaskId(sequence), Lane::Free, Trace::default());
        let origin = gleaner_model::Origin::Asked;
        let payload = Payload { task, spec, client, lane, created_at: at, epoch: 1, trace, origin };
        (sequence, payload.into())
    }

    fn commit(index: &mut Index, group: &Group) {
        let plan = plan(index, group).expect("a group in order");
        index.apply(plan);
    }

    #[test]
    fn nothing_stays_in_memory_of_what_has_ended() {
        let mut index = Index { state: State::FIRST, ..Index::default() };
        commit(&mut index, &Group { commands: vec![submit(1), submit(2)], ..Group::default() });
        let fault = Fault::new(FaultKind::Outage, "");
        let failed = Command::AttemptFailed { task: TaskId(1), attempts: 1, fault, retry_at: Timestamp::default() };
        commit(&mut index, &Group { commands: vec![(3, failed)], ..Group::default() });
        assert_eq!(index.attempts.get(&TaskId(1)), Some(&3));
        for job in [1, 2] {
            let result = JobResult::bare(JobState::Done, Timestamp::default(), 1);
            let closures = vec![Closure { job: JobId(job), result, ends_task: Some(TaskId(job)) }];
            commit(&mut index, &Group { closures, ..Group::default() });
        }
        assert!(index.attempts.is_empty() && index.chunks.is_empty() && index.relied.is_empty(), "{index:?}");
        assert_eq!((index.state.commits, index.state.next_sequence, index.state.next_batch), (4, 4, 2));
    }
}
