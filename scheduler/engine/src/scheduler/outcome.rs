//! What an outcome leads to: accepted once, prepared, committed, and only then acknowledged.

use std::sync::Arc;

use gleaner_core::catalogue::{self, Answer, Applied};
use gleaner_core::{Report, Verdict, WorkerId};
use gleaner_model::{
    Attempt, ClientName, ContentHash, CrawlPart, Fault, FaultKind, JobId, JobKind, JobResult, JobSpec, Lane, Outcome,
    PackageKey, TaskId, Timestamp,
};
use gleaner_store::{PackageWrite, Payload, Place, Store, StoreError};

use super::answers::{self, Answered};
use super::jobs::closures;
use super::message::{Committed, Found, Meaning, Message, Prepared};
use super::state::State;
use crate::clients::Client;
use crate::committer::{CommitError, Entry};

/// Outcomes without documents whose meaning is worked out on one thread: some milliseconds' work, if all of them are
/// answers with large graphs.
const TOGETHER_MAX: usize = 64;

/// Where an outcome's documents lie.
type Places = Vec<(ContentHash, Place)>;

/// An outcome that was accepted, and what the task had asked for.
pub(super) struct Arrival {
    worker: WorkerId,
    attempt: Attempt,
    outcome: Outcome,
    documents: Places,
    payload: Arc<Payload>,
}

impl Arrival {
    fn prepare(self, store: &dyn Store, now: Timestamp) -> Prepared {
        let Self { worker, attempt, outcome, documents, payload } = self;
        let span = tracing::debug_span!("apply", task = %attempt.task, purl = %payload.spec.purl);
        gleaner_proto::trace::set_parent(&span, &payload.trace);
        let result = span.in_scope(|| match outcome {
            Outcome::Resolved(resolved) if payload.spec.kind == JobKind::Resolve => {
                answers::mean(store, &payload, *resolved, now).map(|answered| Meaning::Answered(Box::new(answered)))
            }
            outcome => mean(store, &payload, outcome, now).map(|found| Meaning::Found(Box::new(found))),
        });
        Prepared { worker, attempt, documents, result }
    }
}

impl State {
    /// A worker told how an attempt ended. Its documents are stored already.
    pub(super) fn outcome(&mut self, worker: WorkerId, attempt: Attempt, outcome: Outcome, documents: Places) {
        if self.parts.core.is_of_another(worker, attempt) {
            tracing::warn!(task = %attempt.task, "a worker told the outcome of an attempt that another one has");
            return self.acknowledge(worker, attempt);
        }
        let (now, mut effects) = (self.now(), Vec::new());
        let (report, outcome) = match outcome {
            Outcome::Failed(fault) => (Report::Failed(fault), None),
            Outcome::HandedBack => (Report::HandedBack, None),
            finished => (Report::Finished, Some(finished)),
        };
        match self.parts.core.outcome(attempt, report, now, &mut effects) {
            Verdict::Accept => {
                self.perform(&mut effects, now);
                if let Some(outcome) = outcome {
                    self.applying += 1;
                    self.prepare(worker, attempt, outcome, documents);
                }
            }
            Verdict::Retried { .. } | Verdict::DeadLetter => {
                self.perform_for(&mut effects, now, Some((worker, attempt)));
            }
            Verdict::Refused | Verdict::Closed => {
                self.perform(&mut effects, now);
                self.acknowledge(worker, attempt);
            }
        }
    }

    /// Puts an accepted outcome among those whose meaning [`State::take_in`] has worked out.
    fn prepare(&mut self, worker: WorkerId, attempt: Attempt, outcome: Outcome, documents: Places) {
        match self.payloads.get(attempt.task.maker(), &*self.parts.store) {
            Ok(Some(payload)) => self.arrivals.push(Arrival { worker, attempt, outcome, documents, payload }),
            Ok(None) => self.unusable(attempt, "the journal does not know the task"),
            Err(error) => self.unusable(attempt, &error.to_string()),
        }
    }

