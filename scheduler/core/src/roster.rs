//! The connected workers: what they can do, how much room they have, until when their leases hold.

use std::cmp::Reverse;
use std::collections::{BTreeMap, BTreeSet};

use gleaner_model::Lane;

use crate::tasks::Slot;
use crate::{Needs, WorkerId};

pub(crate) struct Worker {
    /// Stands for its name, if that was said.
    pub(crate) identity: Option<u64>,
    pub(crate) slots: u16,
    pub(crate) needs: Needs,
    /// The tasks of its attempts, suspended ones and finished ones that wait to be told included.
    pub(crate) attempts: BTreeSet<Slot>,
    /// Attempts that take a slot.
    pub(crate) taken: u16,
    /// Suspended attempts, by lane.
    pub(crate) aside: [u16; 4],
    /// How many of these it may have.
    pub(crate) aside_max: u16,
    /// Until then a slot that a suspended attempt waits for rests.
    pub(crate) calm_at_ms: u64,
    pub(crate) draining: bool,
    pub(crate) silent: bool,
    /// Does it say when requests end?
    pub(crate) tells_ends: bool,
    pub(crate) lease_until_ms: u64,
}

/// Where a worker stands among those with room.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Room {
    None,
    /// Free slots that nobody waits for.
    Plain(u16),
    /// Free slots, of which this many are more than its suspended attempts wait for; and until when those rest.
    Kept(u16, u64),
}

impl Worker {
    pub(crate) fn free(&self) -> u16 {
        if self.is_open() { self.slots.saturating_sub(self.taken) } else { 0 }
    }

    /// Does it get anything new?
    pub(crate) const fn is_open(&self) -> bool {
        !self.draining && !self.silent
    }

    /// Suspended attempts.
    pub(crate) fn suspended(&self) -> u16 {
        self.aside.iter().sum()
    }

    /// May no more of its attempts be suspended?
    pub(crate) fn is_full(&self) -> bool {
        self.suspended() >= self.aside_max
    }

    fn room(&self) -> Room {
        match (self.free(), self.suspended()) {
            (0, _) => Room::None,
            (free, 0) => Room::Plain(free),
            (free, suspended) => Room::Kept(free.saturating_sub(suspended), self.calm_at_ms),
        }
    }

    /// Has it a free slot for a lane that may take what is kept for lesser lanes' suspended attempts?
    fn has_room_before(&self, lane: Lane) -> bool {
        self.has_room_with(0, lane)
    }

    /// Would it, with so many free slots more?
    pub(crate) fn has_room_with(&self, more: u16, lane: Lane) -> bool {
        self.free().saturating_add(more) > self.aside[..=lane.index()].iter().sum()
    }
}

type Rooms = BTreeSet<(Reverse<u16>, WorkerId)>;

#[derive(Default)]
pub(crate) struct Roster {
    workers: BTreeMap<WorkerId, Worker>,
    /// Workers with room that nobody waits for, by what they can do; most room first, then the lowest id.
    room: BTreeMap<Needs, Rooms>,
    /// Workers with room and suspended attempts; those with most room beyond these first.
    kept: BTreeMap<Needs, Rooms>,
    /// The same workers, by the end of their rest.
    resting: BTreeSet<(u64, WorkerId)>,
    /// Slots of open workers, by what they can do.
    slots: BTreeMap<Needs, u32>,
    leases: BTreeSet<(u64, WorkerId)>,
}

fn put(rooms: &mut BTreeMap<Needs, Rooms>, needs: Needs, room: (Reverse<u16>, WorkerId)) {
    rooms.entry(needs).or_default().insert(room);
}

fn take_out(rooms: &mut BTreeMap<Needs, Rooms>, needs: Needs, room: (Reverse<u16>, WorkerId)) {
    if let Some(there) = rooms.get_mut(&needs) {
        there.remove(&room);
        if there.is_empty() {
            rooms.remove(&needs);
        }
    }
}

impl Roster {
    pub(crate) fn join(&mut self, id: WorkerId, slots: u16, aside_max: u16, needs: Needs, lease_until_ms: u64) {
        let worker = Worker {
            identity: None,
            slots,
            needs,
            attempts: BTreeSet::new(),
            taken: 0,
            aside: [0; 4],
            aside_max: aside_max.min(slots),
            calm_at_ms: 0,
            // Enters closed, and is opened like any other change.
            draining: true,
            silent: false,
            tells_ends: false,
            lease_until_ms,
        };
        self.leases.insert((lease_until_ms, id));
        self.workers.insert(id, worker);
        self.change(id, |worker| worker.draining = false);
    }

