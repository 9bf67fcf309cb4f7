//! What an answer to a question leads to (the engine's `answers`): the jobs end with it, or what it lacks is asked for and
//! the task waits. What a task has asked for is kept here only, so that a crash forgets it.

use std::collections::BTreeMap;

use gleaner_core::{Refusal, WorkerId};
use gleaner_model::{Attempt, FaultKind, JobId, JobState, Lane, Origin, TaskId};

use super::payload::own_account;
use super::{Account, Committed, Entry, Payload, Process, Scene, Then};
use crate::fault::Fault as Planted;
use crate::packages::{OLDER, Packages};
use crate::wire::{Ended, Wish};

/// Rounds of one task, and packages that it asks for: so few that both bounds are met.
pub(crate) const ROUNDS_MAX: u32 = 6;
const NAMES_MAX: usize = 12;

/// How old the first request of a running crawl may be for a resolution to use what it finds.
const CRAWL_AGE_MS: u64 = 3_600_000;

/// What the catalogue makes of an outcome.
#[derive(Clone, Debug)]
pub(crate) struct Meaning {
    pub(super) state: JobState,
    missing: Vec<Missing>,
}

/// A package that an answer lacks: the revision of its content, and what can be crawled of it, if anything can.
#[derive(Clone, Copy, Debug)]
struct Missing {
    package: u64,
    revision: u64,
    target: Option<u64>,
}

#[derive(Clone, Copy)]
struct Ask {
    revision: u64,
    /// None if there was nothing to crawl.
    job: Option<JobId>,
}

/// What one task has asked for so far.
#[derive(Default)]
pub(super) struct AskedFor {
    rounds: u32,
    names: BTreeMap<u64, Ask>,
}

/// What follows from an answer that lacks something.
struct Asking {
    children: Vec<JobId>,
    fresh: Vec<(JobId, Payload)>,
}

impl Process {
    /// What the catalogue makes of an outcome; now and then it can make nothing of it.
    pub(super) fn meaning(&self, ended: Ended, scene: &mut Scene<'_>) -> Result<Meaning, FaultKind> {
        match ended {
            Ended::Finished(_) | Ended::Answered(_) if scene.chance.percent(3) => Err(FaultKind::Stale),
            Ended::Finished(state) => Ok(Meaning { state, missing: Vec::new() }),
            Ended::Answered(lacks) => Ok(Meaning { state: JobState::Done, missing: missing(lacks, scene) }),
            Ended::Failed(_) | Ended::HandedBack => Err(FaultKind::Internal),
        }
    }

    /// Has what an answer lacks crawled, and lets the task wait for it. False if the answer is the last word.
    pub(super) fn ask_for_more(
        &mut self,
        worker: WorkerId,
        attempt: Attempt,
        meaning: &Meaning,
        scene: &mut Scene<'_>,
    ) -> bool {
        let asking = match self.ask(attempt.task, &meaning.missing, scene) {
            Ok(None) => return false,
            Ok(Some(asking)) => asking,
            Err(_) => {
                // Later there may be room; nothing of it was kept.
                self.reopen(attempt, FaultKind::Throttled, Some((worker, attempt)), scene);
                return true;
            }
        };
        let Asking { children, fresh } = asking;
        let jobs: Vec<JobId> = fresh.iter().map(|(job, _)| *job).collect();
        let mut entry = Entry::new(Then::Tell(Committed::Ack { worker, attempt }));
        self.write_jobs(&mut entry, fresh, &Origin::Asked, scene);
        scene.ledger.waits_for(&self.core, attempt.task, &children, &jobs);
        self.core.wait_for(attempt.task, &children, scene.now);
        self.cancel_what_goes_on(attempt.task);
        self.newest.remove(&attempt.task);
        self.committer.send(entry);
        true
    }

