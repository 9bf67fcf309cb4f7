//! What is on the disk, by everything that was ever committed: each job ends once and stays as it ended, and a task
//! ends with all of its jobs.

use std::collections::{BTreeMap, BTreeSet};

use gleaner_core::HostIndex;
use gleaner_model::{Campaign, ClientName, HostSettings, JobId, JobState, Origin, TaskId, Timestamp};
use gleaner_store::{Command, OrderWrite};

use super::Facts;
use crate::chance::Chance;
use crate::packages::{Catalogue, Packages, RESOLVE, Record};
use crate::process::{Entry, index_of};

/// What entries say that operators have set.
fn set_in(entries: &[Entry]) -> impl Iterator<Item = &HostSettings> {
    let orders = entries.iter().flat_map(|entry| &entry.orders);
    orders.filter_map(|order| if let OrderWrite::Host(settings) = order { Some(&**settings) } else { None })
}

/// A job on the disk.
#[derive(Clone, Debug)]
struct Stored {
    facts: Facts,
    end: Option<JobState>,
}

/// What is on the disk.
#[derive(Clone, Debug, Default)]
pub(crate) struct Durable {
    jobs: BTreeMap<JobId, Stored>,
    open: BTreeSet<JobId>,
    ended: BTreeSet<TaskId>,
    /// Each host's last wish.
    wishes: BTreeMap<HostIndex, Timestamp>,
    /// What operators have set for hosts.
    settings: BTreeMap<HostIndex, HostSettings>,
    items: BTreeSet<(usize, u64)>,
    keys: BTreeSet<(usize, u64)>,
    /// What each client's campaign came to.
    packages: BTreeSet<(ClientName, u64)>,
    /// Dead letters that are tried again.
    retried: BTreeSet<JobId>,
    /// Each client's dead letters, the oldest first.
    dead: BTreeMap<ClientName, Vec<JobId>>,
    /// What crawls have found.
    catalogue: Catalogue,
    skipped: Vec<(ClientName, u64)>,
}

impl Durable {
    pub(crate) fn facts(&self, job: JobId) -> Option<&Facts> {
        self.jobs.get(&job).map(|stored| &stored.facts)
    }

    pub(crate) fn open(&self) -> impl Iterator<Item = (JobId, &Facts)> {
        self.open.iter().map(|job| (*job, &self.jobs[job].facts))
    }

    pub(crate) fn is_open(&self, job: JobId) -> bool {
        self.open.contains(&job)
    }

    pub(crate) fn task_has_ended(&self, task: TaskId) -> bool {
        self.ended.contains(&task)
    }

    pub(crate) fn wishes(&self) -> impl Iterator<Item = (HostIndex, Timestamp)> {
        self.wishes.iter().map(|(host, until)| (*host, *until))
    }

    pub(crate) fn wish(&mut self, host: HostIndex, until: Timestamp) {
        self.wishes.insert(host, until);
    }

    pub(super) fn settings(&self, host: HostIndex) -> Option<&HostSettings> {
        self.settings.get(&host)
    }

    /// What was found is what was durable, or what the group that was cut off says of a host.
    pub(super) fn settings_agree(&mut self, unsure: &[Entry], found: &[HostSettings]) -> Result<(), String> {
        for settings in set_in(unsure).filter(|settings| found.contains(settings)) {
            self.settings.insert(index_of(&settings.host), settings.clone());
        }
        let found: BTreeMap<HostIndex, &HostSettings> =
            found.iter().map(|settings| (index_of(&settings.host), settings)).collect();
        let durable: BTreeMap<HostIndex, &HostSettings> =
            self.settings.iter().map(|(host, settings)| (*host, settings)).collect();
        if found == durable {
            Ok(())
        } else {
            Err(format!("after a restart operators have set {found:?}, and had set {durable:?}"))
        }
    }

    /// Has nobody set anything for a host?
    pub(crate) fn nothing_is_set(&self) -> bool {
        self.settings.values().all(|settings| {
            let HostSettings { rate_milli_per_s, burst, concurrency, reserve_permille, paused, .. } = settings;
            (rate_milli_per_s, burst, concurrency, *reserve_permille, *paused) == (&None, &None, &None, 0, false)
        })
    }