    pub(crate) fn get(&self, id: WorkerId) -> Option<&Worker> {
        self.workers.get(&id)
    }

    pub(crate) fn all(&self) -> impl Iterator<Item = (WorkerId, &Worker)> {
        self.workers.iter().map(|(id, worker)| (*id, worker))
    }

    /// Changes a worker and keeps the lists of rooms right.
    pub(crate) fn change(&mut self, id: WorkerId, change: impl FnOnce(&mut Worker)) {
        let Some(worker) = self.workers.get_mut(&id) else { return };
        let open_slots = |worker: &Worker| if worker.is_open() { u32::from(worker.slots) } else { 0 };
        let (before, slots_before) = (worker.room(), open_slots(worker));
        change(worker);
        let (after, slots_after, needs) = (worker.room(), open_slots(worker), worker.needs);
        if slots_before != slots_after {
            let slots = self.slots.entry(needs).or_default();
            *slots = *slots + slots_after - slots_before;
            if *slots == 0 {
                self.slots.remove(&needs);
            }
        }
        if before == after {
            return;
        }
        match before {
            Room::None => {}
            Room::Plain(free) => take_out(&mut self.room, needs, (Reverse(free), id)),
            Room::Kept(beyond, calm_at_ms) => {
                take_out(&mut self.kept, needs, (Reverse(beyond), id));
                self.resting.remove(&(calm_at_ms, id));
            }
        }
        match after {
            Room::None => {}
            Room::Plain(free) => put(&mut self.room, needs, (Reverse(free), id)),
            Room::Kept(beyond, calm_at_ms) => {
                put(&mut self.kept, needs, (Reverse(beyond), id));
                self.resting.insert((calm_at_ms, id));
            }
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

    /// Who gets a task: of those with room that can do it the one with most room, then the lowest id. A free slot that
    /// a suspended attempt waits for counts only for `urgent` lanes, and for these only if it waits in a lesser lane.
    pub(crate) fn choose(&self, wanted: Needs, urgent: Option<Lane>) -> Option<WorkerId> {
        let able = |rooms: &'_ BTreeMap<Needs, Rooms>| {
            let able = rooms.iter().filter(|(needs, _)| needs.cover(wanted));
            able.filter_map(|(_, rooms)| rooms.first().copied()).min()
        };
        let beyond = able(&self.kept).filter(|(Reverse(room), _)| *room > 0);
        let best = able(&self.room).into_iter().chain(beyond).min().map(|(_, id)| id);
        best.or_else(|| self.choose_kept(wanted, urgent?))
    }

    fn choose_kept(&self, wanted: Needs, lane: Lane) -> Option<WorkerId> {
        let able = self.kept.iter().filter(|(needs, _)| needs.cover(wanted));
        let has_room = |id: &WorkerId| self.workers.get(id).is_some_and(|worker| worker.has_room_before(lane));
        able.filter_map(|(_, rooms)| rooms.iter().find(|(_, id)| has_room(id))).min().map(|(_, id)| *id)
    }

    /// The workers that can do the same as this one and have slots that nobody waits for; none if it has none itself.
    pub(crate) fn alike_with_room(&self, id: WorkerId) -> impl Iterator<Item = (WorkerId, &Worker)> + Clone {
        let like = self.workers.get(&id).filter(|worker| worker.free() > worker.suspended()).map(|worker| worker.needs);
        let rooms = [&self.room, &self.kept].into_iter();
        let alike = rooms.filter_map(move |rooms| rooms.get(&like?)).flatten();
        let beyond = alike.filter(|(Reverse(room), _)| *room > 0);
        beyond.filter_map(|(_, id)| Some((*id, self.workers.get(id)?)))
    }

    pub(crate) fn has_room(&self) -> bool {
        !self.room.is_empty() || !self.kept.is_empty()
    }

    /// Workers with room to which suspended attempts may return, by the end of their rest.
    pub(crate) fn resting(&self) -> impl Iterator<Item = (u64, WorkerId)> {
        self.resting.iter().copied()
    }

    /// Slots of the workers that can do what is wanted and get new work.
    pub(crate) fn slots(&self, wanted: Needs) -> u32 {
        self.slots.iter().filter(|(needs, _)| needs.cover(wanted)).map(|(_, slots)| *slots).sum()
    }

    /// Could any connected worker do it, busy or not?
    pub(crate) fn anyone_can(&self, wanted: Needs) -> bool {
        self.workers.values().any(|worker| worker.is_open() && worker.needs.cover(wanted))
    }
}
