//! The end of the storm: nothing new comes, nobody fails any more, and everything must end.

use super::{Act, Event, World};
use crate::host::Mood;

/// Everything ends within this after the storm. The longest that anything waits is a host's wish to be left alone (a
/// minute, and an hour more if the clock was set back meanwhile), then a queue at a hundredth of the slowest budget.
pub(crate) const CALM_MS: u64 = 2 * 3_600_000;

impl World {
    pub(crate) fn heal(&mut self) {
        self.healed = true;
        self.cut_off.clear();
        self.machine.stalled_until_ms = 0;
        self.moods.fill(Mood::Good);
        for worker in &mut self.workers {
            worker.frozen_until_ms = 0;
        }
        self.shelf.heal();
        self.agenda.after(1, Event::Operator(Act::Resets, 0));
        for (at, worker) in self.workers.iter().enumerate() {
            if !worker.up {
                self.agenda.after(1, Event::WorkerStarts(at, worker.life));
            }
        }
        if self.machine.process.is_none() {
            self.agenda.after(1, Event::Boot(self.machine.boot));
        }
    }

    /// Is everything over that was to end?
    pub(crate) fn is_at_rest(&self) -> bool {
        let Some(process) = &self.machine.process else { return false };
        let resident = process.core.resident();
        self.healed
            && resident.jobs == 0
            && resident.tasks == 0
            && process.orders.are_over()
            && process.committer.waiting() == 0
            && process.committer.in_hand().is_empty()
            && self.workers.iter().all(|worker| worker.bodies.is_empty())
            && self.ledger.unfinished().is_empty()
            && self.ledger.durable.nothing_is_set()
    }

    /// What is not over, for people.
    pub(crate) fn unrest(&self) -> String {
        let held: Vec<_> = self.workers.iter().flat_map(|worker| worker.bodies.iter()).collect();
        let jobs = self.ledger.unfinished();
        let first = jobs.iter().next().copied();
        let now = self.moment();
        let view = self.machine.process.as_ref().and_then(|process| process.core.job_view(first?, now));
        let connected: Vec<_> =
            (0..self.workers.len()).map(|at| self.is_connected(crate::wire::Peer::Worker(at))).collect();
        format!(
            "{} jobs are open, the first of them {first:?} ({view:?}); workers hold {held:?}, connected {connected:?}",
            jobs.len()
        )
    }
}