    /// Submits crawls of what an answer lacks, all or none. None if there is nothing left to ask for.
    fn ask(&mut self, task: TaskId, missing: &[Missing], scene: &mut Scene<'_>) -> Result<Option<Asking>, Refusal> {
        let Some(lane) = self.core.lane_of(task).filter(|_| !missing.is_empty()) else { return Ok(None) };
        let for_ever = self.is_planted(Planted::AsksForEver);
        let asked = self.asked.entry(task).or_default();
        if asked.rounds >= ROUNDS_MAX && !for_ever {
            return Ok(None);
        }
        let (mut children, mut wanted) = (Vec::new(), Vec::new());
        let mut room = NAMES_MAX.saturating_sub(asked.names.len());
        for missing in missing {
            let before = asked.names.get(&missing.package).copied();
            let open = before.and_then(|ask| ask.job).and_then(|job| Some((job, self.core.lane_of_job(job)?)));
            match (open, before) {
                (Some((job, of_job)), _) => {
                    children.push(job);
                    // Somebody more urgent waits for it now.
                    if of_job > lane {
                        wanted.push(*missing);
                    }
                }
                (None, Some(ask)) if ask.revision == missing.revision && !for_ever => {}
                (None, None) if room == 0 => {}
                (None, before) => {
                    room -= usize::from(before.is_none());
                    wanted.push(*missing);
                }
            }
        }
        if children.is_empty() && wanted.is_empty() {
            return Ok(None);
        }
        let account = self.asker(task, lane, scene);
        let crawls = self.submit_crawls(&wanted, &account, scene)?;
        let asked = self.asked.entry(task).or_default();
        asked.rounds += 1;
        let mut fresh = Vec::new();
        for (missing, crawl) in wanted.into_iter().zip(crawls) {
            let job = crawl.as_ref().map(|(job, _)| *job);
            asked.names.insert(missing.package, Ask { revision: missing.revision, job });
            children.extend(job);
            fresh.extend(crawl);
        }
        Ok(Some(Asking { children, fresh }))
    }

    /// Has crawls taken in, one for each package of which something can be crawled.
    fn submit_crawls(
        &mut self,
        wanted: &[Missing],
        account: &Account,
        scene: &mut Scene<'_>,
    ) -> Result<Vec<Option<(JobId, Payload)>>, Refusal> {
        let mut crawls = Vec::new();
        for missing in wanted {
            let Some(target) = missing.target else {
                crawls.push(None);
                continue;
            };
            let wish = Wish { max_age_ms: CRAWL_AGE_MS, ..Wish::plain(target) };
            match self.admit_one(wish, account, scene) {
                Ok(one) => crawls.push(Some(one)),
                Err(refusal) => {
                    let admitted: Vec<_> = crawls.into_iter().flatten().collect();
                    self.take_back(&admitted, scene);
                    return Err(refusal);
                }
            }
        }
        Ok(crawls)
    }

    /// Who asks: of the jobs that wait for a task, the first of its lane.
    fn asker(&self, task: TaskId, lane: Lane, scene: &Scene<'_>) -> Account {
        let jobs = self.core.jobs_of(task);
        let facts = || jobs.iter().filter_map(|job| scene.ledger.facts(*job));
        let first = facts().find(|facts| facts.lane == lane).or_else(|| facts().next());
        let of = |name| self.configuration.accounts.iter().find(move |account| account.name == name);
        let account = first.and_then(|facts| of(facts.client.clone())).cloned().unwrap_or_else(own_account);
        let lane = if self.is_planted(Planted::AsksInBulk) { Lane::Bulk } else { lane };
        Account { lane, ..account }
    }

    /// What must never be: what an answer lacks is asked for while its attempt keeps its slot. True if that is so.
    pub(super) fn keeps_slot(&mut self, task: TaskId, ended: Ended, scene: &mut Scene<'_>) -> bool {
        let Ended::Answered(lacks) = ended else { return false };
        if !self.is_planted(Planted::WaitsInSlot) {
            return false;
        }
        let missing = missing(lacks, scene);
        let Ok(Some(Asking { children, fresh })) = self.ask(task, &missing, scene) else { return false };
        let jobs: Vec<JobId> = fresh.iter().map(|(job, _)| *job).collect();
        let mut entry = Entry::new(Then::Nothing);
        self.write_jobs(&mut entry, fresh, &Origin::Asked, scene);
        self.committer.send(entry);
        scene.ledger.waits_for(&self.core, task, &children, &jobs);
        true
    }
}

/// What can be done about what an answer lacks, by what is durable now.
fn missing(lacks: Packages, scene: &Scene<'_>) -> Vec<Missing> {
    let of = |package| match scene.ledger.durable.record(package) {
        None => Missing { package, revision: 0, target: Some(package) },
        Some(record) => {
            let target = (record.present && record.pending).then_some(package | OLDER);
            Missing { package, revision: record.revision, target }
        }
    };
    lacks.iter().map(of).collect()
}