    /// Has the meaning of this round's outcomes worked out, off the actor's thread. Documents take milliseconds each, so
    /// every core has a part of them; the rest takes microseconds and goes together.
    pub(super) fn take_in(&mut self) {
        let arrivals = std::mem::take(&mut self.arrivals);
        let (large, mut small): (Vec<_>, Vec<_>) =
            arrivals.into_iter().partition(|arrival| matches!(arrival.outcome, Outcome::Fetched(_)));
        let mut all: Vec<Vec<Arrival>> = large.into_iter().map(|arrival| vec![arrival]).collect();
        while !small.is_empty() {
            all.push(small.split_off(small.len().saturating_sub(TOGETHER_MAX)));
        }
        for together in all {
            let (store, myself, now) = (Arc::clone(&self.parts.store), self.myself.clone(), self.now().wall);
            tokio::task::spawn_blocking(move || {
                for arrival in together {
                    let _ = myself.cast(Message::Prepared(Box::new(arrival.prepare(&*store, now))));
                }
            });
        }
    }

    fn unusable(&mut self, attempt: Attempt, detail: &str) {
        self.reopen(attempt.task, Fault::new(FaultKind::Internal, detail));
    }

    /// Writes what an outcome means: its jobs end, the record changes, and what it leaves to do is submitted, in one
    /// commit.
    pub(super) fn prepared(&mut self, prepared: Prepared) {
        let Prepared { worker, attempt, documents, result } = prepared;
        let meaning = match result {
            Ok(meaning) => meaning,
            Err(fault) => {
                self.applying -= 1;
                let (now, mut effects) = (self.now(), Vec::new());
                self.parts.core.reopen(attempt.task, fault, now, &mut effects);
                self.cancel_what_goes_on(attempt.task);
                return self.perform_for(&mut effects, now, Some((worker, attempt)));
            }
        };
        match meaning {
            Meaning::Found(found) => self.found(worker, attempt, documents, *found),
            Meaning::Answered(answered) => {
                if let Some(answered) = self.ask_for_more(worker, attempt, answered) {
                    self.answered(worker, attempt, *answered);
                }
            }
        }
    }

    fn found(&mut self, worker: WorkerId, attempt: Attempt, documents: Places, found: Found) {
        let follow_up = found.follow_up.and_then(|spec| self.follow_up(spec, &found.trace));
        let submitted = follow_up.as_ref().map(|(job, _)| *job);
        let mut entry = self.end_task(worker, attempt, found.result, submitted, &found.trace);
        entry.packages.push(found.write);
        entry.documents = documents;
        if let Some((job, payload)) = follow_up {
            self.put(&mut entry, job, payload);
        }
        self.commit(entry);
    }

    fn answered(&mut self, worker: WorkerId, attempt: Attempt, answered: Answered) {
        let mut entry = self.end_task(worker, attempt, answered.result, None, &answered.trace);
        entry.resolutions.push(answered.write);
        self.commit(entry);
    }

    /// An entry with the end of a task and of its jobs, each of which ends with `result`.
    fn end_task(
        &mut self,
        worker: WorkerId,
        attempt: Attempt,
        result: JobResult,
        submitted: Option<JobId>,
        trace: &gleaner_model::Trace,
    ) -> Entry {
        let attempts = self.parts.core.attempts_of(attempt.task);
        let journey = Some(self.parts.core.journey(attempt.task, self.now()));
        let result = JobResult { attempts, journey, ..result };
        let jobs = self.parts.core.jobs_of(attempt.task);
        let merged = self.parts.core.merged_into(attempt.task);
        let alike = std::iter::repeat_n(result, jobs.len());
        let ended: Vec<(JobId, JobResult)> = jobs.into_iter().zip(alike).collect();
        let span = tracing::debug_span!("commit", task = %attempt.task);
        gleaner_proto::trace::set_parent(&span, trace);
        let mut entry = Entry::new(self.answer_outcome(worker, attempt, ended.clone(), submitted, span));
        entry.closures = closures(ended, Some(attempt.task), merged);
        entry
    }

    /// Takes in work that Gleaner gives itself. If the queue is full it is left to the next crawl of the package.
    fn follow_up(&mut self, spec: JobSpec, trace: &gleaner_model::Trace) -> Option<(JobId, Payload)> {
        let client = Client { name: ClientName::gleaner(), lane: Lane::Bulk, weight: 1, quota: None };
        let admitted = self.admit_one(&spec, &client).ok()?;
        let payload = self.payload(admitted.task, spec, &client, trace);
        Some((admitted.job, payload))
    }

