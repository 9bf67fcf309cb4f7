//! What a task with a question asks for, and what becomes of that.
//!
//! The problem: a resolution tells which packages it lacks, and may lack them for good: there is no such package, or what
//! is needed of it cannot be had. So a name is asked for again only if its record has changed since it was asked for
//! last, and rounds and names of one task are bounded. When nothing is left to ask for, the answer "incomplete" is the
//! answer.
//!
//! The crawls are jobs like any other, of whoever asks, in the lane in which the task is. They are journalled and name the
//! task, and nothing else is: that the task waits for them is forgotten by a crash, after which it finds out anew what it
//! lacks, and waits for those of them that are still open. However a task ends, what it asked for ends with it, unless
//! somebody else wants it.

use gleaner_model::{ClientName, JobId, JobSpec, Lane, Origin, PackageName, Purl, TaskId};
use gleaner_store::Payload;
use hashbrown::HashMap;

use super::Child;
use super::answers::{Answered, Missing};
use super::message::{Admitted, SubmitError};
use super::state::State;
use crate::clients::Client;

/// Rounds of one task: each finds at least one layer of dependencies, so a chain that is thousands deep is answered, and
/// one that a registry makes up for ever is not followed for ever. A round costs an attempt of some milliseconds.
const ROUNDS_MAX: u32 = 4_096;

/// How often one task asks for one name: for the newest part, for older ones, and some more since records change. Else
/// a record that changes all the time would hold a task for all its rounds.
const ASKS_MAX: usize = 8;

/// Packages that one task asks for: far more than the largest graphs have, and few enough that one job cannot flood a
/// registry.
const NAMES_MAX: usize = 20_000;

/// How old the first request of a running crawl may be for a resolution to use what it finds. The package is not known
/// at all yet, so anything of late is better than one more crawl.
const CRAWL_AGE_MS: u64 = 3_600_000;

/// What one task has asked for so far.
#[derive(Default)]
pub(super) struct Asked {
    rounds: u32,
    names: HashMap<PackageName, Ask>,
}

impl Asked {
    /// How many packages were asked for.
    pub(super) fn len(&self) -> usize {
        self.names.len()
    }
}

/// What was asked for of one name.
#[derive(Default)]
struct Ask {
    /// The record's as of the last ask; none if nobody knows any more.
    revision: Option<u64>,
    times: usize,
    /// One an ask, the last one last; none if there was nothing to fetch: it came in while the answer was on its way.
    jobs: Vec<JobId>,
}

/// What follows from an answer that lacks something.
pub(super) struct Asking {
    pub(super) children: Vec<JobId>,
    pub(super) fresh: Vec<(JobId, Payload)>,
}

impl State {
    /// Submits crawls of what an answer lacks, all or none. None if there is nothing left to ask for.
    pub(super) fn ask(&mut self, task: TaskId, answered: &Answered) -> Result<Option<Asking>, SubmitError> {
        let Some(lane) = self.parts.core.lane_of(task) else { return Ok(None) };
        let asked = self.asked.entry(task).or_default();
        if asked.rounds >= ROUNDS_MAX {
            tracing::warn!(%task, rounds = asked.rounds, "a resolution asks for no more packages");
            return Ok(None);
        }
        let (mut children, mut wanted, mut room) =
            (Vec::new(), Vec::new(), NAMES_MAX - asked.names.len().min(NAMES_MAX));
        for missing in &answered.missing {
            let before = asked.names.get(&missing.name);
            let last = before.and_then(|ask| ask.jobs.last().copied());
            let open = last.and_then(|job| Some((job, self.parts.core.lane_of_job(job)?)));
            match (open, before) {
                (Some((job, of_job)), _) => {
                    children.push(job);
                    // Somebody more urgent waits for it now.
                    if of_job > lane {
                        wanted.push(missing);
                    }
                }
                (None, Some(ask)) if ask.revision == Some(missing.revision) || ask.times >= ASKS_MAX => {}
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
        let asks = self.submit_crawls(task, &wanted, answered, &client)?;
        let asked = self.asked.entry(task).or_default();
        asked.rounds += 1;
        let mut fresh = Vec::new();
        for (missing, admitted) in wanted.into_iter().zip(asks) {
            let job = admitted.as_ref().map(|(admitted, _)| admitted.job);
            let ask = asked.names.entry(missing.name.clone()).or_default();
            (ask.revision, ask.times) = (Some(missing.revision), ask.times + 1);
            ask.jobs.extend(job);
            children.extend(job);
            fresh.extend(admitted.map(|(admitted, payload)| (admitted.job, payload)));
        }
        Ok(Some(Asking { children, fresh }))
    }

    /// Has crawls taken in, one for each package of which something can be fetched.
    fn submit_crawls(
        &mut self,
        task: TaskId,
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
                    let payload = Payload { origin: Origin::Child(task), ..payload };
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

    /// Takes up what was asked for before a restart: for the tasks that are still there, and to be cancelled for the
    /// others.
    pub(super) fn adopt(&mut self, children: Vec<Child>) {
        for Child { task, name, job } in children {
            if self.parts.core.lane_of(task).is_some() {
                let ask = self.asked.entry(task).or_default().names.entry(name).or_default();
                ask.jobs.push(job);
            } else {
                self.unwanted.push(job);
            }
        }
    }

    /// A task has ended; whatever it asked for that is still open is to be cancelled.
    pub(super) fn asks_no_more(&mut self, task: TaskId) {
        let Some(asked) = self.asked.remove(&task) else { return };
        let jobs = asked.names.into_values().flat_map(|ask| ask.jobs);
        self.unwanted.extend(jobs.filter(|job| self.parts.core.lane_of_job(*job).is_some()));
    }

    /// Cancels crawls whose task has ended; whoever else wants the package has a job of their own. Was there any?
    pub(super) fn cancel_unwanted(&mut self) -> bool {
        let mut unwanted = std::mem::take(&mut self.unwanted);
        // In an order that is the same each time.
        unwanted.sort_unstable();
        let (now, mut effects) = (self.now(), Vec::new());
        for job in &unwanted {
            // What is being committed ends by itself.
            self.parts.core.cancel(*job, now, &mut effects);
            self.perform(&mut effects, now);
        }
        !unwanted.is_empty()
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
        let name = first.map_or_else(ClientName::gleaner, |payload| payload.client.clone());
        let weight = self.parts.options.clients.weight_of(&name);
        Client { name, lane, weight, quota: None }
    }
}
