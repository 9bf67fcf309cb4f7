//! What asks on a client's behalf, and what is looked at as one (the engine's `orders`): batches, campaigns, schedules. A
//! row of each stands in the commit of the jobs that it is about.

use std::collections::{BTreeMap, BTreeSet, VecDeque};

use gleaner_core::Refusal;
use gleaner_model::{
    Batch, BatchId, Campaign, CampaignState, ClientName, Ecosystem, JobId, Lane, Origin, RegistryName, Schedule,
    ScheduleRun, Timestamp,
};
use gleaner_store::OrderWrite;

use super::{Account, Entry, Message, Out, Payload, Process, Scene, Then};
use crate::fault::Fault as Planted;
use crate::shelf::Rows;
use crate::wire::{Answered, Conn, Frame, Wish};

/// Jobs of a campaign that are open at once, and packages that are read at once: few, so that there are many pages.
const WINDOW: usize = 4;
const PAGE: u64 = 3;

/// How long a campaign or a schedule rests that the queue has no room for.
const REST_MS: u64 = 1_000;

/// A schedule's times, from its making on, in milliseconds of the wall clock.
const PERIOD_MS: u64 = 4_000;
const TIMES: u64 = 4;

/// All of them.
#[derive(Default)]
pub(crate) struct Orders {
    pub(super) batches: BTreeMap<BatchId, (Batch, BTreeSet<JobId>)>,
    over: BTreeSet<BatchId>,
    /// Open jobs of batches and campaigns that somebody cancelled.
    pub(super) cancelling: VecDeque<JobId>,
    pub(super) campaigns: BTreeMap<ClientName, (Campaign, BTreeSet<JobId>)>,
    reading: BTreeSet<ClientName>,
    schedules: BTreeMap<ClientName, Schedule>,
    /// Until when, in monotonic milliseconds, those of a client rest.
    resting: BTreeMap<ClientName, u64>,
    /// Open jobs that recovery found.
    found: Vec<(JobId, ClientName, Origin)>,
}

impl Orders {
    /// Recovery found an open job.
    pub(super) fn found(&mut self, job: JobId, payload: &Payload) {
        self.found.push((job, payload.client.clone(), payload.origin.clone()));
    }

    /// Takes the rows, when all open jobs are known.
    pub(super) fn load(&mut self, rows: Rows) {
        let found = std::mem::take(&mut self.found);
        let open = |of: &dyn Fn(&ClientName, &Origin) -> bool| -> BTreeSet<JobId> {
            found.iter().filter(|(_, client, origin)| of(client, origin)).map(|(job, _, _)| *job).collect()
        };
        for batch in rows.batches.into_iter().filter(|batch| batch.end.is_none()) {
            let jobs = open(&|_, origin| *origin == Origin::Batch(batch.id));
            if batch.cancelled_at.is_some() {
                self.cancelling.extend(jobs.iter().copied());
            }
            self.put_batch(batch, jobs);
        }
        for campaign in rows.campaigns {
            let jobs = open(&|client, origin| *client == campaign.client && matches!(origin, Origin::Campaign(_)));
            if campaign.state == CampaignState::Cancelled {
                self.cancelling.extend(jobs.iter().copied());
            }
            self.campaigns.insert(campaign.client.clone(), (campaign, jobs));
        }
        self.schedules.extend(rows.schedules.into_iter().map(|schedule| (schedule.client.clone(), schedule)));
    }

    pub(super) fn put_batch(&mut self, batch: Batch, open: BTreeSet<JobId>) {
        if open.is_empty() {
            self.over.insert(batch.id);
        }
        self.batches.insert(batch.id, (batch, open));
    }

    /// Will none of them ever do anything again?
    pub(crate) fn are_over(&self) -> bool {
        self.batches.is_empty()
            && self.campaigns.values().all(|(campaign, _)| campaign.state.is_over())
            && self.schedules.values().all(|schedule| schedule.next_at.is_none())
    }
}

pub(super) fn row(order: OrderWrite) -> Entry {
    let mut entry = Entry::new(Then::Nothing);
    entry.orders.push(order);
    entry
}

/// The time of a schedule that comes after some moment.
fn next_after(schedule: &Schedule, moment: Timestamp) -> Option<Timestamp> {
    (1..=TIMES).map(|nth| schedule.created_at.plus_ms(nth * PERIOD_MS)).find(|at| *at > moment)
}

