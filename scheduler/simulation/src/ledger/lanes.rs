//! The order of lanes, as the design has it: while several lanes have a task that could start at once, starts are
//! shared by weight, so that a paid task waits for at most its share's worth of lesser work and no lane starves. And
//! nothing that could start is left waiting.

use gleaner_core::{Effect, Moment, Scheduler, Wait};
use gleaner_model::{JobId, Lane};

use super::{Facts, Ledger};
use crate::process::OLDER;

/// Which lanes could start something, and how starts were shared since when they could.
#[derive(Debug)]
pub(crate) struct Lanes {
    weights: [u64; 4],
    startable: [bool; 4],
    /// Starts of either lane of a pair, while both could start something.
    pairs: [[[u64; 2]; 4]; 4],
}

impl Lanes {
    pub(crate) fn new(weights: [u32; 4]) -> Self {
        Self {
            weights: weights.map(|weight| u64::from(weight.max(1))),
            startable: [false; 4],
            pairs: Default::default(),
        }
    }

    pub(crate) fn crashed(&mut self) {
        (self.startable, self.pairs) = ([false; 4], Default::default());
    }

    /// What could start now.
    fn look<'a>(
        core: &Scheduler,
        now: Moment,
        hosts: usize,
        open: impl Iterator<Item = (JobId, &'a Facts)>,
    ) -> [Option<JobId>; 4] {
        let views = core.hosts(now);
        let mut startable = [None; 4];
        for (job, facts) in open {
            // Attempts that wait for a permit of the host come first, if they are as urgent.
            let host = usize::try_from(facts.target & !OLDER).unwrap_or(0) % hosts.max(1);
            if views.get(host).is_some_and(|view| view.waiting > 0) {
                continue;
            }
            if let Some(view) = core.job_view(job, now).filter(|view| view.waiting_for == Some(Wait::Turn)) {
                startable[view.lane.index()].get_or_insert(job);
            }
        }
        startable
    }

    fn started(&mut self, lane: Lane) -> Result<(), String> {
        for other in Lane::ALL.into_iter().filter(|other| *other != lane) {
            let (a, b) = (lane.index(), other.index());
            if !(self.startable[a] && self.startable[b]) {
                continue;
            }
            self.pairs[a][b][0] += 1;
            self.pairs[b][a][1] += 1;
            let ([mine, theirs], [w, v]) = (self.pairs[a][b], [self.weights[a], self.weights[b]]);
            // What a lane may be ahead of its share: one start of its own and one of the other's, and as much again for
            // a lane that was away for a moment.
            if mine * v > theirs * w + 2 * (w + v) {
                return Err(format!(
                    "{lane} started {mine} tasks and {other} {theirs} while both could; weights {w}:{v}"
                ));
            }
        }
        Ok(())
    }
}

impl Ledger {
    pub(crate) fn before_dispatch(&mut self, core: &Scheduler, now: Moment, hosts: usize) {
        let startable = Lanes::look(core, now, hosts, self.open()).map(|job| job.is_some());
        self.lanes.startable = startable;
        for a in 0..4 {
            for b in 0..4 {
                if !(startable[a] && startable[b]) {
                    self.lanes.pairs[a][b] = [0, 0];
                }
            }
        }
    }

    pub(crate) fn after_dispatch(&mut self, core: &Scheduler, now: Moment, hosts: usize, out: &[Effect], more: bool) {
        for effect in out {
            if let Effect::Assign { lane, .. } = effect {
                let shared = self.lanes.started(*lane);
                self.expect(shared);
            }
        }
        if more {
            return;
        }
        let left = Lanes::look(core, now, hosts, self.open());
        if let Some(job) = left.into_iter().flatten().next() {
            self.fail(format!("{job} could start and is left waiting"));
        }
    }
}
