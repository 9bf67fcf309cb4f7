//! Shares under contention: clients of one lane that always have something to do at one host get slot time by their weights.
//!
//! What can be proven is this. While two clients of a lane both have ready work at the same host, and all that the lane
//! starts is there, a client is started only if what it was charged, over its weight, is not more than the other one's. So
//! from a start of B on, up to a later start of A, A has been charged over its weight no more than B over its. Charged is
//! the slot time of ended attempts, but for what runs (charged as guessed, and nobody guesses more than the longest
//! attempt so far) and for what was guessed wrong and is set right with the client's next start. Of these there are not
//! more than there are slots, of each sort. Hence the slack.
//!
//! It is looked at in histories of contention only: nothing goes wrong there and nobody is displaced, so that attempts have
//! one beginning and one end, and who paid for each is known.

use std::collections::{BTreeMap, BTreeSet};

use gleaner_core::{HostIndex, Moment, Scheduler, Wait};
use gleaner_model::{ClientName, JobId, Lane, TaskId};

use super::Ledger;
use crate::process::{Account, host_of};

/// Slot times are told as so many parts of a millisecond, so that a division by a weight leaves enough of them.
const PARTS: i128 = 10_000;

/// Between two looks at what is ready, in milliseconds.
const LOOK_MS: u64 = 20;

/// A place where clients contend.
type Place = (Lane, HostIndex);

/// What one client has had in a lane.
type Payer = (Lane, ClientName);

/// Who had how much.
#[derive(Debug, Default)]
pub(crate) struct Shares {
    /// The clients' weights; none if nobody looks.
    weights: BTreeMap<ClientName, i128>,
    /// Slot time of ended attempts, in milliseconds.
    served_ms: BTreeMap<Payer, i128>,
    /// Who pays for what runs, and since when.
    running: BTreeMap<TaskId, (Payer, u64)>,
    longest_ms: u64,
    looked_ms: u64,
    /// What was ready at the last look and was not started since.
    ready: BTreeMap<Place, BTreeMap<ClientName, BTreeSet<TaskId>>>,
    /// By how much the first of two clients was ahead of the second one, at the least, when the second one was started.
    behind: BTreeMap<(Place, ClientName, ClientName), i128>,
}

impl Shares {
    pub(crate) fn new(accounts: &[Account], watched: bool) -> Self {
        let accounts = accounts.iter().filter(|_| watched);
        let weights = accounts.map(|account| (account.name.clone(), i128::from(account.weight))).collect();
        Self { weights, ..Self::default() }
    }

    fn is_watched(&self) -> bool {
        !self.weights.is_empty()
    }

    pub(super) fn crashed(&mut self) {
        *self = Self { weights: std::mem::take(&mut self.weights), ..Self::default() };
    }

    /// What a client had over its weight.
    fn part(&self, lane: Lane, client: &ClientName) -> i128 {
        let served_ms = self.served_ms.get(&(lane, client.clone())).copied().unwrap_or(0);
        served_ms * PARTS / self.weights.get(client).copied().unwrap_or(1).max(1)
    }

    fn forget(&mut self, client: &ClientName, at: Place) {
        self.behind.retain(|(place, a, b), _| *place != at || (a != client && b != client));
    }

    /// An attempt at a task is over; tells how long it had its slot.
    pub(super) fn ended(&mut self, task: TaskId, at_ms: u64) {
        let Some((payer, since_ms)) = self.running.remove(&task) else { return };
        let took_ms = at_ms.saturating_sub(since_ms);
        self.longest_ms = self.longest_ms.max(took_ms);
        *self.served_ms.entry(payer).or_default() += i128::from(took_ms);
    }

    /// A task may not be ready any more, or not there.
    pub(super) fn unready(&mut self, task: TaskId) {
        for clients in self.ready.values_mut() {
            clients.values_mut().for_each(|tasks| _ = tasks.remove(&task));
        }
    }
}

