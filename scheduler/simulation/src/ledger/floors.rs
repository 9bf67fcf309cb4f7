//! Floors: displacing never drives a lane below its part of the slots. And a bound beside it: of one worker's attempts no
//! more are suspended than that worker was promised to hold.
//!
//! Who sits in a slot is known here from what everybody was told. Of the core only the lane of each task is asked, which
//! may be that of a follow-up that waits for it.

use std::collections::BTreeMap;

use gleaner_core::{Effect, Needs, Options, Scheduler, WorkerId};
use gleaner_model::TaskId;

use super::Ledger;
use super::lanes::covers;

/// Who is in a slot, and where.
pub(super) struct Seats(BTreeMap<TaskId, WorkerId>);

impl Seats {
    /// An effect is about to be carried out.
    pub(super) fn follow(&mut self, effect: &Effect) {
        match effect {
            Effect::Assign { worker, attempt, .. } | Effect::Resume { worker, attempt } => {
                self.0.insert(attempt.task, *worker);
            }
            Effect::Suspend { attempt, .. } => _ = self.0.remove(&attempt.task),
            Effect::AttemptFailed { task, .. } | Effect::Requeued { task } => _ = self.0.remove(task),
            Effect::Close { task_ended: Some(task), .. } => _ = self.0.remove(task),
            _ => {}
        }
    }
}

impl Ledger {
    /// Who is in a slot as far as all was carried out that was decided.
    pub(super) fn seats(&self) -> Seats {
        Seats(self.runs.in_slots(0..=u64::MAX).collect())
    }

    /// `victim` is about to leave its slot for work that needs a worker which can do `wanted`: its lane must have more
    /// than its floor in the slots of such workers.
    pub(super) fn keeps_its_floor(
        &mut self,
        core: &Scheduler,
        options: &Options,
        seats: &Seats,
        victim: TaskId,
        wanted: Needs,
    ) {
        let Some(lane) = core.urgency_of(victim) else { return };
        let fleet = core.workers();
        let able = fleet.iter().filter(|worker| !worker.draining && !worker.silent && covers(worker.needs, wanted));
        let able: BTreeMap<WorkerId, u64> = able.map(|worker| (worker.worker, u64::from(worker.slots))).collect();
        let slots: u64 = able.values().sum();
        let floor = slots * u64::from(options.lane_floors_permille[lane.index()]) / 1_000;
        let is_of_lane = |task: &TaskId| core.urgency_of(*task) == Some(lane);
        let seated = seats.0.iter().filter(|(task, worker)| able.contains_key(worker) && is_of_lane(task));
        let seated = seated.count() as u64;
        self.tally.at_floor += u64::from(floor > 0 && seated == floor + 1);
        if seated <= floor {
            self.fail(format!(
                "{victim} is displaced though the {lane} lane has only {seated} of {slots} slots, and {floor} are its \
                 floor"
            ));
        }
    }

    /// No worker holds more suspended attempts than it was promised.
    pub(super) fn few_are_aside(&mut self, core: &Scheduler, options: &Options) {
        let mut aside: BTreeMap<WorkerId, u16> = BTreeMap::new();
        self.runs.set_aside().for_each(|(_, worker)| *aside.entry(worker).or_default() += 1);
        let most = |slots: u16| options.suspended_max.min(slots);
        let fleet = core.workers();
        let over = fleet.iter().find(|worker| aside.get(&worker.worker).is_some_and(|held| *held > most(worker.slots)));
        if let Some(worker) = over {
            let (held, most) = (aside[&worker.worker], most(worker.slots));
            self.fail(format!("{held} attempts of one worker are suspended, and {most} are the bound"));
        }
    }
}
