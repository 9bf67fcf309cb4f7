//! Pre-emption: never for work of the same lane, and never the same task again and again.

use gleaner_core::{Effect, Options, Scheduler};
use gleaner_model::{Lane, TaskId};

use super::Ledger;

impl Ledger {
    /// Looks at the displacements among these effects, before they are carried out: suspensions whose slot is taken in
    /// the same breath.
    pub(crate) fn displaced(&mut self, core: &Scheduler, options: &Options, effects: &[Effect]) {
        for pair in effects.windows(2) {
            let Effect::Suspend { worker, attempt } = &pair[0] else { continue };
            let (taker, lane) = match &pair[1] {
                Effect::Assign { worker: taker, lane, .. } => (taker, Some(*lane)),
                // It may be more urgent than its own lane, for a follow-up that waits for its end.
                Effect::Resume { worker: taker, .. } => (taker, None),
                _ => continue,
            };
            if taker == worker {
                self.displaced_once(core, options, attempt.task, lane);
            }
        }
    }

    fn displaced_once(&mut self, core: &Scheduler, options: &Options, task: TaskId, taker: Option<Lane>) {
        self.tally.displaced += 1;
        let times = self.displaced.entry(task).or_default();
        *times += 1;
        if *times > u64::from(options.displaced_max) {
            let what = format!("{task} is displaced {times} times");
            self.fail(what);
        }
        if let (Some(taker), Some(victim)) = (taker, core.lane_of(task))
            && taker >= victim
        {
            self.fail(format!("{task} of the {victim} lane is displaced for {taker} work"));
        }
    }

    /// Was the task displaced as often as it may be?
    pub(super) fn is_outworn(&self, task: TaskId, options: &Options) -> bool {
        self.displaced.get(&task).copied().unwrap_or(0) >= u64::from(options.displaced_max)
    }
}
