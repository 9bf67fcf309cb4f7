//! How much work waits for nothing but a slot: what decides how many workers to have.
//!
//! The problem: the length of the queue does not say. A million tasks for a host that may be asked once a second are no
//! reason for another worker, and a thousand long ones are. So of each host's queue only as much counts as the host
//! allows to begin soon, the most urgent first, each as long as its like have taken; the rest waits for the host whatever
//! the number of workers.

use gleaner_model::Lane;

use crate::hosts::HostState;
use crate::limits::is_lesser;
use crate::scheduler::Scheduler;
use crate::{Moment, Needs};

/// How far ahead hosts are asked what they allow, in microseconds: about what a new worker takes to be there.
const AHEAD_US: u64 = 60_000_000;

/// What waits in one lane.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct LaneBacklog {
    /// What hosts allow to begin within the next minute will be in slots for so long, in microseconds of one slot.
    pub slot_us: u64,
    /// Ready tasks beyond that.
    pub waits_for_hosts: u64,
}

/// What waits.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Backlog {
    /// Slots of the workers that get new work.
    pub slots: u32,
    /// Most urgent first.
    pub lanes: [LaneBacklog; 4],
}

impl Backlog {
    /// How long all slots together would take for what waits in a lane for them, in milliseconds, rounded up; as if there
    /// were one slot if there is none.
    #[must_use]
    pub fn ms(&self, lane: Lane) -> u64 {
        self.lanes[lane.index()].slot_us.div_ceil(u64::from(self.slots.max(1))).div_ceil(1_000)
    }
}

/// What a host allows to begin, as the lanes use it up.
struct Leave {
    all: u64,
    lesser: u64,
    /// If it bears only so many requests at once: for how long all together may be under way. An attempt counts as if
    /// its requests filled it.
    under_way_us: u64,
}

impl Leave {
    fn of(host: &HostState, now: Moment) -> Self {
        if host.limits().paused {
            return Self { all: 0, lesser: 0, under_way_us: 0 };
        }
        let (at_once, _) = host.limits().under_way_max();
        let under_way_us = u64::from(at_once).saturating_mul(AHEAD_US);
        let (all, lesser) = host.pace.grants_until(now, now.mono_us().saturating_add(AHEAD_US));
        // Those that run are asked first.
        let waiting = host.waiting() as u64;
        Self { all: all.saturating_sub(waiting), lesser: lesser.saturating_sub(waiting), under_way_us }
    }

    /// Uses up as much as there is for `wanted` starts that take so long each.
    fn take(&mut self, wanted: u64, cost_us: u64, is_lesser: bool) -> u64 {
        let leave = if is_lesser { self.all.min(self.lesser) } else { self.all };
        let granted = wanted.min(leave).min(self.under_way_us / cost_us.max(1));
        self.all -= granted;
        self.under_way_us -= granted * cost_us;
        if is_lesser {
            self.lesser -= granted;
        }
        granted
    }
}

impl Scheduler {
    /// The lanes' weights, and their floors in thousandths of the slots, as they are now; most urgent first.
    #[must_use]
    pub const fn lane_terms(&self) -> ([u32; 4], [u16; 4]) {
        (self.options.lane_weights, self.options.lane_floors_permille)
    }

    /// What waits for slots, and what for hosts. Looks at every stream that has something ready, and at no task.
    #[must_use]
    pub fn backlog(&self, now: Moment) -> Backlog {
        let mut backlog = Backlog { slots: self.roster.slots(Needs(0)), ..Backlog::default() };
        for (_, host) in self.hosts.all().filter(|(_, host)| !host.fronts.is_empty()) {
            let mut leave = Leave::of(host, now);
            for ((lane, _), front) in &host.fronts {
                let of_lane = &mut backlog.lanes[lane.index()];
                for stream in front.iter().map(|index| self.streams.get(*index)) {
                    let (ready, cost_us) = (stream.ready.len(), self.costs.predict(stream.key));
                    let granted = leave.take(ready, cost_us, is_lesser(*lane));
                    of_lane.slot_us = of_lane.slot_us.saturating_add(granted.saturating_mul(cost_us));
                    of_lane.waits_for_hosts += ready - granted;
                }
            }
        }
        backlog
    }
}
