//! Pre-emption: who is displaced for whom, and who returns when.
//!
//! The problem: every slot is busy, most of it with work that nobody hurries for, and a paid task comes. It displaces the
//! attempt that loses least, by its lane's target. But displacing must not become a way of life: a lane never displaces
//! its like, a task is displaced only so often, an attempt that just began or was just resumed is left alone, each lane
//! keeps a floor, and what a lane starts by its share while more urgent work waits is its own.
//!
//! A *press* is a lane's ready work that finds no room though its host may be asked. Its clock begins when that is seen
//! first and goes on until there is room, or nothing is ready, or the host is closed.

use std::cmp::Reverse;
use std::collections::BTreeMap;

use gleaner_model::{Displacement, Lane, TaskId};

use crate::attempts::Hold;
use crate::field::VictimKey;
use crate::scheduler::{Out, Scheduler};
use crate::tasks::Slot;
use crate::turns::Turn;
use crate::{HostIndex, Moment, Needs, WorkerId};

impl Scheduler {
    /// Displaces one attempt for the most urgent work whose target is over. False if there is none.
    pub(crate) fn displace_any(&mut self, now: Moment, out: Out<'_>) -> bool {
        self.look_for_presses(now);
        Lane::ALL.into_iter().any(|lane| {
            self.target_ms(lane).is_some()
                && (self.displace_for_suspended(lane, now, out) || self.displace_for_ready(lane, now, out))
        })
    }

    fn displace_for_ready(&mut self, lane: Lane, now: Moment, out: Out<'_>) -> bool {
        let Some((turn, victim)) = self.most_pressing(lane, now) else { return false };
        let asker = self.next_of(turn.stream).expect("a stream was chosen that has something to start");
        self.displace(victim, asker, now, out);
        let victim = self.tasks[victim].task();
        self.assign(turn.stream, false, Some(victim), now, out);
        true
    }

    /// A suspended attempt that was raised to a lane with a target displaces on its own worker.
    fn displace_for_suspended(&mut self, lane: Lane, now: Moment, out: Out<'_>) -> bool {
        let Some(target_ms) = self.target_ms(lane) else { return false };
        let due = |slot: &Slot| {
            let running = &self.running[slot];
            running.worker.is_some() && running.course.pressed_at_ms.saturating_add(target_ms) <= now.mono_ms
        };
        let asides = self.field.asides(lane).filter(due);
        let found = asides.filter_map(|slot| Some((slot, self.victim_at(self.running[&slot].worker?, lane)?))).next();
        let Some((slot, victim)) = found else { return false };
        self.resume_instead(slot, victim, now, out);
        true
    }

    fn resume_instead(&mut self, slot: Slot, victim: Slot, now: Moment, out: Out<'_>) {
        self.displace(victim, slot, now, out);
        self.resume(slot, false, now, out);
        let victim = self.tasks[victim].task();
        if let Some(running) = self.running.get_mut(&slot) {
            running.course.displaced = Some(victim);
        }
    }

    fn displace(&mut self, victim: Slot, asker: Slot, now: Moment, out: Out<'_>) {
        let (by, lane): (TaskId, Lane) = (self.tasks[asker].task(), self.urgency(asker));
        self.sides.note_displacement(victim, Displacement { by, lane, at: now.wall });
        self.counters.preempted += 1;
        self.set_aside(victim, now, out);
    }

    /// Which ready work of a lane is next among what has waited for the lane's target and can displace something, and
    /// what that is.
    fn most_pressing(&self, lane: Lane, now: Moment) -> Option<(Turn, Slot)> {
        let target_ms = self.target_ms(lane)?;
        let is_due = |since_ms: &u64| since_ms.saturating_add(target_ms) <= now.mono_ms;
        let found = self.turns.of(lane).filter_map(|(needs, ready)| {
            let presses = |turn: &Turn| {
                let host = self.streams.get(turn.stream).key.host;
                self.presses.get(&(lane, needs, host)).is_some_and(is_due) && self.next_of(turn.stream).is_some()
            };
            self.presses
                .range(span(lane))
                .any(|((_, pressing, _), since_ms)| *pressing == needs && is_due(since_ms))
                .then_some(())?;
            let victim = self.victim(needs, lane)?;
            Some((ready.in_order().find(presses)?, victim))
        });
        found.min_by_key(|(turn, _)| *turn)
    }

