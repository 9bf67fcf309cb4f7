//! What others were told and rely on: receipts, cancellations, acknowledged outcomes, acknowledged items.

use std::collections::{BTreeMap, BTreeSet};

use gleaner_core::{Scheduler, WorkerId};
use gleaner_model::{JobId, JobState, Lane, TaskId};
use gleaner_store::Closure;

use super::{Durable, Ledger};
use crate::process::Entry;
use crate::wire::Run;

/// What was promised.
#[derive(Debug, Default)]
pub(crate) struct Promises {
    receipts: BTreeSet<JobId>,
    cancelled: BTreeSet<JobId>,
    /// Bodies of work whose outcome counted, with their tasks.
    accepted: BTreeMap<Run, TaskId>,
    /// Those that their workers forgot, since they were told that they may.
    forgotten: BTreeMap<Run, TaskId>,
    /// The highest item of each client's stream that was acknowledged.
    items: BTreeMap<usize, u64>,
    /// The job that each client was told that its key names.
    keys: BTreeMap<(usize, u64), JobId>,
}

impl Promises {
    pub(crate) fn accepted(&mut self, run: Run, task: TaskId) {
        self.accepted.insert(run, task);
    }

    pub(crate) fn reopened(&mut self, task: TaskId) {
        self.accepted.retain(|_, accepted| *accepted != task);
        self.forgotten.retain(|_, forgotten| *forgotten != task);
    }
}

impl Promises {
    /// A job that somebody was told is cancelled has no outcome after that.
    pub(super) fn end_well(&self, entry: &Entry, durable: &Durable) -> Result<(), String> {
        let later = |closure: &&Closure| {
            closure.result.state != JobState::Cancelled
                && durable.is_open(closure.job)
                && self.cancelled.contains(&closure.job)
        };
        match entry.closures.iter().find(later) {
            Some(closure) => {
                Err(format!("{} was said to be over, and ends as {} afterwards", closure.job, closure.result.state))
            }
            None => Ok(()),
        }
    }
}

impl Ledger {
    /// A client was told which job its key names.
    pub(crate) fn named_by_key(&mut self, client: usize, key: u64, job: JobId) {
        let named = *self.promises.keys.entry((client, key)).or_insert(job);
        if named != job {
            self.fail(format!("key {key} of client {client} names {job}, and named {named} before"));
        }
    }

    /// A client has a receipt.
    pub(crate) fn receipt(&mut self, job: JobId) {
        self.tally.receipts += 1;
        self.promises.receipts.insert(job);
    }

    /// A worker of which an operator was told that it gets nothing new.
    pub(crate) fn drains(&mut self, worker: WorkerId) {
        self.drained.insert(worker);
    }

    /// Is a task's attempt as urgent as paid work, or was it when it asked for a permit? Its lane may fall meanwhile.
    pub(crate) fn asked_as_paid(&mut self, core: &Scheduler, task: TaskId) -> bool {
        if core.urgency_of(task) == Some(Lane::Paid) {
            self.paid.insert(task);
        }
        self.paid.contains(&task)
    }

    /// A client was told that its job has ended.
    pub(crate) fn told_cancelled(&mut self, job: JobId) {
        self.promises.cancelled.insert(job);
    }

    /// A worker forgets an outcome because it was acknowledged.
    pub(crate) fn forgotten(&mut self, run: Run) {
        if let Some(task) = self.promises.accepted.get(&run) {
            self.promises.forgotten.insert(run, *task);
        }
    }

    /// A client has receipts up to this item of its stream.
    pub(crate) fn items_acknowledged(&mut self, client: usize, number: u64) {
        let highest = self.promises.items.entry(client).or_default();
        *highest = number.max(*highest);
    }

    /// A client is told where its stream goes on.
    pub(crate) fn position_told(&mut self, client: usize, number: u64) {
        let acknowledged = self.promises.items.get(&client).copied().unwrap_or(0);
        if number < acknowledged {
            self.fail(format!(
                "client {client} has a receipt for item {acknowledged} and is told to go on after {number}"
            ));
        }
    }

    /// All jobs have ended, and so has all that was done for them: nothing stays in the journal for ever.
    pub(crate) fn leaves_nothing(&mut self) {
        if let Some(task) = self.durable.unended() {
            self.fail(format!("all jobs have ended, and {task} has not in the journal"));
        }
    }

    /// What was promised is true of what is durable. To be asked when nothing is on its way to the disk.
    pub(crate) fn keeps_its_word(&mut self) {
        let promises = &self.promises;
        let lost = promises.receipts.iter().find(|job| self.durable.facts(**job).is_none());
        let lost = lost.map(|job| format!("{job} was acknowledged and is lost"));
        let open = promises.cancelled.iter().find(|job| self.durable.is_open(**job));
        let open = open.map(|job| format!("{job} was said to be cancelled and is open"));
        let undone = promises.forgotten.iter().find(|(_, task)| !self.durable.task_has_ended(**task));
        let undone =
            undone.map(|(run, task)| format!("the outcome of {run:?} was acknowledged, and {task} has not ended"));
        if let Some(what) = lost.or(open).or(undone) {
            self.fail(what);
        }
    }
}
