//! Suspending, resuming, handing back: what happens to an attempt that gives its slot to more urgent work.

use std::cmp::Reverse;

use gleaner_model::Attempt;

use crate::attempts::Hold;
use crate::queues::End;
use crate::scheduler::{Out, Scheduler};
use crate::tasks::Slot;
use crate::{Effect, Moment, WorkerId};

/// How much longer a rest is for each time more that an attempt was displaced: 50 ms, 400 ms, three seconds. Where paid
/// work comes every now and then this keeps some slots for it, instead of one attempt after the other to be worn out.
const REST_GROWTH: u64 = 8;

impl Scheduler {
    /// Takes an attempt out of its slot, which is free at once. It keeps its lease and gets no permits: what it asked
    /// for before it asks for anew when it goes on.
    pub(crate) fn set_aside(&mut self, slot: Slot, now: Moment, out: Out<'_>) {
        self.stop_thirst(slot, now);
        let hand_back_at_ms = now.mono_ms.saturating_add(self.options.hand_back_ms);
        let task = self.tasks[slot].task();
        let Some(running) = self.running.get_mut(&slot) else { return };
        let (Hold::Slot, Some(worker)) = (running.hold, running.worker) else { return };
        running.hold = Hold::Aside;
        running.course.pause(now.mono_ms);
        running.course.hand_back_at_ms = hand_back_at_ms;
        out.push(Effect::Suspend { worker, attempt: Attempt { task, token: running.token } });
        let lane = self.streams.key_of(&self.tasks, slot).lane;
        let share = self.shares.lane_mut(lane);
        (share.running, share.suspended) = (share.running - 1, share.suspended + 1);
        self.hand_backs.insert((hand_back_at_ms, slot));
        self.roster.change(worker, |worker| worker.taken -= 1);
        self.place(slot);
        self.rest(worker, now);
    }

    /// Puts a suspended attempt back into a slot of its worker. Nothing is charged: it paid for its start.
    pub(crate) fn resume(&mut self, slot: Slot, by_right: bool, now: Moment, out: Out<'_>) {
        let task = self.tasks[slot].task();
        let Some(running) = self.running.get_mut(&slot) else { return };
        let (Hold::Aside, Some(worker)) = (running.hold, running.worker) else { return };
        running.hold = Hold::Slot;
        running.course.go_on(now.mono_ms);
        running.course.by_right = by_right;
        self.hand_backs.remove(&(running.course.hand_back_at_ms, slot));
        out.push(Effect::Resume { worker, attempt: Attempt { task, token: running.token } });
        let lane = self.streams.key_of(&self.tasks, slot).lane;
        let share = self.shares.lane_mut(lane);
        (share.running, share.suspended) = (share.running + 1, share.suspended - 1);
        self.roster.change(worker, |worker| worker.taken += 1);
        self.place(slot);
        self.ripen_later(slot);
        self.counters.resumed += 1;
    }

    /// Ends an attempt through no fault of its own: the task goes to the head of its queue, with its checkpoint, and
    /// the attempt does not count.
    pub(crate) fn hand_back(&mut self, slot: Slot, now: Moment, out: Out<'_>) {
        let Some(running) = self.running.get(&slot) else { return };
        self.counters.handed_back += 1;
        self.counters.work_lost_ms += running.course.unsaved_ms(running.hold, now.mono_ms);
        self.stop_attempt(slot, out);
        self.end_attempt(slot, now);
        self.release_follow_up(slot, now);
        self.enqueue(slot, End::Head, now);
        out.push(Effect::Requeued { task: self.tasks[slot].task() });
    }

    /// Hands back what was suspended for too long.
    pub(crate) fn end_suspensions(&mut self, now: Moment, out: Out<'_>) {
        for _ in 0..self.options.tick_max {
            let Some((at_ms, slot)) = self.hand_backs.first().copied() else { break };
            if at_ms > now.mono_ms {
                break;
            }
            self.hand_back(slot, now, out);
        }
    }

    /// The worker gets nothing new, so nothing will be resumed there: the next tick hands it back.
    pub(crate) fn give_up_suspended(&mut self, worker: WorkerId) {
        let Some(worker) = self.roster.get(worker) else { return };
        for slot in &worker.attempts {
            if let Some(running) = self.running.get_mut(slot).filter(|running| running.hold == Hold::Aside) {
                self.hand_backs.remove(&(running.course.hand_back_at_ms, *slot));
                running.course.hand_back_at_ms = 0;
                self.hand_backs.insert((0, *slot));
            }
        }
    }

    /// Urgent work came to this worker or went from it, or something was suspended there: slots that suspended
    /// attempts wait for are left alone for a while, and for longer the more often one of them was displaced.
    pub(crate) fn rest(&mut self, worker: WorkerId, now: Moment) {
        let Some(state) = self.roster.get(worker) else { return };
        let aside = |slot: &&Slot| self.running.get(*slot).is_some_and(|running| running.hold == Hold::Aside);
        let displaced = state.attempts.iter().filter(aside).map(|slot| self.sides.displaced(*slot)).max();
        let again = u32::try_from(displaced.unwrap_or(0).saturating_sub(1)).unwrap_or(u32::MAX);
        let factor = REST_GROWTH.saturating_pow(again);
        let rest_ms = self.options.calm_ms.saturating_mul(factor).min(self.options.hand_back_ms / 2);
        let calm_at_ms = now.mono_ms.saturating_add(rest_ms);
        self.roster.change(worker, |worker| worker.calm_at_ms = calm_at_ms);
    }

    /// A worker may come back with more unfinished attempts than slots: the scheduler that suspended some of them died,
    /// or it has fewer slots now. The least urgent and youngest ones are suspended, or handed back if there are too
    /// many of those as well.
    pub(crate) fn fit(&mut self, worker: WorkerId, now: Moment, out: Out<'_>) {
        while let Some((slot, may_suspend)) = self.misfit(worker) {
            if may_suspend {
                self.set_aside(slot, now, out);
            } else {
                self.hand_back(slot, now, out);
            }
        }
    }

    /// The attempt that is first to go, and whether it may be suspended.
    fn misfit(&self, worker: WorkerId) -> Option<(Slot, bool)> {
        let state = self.roster.get(worker)?;
        let too_many_aside = state.suspended() > state.aside_max;
        let wanted = match (state.taken > state.slots, too_many_aside) {
            (_, true) => Hold::Aside,
            (true, false) => Hold::Slot,
            (false, false) => return None,
        };
        let held = state.attempts.iter().filter_map(|slot| Some((*slot, self.running.get(slot)?)));
        let fitting = held.filter(|(_, running)| running.hold == wanted);
        let (slot, _) = fitting.max_by_key(|(slot, running)| (self.urgency(*slot), running.token, Reverse(*slot)))?;
        Some((slot, wanted == Hold::Slot && !state.is_full()))
    }
}
