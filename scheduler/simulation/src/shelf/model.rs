//! A model of the port: what [`gleaner_store::Store`] promises, in plain maps.

use std::collections::{BTreeMap, BTreeSet};

use gleaner_model::{
    Batch, BatchId, Campaign, ClientName, Host, HostSettings, JobId, JobResult, JobState, Schedule, TaskId,
};
use gleaner_store::{Command, Group, Keyed, Opened, OrderWrite, Recovered, StoreError};

use super::Rows;
use crate::chance::Chance;

/// The journal as maps.
#[derive(Default)]
pub(crate) struct Model {
    epoch: u64,
    next_sequence: u64,
    commands: BTreeMap<u64, Command>,
    closed: BTreeMap<JobId, JobResult>,
    ended: BTreeSet<TaskId>,
    positions: BTreeMap<(String, String), u64>,
    keys: BTreeMap<(String, String), JobId>,
    batches: BTreeMap<BatchId, Batch>,
    campaigns: BTreeMap<ClientName, Campaign>,
    schedules: BTreeMap<ClientName, Schedule>,
    hosts: BTreeMap<Host, HostSettings>,
    fails: bool,
    /// A group whose commit failed: after a power cut it is there, or it is not.
    unsure: Option<Group>,
}

impl Model {
    pub(crate) fn open(&mut self) -> Opened {
        self.epoch += 1;
        self.next_sequence = self.next_sequence.max(1);
        Opened { epoch: self.epoch, next_sequence: self.next_sequence }
    }

    pub(crate) fn commit(&mut self, group: &Group) -> Result<(), StoreError> {
        if self.fails {
            self.unsure.get_or_insert_with(|| group.clone());
            return Err(StoreError::Io(std::io::Error::other("the disk has failed")));
        }
        if group.commands.iter().any(|(sequence, _)| *sequence < self.next_sequence) {
            return Err(StoreError::Io(std::io::Error::other("a sequence number is used twice")));
        }
        self.apply(group);
        Ok(())
    }

    fn apply(&mut self, group: &Group) {
        for (sequence, command) in &group.commands {
            self.next_sequence = sequence + 1;
            self.commands.insert(*sequence, command.clone());
        }
        for closure in &group.closures {
            self.closed.insert(closure.job, closure.result.clone());
            self.ended.extend(closure.ends_task);
        }
        for position in &group.streams {
            self.positions.insert((position.client.to_string(), position.stream.clone()), position.number);
        }
        for order in &group.orders {
            match order.clone() {
                OrderWrite::Batch(batch) => _ = self.batches.insert(batch.id, batch),
                OrderWrite::Campaign(campaign) => _ = self.campaigns.insert(campaign.client.clone(), campaign),
                OrderWrite::Schedule(schedule) => _ = self.schedules.insert(schedule.client.clone(), *schedule),
                OrderWrite::Host(settings) => _ = self.hosts.insert(settings.host.clone(), *settings),
                _ => {}
            }
        }
        for entry in &group.keys {
            if let Keyed::Job(job) = entry.names {
                self.keys.insert((entry.client.to_string(), entry.key.clone()), job);
            }
        }
    }

    pub(crate) fn rows(&self) -> Rows {
        Rows {
            batches: self.batches.values().cloned().collect(),
            campaigns: self.campaigns.values().cloned().collect(),
            schedules: self.schedules.values().cloned().collect(),
        }
    }

    pub(crate) fn host_settings(&self) -> Vec<HostSettings> {
        self.hosts.values().cloned().collect()
    }

    pub(crate) fn ended_of_batch(&self, job: JobId, batch: BatchId) -> Option<JobState> {
        let command = self.commands.get(&job.0).filter(|command| super::is_of(command, batch));
        command.and(self.closed.get(&job)).map(|result| result.state)
    }

    pub(crate) fn key(&self, client: &str, key: &str) -> Option<JobId> {
        self.keys.get(&(client.to_owned(), key.to_owned())).copied()
    }

    pub(crate) fn recover(&self, take: &mut dyn FnMut(Recovered)) {
        let mut attempts = BTreeMap::new();
        let mut wishes = BTreeMap::new();
        for (sequence, command) in &self.commands {
            match command {
                Command::AttemptFailed { task, .. } => _ = attempts.insert(*task, *sequence),
                Command::HostBlocked { host, .. } => _ = wishes.insert(host.clone(), *sequence),
                Command::Submit(_) => {}
            }
        }
        for (sequence, command) in &self.commands {
            match command.clone() {
                Command::Submit(_) => self.recover_job(JobId(*sequence), command, take),
                Command::AttemptFailed { task, attempts: count, retry_at, .. } => {
                    if attempts[&task] == *sequence && !self.ended.contains(&task) {
                        take(Recovered::AttemptFailed { task, attempts: count, retry_at });
                    }
                }
                Command::HostBlocked { host, until } => {
                    if wishes[&host] == *sequence {
                        take(Recovered::HostBlocked { host, until });
                    }
                }
            }
        }
    }

    fn recover_job(&self, job: JobId, submit: &Command, take: &mut dyn FnMut(Recovered)) {
        let open = !self.closed.contains_key(&job);
        let Command::Submit(payload) = submit else { return };
        let task = &payload.task;
        let carries = task.maker() == job && !self.ended.contains(task);
        if open || carries {
            take(Recovered::Job { job, open, submit: submit.clone() });
        }
    }

    pub(crate) fn result(&self, job: JobId) -> Option<JobResult> {
        self.closed.get(&job).cloned()
    }

    pub(crate) fn knows(&self, job: JobId) -> bool {
        self.commands.contains_key(&job.0)
    }

    pub(crate) fn position(&self, client: &str, stream: &str) -> u64 {
        self.positions.get(&(client.to_owned(), stream.to_owned())).copied().unwrap_or(0)
    }

    pub(crate) const fn fail_next(&mut self) {
        self.fails = true;
    }

    pub(crate) const fn heal(&mut self) {
        self.fails = false;
    }

    /// The process or the machine is gone.
    pub(crate) fn lose(&mut self, chance: &mut Chance) {
        self.fails = false;
        if let Some(group) = self.unsure.take().filter(|_| chance.percent(50)) {
            self.apply(&group);
        }
    }
}
