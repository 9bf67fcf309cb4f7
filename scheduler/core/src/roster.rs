//! The connected workers: what they can do, how much room they have, until when their leases hold.

use std::cmp::Reverse;
use std::collections::{BTreeMap, BTreeSet};

use crate::tasks::Slot;
use crate::{Needs, WorkerId};

pub(crate) struct Worker {
    pub(crate) slots: u16,
    pub(crate) needs: Needs,
    /// The tasks of its attempts, finished ones that wait to be told included.
    pub(crate) attempts: BTreeSet<Slot>,
    /// Attempts that take a slot.
    pub(crate) taken: u16,
    pub(crate) draining: bool,
    pub(crate) silent: bool,
    pub(crate) lease_until_ms: u64,
}

impl Worker {
    fn free(&self) -> u16 {
        if self.draining || self.silent { 0 } else { self.slots.saturating_sub(self.taken) }
    }
}

#[derive(Default)]
pub(crate) struct Roster {
    workers: BTreeMap<WorkerId, Worker>,
    /// Workers with room, by what they can do; most room first, then the lowest id.
    room: BTreeMap<Needs, BTreeSet<(Reverse<u16>, WorkerId)>>,
    leases: BTreeSet<(u64, WorkerId)>,
}

impl Roster {
    pub(crate) fn join(&mut self, id: WorkerId, slots: u16, needs: Needs, lease_until_ms: u64) {
        let worker = Worker {
            slots,
            needs,
            attempts: BTreeSet::new(),
            taken: 0,
            draining: false,
            silent: false,
            lease_until_ms,
        };
        self.leases.insert((lease_until_ms, id));
        self.workers.insert(id, worker);
        self.change(id, |_| ());
    }

    pub(crate) fn all(&self) -> impl Iterator<Item = (WorkerId, &Worker)> {
        self.workers.iter().map(|(id, worker)| (*id, worker))
    }

    /// Changes a worker and keeps the list of rooms right.
    pub(crate) fn change(&mut self, id: WorkerId, change: impl FnOnce(&mut Worker)) {
        let Some(worker) = self.workers.get_mut(&id) else { return };
        let before = (Reverse(worker.free()), id);
        change(worker);
        let (after, needs) = ((Reverse(worker.free()), id), worker.needs);
        let rooms = self.room.entry(needs).or_default();
        rooms.remove(&before);
        if after.0.0 > 0 {
            rooms.insert(after);
        }
        if rooms.is_empty() {
            self.room.remove(&needs);
        }
    }

    pub(crate) fn remove(&mut self, id: WorkerId) -> Option<Worker> {
        self.change(id, |worker| worker.draining = true);
        let worker = self.workers.remove(&id)?;
        self.leases.remove(&(worker.lease_until_ms, id));
        Some(worker)
    }

    /// A sign of life. False if there is no such worker.
    pub(crate) fn renew(&mut self, id: WorkerId, lease_until_ms: u64) -> bool {
        let Some(worker) = self.workers.get_mut(&id) else { return false };
        self.leases.remove(&(worker.lease_until_ms, id));
        worker.lease_until_ms = worker.lease_until_ms.max(lease_until_ms);
        self.leases.insert((worker.lease_until_ms, id));
        if worker.silent {
            self.change(id, |worker| worker.silent = false);
        }
        true
    }

    /// The lease that ends next.
    pub(crate) fn next_lease(&self) -> Option<(u64, WorkerId)> {
        self.leases.first().copied()
    }

    /// The worker's lease is over: it gets nothing until it gives a sign of life. Tells its attempts.
    pub(crate) fn silence(&mut self, id: WorkerId) -> BTreeSet<Slot> {
        if let Some(worker) = self.workers.get(&id) {
            self.leases.remove(&(worker.lease_until_ms, id));
        }
        let mut attempts = BTreeSet::new();
        self.change(id, |worker| {
            worker.silent = true;
            worker.taken = 0;
            attempts = std::mem::take(&mut worker.attempts);
        });
        attempts
    }

    pub(crate) fn take(&mut self, id: WorkerId, task: Slot, takes_slot: bool) {
        self.change(id, |worker| {
            worker.attempts.insert(task);
            worker.taken += u16::from(takes_slot);
        });
    }

    pub(crate) fn give_back(&mut self, id: WorkerId, task: Slot, takes_slot: bool) {
        self.change(id, |worker| {
            if worker.attempts.remove(&task) {
                worker.taken -= u16::from(takes_slot);
            }
        });
    }

    /// Who gets a task: of those with room that can do it the one with most room, then the lowest id.
    pub(crate) fn choose(&self, wanted: Needs) -> Option<WorkerId> {
        let able = self.room.iter().filter(|(needs, _)| needs.cover(wanted));
        able.filter_map(|(_, rooms)| rooms.first()).min().map(|(_, id)| *id)
    }

    pub(crate) fn has_room(&self) -> bool {
        !self.room.is_empty()
    }

    /// Could any connected worker do it, busy or not?
    pub(crate) fn anyone_can(&self, wanted: Needs) -> bool {
        self.workers.values().any(|worker| !worker.draining && !worker.silent && worker.needs.cover(wanted))
    }
}
