//! Bodies of work: which one is a task's current one, so that nobody else's outcome counts; what it is about; and how
//! old its answer is, so that nobody gets one from before they asked.

use std::collections::{BTreeMap, BTreeSet};
use std::ops::RangeInclusive;

use gleaner_core::{ClaimVerdict, HostIndex, Verdict, WorkerId};
use gleaner_model::{Lane, TaskId};

use super::{Durable, Ledger};
use crate::packages::Packages;
use crate::process::Entry;
use crate::wire::{Ended, HeldRun, Run};

#[derive(Clone, Copy, Debug)]
struct Body {
    task: TaskId,
    target: u64,
    /// When it got its last permit.
    granted_ms: u64,
    /// When its first request went out.
    first_request_ms: Option<u64>,
    /// When a scheduler last took it over from an announcement.
    adopted_ms: Option<u64>,
    worker: WorkerId,
    /// Since when it is in its slot; none if it needs none any more.
    in_slot_ms: Option<u64>,
}

/// All bodies of work.
#[derive(Debug, Default)]
pub(crate) struct Runs {
    bodies: Vec<Body>,
    /// The current body of each running task, as this scheduler decided.
    current: BTreeMap<TaskId, Run>,
    /// Tasks whose attempt was suspended: it makes no requests.
    aside: BTreeSet<TaskId>,
    /// Recovered tasks that nobody announced, and until when they must wait.
    limbo: BTreeMap<TaskId, u64>,
}

impl Runs {
    fn body(&self, run: Run) -> Option<&Body> {
        self.bodies.get(usize::try_from(run.0).ok()?)
    }

    pub(crate) fn requested(&mut self, run: Run, at_ms: u64) {
        let at = usize::try_from(run.0).unwrap_or(usize::MAX);
        if let Some(body) = self.bodies.get_mut(at) {
            body.first_request_ms.get_or_insert(at_ms);
        }
    }

    fn adopted(&mut self, held: HeldRun, worker: WorkerId, at_ms: u64) {
        let at = usize::try_from(held.run.0).unwrap_or(usize::MAX);
        if let Some(body) = self.bodies.get_mut(at) {
            body.adopted_ms = Some(at_ms);
            body.worker = worker;
            body.in_slot_ms = (!held.finished).then_some(at_ms);
        }
    }

    fn resumed(&mut self, task: TaskId, at_ms: u64) {
        let at = self.current.get(&task).and_then(|run| usize::try_from(run.0).ok());
        if let Some(body) = at.and_then(|at| self.bodies.get_mut(at)) {
            body.in_slot_ms = Some(at_ms);
        }
    }

    /// Is an attempt at it, suspended or not?
    pub(super) fn is_running(&self, task: TaskId) -> bool {
        self.current.contains_key(&task)
    }

    /// The tasks whose attempts are in slots since some time in `since_ms`, with their workers.
    pub(super) fn in_slots(&self, since_ms: RangeInclusive<u64>) -> impl Iterator<Item = (TaskId, WorkerId)> {
        let running = self.current.iter().filter(|(task, _)| !self.aside.contains(task));
        let bodies = running.filter_map(|(task, run)| Some((*task, self.body(*run)?)));
        let seated = bodies.filter(move |(_, body)| body.in_slot_ms.is_some_and(|at_ms| since_ms.contains(&at_ms)));
        seated.map(|(task, body)| (task, body.worker))
    }

    pub(super) fn worker_of(&self, run: Run) -> Option<WorkerId> {
        self.body(run).map(|body| body.worker)
    }

    /// A body of a task gets another permit.
    fn granted(&mut self, task: TaskId, at_ms: u64) {
        let at = self.current.get(&task).and_then(|run| usize::try_from(run.0).ok());
        if let Some(body) = at.and_then(|at| self.bodies.get_mut(at)) {
            body.granted_ms = at_ms;
        }
    }

    /// Is it at its task, and did it get its last permit after this and in this session?
    pub(super) fn is_granted_after(&self, run: Run, since_ms: u64) -> bool {
        self.body(run).is_some_and(|body| {
            self.current.get(&body.task) == Some(&run)
                && body.granted_ms > since_ms
                && body.adopted_ms.is_none_or(|at_ms| body.granted_ms > at_ms)
        })
    }

    /// The tasks whose attempts are suspended, with their workers.
    pub(super) fn set_aside(&self) -> impl Iterator<Item = (TaskId, WorkerId)> {
        let aside = self.aside.iter().filter_map(|task| Some((*task, self.current.get(task)?)));
        aside.filter_map(|(task, run)| Some((task, self.body(*run)?.worker)))
    }

    pub(crate) fn crashed(&mut self) {
        self.current.clear();
        self.aside.clear();
        self.limbo.clear();
    }

    pub(super) fn in_limbo(&self) -> impl Iterator<Item = TaskId> {
        self.limbo.keys().copied()
    }

    pub(crate) fn waits_in_limbo(&mut self, task: TaskId, until_ms: u64) {
        self.limbo.insert(task, until_ms);
    }

