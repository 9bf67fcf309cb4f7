//! Tasks that wait for others: in no slot, for what is open and for nothing else, and not again and again.
//!
//! The ledger hears what a task asks for, and of every job that ends, decided by the core or durable. So it knows at each
//! moment for what a task must still wait, and compares that with what the core says. A task may go on earlier only if
//! somebody more urgent came to want it: what it waits for was asked for in the old lane.

use std::collections::{BTreeMap, BTreeSet};

use gleaner_core::{Moment, Scheduler, Wait};
use gleaner_model::{JobId, Lane, TaskId};

use super::Ledger;
use crate::process::ROUNDS_MAX;

/// What one task waits for.
#[derive(Debug)]
struct Waiting {
    left: BTreeSet<JobId>,
    /// The lane in which it was asked for, or to which the task has fallen since: whoever is more urgent raises it.
    lane: Lane,
    /// Somebody more urgent came.
    raised: bool,
}

/// Who waits for what, in this life of the scheduler.
#[derive(Debug, Default)]
pub(crate) struct Waits {
    of: BTreeMap<TaskId, Waiting>,
    rounds: BTreeMap<TaskId, u32>,
}

impl Waits {
    pub(super) fn crashed(&mut self) {
        self.of.clear();
        self.rounds.clear();
    }
}

impl Ledger {
    /// The outcome of a task says that it waits for these jobs, some of which have just been asked for.
    pub(crate) fn waits_for(&mut self, core: &Scheduler, task: TaskId, children: &[JobId], fresh: &[JobId]) {
        self.tally.waited += u64::from(!children.is_empty());
        // Its outcome was no last word.
        self.promises.reopened(task);
        let rounds = self.waits.rounds.entry(task).or_default();
        *rounds += 1;
        if *rounds > ROUNDS_MAX {
            let what = format!("{task} asks for something {rounds} times, and {ROUNDS_MAX} are the bound");
            self.fail(what);
        }
        let Some(lane) = core.lane_of(task) else { return };
        let askers = core.jobs_of(task);
        for child in fresh {
            let Some(facts) = self.facts(*child) else { continue };
            let is_askers = askers.iter().filter_map(|job| self.facts(*job)).any(|of| of.client == facts.client);
            if facts.lane != lane || !is_askers {
                let (of_child, client) = (facts.lane, facts.client.clone());
                self.fail(format!(
                    "{task} of the {lane} lane has {child} asked for in the {of_child} lane, for {client}"
                ));
            }
        }
        let left = children.iter().copied().collect();
        self.waits.of.insert(task, Waiting { left, lane, raised: false });
    }

    /// Jobs have ended: that is decided, or durable if somebody's outcome ends them.
    pub(crate) fn jobs_over(&mut self, jobs: &[JobId]) {
        self.nothing_ready(jobs);
        for waiting in self.waits.of.values_mut() {
            jobs.iter().for_each(|job| _ = waiting.left.remove(job));
        }
    }

    /// Does a task wait for one of these jobs?
    pub(crate) fn is_waited_for(&self, jobs: &[JobId]) -> bool {
        self.waits.of.values().any(|waiting| jobs.iter().any(|job| waiting.left.contains(job)))
    }

    /// Somebody in this lane wants the task, and perhaps not for long.
    pub(crate) fn may_raise(&mut self, task: TaskId, lane: Lane) {
        self.shares.unready(task);
        if let Some(waiting) = self.waits.of.get_mut(&task) {
            waiting.raised |= lane < waiting.lane;
        }
    }

    /// An attempt at a task begins.
    pub(super) fn waits_no_more(&mut self, task: TaskId) {
        let Some(waiting) = self.waits.of.remove(&task) else { return };
        if let Some(job) = waiting.left.first().filter(|_| !self.was_raised(task, &waiting)) {
            self.fail(format!("{task} is assigned and waits for {job}"));
        }
    }

    /// Did somebody more urgent join the task? A job whose time came may have, and have ended in the same breath.
    fn was_raised(&self, task: TaskId, waiting: &Waiting) -> bool {
        let target = self.target_of(task);
        let joined = |facts: &super::Facts| {
            facts.not_before.is_some() && Some(facts.target) == target && facts.lane < waiting.lane
        };
        waiting.raised || self.pending.values().any(joined) || self.durable.all().any(|(_, facts, _)| joined(facts))
    }

    /// All that came of a message was done: whoever is said to wait does, for what is open, and nobody else.
    pub(crate) fn waits_agree(&mut self, core: &Scheduler, now: Moment) {
        for task in self.waits.of.keys().copied().collect::<Vec<_>>() {
            let told = core.children_of(task);
            let agree = self.waits.of.get(&task).map_or(Ok(()), |waiting| self.agrees(core, now, task, waiting, &told));
            self.expect(agree);
            if told.is_empty() {
                self.waits.of.remove(&task);
            } else if let Some(waiting) = self.waits.of.get_mut(&task) {
                waiting.lane = core.lane_of(task).map_or(waiting.lane, |lane| lane.max(waiting.lane));
            }
        }
    }

    fn agrees(
        &self,
        core: &Scheduler,
        now: Moment,
        task: TaskId,
        waiting: &Waiting,
        told: &[JobId],
    ) -> Result<(), String> {
        if let Some(job) = told.iter().find(|job| !waiting.left.contains(job)) {
            return Err(format!("{task} waits for {job}, which has ended"));
        }
        let Some(first) = waiting.left.iter().find(|job| !told.contains(job)) else { return Ok(()) };
        if self.runs.is_running(task) {
            return Err(format!("{task} waits for {first} and keeps its slot"));
        }
        if !told.is_empty() {
            return Err(format!("{task} does not wait for {first}, for which it has asked"));
        }
        if self.was_raised(task, waiting) {
            return Ok(());
        }
        if core.lane_of(task).is_some() {
            return Err(format!("{task} goes on, and {first} is open, for which it waits"));
        }
        // Nobody wants what it waited for, unless that is about to end anyway.
        match waiting.left.iter().find(|job| !is_ending(core, **job, now)) {
            Some(job) => Err(format!("{task} has ended, and {job} goes on, for which it waited")),
            None => Ok(()),
        }
    }
}

/// Has a job ended, or is its outcome on its way to the disk?
fn is_ending(core: &Scheduler, job: JobId, now: Moment) -> bool {
    core.job_view(job, now).is_none_or(|view| view.waiting_for == Some(Wait::Commit))
}
