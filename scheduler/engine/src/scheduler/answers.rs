//! What an answer to a question leads to: it is kept and the jobs end, or what it lacks is asked for and the task waits.
//!
//! The problem: an answer that lacks packages may be the last word, or the beginning of crawls, and both must be durable
//! before the worker may forget it. So what it means is worked out off the actor's thread, as of the catalogue then; what
//! is asked for is decided in `children`, and journalled in one commit with the acknowledgement behind it.

use gleaner_core::WorkerId;
use gleaner_model::{
    Answer, Attempt, CrawlPart, Ecosystem, Fault, FaultKind, JobId, JobResult, JobState, PackageKey, PackageName,
    Presence, Purl, RegistryName, ResolutionRecord, Resolved, Timestamp, Trace,
};
use gleaner_store::{Payload, ResolutionWrite, Store, StoreError};

use super::children::Asking;
use super::message::{Committed, Message};
use super::state::State;
use crate::committer::{CommitError, Entry};

/// What an answer means.
pub(crate) struct Answered {
    /// The answer as it will be kept if it is the last word.
    pub(crate) write: ResolutionWrite,
    /// The result for each job, but for the number of attempts.
    pub(crate) result: JobResult,
    pub(crate) trace: Trace,
    /// What the answer lacks, of packages in this registry.
    pub(crate) missing: Vec<Missing>,
    pub(crate) registry: RegistryName,
    pub(crate) ecosystem: Ecosystem,
}

/// A package that an answer lacks.
pub(crate) struct Missing {
    pub(super) name: PackageName,
    /// The revision of its content; 0 if there is none.
    pub(super) revision: u64,
    /// What can be fetched of it, if anything can.
    pub(super) part: Option<CrawlPart>,
}

/// Works out what an answer means, off the actor's thread: reads the heads of the packages that it lacks, and encodes it.
pub(super) fn mean(
    store: &dyn Store,
    payload: &Payload,
    resolved: Resolved,
    now: Timestamp,
) -> Result<Answered, Fault> {
    let spec = &payload.spec;
    let question = spec.question.as_deref().cloned().unwrap_or_default();
    let wrong = |what: &str| Fault::new(FaultKind::Malformed, format!("the worker's answer to {}: {what}", spec.purl));
    if resolved.ecosystem != spec.purl.ecosystem() {
        return Err(wrong("it is of another ecosystem"));
    }
    if resolved.position > store.position() {
        return Err(wrong("it is of a position that the events have not reached"));
    }
    let unreadable = |error: StoreError| Fault::new(FaultKind::Internal, error.to_string());
    let missing = match &resolved.resolution.answer {
        Answer::Stopped => return Err(wrong("it was stopped")),
        // What was not known at a past moment cannot be fetched today.
        Answer::Incomplete { names } if question.as_of.is_of_now() => {
            missing(store, &spec.registry, resolved.ecosystem, names).map_err(unreadable)?
        }
        Answer::Graph(_) | Answer::Unsatisfiable { .. } | Answer::Incomplete { .. } | Answer::GaveUp { .. } => {
            Vec::new()
        }
    };
    let (ecosystem, position) = (resolved.ecosystem, resolved.position);
    let record = ResolutionRecord {
        key: PackageKey::new(spec.registry.clone(), &spec.purl.without_version()),
        version: spec.purl.version().map(str::to_owned),
        question,
        resolved,
        answered_at: now,
        confirmed_position: position,
        confirmed_at: now,
    };
    Ok(Answered {
        write: ResolutionWrite::new(&record),
        result: JobResult { fetched_at: Some(now), ..JobResult::bare(JobState::Done, now, 0) },
        trace: payload.trace.clone(),
        missing,
        registry: spec.registry.clone(),
        ecosystem,
    })
}

fn missing(
    store: &dyn Store,
    registry: &RegistryName,
    ecosystem: Ecosystem,
    names: &[PackageName],
) -> Result<Vec<Missing>, StoreError> {
    let key = |name: &PackageName| PackageKey::new(registry.clone(), &Purl::new(ecosystem, name.clone()));
    let keys: Vec<PackageKey> = names.iter().map(key).collect();
    let heads = store.package_heads(&keys)?;
    let missing = names.iter().zip(heads).map(|(name, head)| {
        let name = name.clone();
        Ok(match head? {
            None => Missing { name, revision: 0, part: Some(CrawlPart::Newest) },
            Some(head) => {
                let is_pending = head.presence == Presence::Present && head.outline.pending;
                Missing { name, revision: head.content_revision, part: is_pending.then_some(CrawlPart::Older) }
            }
        })
    });
    missing.collect()
}

impl State {
    /// Has what an answer lacks fetched, and lets the task wait for it. Gives the answer back if it is the last word.
    pub(super) fn ask_for_more(
        &mut self,
        worker: WorkerId,
        attempt: Attempt,
        answered: Box<Answered>,
    ) -> Option<Box<Answered>> {
        if answered.missing.is_empty() {
            return Some(answered);
        }
        let now = self.now();
        let Asking { children, fresh } = match self.ask(attempt.task, &answered) {
            Ok(Some(asking)) => asking,
            Ok(None) => return Some(answered),
            Err(refusal) => {
                // Later there may be room; nothing of it was kept.
                let fault =
                    Fault::new(FaultKind::Throttled, format!("what the answer lacks cannot be asked for: {refusal}"));
                self.applying -= 1;
                let mut effects = Vec::new();
                self.parts.core.reopen(attempt.task, fault, now, &mut effects);
                self.cancel_what_goes_on(attempt.task);
                self.perform_for(&mut effects, now, Some((worker, attempt)));
                return None;
            }
        };
        tracing::info!(task = %attempt.task, crawls = fresh.len(), "a resolution waits for packages");
        self.parts.core.wait_for(attempt.task, &children, now);
        self.cancel_what_goes_on(attempt.task);
        self.tell_open(attempt.task);
        let jobs: Vec<JobId> = fresh.iter().map(|(job, _)| *job).collect();
        let mut entry = Entry::new(self.answer_asked(worker, attempt, jobs));
        for (job, payload) in fresh {
            self.put(&mut entry, job, payload);
        }
        self.commit(entry);
        None
    }

    fn answer_asked(&self, worker: WorkerId, attempt: Attempt, children: Vec<JobId>) -> crate::committer::Then {
        let myself = self.myself.clone();
        Box::new(move |result: Result<(), CommitError>| {
            // Otherwise nothing more is ever committed; the worker keeps its outcome for the next scheduler.
            if result.is_ok() {
                let _ = myself.cast(Message::Committed(Committed::Asked { worker, attempt, children }));
            }
        })
    }

    /// What a task asked for is durable, so its worker may forget the outcome.
    pub(super) fn asked_committed(&mut self, worker: WorkerId, attempt: Attempt, children: Vec<JobId>) {
        self.applying -= 1;
        children.into_iter().for_each(|job| self.payloads.committed(job));
        if let Some(link) = self.links.get_mut(&worker) {
            link.accepted += 1;
        }
        self.acknowledge(worker, attempt);
    }
}