    /// Writes down which ready work finds no room, and since when.
    fn look_for_presses(&mut self, now: Moment) {
        let mut presses = BTreeMap::new();
        for lane in Lane::ALL {
            if self.target_ms(lane).is_none() || self.shares.lane(lane).queued == 0 {
                continue;
            }
            for (host, state) in self.hosts.open() {
                for (needs, front) in state.fronts_of(lane) {
                    if self.has_next(front) && self.room(lane, needs).is_none() {
                        let key = (lane, needs, host);
                        presses.insert(key, self.presses.get(&key).copied().unwrap_or(now.mono_ms));
                    }
                }
            }
        }
        self.presses = presses;
    }

    /// Who gives its slot to a task of `lane` with these needs: of the least urgent lane that has more than its floor,
    /// of the client furthest over its share of slots, the one with least unsaved work, then the youngest.
    pub(crate) fn victim(&self, needs: Needs, lane: Lane) -> Option<Slot> {
        let below = Lane::ALL.into_iter().rev().take_while(|below| *below > lane);
        below.filter(|below| self.field.running(needs, *below) > self.floor(needs, *below)).find_map(|below| {
            let victims = self.field.victims(needs, below, |slot| self.makes_room(slot, lane));
            let ranked = victims.map(|(client, key)| (self.excess(client, below), key));
            ranked.min().map(|(_, (_, _, slot))| slot)
        })
    }

    /// Would a task of `lane` get the slot that this attempt gives up? Not if a suspended attempt that is as urgent
    /// waits for it.
    fn makes_room(&self, victim: Slot, lane: Lane) -> bool {
        let worker = self.running.get(&victim).and_then(|running| self.roster.get(running.worker?));
        worker.is_some_and(|worker| worker.has_room_with(1, lane))
    }

    /// How far a client is over its share of slots in a lane; the lowest is furthest.
    fn excess(&self, client: crate::ClientIndex, lane: Lane) -> Reverse<u64> {
        let client = self.shares.client(client);
        Reverse((u64::from(client.lanes[lane.index()].running) << 32) / u64::from(client.weight.max(1)))
    }

    /// The same for one worker's slots, whose suspended attempt will make room among the suspended ones.
    fn victim_at(&self, worker: WorkerId, lane: Lane) -> Option<Slot> {
        let state = self.roster.get(worker)?;
        let candidates = state.attempts.iter().filter_map(|slot| {
            let running = self.running.get(slot).filter(|running| running.hold == Hold::Slot)?;
            let below = self.urgency(*slot);
            let free_to_go = running.course.ripe && !running.course.by_right && !self.is_outworn(*slot);
            let key: VictimKey = (Reverse(running.course.unsaved_since_ms()), Reverse(running.token), *slot);
            let may = below > lane && free_to_go && self.options.displaced_max > 0;
            may.then(|| (Reverse(below), self.excess(self.streams.key_of(&self.tasks, *slot).client, below), key))
        });
        let above_floor =
            |below: Lane| self.field.running(state.needs, below) > self.floor(state.needs, below) && state.is_open();
        candidates.filter(|(Reverse(below), _, _)| above_floor(*below)).min().map(|(_, _, (_, _, slot))| slot)
    }

    /// Puts one suspended attempt back into a free slot of its worker. False if there is none to which that may happen.
    pub(crate) fn resume_any(&mut self, now: Moment, out: Out<'_>) -> bool {
        if let Some(slot) = self.urgent_return() {
            self.resume(slot, false, now, out);
            return true;
        }
        let Some(slot) = self.calm_return(now) else { return false };
        self.resume(slot, false, now, out);
        true
    }

    /// A suspended attempt of a lane with a target and room at its worker.
    fn urgent_return(&self) -> Option<Slot> {
        let lanes = Lane::ALL.into_iter().filter(|lane| self.target_ms(*lane).is_some());
        lanes.flat_map(|lane| self.field.asides(lane)).find(|slot| self.has_slot(*slot))
    }

