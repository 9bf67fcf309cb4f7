//! What others were told and rely on: receipts, cancellations, acknowledged outcomes, acknowledged items.

use std::collections::{BTreeMap, BTreeSet};

use gleaner_model::{JobId, TaskId};

use super::Ledger;
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

impl Ledger {
    /// A client has a receipt.
    pub(crate) fn receipt(&mut self, job: JobId) {
        self.tally.receipts += 1;
        self.promises.receipts.insert(job);
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
