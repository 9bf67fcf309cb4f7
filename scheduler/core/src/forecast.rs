//! When a task will probably start.
//!
//! Two things meter starts: slots, of which a client of a lane gets its share, each for as long as work like this takes;
//! and the host's budget, which goes by lane. What is queued before a task now has to pass both, and the slower one tells.
//! More urgent work that is yet to come is not foreseen, nor are the further requests of what is started before.

use crate::Moment;
use gleaner_model::Forecast;

use crate::scheduler::Scheduler;
use crate::streams::StreamKey;
use crate::tasks::{Slot, State};

/// How far is counted what is queued before a task: a fraction of a millisecond. Beyond that it is estimated from the
/// sequence numbers, which rise along a queue.
const COUNTED_MAX: usize = 4_096;

impl Scheduler {
    pub(crate) fn forecast(&self, slot: Slot, now: Moment) -> Option<Forecast> {
        let unforeseen = |starts_in_ms| Forecast { ahead: 0, is_counted: true, starts_in_ms };
        match self.tasks[slot].state {
            State::Queued => Some(self.queue_forecast(slot, now)),
            State::Behind | State::Waiting => Some(unforeseen(None)),
            State::Retrying => Some(unforeseen(self.pause_left_ms(slot, now))),
            State::Delayed => Some(unforeseen(Some(self.tasks[slot].due().ms_since(now.wall)))),
            State::Recovered => Some(unforeseen(Some(self.limbo_until_ms.saturating_sub(now.mono_ms)))),
            State::Running | State::Committing => None,
        }
    }

    fn pause_left_ms(&self, slot: Slot, now: Moment) -> Option<u64> {
        let task = self.tasks[slot].task();
        let mut pauses = self.retries.iter().take(COUNTED_MAX);
        pauses.find(|(_, waiting)| *waiting == task).map(|(due_ms, _)| due_ms.saturating_sub(now.mono_ms))
    }

    fn queue_forecast(&self, slot: Slot, now: Moment) -> Forecast {
        let key = self.streams.key_of(&self.tasks, slot);
        let (ahead, is_counted) = self.ahead(slot);
        let possible = self.roster.slots(key.needs) > 0 && !self.hosts.get(key.host).limits().paused;
        let starts_in_ms = possible.then(|| self.slot_in_ms(key, ahead).max(self.leave_in_ms(key, ahead, now)));
        Forecast { ahead, is_counted, starts_in_ms }
    }

    /// How many of its stream come before a ready task, and whether they were counted.
    fn ahead(&self, slot: Slot) -> (u64, bool) {
        let before = |slot: &Slot| Some(self.tasks[*slot].prev).filter(|prev| *prev != Slot::NONE);
        let counted = std::iter::successors(Some(slot), before).skip(1).take(COUNTED_MAX).count();
        let queue = &self.streams.get(self.tasks[slot].stream).ready;
        let ends = queue.first().zip(queue.last()).filter(|_| counted == COUNTED_MAX);
        let Some((first, last)) = ends else { return (counted as u64, true) };
        let id = |slot: Slot| self.tasks[slot].id;
        let (own, all) = (id(slot).saturating_sub(id(first)), id(last).saturating_sub(id(first)).max(1));
        let estimated = u128::from(queue.len()) * u128::from(own.min(all)) / u128::from(all);
        (u64::try_from(estimated).unwrap_or(u64::MAX).max(counted as u64), false)
    }

    /// Until a slot is its: what its client has before it, at the pace at which the client's share of slots comes free.
    fn slot_in_ms(&self, key: StreamKey, ahead: u64) -> u64 {
        if self.room(key.lane, key.needs).is_some() && ahead == 0 {
            return 0;
        }
        let lane = &self.shares.client(key.client).lanes[key.lane.index()];
        let turns: u64 = lane.streams.iter().map(|stream| self.streams.get(*stream).ready.len().min(ahead + 1)).sum();
        let (part, whole) = self.shares.part_of(key.lane, key.client);
        let slots = u128::from(self.roster.slots(key.needs));
        let us = u128::from(turns.max(1)) * u128::from(self.costs.predict(key)) * whole / (slots * part).max(1);
        let by_share_ms = u64::try_from(us / 1_000).unwrap_or(u64::MAX);
        let displaces = |_: &u64| self.victim(key.needs, key.lane).is_some();
        let by_displacing_ms = self.target_ms(key.lane).filter(|_| ahead == 0).filter(displaces);
        by_displacing_ms.map_or(by_share_ms, |target_ms| target_ms.min(by_share_ms))
    }

    /// Until the host may be asked for it: by everything more urgent, and by its lane in turns.
    fn leave_in_ms(&self, key: StreamKey, ahead: u64, now: Moment) -> u64 {
        let host = self.hosts.get(key.host);
        let weight = |client| u64::from(self.shares.client(client).weight);
        let mut before = host.waiting() as u64 + ahead;
        for ((lane, _), front) in host.fronts.range(..=(key.lane, crate::Needs(u16::MAX))) {
            for index in front {
                let stream = self.streams.get(*index);
                let its_part = (ahead + 1).saturating_mul(weight(stream.key.client)) / weight(key.client).max(1);
                before += match (*lane < key.lane, stream.key == key) {
                    (true, _) => stream.ready.len(),
                    (false, true) => 0,
                    (false, false) => stream.ready.len().min(its_part),
                };
            }
        }
        let pace = &host.pace;
        let burst_us = pace.budget.interval_us.max(1).saturating_mul(u64::from(pace.budget.burst.max(1)) - 1);
        let first_us = pace.next_us().max(now.mono_us().saturating_sub(burst_us));
        let at_us = first_us.saturating_add(before.saturating_mul(pace.interval_us()));
        at_us.saturating_sub(now.mono_us()).div_ceil(1_000)
    }
}
