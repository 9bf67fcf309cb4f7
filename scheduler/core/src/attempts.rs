//! The attempt that is current for a task, and what it has taken so far.

use gleaner_model::{Lane, TaskId, Token};

use crate::field::Place;
use crate::{ClientIndex, HostIndex, WorkerId};

/// What an attempt takes of its worker.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Hold {
    /// A slot.
    Slot,
    /// A place among the suspended ones.
    Aside,
    /// Nothing: it has ended, and its outcome waits to be told.
    Nothing,
}

/// The attempt that is current for a task.
#[derive(Debug)]
pub(crate) struct Running {
    pub(crate) token: Token,
    /// The token under which the worker had it when it was adopted; its own token if it was not.
    pub(crate) origin: Token,
    /// None while the worker's stream is broken.
    pub(crate) worker: Option<WorkerId>,
    pub(crate) hold: Hold,
    /// Until when the worker may announce it again, while there is none.
    pub(crate) grace_until_ms: u64,
    /// When the first request may have gone out: the first permit travels with the assignment. None if an earlier
    /// owner gave it.
    pub(crate) first_request_at_ms: Option<u64>,
    /// Its requests that wait for permits.
    pub(crate) thirsts: Vec<(HostIndex, (Lane, u64))>,
    pub(crate) course: Course,
    /// What is counted for it in the field.
    pub(crate) place: Option<Place>,
}

/// Who paid for a start, and how much.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Payer {
    pub(crate) lane: Lane,
    pub(crate) client: ClientIndex,
    pub(crate) charged_us: u64,
}

/// An attempt's way through slots.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Course {
    /// None if it was adopted from an earlier owner.
    pub(crate) payer: Option<Payer>,
    /// When it was started, or adopted.
    pub(crate) started_ms: u64,
    /// Suspended before the present suspension, if it is.
    aside_ms: u64,
    /// When it was put into its slot last.
    began_ms: u64,
    /// In slots before that.
    ran_ms: u64,
    /// In a slot: since when its work is not saved by a checkpoint, suspensions taken out.
    unsaved_since_ms: u64,
    /// Suspended: how much of its work is not saved.
    unsaved_ms: u64,
    pub(crate) suspended_at_ms: u64,
    /// Suspended: since when it presses for room, which a raise begins anew.
    pub(crate) pressed_at_ms: u64,
    pub(crate) hand_back_at_ms: u64,
    /// How often it was suspended, of which the last message may have been lost with a stream.
    pub(crate) suspensions: u32,
    /// Its lane started it by its share while a more urgent lane waited: not to be displaced.
    pub(crate) by_right: bool,
    /// Has it been in its slot for the minimum run time?
    pub(crate) ripe: bool,
    /// The task that was displaced for it.
    pub(crate) displaced: Option<TaskId>,
}

impl Course {
    pub(crate) fn new(now_ms: u64) -> Self {
        Self { started_ms: now_ms, began_ms: now_ms, unsaved_since_ms: now_ms, ..Self::default() }
    }

    /// Out of the slot for good.
    pub(crate) fn stop(&mut self, hold: Hold, now_ms: u64) {
        self.unsaved_ms = self.unsaved_ms(hold, now_ms);
        if hold == Hold::Slot {
            self.ran_ms += now_ms.saturating_sub(self.began_ms);
        }
    }

    /// Out of the slot, to return.
    pub(crate) fn pause(&mut self, now_ms: u64) {
        self.stop(Hold::Slot, now_ms);
        (self.suspended_at_ms, self.pressed_at_ms) = (now_ms, now_ms);
        (self.suspensions, self.ripe, self.by_right) = (self.suspensions.saturating_add(1), false, false);
    }

    /// Into a slot again.
    pub(crate) fn go_on(&mut self, now_ms: u64) {
        self.aside_ms = self.suspended_ms(Hold::Aside, now_ms);
        self.began_ms = now_ms;
        self.unsaved_since_ms = now_ms.saturating_sub(self.unsaved_ms);
    }

    /// All that was done so far is saved.
    pub(crate) fn saved(&mut self, now_ms: u64) {
        (self.unsaved_since_ms, self.unsaved_ms) = (now_ms, 0);
    }

    pub(crate) const fn began_ms(&self) -> u64 {
        self.began_ms
    }

    /// Has it been in its slot for this long?
    pub(crate) fn has_run(&self, ms: u64, now_ms: u64) -> bool {
        now_ms.saturating_sub(self.began_ms) >= ms
    }

    pub(crate) const fn unsaved_since_ms(&self) -> u64 {
        self.unsaved_since_ms
    }

    /// Work that would be lost with it.
    pub(crate) fn unsaved_ms(&self, hold: Hold, now_ms: u64) -> u64 {
        match hold {
            Hold::Slot => now_ms.saturating_sub(self.unsaved_since_ms),
            Hold::Aside => self.unsaved_ms,
            Hold::Nothing => 0,
        }
    }

    /// Time in suspension.
    pub(crate) fn suspended_ms(&self, hold: Hold, now_ms: u64) -> u64 {
        let current = if hold == Hold::Aside { now_ms.saturating_sub(self.suspended_at_ms) } else { 0 };
        self.aside_ms + current
    }

    /// Time in slots, in microseconds.
    pub(crate) fn slot_us(&self, hold: Hold, now_ms: u64) -> u64 {
        let current = if hold == Hold::Slot { now_ms.saturating_sub(self.began_ms) } else { 0 };
        (self.ran_ms + current).saturating_mul(1_000)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn time_counts_in_slots_only() {
        let mut course = Course::new(100);
        course.pause(130);
        assert_eq!((course.slot_us(Hold::Aside, 999), course.unsaved_ms(Hold::Aside, 999)), (30_000, 30));
        course.go_on(1_000);
        assert_eq!((course.slot_us(Hold::Slot, 1_005), course.unsaved_ms(Hold::Slot, 1_005)), (35_000, 35));
        assert_eq!(course.unsaved_since_ms(), 970);
        assert_eq!((course.suspended_ms(Hold::Slot, 1_005), course.started_ms), (870, 100));
        course.saved(1_010);
        assert_eq!((course.slot_us(Hold::Slot, 1_020), course.unsaved_ms(Hold::Slot, 1_020)), (50_000, 10));
    }
}
