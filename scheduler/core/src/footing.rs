//! How running attempts stand towards pre-emption: the one place that keeps attempts, workers and the field in step.

use std::cmp::Reverse;

use gleaner_model::Lane;

use crate::attempts::Hold;
use crate::field::{Place, Standing};
use crate::roster::Worker;
use crate::scheduler::Scheduler;
use crate::tasks::{Slot, State};
use crate::{Moment, Needs, WorkerId};

impl Scheduler {
    /// After how long do this lane's ready tasks displace lesser work, if they do?
    pub(crate) fn target_ms(&self, lane: Lane) -> Option<u64> {
        self.options.displace_after_ms[lane.index()]
    }

    /// Can work of this lane be displaced at all?
    pub(crate) fn is_threatened(&self, lane: Lane) -> bool {
        Lane::ALL.into_iter().take_while(|above| *above < lane).any(|above| self.target_ms(above).is_some())
    }

    /// Was the task displaced as often as it may be?
    pub(crate) fn is_outworn(&self, slot: Slot) -> bool {
        let displaced = self.sides.displaced(slot);
        displaced > 0 && displaced >= usize::from(self.options.displaced_max)
    }

    /// The lane in which a running task counts: its own, or that of the follow-up which waits for its end.
    pub(crate) fn urgency(&self, slot: Slot) -> Lane {
        let lane = |slot| self.streams.key_of(&self.tasks, slot).lane;
        self.follow_ups.get(&slot).map_or(lane(slot), |follower| lane(slot).min(lane(*follower)))
    }

    /// The worker that a task of this lane would get now.
    pub(crate) fn room(&self, lane: Lane, needs: Needs) -> Option<WorkerId> {
        self.roster.choose(needs, self.target_ms(lane).map(|_| lane))
    }

    /// Is there room for one more attempt that may not be displaced?
    pub(crate) fn has_protected_room(&self, needs: Needs) -> bool {
        self.field.protected(needs) < self.part_of_slots(needs, self.options.protected_permille).max(1)
    }

    /// How many attempts of a lane are left alone in the slots of workers that can do what is wanted.
    pub(crate) fn floor(&self, needs: Needs, lane: Lane) -> u32 {
        self.part_of_slots(needs, self.options.lane_floors_permille[lane.index()])
    }

    fn part_of_slots(&self, needs: Needs, permille: u16) -> u32 {
        self.roster.slots(needs).saturating_mul(u32::from(permille.min(1_000))) / 1_000
    }

    /// May this ready task be put into a slot? One that may not be displaced any more needs protected room.
    pub(crate) fn may_start(&self, slot: Slot) -> bool {
        let key = self.streams.key_of(&self.tasks, slot);
        !self.is_outworn(slot) || !self.is_threatened(key.lane) || self.has_protected_room(key.needs)
    }

    /// Brings what is counted for a running attempt up to date; to be called after anything about it changed.
    pub(crate) fn place(&mut self, slot: Slot) {
        let wanted = self.place_of(slot);
        self.exchange_place(slot, wanted);
    }

    /// Nothing is counted for the attempt any more.
    pub(crate) fn unplace(&mut self, slot: Slot) {
        self.exchange_place(slot, None);
    }

    fn exchange_place(&mut self, slot: Slot, wanted: Option<Place>) {
        let Some(running) = self.running.get_mut(&slot) else { return };
        let old = std::mem::replace(&mut running.place, wanted);
        if old == wanted {
            return;
        }
        if let Some(old) = old {
            self.field.leave(slot, old);
            self.count(old, -1);
        }
        if let Some(new) = wanted {
            self.field.enter(slot, new);
            self.count(new, 1);
        }
    }