impl Process {
    /// One campaign and one schedule a client are enough.
    pub(super) fn add_campaign(&mut self, conn: Conn, client: usize, request: u64, scene: &Scene<'_>) {
        let client = self.configuration.accounts[client].name.clone();
        let campaign = Campaign {
            name: "all".parse().expect("a name"),
            client: client.clone(),
            registry: RegistryName::default_of(Ecosystem::Cargo),
            ecosystem: Ecosystem::Cargo,
            prefix: String::new(),
            window: u32::try_from(WINDOW).unwrap_or(u32::MAX),
            created_at: scene.now.wall,
            state: CampaignState::Running,
            cursor: None,
            exhausted: false,
            submitted: 0,
            ended_at: None,
            question: None,
        };
        let known = self.orders.campaigns.contains_key(&client);
        let write = (!known).then(|| OrderWrite::Campaign(campaign.clone()));
        self.answer_order(conn, request, write);
        self.orders.campaigns.entry(client).or_insert((campaign, BTreeSet::new()));
    }

    pub(super) fn add_schedule(&mut self, conn: Conn, client: usize, request: u64, scene: &Scene<'_>) {
        let client = self.configuration.accounts[client].name.clone();
        let schedule = Schedule {
            name: "often".parse().expect("a name"),
            client: client.clone(),
            cron: "* * * * *".to_owned(),
            jobs: Vec::new(),
            created_at: scene.now.wall,
            paused: false,
            next_at: None,
            last: None,
        };
        let schedule = Schedule { next_at: next_after(&schedule, scene.now.wall), ..schedule };
        let known = self.orders.schedules.contains_key(&client);
        let write = (!known).then(|| OrderWrite::Schedule(Box::new(schedule.clone())));
        self.answer_order(conn, request, write);
        self.orders.schedules.entry(client).or_insert(schedule);
    }

    fn answer_order(&mut self, conn: Conn, request: u64, write: Option<OrderWrite>) {
        let mut entry = Entry::new(Then::Answer { conn, frame: Frame::Answered(Answered::Ordered { request }) });
        entry.orders.extend(write);
        self.committer.send(entry);
    }

    /// Does what is due of them, a little at a time.
    pub(super) fn keep_orders(&mut self, scene: &mut Scene<'_>) {
        self.go_on_cancelling(scene);
        let mono_ms = scene.now.mono_ms;
        self.orders.resting.retain(|_, until_ms| *until_ms > mono_ms);
        let due = |schedule: &&Schedule| schedule.next_at.is_some_and(|at| at <= scene.now.wall);
        let rests = |client: &ClientName| self.orders.resting.contains_key(client);
        let due = self.orders.schedules.values().filter(due).find(|schedule| !rests(&schedule.client)).cloned();
        if let Some(schedule) = due {
            self.run_schedule(schedule, scene);
        }
        let is_hungry = |(campaign, open): &&(Campaign, BTreeSet<JobId>)| {
            campaign.state == CampaignState::Running && open.len() <= WINDOW / 2
        };
        let hungry: Vec<ClientName> =
            self.orders.campaigns.values().filter(is_hungry).map(|row| row.0.client.clone()).collect();
        for client in hungry {
            if self.orders.campaigns[&client].0.exhausted {
                self.finish_campaign(&client, scene);
            } else if !self.orders.resting.contains_key(&client) && self.orders.reading.insert(client.clone()) {
                scene.out.push(Out::Later(Message::CampaignPage { client }));
            }
        }
        while let Some(batch) = self.orders.over.pop_first() {
            self.end_batch(batch, scene);
        }
    }

    fn run_schedule(&mut self, schedule: Schedule, scene: &mut Scene<'_>) {
        let Some(due_at) = schedule.next_at else { return };
        let Some(account) = self.account(&schedule.client) else { return };
        let target = scene.chance.next() % self.configuration.targets.max(1);
        let Ok(one) = self.admit_one(Wish::plain(target), &account, scene) else {
            return self.rest(&schedule.client, scene);
        };
        let run = ScheduleRun { due_at, asked_at: scene.now.wall, jobs: 1, first: Some(one.0), refusal: None };
        // The clock may have been set back since it was due; the same time must not come twice.
        let next_at = next_after(&schedule, scene.now.wall.max(due_at));
        let schedule = Schedule { next_at, last: Some(run), ..schedule };
        let mut entry = Entry::new(Then::Nothing);
        self.write_jobs(&mut entry, vec![one], &Origin::Schedule(schedule.name.clone()), scene);
        self.send_with(entry, OrderWrite::Schedule(Box::new(schedule.clone())), Planted::RunLate);
        self.orders.schedules.insert(schedule.client.clone(), schedule);
    }

