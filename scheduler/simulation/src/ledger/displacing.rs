//! Pre-emption: never for work of the same lane, never the same task again and again, and never below a lane's floor.

use gleaner_core::{Effect, Needs, Options, Scheduler};
use gleaner_model::{Lane, TaskId};

use super::Ledger;
use crate::process::needs_of;

/// Who takes a slot in the same breath as somebody leaves it.
struct Taker {
    /// Of a resumed attempt it is not told: it may be more urgent than its own lane, for a follow-up that waits for its
    /// end.
    lane: Option<Lane>,
    /// What the slot's worker must be able to do.
    wanted: Needs,
}

impl Ledger {
    /// Looks at the displacements among these effects, before they are carried out: suspensions whose slot is taken in
    /// the same breath. Only from `dispatched` on are they what dispatching decided; a worker that comes back is also told
    /// what it has suspended.
    pub(crate) fn displaced(&mut self, core: &Scheduler, options: &Options, effects: &[Effect], dispatched: usize) {
        if !effects[dispatched..].iter().any(|effect| matches!(effect, Effect::Suspend { .. })) {
            return;
        }
        let mut seats = self.seats();
        for (at, effect) in effects.iter().enumerate() {
            let taker = if at < dispatched { None } else { taker(core, effect, effects.get(at + 1)) };
            if let (Effect::Suspend { attempt, .. }, Some(taker)) = (effect, taker) {
                self.displaced_once(core, options, attempt.task, taker.lane);
                self.keeps_its_floor(core, options, &seats, attempt.task, taker.wanted);
            }
            seats.follow(effect);
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

/// Who takes the slot that `left` frees, if the next effect says so.
fn taker(core: &Scheduler, left: &Effect, next: Option<&Effect>) -> Option<Taker> {
    let Effect::Suspend { worker: freed, .. } = left else { return None };
    match next? {
        Effect::Assign { worker, lane, host, .. } if worker == freed => {
            Some(Taker { lane: Some(*lane), wanted: needs_of(*host) })
        }
        Effect::Resume { worker, .. } if worker == freed => {
            let fleet = core.workers();
            let wanted = fleet.iter().find(|view| view.worker == *freed)?.needs;
            Some(Taker { lane: None, wanted })
        }
        _ => None,
    }
}
