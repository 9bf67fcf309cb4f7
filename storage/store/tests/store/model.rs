//! What a store ought to know, in plain maps.

use std::collections::{BTreeMap, BTreeSet};

use gleaner_model::{JobId, JobResult};
use gleaner_store::{Command, Group, Recovered, Store, StoredJob};

use crate::suite::recovered;

#[derive(Debug, Default)]
pub(crate) struct Model {
    /// What was committed, by sequence number.
    commands: BTreeMap<u64, Command>,
    results: BTreeMap<u64, JobResult>,
    open_tasks: BTreeSet<u64>,
    /// The last failed attempt of each open task: its sequence number.
    attempts: BTreeMap<u64, u64>,
    /// The last wish of each host: its sequence number.
    wishes: BTreeMap<String, u64>,
    /// Everything before was to be forgotten.
    pub(crate) forgotten: i64,
    pub(crate) next: u64,
}

impl Model {
    pub(crate) fn commit(&mut self, group: &Group) {
        for (sequence, command) in &group.commands {
            self.next = sequence + 1;
            match command {
                Command::Submit(payload) if payload.task.0 == *sequence => _ = self.open_tasks.insert(*sequence),
                Command::Submit(_) => {}
                Command::AttemptFailed { task, .. } => {
                    if self.open_tasks.contains(&task.0) {
                        self.attempts.insert(task.0, *sequence);
                    }
                }
                Command::HostBlocked { host, .. } => _ = self.wishes.insert(host.to_string(), *sequence),
            }
            self.commands.insert(*sequence, command.clone());
        }
        for closure in &group.closures {
            self.results.entry(closure.job.0).or_insert_with(|| closure.result.clone());
            if let Some(task) = closure.ends_task {
                self.open_tasks.remove(&task.0);
                self.attempts.remove(&task.0);
            }
        }
    }

    fn is_open(&self, job: u64) -> bool {
        matches!(self.commands.get(&job), Some(Command::Submit(_))) && !self.results.contains_key(&job)
    }

    pub(crate) fn open_jobs(&self) -> Vec<u64> {
        self.commands.keys().copied().filter(|job| self.is_open(*job)).collect()
    }

    pub(crate) fn open_tasks(&self) -> Vec<u64> {
        self.open_tasks.iter().copied().collect()
    }

    pub(crate) fn task_of(&self, job: u64) -> u64 {
        match &self.commands[&job] {
            Command::Submit(payload) => payload.task.0,
            _ => panic!("{job} is no job"),
        }
    }

    pub(crate) fn waiting_for(&self, task: u64) -> Vec<u64> {
        self.open_jobs().into_iter().filter(|job| self.task_of(*job) == task).collect()
    }

    /// What recovery ought to hand over, wishes that may be forgotten left out.
    fn expected(&self) -> Vec<Recovered> {
        let one = |(sequence, command): (&u64, &Command)| match command.clone() {
            submit @ Command::Submit(_) => {
                let open = self.is_open(*sequence);
                let held = open || self.open_tasks.contains(sequence);
                held.then_some(Recovered::Job { job: JobId(*sequence), open, submit })
            }
            Command::AttemptFailed { task, attempts, retry_at, .. } => (self.attempts.get(&task.0) == Some(sequence))
                .then_some(Recovered::AttemptFailed { task, attempts, retry_at }),
            Command::HostBlocked { host, until } => {
                (self.wishes.get(host.as_str()) == Some(sequence)).then_some(Recovered::HostBlocked { host, until })
            }
        };
        self.commands.iter().filter_map(one).filter(|one| self.must_know(one)).collect()
    }

    fn must_know(&self, one: &Recovered) -> bool {
        !matches!(one, Recovered::HostBlocked { until, .. } if until.as_millis() < self.forgotten)
    }

    pub(crate) fn check(&self, store: &dyn Store) {
        let mut all = recovered(store);
        all.retain(|one| self.must_know(one));
        assert_eq!(all, self.expected());
        let mut known = Vec::new();
        // What was used, and the numbers beside it.
        let asked = self.commands.keys().flat_map(|used| [used.saturating_sub(1), *used, used + 1]);
        for sequence in asked.collect::<BTreeSet<_>>() {
            known.extend(self.check_job(sequence, store.job(JobId(sequence)).unwrap()));
        }
        known.reverse();
        assert_eq!(store.jobs(None, usize::MAX).unwrap(), known);
        let before = JobId(self.next / 2);
        let page = known.iter().filter(|job| job.job < before).take(3).cloned().collect::<Vec<_>>();
        assert_eq!(store.jobs(Some(before), 3).unwrap(), page);
        for job in self.open_jobs() {
            self.check_neighbours(job, &store.neighbours(JobId(job)).unwrap());
        }
    }

    fn check_job(&self, sequence: u64, stored: Option<StoredJob>) -> Option<StoredJob> {
        let Some(submit @ Command::Submit(_)) = self.commands.get(&sequence) else {
            assert_eq!(stored, None, "{sequence} is no job");
            return None;
        };
        let result = self.results.get(&sequence);
        let expected = StoredJob { job: JobId(sequence), submit: submit.clone(), result: result.cloned() };
        let may_be_gone = result.is_some_and(|result| result.ended_at.as_millis() < self.forgotten);
        assert!(may_be_gone || stored.is_some(), "{sequence} is lost");
        assert_eq!(stored.as_ref().unwrap_or(&expected), &expected);
        stored
    }

    fn check_neighbours(&self, job: u64, neighbours: &[(JobId, Command)]) {
        assert!(neighbours.iter().any(|(id, _)| id.0 == job));
        assert!(neighbours.is_sorted_by(|(a, _), (b, _)| a < b));
        for (id, command) in neighbours {
            assert!(self.is_open(id.0) && self.commands[&id.0] == *command);
        }
    }
}
