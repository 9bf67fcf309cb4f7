//! Batches: jobs that are submitted together and looked at together.
//!
//! A batch is one row, written when it is submitted, when it is cancelled and when it has ended; its jobs are ordinary
//! ones that follow each other in the journal, so that nothing is written for each of them. Of an open batch memory knows
//! which of its jobs have not ended; when the last one has, they are counted in the journal and the row says so. If the
//! scheduler dies in between, the next one counts.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use gleaner_core::Refusal;
use gleaner_model::{Batch, BatchId, IdempotencyKey, JobId, JobSpec, JobState, Origin, Tally, Timestamp, Trace};
use gleaner_store::{Command, KeyEntry, Keyed, OrderWrite, Payload, Store, StoreError};

use super::{Order, OrderError};
use crate::clients::Client;
use crate::committer::Entry;
use crate::scheduler::message::{Admitted, Committed, Credit, Message, Reply, Room, SubmitError};
use crate::scheduler::state::State;
use crate::services::Claim;

/// Batches of one page of the store, when all are read at the start.
const PAGE: usize = 1_000;

/// A batch to be taken in.
pub(crate) struct BatchSubmission {
    /// What is asked for, or why it cannot be.
    pub(crate) items: Vec<Result<JobSpec, String>>,
    pub(crate) label: String,
    pub(crate) key: Option<(IdempotencyKey, [u8; 16])>,
    pub(crate) client: Client,
    pub(crate) trace: Trace,
    pub(crate) reply: Reply<Result<BatchAdmitted, SubmitError>>,
    /// Kept until it is durable.
    pub(crate) held: (Credit, Room, Option<Claim>),
}

/// What became of one item.
pub(crate) type BatchItem = Result<Admitted, String>;

/// What was taken in: none if no item was.
pub(crate) struct BatchAdmitted {
    pub(crate) batch: Option<Batch>,
    pub(crate) items: Vec<BatchItem>,
}

/// The batches that have not ended.
#[derive(Default)]
pub(crate) struct Batches {
    rows: BTreeMap<BatchId, Row>,
    /// Those of whose jobs none is open any more, and that are to be counted.
    over: BTreeSet<BatchId>,
    /// Open jobs that recovery found, until the rows are read.
    found: BTreeMap<BatchId, BTreeSet<JobId>>,
}

struct Row {
    batch: Batch,
    open: BTreeSet<JobId>,
}

impl Batches {
    pub(super) fn recovered(&mut self, job: JobId, batch: BatchId) {
        self.found.entry(batch).or_default().insert(job);
    }

    /// Reads the rows of those that have not ended; answers the open jobs of those that were cancelled.
    pub(super) fn load(&mut self, store: &dyn Store) -> Result<Vec<JobId>, StoreError> {
        let (mut found, mut cancelled, mut before) = (std::mem::take(&mut self.found), Vec::new(), None);
        loop {
            let page = store.batches(before, PAGE)?;
            let Some(last) = page.last() else { return Ok(cancelled) };
            before = Some(last.id);
            for batch in page.into_iter().filter(|batch| batch.end.is_none()) {
                let open = found.remove(&batch.id).unwrap_or_default();
                if batch.cancelled_at.is_some() {
                    cancelled.extend(&open);
                }
                self.put(Row { batch, open });
            }
        }
    }

    fn put(&mut self, row: Row) {
        if row.open.is_empty() {
            self.over.insert(row.batch.id);
        }
        self.rows.insert(row.batch.id, row);
    }

    pub(super) fn is_cancelled(&self, job: JobId) -> bool {
        let row = self.rows.range(..=BatchId(job.0)).next_back();
        row.is_some_and(|(_, row)| row.batch.cancelled_at.is_some() && row.open.contains(&job))
    }

    /// A job has ended.
    pub(super) fn ended(&mut self, job: JobId) {
        let Some((id, row)) = self.rows.range_mut(..=BatchId(job.0)).next_back() else { return };
        if row.open.remove(&job) && row.open.is_empty() {
            self.over.insert(*id);
        }
    }
}

impl State {
    /// Takes in those items that can be, and answers after their commit.
    pub(super) fn submit_batch(&mut self, submission: BatchSubmission) {
        if self.is_draining {
            return drop(submission.reply.send(Err(SubmitError::Draining)));
        }
        let BatchSubmission { items, label, key, client, trace, reply, held } = submission;
        let (items, payloads) = match self.admit_items(items, &client, &trace) {
            Ok(admitted) => admitted,
            Err(error) => return drop(reply.send(Err(error))),
        };
        let batch = batch_of(&items, &client, label, key.as_ref().map(|(key, _)| key.clone()), self.now().wall);
        let Some(batch) = batch else {
            return drop(reply.send(Ok(BatchAdmitted { batch: None, items })));
        };
        let jobs: Vec<JobId> = items.iter().flatten().map(|admitted| admitted.job).collect();
        self.orders.batches.put(Row { batch: batch.clone(), open: jobs.iter().copied().collect() });
        let (write, id, myself) = (OrderWrite::Batch(batch.clone()), batch.id, self.myself.clone());
        let mut entry = Entry::new(Box::new(move |result| {
            if result.is_ok() {
                let _ = myself.cast(Message::Committed(Committed::Submitted(jobs)));
            }
            drop(held);
            let admitted = BatchAdmitted { batch: Some(batch), items };
            let _ = reply.send(result.map(|()| admitted).map_err(|error| SubmitError::Store(error.to_string())));
        }));
        for (job, payload) in payloads {
            self.put(&mut entry, job, Payload { origin: Origin::Batch(id), ..payload });
        }
        entry.keys.extend(key.map(|(key, fingerprint)| KeyEntry {
            client: client.name.clone(),
            key: key.into(),
            names: Keyed::Batch(id),
            fingerprint,
        }));
        entry.orders.push(write);
        self.commit(entry);
    }

