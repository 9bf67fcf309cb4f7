//! What tasks went through in attempts that have ended: how long they ran, how long they were suspended.
//!
//! A queued task has no room to remember anything, and most never need to: their first attempt is their last. So this is
//! kept beside the tasks, from the end of an attempt until that of the task.

use foldhash::fast::FixedState;
use gleaner_model::{Journey, TaskId};
use hashbrown::HashMap;

use crate::Moment;
use crate::attempts::Running;
use crate::scheduler::Scheduler;
use crate::tasks::Slot;

/// Tasks whose ended attempts are remembered, some 50 bytes each: those that are being committed, and those that are tried
/// again. When a host is away for hours there may be millions of the latter, and then the others go without.
const REMEMBERED: usize = 262_144;

#[derive(Clone, Copy, Default)]
pub(crate) struct Past {
    /// When the first attempt was started.
    pub(crate) started_ms: u64,
    /// When the last one ended.
    pub(crate) ended_ms: u64,
    ran_us: u64,
    suspended_ms: u64,
    /// For other tasks that it needs, between its attempts.
    pub(crate) waited_ms: u64,
    displaced: Option<TaskId>,
}

/// By slot; nobody walks over them, so order does not matter.
#[derive(Default)]
pub(crate) struct Journeys(HashMap<Slot, Past, FixedState>);

impl Journeys {
    pub(crate) fn get(&self, slot: Slot) -> Option<Past> {
        self.0.get(&slot).copied()
    }

    pub(crate) fn forget(&mut self, slot: Slot) {
        self.0.remove(&slot);
    }

    fn change(&mut self, slot: Slot, change: impl FnOnce(&mut Past)) {
        if self.0.len() < REMEMBERED || self.0.contains_key(&slot) {
            change(self.0.entry(slot).or_default());
        }
    }

    pub(crate) fn resident(&self) -> usize {
        self.0.allocation_size()
    }

    #[cfg(test)]
    pub(crate) fn is_empty(&self) -> bool {
        self.0.is_empty()
    }
}

impl Scheduler {
    /// The task has waited for others, and goes on.
    pub(crate) fn note_waiting(&mut self, slot: Slot, waited_ms: u64) {
        self.journeys.change(slot, |past| past.waited_ms += waited_ms);
    }

    /// The attempt is over; the task may go on.
    pub(crate) fn note_journey(&mut self, slot: Slot, running: &Running, now: Moment) {
        let (course, hold) = (&running.course, running.hold);
        self.journeys.change(slot, |past| {
            if past.started_ms == 0 {
                past.started_ms = course.started_ms;
            }
            past.ended_ms = now.mono_ms;
            past.ran_us += course.slot_us(hold, now.mono_ms);
            past.suspended_ms += course.suspended_ms(hold, now.mono_ms);
            past.displaced = course.displaced;
        });
    }

    /// What a task went through so far, its current attempt included; nothing if there is no such task.
    #[must_use]
    pub fn journey(&self, task: TaskId, now: Moment) -> Journey {
        let Some(slot) = self.tasks.find(task) else { return Journey::default() };
        let past = self.journeys.get(slot).unwrap_or_default();
        let current = self.running.get(&slot).map(|running| (&running.course, running.hold));
        let ran_us = current.map_or(0, |(course, hold)| course.slot_us(hold, now.mono_ms));
        let suspended_ms = current.map_or(0, |(course, hold)| course.suspended_ms(hold, now.mono_ms));
        Journey {
            ran_ms: (past.ran_us + ran_us) / 1_000,
            suspended_ms: past.suspended_ms + suspended_ms,
            displaced_by: self.sides.displacements(slot).to_vec(),
            displaced: current.map_or(past.displaced, |(course, _)| course.displaced),
        }
    }
}