    /// Of the wishes in a group that was cut off, keeps those that were found.
    pub(crate) fn keep_wishes(&mut self, unsure: &[Entry], found: &[(HostIndex, Timestamp)]) {
        for (_, command) in unsure.iter().flat_map(|entry| &entry.commands) {
            let Command::HostBlocked { host, until } = command else { continue };
            let named = |index: HostIndex| host.as_str().starts_with(&format!("h{}.", index.0));
            if let Some((index, _)) = found.iter().find(|(index, at)| named(*index) && at == until) {
                self.wishes.insert(*index, *until);
            }
        }
    }

    /// Adds what an entry says. The facts of its new jobs come from `pending`.
    pub(crate) fn apply(&mut self, entry: &Entry, pending: &mut BTreeMap<JobId, Facts>) -> Result<(), String> {
        for (sequence, command) in &entry.commands {
            match command {
                Command::Submit(_) => self.submitted(JobId(*sequence), pending)?,
                // Wishes count as durable once anything later is; see `Ledger::wished`.
                Command::AttemptFailed { .. } | Command::HostBlocked { .. } => {}
            }
        }
        for settings in set_in(std::slice::from_ref(entry)) {
            self.settings.insert(index_of(&settings.host), settings.clone());
        }
        self.skipped.extend(entry.skipped.iter().cloned());
        self.learn(entry);
        let mut closed_here = BTreeSet::new();
        for closure in &entry.closures {
            if !closed_here.insert(closure.job) {
                // The task of a job that had joined another one ends with it; that one's end is told already.
                self.ended.extend(closure.ends_task);
                continue;
            }
            let stored = self.jobs.get_mut(&closure.job);
            let stored = stored.ok_or_else(|| format!("{} ends and was never submitted", closure.job))?;
            let state = closure.result.state;
            let before = stored.end.replace(state);
            // The end of a task that outlived its maker may be told once more with how that ended.
            let told_again = before == Some(state) && closure.ends_task == Some(TaskId(closure.job.0));
            if let Some(before) = before.filter(|_| !told_again) {
                return Err(format!("{} ends as {state}, and had ended as {before}", closure.job));
            }
            if !state.is_terminal() {
                return Err(format!("{} ends as {state}", closure.job));
            }
            if state == JobState::Failed && before.is_none() {
                self.dead.entry(stored.facts.client.clone()).or_default().push(closure.job);
            }
            self.open.remove(&closure.job);
            self.ended.extend(closure.ends_task);
        }
        Ok(())
    }

    /// An outcome of a crawl is in the catalogue from now on.
    fn learn(&mut self, entry: &Entry) {
        let (Some((task, _)), Some(closure)) = (entry.outcome, entry.closures.first()) else { return };
        if let Some(stored) = self.jobs.get(&task.maker()).filter(|stored| stored.facts.target & RESOLVE == 0) {
            self.catalogue.crawled(stored.facts.target, closure.result.state, task.0);
        }
    }

    /// What is known of a package.
    pub(crate) fn record(&self, package: u64) -> Option<Record> {
        self.catalogue.get(package)
    }

    /// What a resolution of this target lacks.
    pub(super) fn lacks(&self, target: u64) -> Packages {
        self.catalogue.lacks(target & !RESOLVE)
    }

    fn submitted(&mut self, job: JobId, pending: &mut BTreeMap<JobId, Facts>) -> Result<(), String> {
        let facts = pending.remove(&job).ok_or_else(|| format!("{job} is committed and was never admitted"))?;
        if let Some(item) = facts.item.filter(|item| !self.items.insert(*item)) {
            return Err(format!("item {} of client {} became two jobs, the second of them {job}", item.1, item.0));
        }
        let package = matches!(facts.origin, Origin::Campaign(_)).then(|| (facts.client.clone(), facts.target));
        if let Some((client, target)) = package.filter(|package| !self.packages.insert(package.clone())) {
            return Err(format!("the campaign of {client} comes to package {target} twice, now with {job}"));
        }
        self.tried_again(job, &facts)?;
        if let Some(key) = facts.key.filter(|key| !self.keys.insert(*key)) {
            return Err(format!("key {} of client {} became two jobs, the second of them {job}", key.1, key.0));
        }
        if self.jobs.insert(job, Stored { facts, end: None }).is_some() {
            return Err(format!("{job} is used twice"));
        }
        self.open.insert(job);
        Ok(())
    }

