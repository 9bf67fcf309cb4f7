//! Which worker gets a task, of those with a free slot.
//!
//! The problem: a worker keeps documents of the packages that it crawled, and whoever crawls the same package next can use
//! them; but nobody knows who has what, workers come and go, and a table of fourteen million packages is not to be kept
//! for this. So every worker is given a share of all packages by a rule alone: of the workers in question the one with the
//! highest hash of (worker, package) is asked first (rendezvous hashing; Thaler and Ravishankar, 1998). When one goes, only
//! its packages move; when one comes, it takes an even part from all.
//!
//! It is a preference among free slots and nothing else: no task waits for a worker that is busy, and a worker that is
//! clearly fuller than the others is passed over (bounded load; Mirrokni, Thorup and Zadimoghaddam, 2016).

use crate::roster::Worker;
use crate::scheduler::Scheduler;
use crate::streams::StreamKey;
use crate::tasks::Slot;
use crate::{TargetKey, WorkerId};

/// A worker may be fuller than the average of those with room by this many quarters of it.
const FULLER_QUARTERS: u64 = 5;

impl TargetKey {
    /// The half that stands for the package alone.
    pub(crate) fn package(self) -> u64 {
        u64::try_from(self.0 >> 64).expect("the upper half has 64 bits")
    }
}

impl Scheduler {
    /// Says who is behind a session: a hash of the worker's name, the same in every session and in every epoch. From now
    /// on its share of the packages is preferably crawled there. Without this nothing is.
    pub fn identify(&mut self, worker: WorkerId, identity: u64) {
        self.roster.change(worker, |worker| worker.identity = Some(identity));
    }

    /// The worker for a task. Among those that can do the same as the one that would get any such task, with slots that
    /// nobody waits for, the one whose package it is; else that one.
    pub(crate) fn worker_for(&self, slot: Slot, key: StreamKey) -> Option<WorkerId> {
        let any = self.room(key.lane, key.needs)?;
        let package = self.tasks[slot].target().package();
        Some(preferred(self.roster.alike_with_room(any), package).unwrap_or(any))
    }
}

/// Whose package it is, of these workers.
fn preferred<'a>(workers: impl Iterator<Item = (WorkerId, &'a Worker)> + Clone, package: u64) -> Option<WorkerId> {
    let sum = |(taken, slots): (u64, u64), (_, worker): (_, &Worker)| {
        (taken + u64::from(worker.taken), slots + u64::from(worker.slots))
    };
    let (taken, slots) = workers.clone().fold((0, 0), sum);
    let fits = |worker: &Worker| {
        let own = u64::from(worker.slots);
        // One more here against what would be an even load with one more.
        let bound = (own / 2).max(((taken + 1) * own * FULLER_QUARTERS).div_ceil(slots.max(1) * 4));
        u64::from(worker.taken) < bound
    };
    let score = |(id, worker): (WorkerId, &Worker)| Some((mix(worker.identity? ^ mix(package)), id));
    workers.filter(|(_, worker)| fits(worker)).filter_map(score).max().map(|(_, id)| id)
}

/// The finaliser of SplitMix64 (Steele, Lea and Flood, 2014): every bit of the result hangs on every bit of the input.
const fn mix(number: u64) -> u64 {
    let mut z = number.wrapping_add(0x9e37_79b9_7f4a_7c15);
    z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
    z ^ (z >> 31)
}
