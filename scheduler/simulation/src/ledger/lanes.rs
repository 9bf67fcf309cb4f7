//! The order of lanes, as the design has it, after each round of decisions: nothing that could start is left waiting;
//! and paid work waits for lesser work only as long as a suspension takes, while there is any that may be displaced:
//! more than what floors and protected attempts leave.

use std::collections::{BTreeMap, BTreeSet};

use gleaner_core::{HostIndex, Moment, Needs, Options, Scheduler, Wait, WorkerId, WorkerView};
use gleaner_model::{JobId, Lane, TaskId};

use super::Ledger;
use crate::process::{host_of, needs_of};

/// What a paid task may wait beyond its target and the victims' least time: the millisecond that each clock rounds off.
const GRACE_MS: u64 = 3;

/// What the order of lanes is judged by.
#[derive(Debug, Default)]
pub(crate) struct Lanes {
    /// Since when paid work at each host finds no room though the host may be asked.
    presses: BTreeMap<HostIndex, u64>,
    /// The workers that got work at the last look.
    fleet: BTreeSet<WorkerId>,
    /// When one of them was missing or new last.
    changed_ms: u64,
}

impl Lanes {
    pub(crate) fn crashed(&mut self) {
        self.presses.clear();
        self.fleet.clear();
    }

    /// When a worker goes, the capped part of the slots is smaller, and what was begun within the larger one ends in its
    /// own time. One that comes back brings attempts with it that may not be displaced, while others were begun instead.
    fn look_at_fleet(&mut self, workers: &[WorkerView], at_ms: u64) {
        let open = workers.iter().filter(|worker| !worker.draining && !worker.silent);
        let fleet: BTreeSet<_> = open.map(|worker| worker.worker).collect();
        if self.fleet != fleet {
            self.changed_ms = at_ms;
        }
        self.fleet = fleet;
    }
}

/// What a look at all open jobs finds.
#[derive(Debug, Default)]
struct Look {
    /// A job that could start, of a task that was not displaced too often.
    startable: Option<JobId>,
    /// Hosts with paid work that finds no room.
    pressing: BTreeSet<HostIndex>,
    /// Tasks that others wait for.
    leaders: BTreeSet<TaskId>,
}

impl Ledger {
    fn look(&self, core: &Scheduler, now: Moment, options: &Options) -> Look {
        let views = core.hosts(now);
        let mut look = Look::default();
        for (job, facts) in self.open() {
            let host = host_of(facts.target, views.len());
            let Some(view) = core.job_view(job, now) else { continue };
            // Attempts that wait for a permit of the host come first, if they are as urgent.
            let is_asked = views.get(usize::from(host.0)).is_some_and(|view| view.waiting > 0);
            match view.waiting_for {
                Some(Wait::Task(leader)) => _ = look.leaders.insert(leader),
                Some(Wait::Turn) if !is_asked && !self.is_outworn(view.task, options) => {
                    look.startable.get_or_insert(job);
                }
                Some(Wait::Slot)
                    if view.lane == Lane::Paid
                        && !is_asked
                        && !self.runs.is_running(view.task)
                        && !self.is_outworn(view.task, options) =>
                {
                    look.pressing.insert(host);
                }
                _ => {}
            }
        }
        look
    }

    /// All that could be decided at this moment was.
    pub(crate) fn after_dispatch(&mut self, core: &Scheduler, now: Moment, at_ms: u64, options: &Options) {
        let look = self.look(core, now, options);
        self.lanes.look_at_fleet(&core.workers(), at_ms);
        if let Some(job) = look.startable {
            self.fail(format!("{job} could start and is left waiting"));
        }
        let pressing: BTreeSet<_> =
            look.pressing.iter().copied().filter(|host| self.grants.is_surely_open(*host, at_ms)).collect();
        self.lanes.presses.retain(|host, _| pressing.contains(host));
        let Some(target_ms) = options.displace_after_ms[Lane::Paid.index()] else { return };
        for host in pressing {
            let since_ms = *self.lanes.presses.entry(host).or_insert(at_ms);
            if at_ms > since_ms + target_ms + options.min_run_ms + GRACE_MS {
                self.paid_waits(core, host, since_ms, at_ms, &look.leaders, options);
            }
        }
    }

    /// Paid work has waited long enough: is anything left that it could have displaced?
    fn paid_waits(
        &mut self,
        core: &Scheduler,
        host: HostIndex,
        since_ms: u64,
        at_ms: u64,
        leaders: &BTreeSet<TaskId>,
        options: &Options,
    ) {
        let fleet = core.workers();
        let spared = spared(&fleet, host, self.grants.hosts(), options);
        let gives = |worker: &&WorkerView| {
            covers(worker.needs, needs_of(host))
                && !worker.draining
                && !worker.silent
                && worker.suspended < options.suspended_max.min(worker.slots)
        };
        let giving: BTreeSet<_> = fleet.iter().filter(gives).map(|worker| worker.worker).collect();
        let long_enough_ms = at_ms.saturating_sub(options.min_run_ms + GRACE_MS);
        let victims = self.runs.in_slots(self.lanes.changed_ms + 1..=long_enough_ms).filter(|(task, worker)| {
            giving.contains(worker)
                && core.lane_of(*task).is_some_and(|lane| lane > Lane::Paid)
                && !leaders.contains(task)
                && !self.is_outworn(*task, options)
        });
        let victims = victims.count() as u64;
        if victims > spared {
            self.fail(format!(
                "paid work at host {} has waited since {since_ms} while {victims} lesser attempts run that it may \
                 displace, {spared} of them spared at most",
                host.0
            ));
        }
    }
}

/// How many slots of the workers that can do a host's work are out of paid work's reach at most: the lanes' floors, and
/// attempts that may not be displaced. The latter are a capped part of the slots *of those workers that can do their
/// work*; where workers can do different things, several such parts meet on some of them.
fn spared(fleet: &[WorkerView], host: HostIndex, hosts: impl Iterator<Item = HostIndex>, options: &Options) -> u64 {
    let able = |needs: Needs| fleet.iter().filter(move |worker| covers(worker.needs, needs));
    let slots = |workers: &BTreeSet<WorkerId>| -> u64 {
        let of_these = fleet.iter().filter(|worker| workers.contains(&worker.worker));
        of_these.map(|worker| u64::from(worker.slots)).sum()
    };
    let part = |slots: u64, permille: u16| slots * u64::from(permille) / 1_000;
    let ids = |needs: Needs| -> BTreeSet<WorkerId> { able(needs).map(|worker| worker.worker).collect() };
    let mine = ids(needs_of(host));
    let floors: u64 = options.lane_floors_permille[1..].iter().map(|permille| part(slots(&mine), *permille)).sum();
    let groups: BTreeSet<_> = hosts.map(|host| ids(needs_of(host))).filter(|group| !group.is_disjoint(&mine)).collect();
    let protected = groups.iter().map(|group| part(slots(group), options.protected_permille).max(1));
    floors + protected.sum::<u64>()
}

pub(super) fn covers(has: Needs, wanted: Needs) -> bool {
    has.0 & wanted.0 == wanted.0
}