    /// Nobody gets an answer from before they asked, but for what their `max_age` allows.
    pub(crate) fn fresh_enough(&self, entry: &Entry, durable: &Durable) -> Result<(), String> {
        let Some((task, run)) = entry.outcome else { return Ok(()) };
        let asked = self.body(run).and_then(|body| body.first_request_ms);
        let asked = asked.ok_or_else(|| format!("{task} has an outcome for which nobody was asked"))?;
        for closure in &entry.closures {
            let Some(facts) = durable.facts(closure.job) else { continue };
            // What the journal does not tell: whether an attempt that is announced after a restart began before or after
            // a job joined its task. See the crate's known gaps.
            if self.body(run).is_some_and(|body| body.adopted_ms.is_some_and(|at_ms| at_ms > facts.admitted_ms)) {
                continue;
            }
            if facts.admitted_ms > asked + facts.max_age_ms {
                let (job, age) = (closure.job, facts.admitted_ms - asked);
                let most = facts.max_age_ms;
                return Err(format!(
                    "{job} gets an answer that was {age} ms old when it asked, and {most} are allowed"
                ));
            }
        }
        Ok(())
    }
}

impl Ledger {
    /// A resolution reads the catalogue, from where its answer is; tells what it will lack.
    pub(crate) fn reads_catalogue(&mut self, run: Run, at_ms: u64) -> Packages {
        self.runs.requested(run, at_ms);
        self.runs.body(run).map(|body| self.durable.lacks(body.target)).unwrap_or_default()
    }

    /// An attempt begins.
    pub(crate) fn assigned(&mut self, task: TaskId, worker: WorkerId, host: HostIndex, lane: Lane, at_ms: u64) -> Run {
        self.granted(host, lane != Lane::Paid, at_ms);
        self.may_begin(task);
        self.waits_no_more(task);
        if self.drained.contains(&worker) {
            self.fail(format!("{task} is assigned to a worker that an operator drains"));
        }
        let run = Run(self.runs.bodies.len() as u64);
        let target = self.target_of(task).unwrap_or(u64::MAX);
        self.runs.bodies.push(Body {
            task,
            target,
            granted_ms: at_ms,
            first_request_ms: None,
            adopted_ms: None,
            worker,
            in_slot_ms: Some(at_ms),
        });
        if let Some(other) = self.runs.current.insert(task, run) {
            self.fail(format!("{task} is assigned while {other:?} is at it"));
        }
        if let Some(until_ms) = self.runs.limbo.remove(&task).filter(|until_ms| at_ms < *until_ms) {
            self.fail(format!("{task} was recovered and is assigned before {until_ms}, when a worker may be at it"));
        }
        run
    }

    /// An attempt is suspended, or goes on.
    pub(crate) fn set_aside(&mut self, task: TaskId, aside: bool, at_ms: u64) {
        if aside {
            self.runs.aside.insert(task);
        } else if self.runs.aside.remove(&task) {
            self.runs.resumed(task, at_ms);
        }
    }

    /// An attempt gets a permit, which no suspended one may.
    pub(crate) fn may_ask(&mut self, task: TaskId, at_ms: u64) {
        self.runs.granted(task, at_ms);
        if self.runs.aside.contains(&task) {
            self.fail(format!("{task} is suspended and gets a permit"));
        }
    }

    /// An attempt came to nothing, or its task ended.
    pub(crate) fn attempt_over(&mut self, task: TaskId) {
        self.shares.ended(task, self.at_ms);
        self.paid.remove(&task);
        self.runs.aside.remove(&task);
        self.runs.current.remove(&task);
    }

    /// Another job waits for this task; it must not get what may have been found before.
    pub(crate) fn attached(&mut self, task: TaskId) {
        self.runs.limbo.remove(&task);
    }

    /// A worker announced a body of work.
    pub(crate) fn claimed(&mut self, task: TaskId, held: HeldRun, worker: WorkerId, verdict: ClaimVerdict, at_ms: u64) {
        let run = held.run;
        if !matches!(verdict, ClaimVerdict::Adopted(_)) {
            return;
        }
        self.tally.adopted += 1;
        self.runs.aside.remove(&task);
        self.runs.limbo.remove(&task);
        self.runs.current.insert(task, run);
        self.runs.adopted(held, worker, at_ms);
        self.about_the_same(task, run);
    }

    /// The core has judged an outcome.
    pub(crate) fn judged(&mut self, task: TaskId, run: Run, ended: Ended, verdict: &Verdict) {
        let current = self.runs.current.get(&task) == Some(&run);
        match verdict {
            Verdict::Refused | Verdict::Closed => {
                self.tally.refused += 1;
                if current {
                    self.fail(format!("{run:?} is at {task}, and its outcome {ended:?} does not count"));
                }
            }
            Verdict::Accept | Verdict::Retried { .. } | Verdict::DeadLetter => {
                self.tally.accepted += u64::from(*verdict == Verdict::Accept);
                if !current {
                    self.fail(format!("the outcome {ended:?} of {run:?} counts, which is not at {task} any more"));
                }
                self.about_the_same(task, run);
                self.attempt_over(task);
                if *verdict == Verdict::Accept {
                    self.promises.accepted(run, task);
                }
            }
        }
    }

    /// An accepted outcome will not be committed.
    pub(crate) fn reopened(&mut self, task: TaskId) {
        self.promises.reopened(task);
    }

    fn about_the_same(&mut self, task: TaskId, run: Run) {
        let body = self.runs.body(run).map(|body| body.target);
        let target = self.target_of(task);
        if body.is_none() || body != target {
            self.fail(format!("{run:?} is about {body:?}, and {task} about {target:?}"));
        }
    }
}