    /// The next packages of a campaign were read.
    pub(super) fn campaign_page(&mut self, client: &ClientName, scene: &mut Scene<'_>) {
        self.orders.reading.remove(client);
        let Some((mut campaign, mut open)) = self.orders.campaigns.get(client).cloned() else { return };
        // It may have been cancelled while its packages were read.
        if campaign.state != CampaignState::Running && !self.is_planted(Planted::CancelledAsks) {
            return;
        }
        let Some(account) = self.account(client) else { return };
        let account = Account { lane: Lane::Bulk, ..account };
        let (first, end) = (campaign.submitted, self.configuration.targets);
        let (mut admitted, mut skipped, mut refused) = (Vec::new(), Vec::new(), false);
        for target in first..end.min(first + PAGE) {
            match self.admit_one(Wish::plain(target), &account, scene) {
                Ok(one) => admitted.push(one),
                // So many wait for this package already that one more makes no difference.
                Err(Refusal::TooManyAttached { .. }) => skipped.push(target),
                Err(_) => {
                    refused = true;
                    break;
                }
            }
            campaign.submitted += 1;
            campaign.cursor = Some(target.to_string());
        }
        if refused {
            self.rest(client, scene);
        }
        campaign.exhausted = campaign.submitted >= end;
        open.extend(admitted.iter().map(|(job, _)| *job));
        let mut entry = Entry::new(Then::Nothing);
        entry.skipped = skipped.into_iter().map(|target| (client.clone(), target)).collect();
        self.write_jobs(&mut entry, admitted, &Origin::Campaign(campaign.name.clone()), scene);
        self.send_with(entry, OrderWrite::Campaign(campaign.clone()), Planted::CursorLate);
        self.orders.campaigns.insert(client.clone(), (campaign, open));
        self.finish_campaign(client, scene);
    }

    fn finish_campaign(&mut self, client: &ClientName, scene: &Scene<'_>) {
        let Some((campaign, open)) = self.orders.campaigns.get_mut(client) else { return };
        if campaign.exhausted && open.is_empty() && campaign.state == CampaignState::Running {
            (campaign.state, campaign.ended_at) = (CampaignState::Done, Some(scene.now.wall));
            let write = OrderWrite::Campaign(campaign.clone());
            self.committer.send(row(write));
        }
    }

    /// Jobs have ended, and that is durable.
    pub(super) fn orders_hear(&mut self, jobs: &[JobId], scene: &Scene<'_>) {
        let early = self.is_planted(Planted::BatchEndsEarly);
        for job in jobs {
            if let Some((id, (_, open))) = self.orders.batches.range_mut(..=BatchId(job.0)).next_back()
                && open.remove(job)
                && (open.is_empty() || early)
            {
                self.orders.over.insert(*id);
            }
            let of = self
                .orders
                .campaigns
                .iter_mut()
                .find_map(|(client, (_, open))| open.remove(job).then(|| client.clone()));
            of.into_iter().for_each(|client| self.finish_campaign(&client, scene));
        }
    }

    pub(super) fn write_jobs(
        &mut self,
        entry: &mut Entry,
        jobs: Vec<(JobId, Payload)>,
        origin: &Origin,
        scene: &mut Scene<'_>,
    ) {
        for (job, payload) in jobs {
            let payload = Payload { origin: origin.clone(), ..payload };
            scene.ledger.admitted(job, crate::ledger::Facts::new(&payload, scene.at_ms));
            entry.commands.push((job.0, payload.to_command(scene.now.wall)));
            self.payloads.insert(job, payload);
        }
    }

    /// Commits a row with its jobs; or, planted, so late that the next group carries it.
    fn send_with(&mut self, mut entry: Entry, write: OrderWrite, planted: Planted) {
        if self.is_planted(planted) {
            self.committer.send(entry);
            return self.committer.send_apart(row(write));
        }
        entry.orders.push(write);
        self.committer.send(entry);
    }

    fn rest(&mut self, client: &ClientName, scene: &Scene<'_>) {
        self.orders.resting.insert(client.clone(), scene.now.mono_ms + REST_MS);
    }

    fn account(&self, client: &ClientName) -> Option<Account> {
        self.configuration.accounts.iter().find(|account| account.name == *client).cloned()
    }
}
