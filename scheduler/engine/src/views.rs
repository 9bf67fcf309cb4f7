//! What operators see of the scheduler's surroundings.

use gleaner_core::{HostView, LaneView, WorkerView};
use gleaner_model::{Lane, Timestamp, WorkerName};

/// A worker's session.
#[derive(Clone, Debug)]
pub(crate) struct WorkerState {
    pub(crate) name: WorkerName,
    pub(crate) version: String,
    pub(crate) connected_at: Timestamp,
    pub(crate) last_seen: Timestamp,
    pub(crate) accepted: u64,
    pub(crate) view: WorkerView,
}

/// A host.
pub(crate) type HostState = HostView;

/// A lane's depth.
#[derive(Clone, Copy, Debug)]
pub(crate) struct LaneState {
    pub(crate) lane: Lane,
    pub(crate) view: LaneView,
    pub(crate) ended: u64,
    pub(crate) weight: u32,
    pub(crate) floor_permille: u16,
    /// What waits for slots, in milliseconds of all of them.
    pub(crate) backlog_ms: u64,
    pub(crate) waits_for_hosts: u64,
}

/// What waits and runs, as it was a moment ago.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Depths {
    /// Slots of the workers that get new work.
    pub(crate) slots: u32,
    /// Most urgent first.
    pub(crate) lanes: [LaneState; 4],
}