    /// A job that tries another one again is about the same, and the only one.
    fn tried_again(&mut self, job: JobId, facts: &Facts) -> Result<(), String> {
        let Origin::Retry(dead) = facts.origin else { return Ok(()) };
        let Some(stored) = self.jobs.get(&dead).filter(|stored| stored.end == Some(JobState::Failed)) else {
            return Err(format!("{job} tries {dead} again, which is no dead letter"));
        };
        if (stored.facts.target, &stored.facts.client) != (facts.target, &facts.client) {
            return Err(format!("{job} tries {dead} again and is about something else, or of somebody else"));
        }
        if self.retried.insert(dead) { Ok(()) } else { Err(format!("{dead} is tried again twice, now with {job}")) }
    }

    /// One of a client's newest dead letters.
    pub(crate) fn dead_letter_of(&self, client: &ClientName, chance: &mut Chance) -> Option<JobId> {
        let dead = self.dead.get(client)?;
        dead.iter().rev().nth(chance.below(dead.len().min(3))).copied()
    }

    /// Every job that was ever committed, and how it ended.
    pub(super) fn all(&self) -> impl Iterator<Item = (JobId, &Facts, Option<JobState>)> {
        self.jobs.iter().map(|(job, stored)| (*job, &stored.facts, stored.end))
    }

    /// How many packages a client's campaign passed over.
    pub(super) fn skipped(&self, client: &ClientName) -> u64 {
        self.skipped.iter().filter(|(of, _)| of == client).count() as u64
    }

    /// Of the packages that a group which was cut off passes over, keeps those whose campaign's row was found.
    pub(crate) fn keep_skipped(&mut self, unsure: &[Entry], found: &[Campaign]) {
        let is_found = |order: &OrderWrite| matches!(order, OrderWrite::Campaign(row) if found.contains(row));
        // The group is there as a whole if one of its rows is.
        if unsure.iter().flat_map(|entry| &entry.orders).any(is_found) {
            self.skipped.extend(unsure.iter().flat_map(|entry| entry.skipped.iter().cloned()));
        }
    }

    /// Of the ends in a group that was cut off which change no job, keeps those that were found.
    pub(crate) fn keep_ends(&mut self, unsure: &[Entry], found: &BTreeSet<TaskId>) {
        let ends = unsure.iter().flat_map(|entry| &entry.closures).filter_map(|closure| closure.ends_task);
        let outlived = |task: &TaskId| self.jobs.get(&task.maker()).is_some_and(|maker| maker.end.is_some());
        let ended: Vec<TaskId> = ends.filter(|task| outlived(task) && !found.contains(task)).collect();
        self.ended.extend(ended);
    }

    /// Did anybody but its maker ever wait for the task?
    pub(crate) fn was_joined(&self, task: TaskId) -> bool {
        self.jobs.iter().any(|(job, stored)| stored.facts.task == task && *job != task.maker())
    }

    /// A task that was made and has not ended.
    pub(crate) fn unended(&self) -> Option<TaskId> {
        let makers = self.jobs.iter().filter(|(job, stored)| stored.facts.task.maker() == **job);
        makers.map(|(_, stored)| stored.facts.task).find(|task| !self.ended.contains(task))
    }

    /// No job is left behind by a task that ended in one of these entries.
    pub(crate) fn tasks_end_whole(&self, entries: &[Entry], pending: &BTreeMap<JobId, Facts>) -> Result<(), String> {
        let ended: BTreeSet<_> =
            entries.iter().flat_map(|entry| &entry.closures).filter_map(|closure| closure.ends_task).collect();
        if ended.is_empty() {
            return Ok(());
        }
        let pending = pending.iter().map(|(job, facts)| (*job, facts));
        match self.open().chain(pending).find(|(_, facts)| ended.contains(&facts.task)) {
            Some((job, facts)) => Err(format!("{job} waits for {}, which has ended", facts.task)),
            None => Ok(()),
        }
    }
}