    /// Asks the core to take in every item; if there is no room for all, none is.
    #[allow(clippy::type_complexity, reason = "what became of each, and what of it is to be written")]
    fn admit_items(
        &mut self,
        items: Vec<Result<JobSpec, String>>,
        client: &Client,
        trace: &Trace,
    ) -> Result<(Vec<BatchItem>, Vec<(JobId, Payload)>), SubmitError> {
        let (mut answers, mut payloads) = (Vec::with_capacity(items.len()), Vec::with_capacity(items.len()));
        for item in items {
            let admitted = item.map(|spec| (self.admit_one(&spec, client), spec));
            answers.push(match admitted {
                Ok((Ok(admitted), spec)) => {
                    payloads.push((admitted.job, self.payload(admitted.task, spec, client, trace)));
                    Ok(admitted)
                }
                Ok((Err(error @ SubmitError::Refused(Refusal::Full { .. })), _)) => {
                    self.take_back(&answers.into_iter().flatten().collect::<Vec<Admitted>>());
                    return Err(error);
                }
                Ok((Err(error), _)) => Err(error.to_string()),
                Err(reason) => Err(reason),
            });
        }
        Ok((answers, payloads))
    }

    /// Cancels what is open of a batch. Its row says so first, so that a new start goes on with it.
    pub(super) fn cancel_batch(&mut self, batch: BatchId, reply: Reply<Result<Option<Batch>, OrderError>>) {
        let now = self.now().wall;
        let Some(row) = self.orders.batches.rows.get_mut(&batch) else { return drop(reply.send(Ok(None))) };
        row.batch.cancelled_at.get_or_insert(now);
        self.orders.cancelling.extend(&row.open);
        let told = row.batch.clone();
        let write = OrderWrite::Batch(told.clone());
        let mut entry = Entry::new(Box::new(move |result| {
            let _ = reply.send(result.map(|()| Some(told)).map_err(|error| OrderError::Store(error.to_string())));
        }));
        entry.orders.push(write);
        self.commit(entry);
    }

    /// Has those batches counted whose jobs have all ended, off the actor's thread.
    pub(super) fn finish_batches(&mut self) {
        while let Some(id) = self.orders.batches.over.pop_first() {
            let Some(row) = self.orders.batches.rows.get(&id) else { continue };
            let (batch, store, myself) = (row.batch.clone(), Arc::clone(&self.parts.store), self.myself.clone());
            tokio::task::spawn_blocking(move || {
                let counted = end_of(&*store, &batch).inspect_err(|error| {
                    tracing::warn!(batch = %batch.id, %error, "a batch that has ended could not be counted");
                });
                let end = counted.ok().flatten();
                let _ = myself.cast(Message::Order(Box::new(Order::BatchTallied { batch: id, end })));
            });
        }
    }

    pub(super) fn batch_tallied(&mut self, batch: BatchId, end: Option<(Timestamp, Tally)>) {
        let Some(row) = self.orders.batches.rows.remove(&batch) else { return };
        // Without a count the row stays open, and the next start counts.
        let Some(end) = end else { return };
        let mut entry = Entry::new(Box::new(|_| ()));
        entry.orders.push(OrderWrite::Batch(Batch { end: Some(end), ..row.batch }));
        self.commit(entry);
    }
}

/// The batch that these items make; none if none was taken in.
fn batch_of(
    items: &[BatchItem],
    client: &Client,
    label: String,
    key: Option<IdempotencyKey>,
    now: Timestamp,
) -> Option<Batch> {
    let mut jobs = items.iter().flatten().map(|admitted| admitted.job);
    let first = jobs.next()?;
    let (last, more) = jobs.fold((first, 0), |(_, more), job| (job, more + 1));
    let (id, client) = (BatchId(first.0), client.name.clone());
    Some(Batch { id, client, label, created_at: now, last, jobs: more + 1, key, cancelled_at: None, end: None })
}

/// The states of a batch's jobs as the journal has them, those without a result as queued, and the latest end.
pub(crate) fn batch_states(
    store: &dyn Store,
    batch: &Batch,
) -> Result<(BTreeMap<JobId, JobState>, Option<Timestamp>), StoreError> {
    let (mut states, mut latest) = (BTreeMap::new(), None);
    let room = usize::try_from(batch.last.0 - batch.first().0 + 1).unwrap_or(usize::MAX);
    for stored in store.jobs(Some(JobId(batch.last.0 + 1)), room)? {
        if matches!(&stored.submit, Command::Submit(payload) if payload.origin == Origin::Batch(batch.id)) {
            states.insert(stored.job, stored.result.as_ref().map_or(JobState::Queued, |result| result.state));
            latest = latest.max(stored.result.map(|result| result.ended_at));
        }
    }
    Ok((states, latest))
}

/// When a batch had ended and how its jobs did; none if one has not.
fn end_of(store: &dyn Store, batch: &Batch) -> Result<Option<(Timestamp, Tally)>, StoreError> {
    let (states, latest) = batch_states(store, batch)?;
    let tally: Tally = states.into_values().collect();
    Ok(latest.filter(|_| tally.ended() == batch.jobs).map(|latest| (latest, tally)))
}
