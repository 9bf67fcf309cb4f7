//! Bodies of work at workers: what each is doing, since when it has its slot, and what becomes of it when it is told to
//! make room.

use std::collections::BTreeMap;

use gleaner_core::{HostIndex, WorkerId};
use gleaner_model::{Attempt, Lane, TaskId};

use super::work::{Kind, Left};

/// What a body is doing.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Phase {
    /// Nothing: it is suspended.
    Still,
    /// It is about to ask for a permit.
    Begins,
    /// It waits for a permit.
    Asks,
    /// A request is under way. It goes on when the body is suspended: it drains.
    Requests,
    /// It computes until then.
    Computes(u64),
}

/// A body of work.
#[derive(Clone, Copy, Debug)]
pub(super) struct Body {
    pub(super) attempt: Attempt,
    pub(super) worker: WorkerId,
    pub(super) host: HostIndex,
    /// Whose it is, and in which lane it counts.
    pub(super) client: u8,
    pub(super) lane: Lane,
    pub(super) kind: Kind,
    pub(super) left: Left,
    pub(super) phase: Phase,
    /// Rises when what it does is broken off; a step that was set down before is void.
    pub(super) turn: u32,
    /// Since when its slot time is not counted yet; none while it has no slot.
    pub(super) since_ms: Option<u64>,
    /// Its slot time that was counted.
    pub(super) slot_ms: u64,
}

impl Body {
    /// Takes the slot time since it was counted last.
    pub(super) fn count(&mut self, now_ms: u64) -> u64 {
        let Some(since_ms) = self.since_ms else { return 0 };
        self.since_ms = Some(now_ms);
        self.slot_ms += now_ms - since_ms;
        now_ms - since_ms
    }

    /// Out of its slot. Tells the slot time that was not counted yet.
    pub(super) fn pause(&mut self, now_ms: u64) -> u64 {
        let counted = self.count(now_ms);
        self.since_ms = None;
        if let Phase::Computes(until_ms) = self.phase {
            self.left.compute_ms = until_ms.saturating_sub(now_ms);
        }
        if self.phase != Phase::Requests {
            self.phase = Phase::Still;
            self.turn += 1;
        }
        counted
    }
}

/// The bodies that workers have, and what handed-back tasks have left to do.
#[derive(Debug, Default)]
pub(super) struct Bodies {
    pub(super) of: BTreeMap<TaskId, Body>,
    /// Of tasks whose checkpoint was kept.
    pub(super) carried: BTreeMap<TaskId, Left>,
}

impl Bodies {
    pub(super) fn get(&mut self, attempt: Attempt) -> Option<&mut Body> {
        self.of.get_mut(&attempt.task).filter(|body| body.attempt == attempt)
    }

    /// Takes out what a worker has: it is gone.
    pub(super) fn lose(&mut self, worker: WorkerId) -> Vec<Body> {
        let of_worker = |body: &&Body| body.worker == worker;
        let lost: Vec<_> = self.of.values().filter(of_worker).copied().collect();
        for body in &lost {
            self.of.remove(&body.attempt.task);
        }
        lost
    }
}