    fn count(&mut self, place: Place, change: i8) {
        let lane = place.lane.index();
        if matches!(place.standing, Standing::Aside(_)) {
            let was_full = self.is_full(place.worker);
            self.roster.change(place.worker, |worker| {
                worker.aside[lane] = worker.aside[lane].saturating_add_signed(change.into());
            });
            if was_full != self.is_full(place.worker) {
                self.place_all(place.worker);
            }
        } else {
            let running = &mut self.shares.client_mut(place.client).lanes[lane].running;
            *running = running.saturating_add_signed(change.into());
        }
    }

    fn is_full(&self, worker: WorkerId) -> bool {
        self.roster.get(worker).is_some_and(Worker::is_full)
    }

    /// Something about a worker changed that matters to how its attempts in slots stand.
    pub(crate) fn place_all(&mut self, worker: WorkerId) {
        let Some(worker) = self.roster.get(worker) else { return };
        let in_slot = |slot: &Slot| self.running.get(slot).is_some_and(|running| running.hold == Hold::Slot);
        let attempts: Vec<_> = worker.attempts.iter().copied().filter(in_slot).collect();
        attempts.into_iter().for_each(|slot| self.place(slot));
    }

    /// The lane of a task changed: how its attempt stands, or that of the task which it waits for, may have as well.
    pub(crate) fn lane_changed(&mut self, slot: Slot, now: Moment) {
        let leader = self.leaders.get(&slot).copied();
        for slot in [Some(slot), leader].into_iter().flatten() {
            if self.tasks[slot].state != State::Running {
                continue;
            }
            let before = self.running.get(&slot).and_then(|running| running.place).map(|place| place.lane);
            self.place(slot);
            self.ripen_later(slot);
            let raised = before.is_some_and(|before| self.urgency(slot) < before);
            if let Some(running) = self.running.get_mut(&slot).filter(|_| raised) {
                // With the rights of the new lane, from now on.
                running.course.pressed_at_ms = now.mono_ms;
            }
        }
    }

    fn place_of(&self, slot: Slot) -> Option<Place> {
        let running = self.running.get(&slot)?;
        let worker = self.roster.get(running.worker?)?;
        let (lane, course) = (self.urgency(slot), &running.course);
        let standing = match running.hold {
            Hold::Nothing => return None,
            Hold::Aside => Standing::Aside(course.suspended_at_ms),
            Hold::Slot if !worker.is_open() => return None,
            Hold::Slot if !self.is_threatened(lane) => Standing::Plain,
            Hold::Slot if course.by_right || self.is_outworn(slot) => Standing::Protected,
            Hold::Slot if course.ripe && self.options.displaced_max > 0 && !worker.is_full() => {
                Standing::Victim((Reverse(course.unsaved_since_ms()), Reverse(running.token), slot))
            }
            Hold::Slot => Standing::Plain,
        };
        let client = self.streams.key_of(&self.tasks, slot).client;
        Some(Place { worker: running.worker?, class: worker.needs, lane, client, standing })
    }

    /// The attempt was put into a slot, or its lane is threatened now: it may be displaced when it has run for a while.
    pub(crate) fn ripen_later(&mut self, slot: Slot) {
        let Some(running) = self.running.get(&slot) else { return };
        if running.hold == Hold::Slot && self.is_threatened(self.urgency(slot)) {
            let ripe_at_ms = running.course.began_ms().saturating_add(self.options.min_run_ms);
            self.field.ripen_at(ripe_at_ms, slot, running.token);
        }
    }

    /// Lets those be displaced that ran for long enough.
    pub(crate) fn ripen(&mut self, now: Moment) {
        while let Some((ripe_at_ms, slot, token)) = self.field.ripening.front().copied() {
            if ripe_at_ms > now.mono_ms {
                break;
            }
            self.field.ripening.pop_front();
            let Some(running) = self.running.get_mut(&slot).filter(|running| running.token == token) else { continue };
            // Suspended and resumed meanwhile, it has another turn further behind.
            if running.hold == Hold::Slot && running.course.has_run(self.options.min_run_ms, now.mono_ms) {
                running.course.ripe = true;
                self.place(slot);
            }
        }
    }
}