    fn has_slot(&self, slot: Slot) -> bool {
        let worker = self.running.get(&slot).and_then(|running| running.worker);
        worker.and_then(|worker| self.roster.get(worker)).is_some_and(|worker| worker.free() > 0)
    }

    /// The most urgent of a worker's suspended attempts, the longest suspended one of these, if the worker's free slots
    /// have rested and no more urgent work wants them. One that may not be displaced any more stays suspended while too
    /// many such run already: where attempts were displaced so often, its slot is soon wanted again.
    fn calm_return(&self, now: Moment) -> Option<Slot> {
        let mut rested = self.roster.resting().take_while(|(calm_at_ms, _)| *calm_at_ms <= now.mono_ms).peekable();
        rested.peek()?;
        let wishes = self.urgent_wishes();
        rested.map(|(_, worker)| worker).find_map(|worker| {
            let aside = |slot: &Slot| {
                self.running.get(slot).filter(|running| running.hold == Hold::Aside && self.may_start(*slot))
            };
            let attempts = self.roster.get(worker)?.attempts.iter();
            let ranked =
                attempts.filter_map(|slot| Some((self.urgency(*slot), aside(slot)?.course.suspended_at_ms, *slot)));
            let (lane, _, slot) = ranked.min()?;
            (!self.is_wanted(worker, lane, &wishes)).then_some(slot)
        })
    }

    /// What the lanes with a target would start next, and could: their wishes for room.
    pub(crate) fn urgent_wishes(&self) -> Vec<(Lane, Needs)> {
        let lanes = Lane::ALL.into_iter().filter(|lane| self.target_ms(*lane).is_some());
        let wish = |lane| Some((lane, self.streams.get(self.next_in(lane)?.stream).key.needs));
        lanes.filter_map(wish).collect()
    }

    /// Is the worker's room among what a lane more urgent than this one wishes?
    pub(crate) fn is_wanted(&self, worker: WorkerId, lane: Lane, wishes: &[(Lane, Needs)]) -> bool {
        let Some(worker) = self.roster.get(worker) else { return false };
        wishes.iter().any(|(above, needs)| *above < lane && worker.needs.cover(*needs))
    }

    /// A lane's suspended attempt that a free slot waits for, though more urgent work wants it too.
    pub(crate) fn return_by_right(&self, lane: Lane) -> Option<Slot> {
        self.field.asides(lane).find(|slot| self.has_slot(*slot))
    }

    /// When pre-emption has something to do again if nothing else happens. What could not be done at its time waits for
    /// something to change.
    pub(crate) fn next_displacement_ms(&self, now: Moment) -> Option<u64> {
        let later = |at_ms: &u64| *at_ms > now.mono_ms;
        let ready = self
            .presses
            .iter()
            .filter_map(|((lane, _, _), since_ms)| Some(since_ms.saturating_add(self.target_ms(*lane)?)));
        let suspended = Lane::ALL.into_iter().filter_map(|lane| Some((lane, self.target_ms(lane)?)));
        let suspended = suspended.flat_map(|(lane, target_ms)| {
            let since = |slot| self.running.get(&slot).map(|running| running.course.pressed_at_ms);
            self.field.asides(lane).filter_map(since).map(move |since_ms| since_ms.saturating_add(target_ms))
        });
        let due: Vec<u64> = ready.chain(suspended).collect();
        let ripe = self.field.ripening.front().map(|(at_ms, _, _)| *at_ms).filter(|_| due.iter().any(|at| !later(at)));
        let calm = self.roster.resting().map(|(at_ms, _)| at_ms).find(later);
        due.into_iter().chain(ripe).chain(calm).filter(later).min()
    }
}

/// All presses of a lane.
fn span(lane: Lane) -> std::ops::RangeInclusive<(Lane, Needs, HostIndex)> {
    (lane, Needs(0), HostIndex(0))..=(lane, Needs(u16::MAX), HostIndex(u16::MAX))
}