impl Ledger {
    /// An attempt at a task begins; whoever has ready work at the same place must not be behind because of it.
    pub(crate) fn served(&mut self, core: &Scheduler, task: TaskId, host: HostIndex, lane: Lane, at_ms: u64) {
        if !self.shares.is_watched() {
            return;
        }
        self.shares.unready(task);
        // The first of the most urgent ones that wait for a task pays for it.
        let jobs = core.jobs_of(task);
        let payer = jobs.iter().filter_map(|job| self.facts(*job)).min_by_key(|facts| facts.lane);
        let Some(client) = payer.map(|facts| facts.client.clone()) else { return };
        let at = (lane, host);
        self.shares.behind.retain(|(place, _, _), _| place.0 != lane || *place == at);
        let slots: u32 = core.workers().iter().map(|worker| u32::from(worker.slots)).sum();
        let others = self
            .shares
            .ready
            .get(&at)
            .into_iter()
            .flatten()
            .filter(|(other, tasks)| **other != client && !tasks.is_empty());
        for other in others.map(|(other, _)| other.clone()).collect::<Vec<_>>() {
            self.fairly(at, &client, &other, slots);
        }
        self.shares.running.insert(task, ((lane, client), at_ms));
    }

    /// A client is started while another one has ready work at the same place.
    fn fairly(&mut self, at: Place, client: &ClientName, other: &ClientName, slots: u32) {
        let shares = &mut self.shares;
        let ahead = shares.part(at.0, client) - shares.part(at.0, other);
        let running_ms = shares.running.values().map(|(_, since_ms)| self.at_ms.saturating_sub(*since_ms)).max();
        let longest_ms = i128::from(shares.longest_ms.max(running_ms.unwrap_or(0)).max(1));
        let of_one = |client: &ClientName| PARTS / shares.weights.get(client).copied().unwrap_or(1).max(1);
        let slack = (i128::from(slots) * 4 + 4) * longest_ms * (of_one(client) + of_one(other));
        let before = shares.behind.get(&(at, client.clone(), other.clone())).copied();
        let is_ready =
            |who| shares.ready.get(&at).and_then(|ready| ready.get(who)).is_some_and(|tasks| !tasks.is_empty());
        if is_ready(client) {
            let least = shares.behind.entry((at, other.clone(), client.clone())).or_insert(-ahead);
            *least = (*least).min(-ahead);
        }
        self.tally.shared += u64::from(before.is_some());
        if let Some(before) = before.filter(|before| ahead > before + slack) {
            let (more_ms, slack_ms) = ((ahead - before) / PARTS, slack / PARTS);
            self.fail(format!(
                "{client} is started though it is {more_ms} ms of slot time, by weight, ahead of {other}, which has \
                 ready work at the same host, and {slack_ms} ms are the bound"
            ));
        }
    }

    /// All that could be decided at this moment was: who has something ready now? It is looked at now and then.
    pub(crate) fn look_at_shares(&mut self, core: &Scheduler, now: Moment) {
        if !self.shares.is_watched() || self.at_ms < self.shares.looked_ms + LOOK_MS {
            return;
        }
        self.shares.looked_ms = self.at_ms;
        let hosts = core.hosts(now).len();
        let mut ready: BTreeMap<Place, BTreeMap<ClientName, BTreeSet<TaskId>>> = BTreeMap::new();
        for (job, facts) in self.open() {
            let Some(view) = core.job_view(job, now) else { continue };
            let is_queued = matches!(view.waiting_for, Some(Wait::Turn | Wait::Slot | Wait::Host { .. }));
            if is_queued && !self.runs.is_running(view.task) && core.jobs_of(view.task) == [job] {
                let clients = ready.entry((view.lane, host_of(facts.target, hosts))).or_default();
                clients.entry(facts.client.clone()).or_default().insert(view.task);
            }
        }
        // Whoever had nothing ready in between begins anew.
        let before = std::mem::replace(&mut self.shares.ready, ready);
        for (at, clients) in before {
            for (client, tasks) in clients {
                let now = self.shares.ready.get(&at).and_then(|clients| clients.get(&client));
                if now.is_none_or(|now| now.is_disjoint(&tasks)) {
                    self.shares.forget(&client, at);
                }
            }
        }
    }

    /// These jobs have nothing ready any more.
    pub(super) fn nothing_ready(&mut self, jobs: &[JobId]) {
        jobs.iter().for_each(|job| self.shares.unready(TaskId(job.0)));
    }
}