    fn answer_outcome(
        &self,
        worker: WorkerId,
        attempt: Attempt,
        ended: Vec<(JobId, JobResult)>,
        submitted: Option<JobId>,
        span: tracing::Span,
    ) -> crate::committer::Then {
        let myself = self.myself.clone();
        Box::new(move |result| {
            // The span of the commit ends with it.
            drop(span);
            let committed = match result {
                Ok(()) => Committed::Outcome { worker, attempt, ended, submitted },
                Err(CommitError::Conflict) => Committed::Conflict { attempt },
                // Nothing more is ever committed; the worker keeps its outcome for the next scheduler.
                Err(CommitError::Store(_)) => return,
            };
            let _ = myself.cast(Message::Committed(committed));
        })
    }

    pub(super) fn outcome_committed(
        &mut self,
        worker: WorkerId,
        attempt: Attempt,
        ended: Vec<(JobId, JobResult)>,
        submitted: Option<JobId>,
    ) {
        self.applying -= 1;
        self.asks_no_more(attempt.task);
        let now = self.now();
        let mut effects = std::mem::take(&mut self.effects);
        self.parts.core.committed(attempt.task, now, &mut effects);
        self.effects = effects;
        submitted.into_iter().for_each(|job| self.payloads.committed(job));
        if let Some(link) = self.links.get_mut(&worker) {
            link.accepted += 1;
        }
        self.jobs_ended(ended);
        self.acknowledge(worker, attempt);
    }

    /// Another outcome of the same package came first. The work is done anew, from what is known now.
    pub(super) fn outcome_conflicted(&mut self, attempt: Attempt) {
        self.unusable(attempt, "the package's record changed while the outcome was applied");
    }

    /// What was accepted cannot be committed as it is.
    fn reopen(&mut self, task: TaskId, fault: Fault) {
        self.applying -= 1;
        let (now, mut effects) = (self.now(), Vec::new());
        self.parts.core.reopen(task, fault, now, &mut effects);
        self.cancel_what_goes_on(task);
        self.perform(&mut effects, now);
    }
}

/// Works out what an outcome means for the catalogue. Reads the record, compares, encodes: no decisions but the
/// catalogue's own.
fn mean(store: &dyn Store, payload: &Payload, outcome: Outcome, now: Timestamp) -> Result<Found, Fault> {
    let key = PackageKey::new(payload.spec.registry.clone(), &payload.spec.purl);
    let applied = apply(store, &key, outcome, now)?;
    // Older documents that brought nothing are not asked for again and again; the next regular crawl does that.
    let progress = payload.spec.part == CrawlPart::Newest || applied.changed;
    let follow_up = applied.follow_up.filter(|_| progress).map(|part| JobSpec {
        part,
        ..JobSpec::crawl(payload.spec.purl.without_version(), payload.spec.registry.clone())
    });
    let head = &applied.head;
    let result = JobResult {
        changed: Some(applied.changed),
        versions: Some(head.outline.versions),
        latest: head.outline.latest.clone(),
        fetched_at: head.last_success,
        document: head.source.as_ref().map(|source| source.document.hash),
        ..JobResult::bare(applied.state, now, 0)
    };
    let write = PackageWrite::new(head, applied.content, applied.events);
    Ok(Found { write, result, follow_up, trace: payload.trace.clone() })
}

/// Applies an outcome to what is stored. Only documents are compared with the whole record.
fn apply(store: &dyn Store, key: &PackageKey, outcome: Outcome, now: Timestamp) -> Result<Applied, Fault> {
    let unreadable = |error: StoreError| Fault::new(FaultKind::Internal, error.to_string());
    let answered = |answer, at| {
        let old = store.package_head(key).map_err(unreadable)?;
        catalogue::answered(old, key, answer, at, now)
    };
    match outcome {
        Outcome::Fetched(facts) => {
            let old = store.package(key).map_err(unreadable)?;
            catalogue::fetched(old.as_ref(), key, *facts, now)
        }
        Outcome::NotModified { at } => answered(Answer::NotModified, at),
        Outcome::NotFound { at } | Outcome::Gone { at } => answered(Answer::NoSuchPackage, at),
        Outcome::Resolved(_) => Err(Fault::new(FaultKind::Internal, "an answer to a crawl")),
        Outcome::Failed(fault) => Err(fault),
        Outcome::HandedBack => Err(Fault::new(FaultKind::Internal, "handed back")),
    }
}
