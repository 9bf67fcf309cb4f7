//! Pre-emption: never for work of the same lane, and never the same task again and again.

use gleaner_core::{Effect, Scheduler};
use gleaner_model::Lane;

use super::Ledger;

/// A task is displaced at most so often in one life of the scheduler; the core's own default.
const DISPLACED_MAX: u64 = 3;

impl Ledger {
    /// Looks at the suspensions among these effects, before they are carried out.
    pub(crate) fn displaced(&mut self, core: &Scheduler, effects: &[Effect]) {
        for (at, effect) in effects.iter().enumerate() {
            let Effect::Suspend { worker, attempt } = effect else { continue };
            let times = self.displaced.entry(attempt.task).or_default();
            *times += 1;
            if *times > DISPLACED_MAX {
                let times = *times;
                self.fail(format!("{} is displaced {times} times", attempt.task));
            }
            // What takes the slot is assigned right behind the suspension.
            let taker: Option<Lane> = effects[at..].iter().find_map(|effect| match effect {
                Effect::Assign { worker: taker, lane, .. } if taker == worker => Some(*lane),
                _ => None,
            });
            let victim = core.lane_of(attempt.task);
            if let (Some(taker), Some(victim)) = (taker, victim)
                && taker >= victim
            {
                self.fail(format!("{} of the {victim} lane is displaced for {taker} work", attempt.task));
            }
        }
    }
}
