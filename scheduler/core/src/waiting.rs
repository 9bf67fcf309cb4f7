//! Tasks that wait for other tasks.
//!
//! The problem: a resolution finds out on its way that packages are missing, which must be crawled first. If it kept its
//! slot meanwhile, a fleet full of resolutions would wait for crawls that find no slot. So it waits nowhere: in no slot and
//! in no queue, with what it waits for (its *children*: jobs like any other, of whoever asks) noted beside the tasks. When
//! the last child has ended, however that ended, the task goes to the head of its queue.
//!
//! Nothing of this is journalled. After a restart the task is one that was recovered, and so are its children; it finds
//! out anew what it lacks.

use std::collections::{BTreeMap, BTreeSet};

use gleaner_model::{JobId, JobState, Lane, TaskId};

use crate::Moment;
use crate::queues::End;
use crate::scheduler::{Out, Scheduler};
use crate::tasks::{Slot, State};

/// What one task waits for.
struct Waiting {
    /// Those that have not ended.
    children: BTreeSet<JobId>,
    since_ms: u64,
}

/// Who waits for whom. Only tasks that wait cost something.
#[derive(Default)]
pub(crate) struct Children {
    of: BTreeMap<Slot, Waiting>,
    parents: BTreeMap<JobId, Slot>,
    /// Tasks whose last child has ended, to be made ready as soon as what ended it is done.
    ripe: Vec<Slot>,
}

impl Children {
    /// How many tasks wait.
    pub(crate) fn waiting(&self) -> usize {
        self.of.len()
    }

    /// How many jobs a task still waits for, and since when.
    pub(crate) fn left(&self, slot: Slot) -> Option<(usize, u64)> {
        self.of.get(&slot).map(|waiting| (waiting.children.len(), waiting.since_ms))
    }

    /// A job has ended.
    pub(crate) fn ended(&mut self, job: JobId) {
        let Some(parent) = self.parents.remove(&job) else { return };
        let Some(waiting) = self.of.get_mut(&parent) else { return };
        waiting.children.remove(&job);
        if waiting.children.is_empty() {
            self.ripe.push(parent);
        }
    }

    /// A task waits no more; tells what it waited for.
    fn release(&mut self, slot: Slot) -> Option<Waiting> {
        let waiting = self.of.remove(&slot)?;
        waiting.children.iter().for_each(|job| _ = self.parents.remove(job));
        self.ripe.retain(|ripe| *ripe != slot);
        Some(waiting)
    }

    pub(crate) fn resident(&self) -> usize {
        // A node costs about half as much again as what it holds.
        self.of.len() * 96 + self.parents.len() * 48
    }

    #[cfg(test)]
    pub(crate) fn is_empty(&self) -> bool {
        self.of.is_empty() && self.parents.is_empty() && self.ripe.is_empty()
    }
}

impl Scheduler {
    /// The accepted outcome of a task says that it cannot go on before these jobs have ended. It waits for them in no slot
    /// and no queue; one that has ended already, or whose end another task waits for, is not waited for. False if there is
    /// no such task any more.
    pub fn wait_for(&mut self, task: TaskId, children: &[JobId], now: Moment) -> bool {
        let Some(slot) = self.committing(task) else { return false };
        self.members(slot).into_iter().for_each(|job| self.expiry.resume(job));
        self.sides.drop_checkpoint(slot);
        self.counters.waited += 1;
        let open = |job: &&JobId| {
            let of = self.slot_of_job(**job);
            of.is_some_and(|of| of != slot) && !self.children.parents.contains_key(*job)
        };
        let children: BTreeSet<JobId> = children.iter().filter(open).copied().collect();
        self.tasks[slot].state = State::Waiting;
        self.release_follow_up(slot, now);
        if children.is_empty() {
            self.enqueue(slot, End::Head, now);
            return true;
        }
        children.iter().for_each(|job| _ = self.children.parents.insert(*job, slot));
        self.children.of.insert(slot, Waiting { children, since_ms: now.mono_ms });
        true
    }

    /// Makes those ready whose last child has ended. To be called when what ended it is done.
    pub(crate) fn wake_parents(&mut self, now: Moment) {
        while let Some(slot) = self.children.ripe.pop() {
            self.go_on(slot, now);
        }
    }

    /// A waiting task was raised to another lane. Its children were asked for in the old one, where they may take their
    /// time; so it asks anew.
    pub(crate) fn ask_anew(&mut self, slot: Slot, now: Moment) {
        if self.tasks[slot].state == State::Waiting {
            self.go_on(slot, now);
        }
    }

    fn go_on(&mut self, slot: Slot, now: Moment) {
        let Some(waiting) = self.children.release(slot) else { return };
        self.note_waiting(slot, now.mono_ms.saturating_sub(waiting.since_ms));
        self.enqueue(slot, End::Head, now);
    }

    /// A waiting task ends: nobody else wants its children, which are told by [`Self::cancel_children`].
    pub(crate) fn stop_waiting(&mut self, slot: Slot) {
        self.children.release(slot);
    }

    /// What a task waits for, ascending; none if it does not wait.
    #[must_use]
    pub fn children_of(&self, task: TaskId) -> Vec<JobId> {
        let slot = self.tasks.find(task);
        let waiting = slot.and_then(|slot| self.children.of.get(&slot));
        waiting.map(|waiting| waiting.children.iter().copied().collect()).unwrap_or_default()
    }

    /// Is this job open, and in which lane is its task?
    #[must_use]
    pub fn lane_of_job(&self, job: JobId) -> Option<Lane> {
        self.slot_of_job(job).map(|slot| self.streams.key_of(&self.tasks, slot).lane)
    }

    /// Cancels what a task waited for that has ended. What is being committed already ends by itself.
    pub(crate) fn cancel_children(&mut self, children: Vec<JobId>, now: Moment, out: Out<'_>) {
        for job in children {
            let Some(slot) = self.slot_of_job(job) else { continue };
            if self.tasks[slot].state != State::Committing {
                self.counters.cancelled += 1;
                self.detach(slot, job, JobState::Cancelled, now, out);
            }
        }
    }
}
