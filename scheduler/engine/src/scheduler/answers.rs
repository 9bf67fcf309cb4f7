//! What an answer to a question leads to: it is kept and the jobs end, or what it lacks is asked for and the task waits.
//!
//! The problem: a resolution tells which packages it lacks, and may lack them for good: there is no such package, or what
//! is needed of it cannot be had. So a name is asked for again only if its record has changed since it was asked for
//! last, and rounds and names of one task are bounded. When nothing is left to ask for, the answer "incomplete" is the
//! answer.
//!
//! The crawls are jobs like any other, of whoever asks, in the lane in which the task is. They are journalled, and nothing
//! else with them: that the task waits for them is forgotten by a crash, after which it finds out anew what it lacks.

use gleaner_core::WorkerId;
use gleaner_model::{
    Answer, AsOf, Attempt, CrawlPart, Ecosystem, Fault, FaultKind, JobId, JobResult, JobSpec, JobState, Lane,
    PackageKey, PackageName, Presence, Purl, RegistryName, ResolutionRecord, Resolved, TaskId, Timestamp, Trace,
};
use gleaner_store::{Payload, ResolutionWrite, Store, StoreError};
use hashbrown::HashMap;

use super::message::{Admitted, Committed, Message, SubmitError};
use super::state::State;
use crate::clients::Client;
use crate::committer::{CommitError, Entry};

/// Rounds of one task: each finds at least one layer of dependencies, and no real graph has so many.
const ROUNDS_MAX: u32 = 64;

/// Packages that one task asks for: far more than the largest graphs have, and few enough that one job cannot flood a
/// registry.
const NAMES_MAX: usize = 20_000;

/// How old the first request of a running crawl may be for a resolution to use what it finds. The package is not known
/// at all yet, so anything of late is better than one more crawl.
const CRAWL_AGE_MS: u64 = 3_600_000;

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
    name: PackageName,
    /// The revision of its content; 0 if there is none.
    revision: u64,
    /// What can be fetched of it, if anything can.
    part: Option<CrawlPart>,
}

/// What one task has asked for so far.
#[derive(Default)]
pub(super) struct Asked {
    rounds: u32,
    names: HashMap<PackageName, Ask>,
}

#[derive(Clone, Copy)]
struct Ask {
    revision: u64,
    /// None if there was nothing to fetch: it came in while the answer was on its way.
    job: Option<JobId>,
}

/// What follows from an answer that lacks something.
struct Asking {
    children: Vec<JobId>,
    fresh: Vec<(JobId, Payload)>,
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
        Answer::Incomplete { names } if is_of_now(question.as_of) => {
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

/// What was not known at a past moment cannot be fetched today.
const fn is_of_now(as_of: AsOf) -> bool {
    matches!(as_of, AsOf::Now | AsOf::Published(_))
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
                self.perform_for(&mut effects, now, Some((worker, attempt)));
                return None;
            }
        };
        tracing::info!(task = %attempt.task, crawls = fresh.len(), "a resolution waits for packages");
        self.parts.core.wait_for(attempt.task, &children, now);
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

    /// Submits crawls of what an answer lacks, all or none. None if there is nothing left to ask for.
    fn ask(&mut self, task: TaskId, answered: &Answered) -> Result<Option<Asking>, SubmitError> {
        let Some(lane) = self.parts.core.lane_of(task) else { return Ok(None) };
        let asked = self.asked.entry(task).or_default();
        if asked.rounds >= ROUNDS_MAX {
            return Ok(None);
        }
        let (mut children, mut wanted, mut room) =
            (Vec::new(), Vec::new(), NAMES_MAX - asked.names.len().min(NAMES_MAX));
        for missing in &answered.missing {
            let before = asked.names.get(&missing.name).copied();
            let open = before.and_then(|ask| ask.job).and_then(|job| Some((job, self.parts.core.lane_of_job(job)?)));
            match (open, before) {
                (Some((job, of_job)), _) => {
                    children.push(job);
                    // Somebody more urgent waits for it now.
                    if of_job > lane {
                        wanted.push(missing);
                    }
                }
                (None, Some(ask)) if ask.revision == missing.revision => {}
                (None, None) if room == 0 => {}
                (None, before) => {
                    room -= usize::from(before.is_none());
                    wanted.push(missing);
                }
            }
        }
        if children.is_empty() && wanted.is_empty() {
            return Ok(None);
        }
        let client = self.asker(task, lane);
        let asks = self.submit_crawls(&wanted, answered, &client)?;
        let asked = self.asked.entry(task).or_default();
        asked.rounds += 1;
        let mut fresh = Vec::new();
        for (missing, admitted) in wanted.into_iter().zip(asks) {
            let job = admitted.as_ref().map(|(admitted, _)| admitted.job);
            asked.names.insert(missing.name.clone(), Ask { revision: missing.revision, job });
            children.extend(job);
            fresh.extend(admitted.map(|(admitted, payload)| (admitted.job, payload)));
        }
        Ok(Some(Asking { children, fresh }))
    }

    /// Has crawls taken in, one for each package of which something can be fetched.
    fn submit_crawls(
        &mut self,
        wanted: &[&Missing],
        answered: &Answered,
        client: &Client,
    ) -> Result<Vec<Option<(Admitted, Payload)>>, SubmitError> {
        let mut crawls = Vec::with_capacity(wanted.len());
        for missing in wanted {
            let Some(part) = missing.part else {
                crawls.push(None);
                continue;
            };
            let purl = Purl::new(answered.ecosystem, missing.name.clone());
            let crawl = JobSpec::crawl(purl, answered.registry.clone());
            let spec = JobSpec { part, max_age_ms: CRAWL_AGE_MS, ..crawl };
            match self.admit_one(&spec, client) {
                Ok(admitted) => {
                    let payload = self.payload(admitted.task, spec, client, &answered.trace);
                    crawls.push(Some((admitted, payload)));
                }
                Err(refusal) => {
                    let admitted: Vec<Admitted> = crawls.into_iter().flatten().map(|(admitted, _)| admitted).collect();
                    self.take_back(&admitted);
                    return Err(refusal);
                }
            }
        }
        Ok(crawls)
    }

    /// Who asks: of the jobs that wait for a task, the first of its lane.
    fn asker(&mut self, task: TaskId, lane: Lane) -> Client {
        let jobs = self.parts.core.jobs_of(task);
        let of = |state: &mut Self, job| state.payloads.get(job, &*state.parts.store).ok().flatten();
        let mut first = None;
        for job in jobs {
            let Some(payload) = of(self, job) else { continue };
            let is_it = payload.lane == lane;
            first = first.filter(|_| !is_it).or(Some(payload));
            if is_it {
                break;
            }
        }
        let name = first.map_or_else(gleaner_model::ClientName::gleaner, |payload| payload.client.clone());
        let weight = self.parts.options.clients.weight_of(&name);
        Client { name, lane, weight, quota: None }
    }
}
