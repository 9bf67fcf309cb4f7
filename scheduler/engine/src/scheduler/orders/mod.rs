//! What stands beside jobs: schedules and campaigns, which ask again and again, and batches, which are looked at as one.
//!
//! All of them are rows of the store and small tables here. What a row says and the jobs that it stands for are always one
//! commit: a schedule's last run with the jobs of that run, a campaign's cursor with the jobs up to it, a batch with its
//! jobs. So after a crash nothing is asked for twice and nothing is left out.

mod batches;
mod campaigns;
mod message;
mod schedules;

use std::collections::VecDeque;

use gleaner_core::Moment;
use gleaner_model::{ClientName, JobId, JobState, OrderName, Origin, TaskId, Timestamp};
use gleaner_store::{Payload, Store, StoreError};

use super::state::State;

pub(crate) use batches::{BatchItem, BatchSubmission, batch_states};
pub(crate) use message::{CampaignChange, Order, OrderError};

/// A standing order is named by its client and its own name.
pub(crate) type Name = (ClientName, OrderName);

/// Jobs that are cancelled in one round on behalf of a campaign or a batch: as many as others can wait for.
const CANCELLED_MAX: usize = 256;

/// All of them.
#[derive(Default)]
pub(crate) struct Orders {
    pub(super) schedules: schedules::Schedules,
    pub(super) campaigns: campaigns::Campaigns,
    pub(super) batches: batches::Batches,
    /// Open jobs of campaigns and batches that somebody cancelled. The rows say so, and a new start begins with them.
    pub(super) cancelling: VecDeque<JobId>,
}

impl Orders {
    /// Takes note of an open job that recovery found.
    pub(crate) fn recovered(&mut self, job: JobId, payload: &Payload) {
        match &payload.origin {
            Origin::Campaign(name) => self.campaigns.recovered(job, (payload.client.clone(), name.clone())),
            Origin::Batch(batch) => self.batches.recovered(job, *batch),
            Origin::Asked | Origin::Retry(_) | Origin::Schedule(_) | Origin::Child(_) => {}
        }
    }

    /// Reads the rows, when all open jobs are known.
    pub(crate) fn load(&mut self, store: &dyn Store, now: Timestamp) -> Result<(), StoreError> {
        self.schedules.load(store.schedules()?, now);
        self.cancelling.extend(self.campaigns.load(store.campaigns()?));
        self.cancelling.extend(self.batches.load(store)?);
        Ok(())
    }

    /// Is a job open, and one of a campaign or a batch that somebody cancelled?
    fn is_cancelled(&self, job: JobId) -> bool {
        self.batches.is_cancelled(job) || self.campaigns.is_cancelled(job)
    }

    /// When something is due next, in monotonic milliseconds.
    pub(super) fn next_wake(&self, now: Moment) -> Option<u64> {
        let schedule = self.schedules.next_due().map(|at| now.mono_ms.saturating_add(at.ms_since(now.wall)));
        let more = (!self.cancelling.is_empty() || self.campaigns.is_hungry()).then_some(now.mono_ms);
        [schedule, more, self.campaigns.next_rest()].into_iter().flatten().min()
    }
}

impl State {
    /// A scheduler without registries only answers questions: times that are missed meanwhile are for the next one.
    pub(super) fn keeps_orders(&self) -> bool {
        !self.is_draining && !self.parts.registries.is_empty()
    }

    /// Does what is due of it, a little at a time.
    pub(super) fn keep_orders(&mut self, now: Moment) {
        if !self.keeps_orders() {
            return;
        }
        for _ in 0..CANCELLED_MAX {
            let Some(job) = self.orders.cancelling.pop_front() else { break };
            let mut effects = Vec::new();
            self.parts.core.cancel(job, now, &mut effects);
            self.perform(&mut effects, now);
        }
        if let Some(name) = self.orders.schedules.due(now.wall) {
            self.run_schedule(&name, now);
        }
        self.finish_batches();
        self.feed_campaigns(now);
    }

    /// The outcome of a task is not its end after all: it is tried again, or waits for others. Those of its jobs that were
    /// cancelled with others while it was being committed end now.
    pub(super) fn cancel_what_goes_on(&mut self, task: TaskId) {
        let jobs = self.parts.core.jobs_of(task);
        let cancelled: Vec<JobId> = jobs.into_iter().filter(|job| self.orders.is_cancelled(*job)).collect();
        self.orders.cancelling.extend(cancelled);
    }

    pub(super) fn order(&mut self, order: Order) {
        match order {
            Order::AddSchedule { schedule, reply } => self.add_schedule(*schedule, reply),
            Order::ListSchedules { client, reply } => drop(reply.send(self.orders.schedules.of(client.as_ref()))),
            Order::RemoveSchedule { name, reply } => self.remove_schedule(&name, reply),
            Order::PauseSchedule { name, paused, reply } => self.pause_schedule(&name, paused, reply),
            Order::AddCampaign { campaign, reply } => self.add_campaign(*campaign, reply),
            Order::ListCampaigns { client, reply } => drop(reply.send(self.orders.campaigns.of(client.as_ref()))),
            Order::ChangeCampaign { name, change, reply } => self.change_campaign(&name, change, reply),
            Order::CampaignPage { name, page } => self.campaign_page(&name, page),
            Order::SubmitBatch(submission) => self.submit_batch(*submission),
            Order::CancelBatch { batch, reply } => self.cancel_batch(batch, reply),
            Order::BatchTallied { batch, end } => self.batch_tallied(batch, end),
            Order::States { jobs, reply } => {
                let now = self.now();
                let state = |job: &JobId| Some((*job, self.parts.core.job_view(*job, now)?.state));
                let states: Vec<(JobId, JobState)> = jobs.iter().filter_map(state).collect();
                let _ = reply.send(states);
            }
        }
    }

    /// Jobs have ended, and that is durable.
    pub(super) fn orders_hear_of_ends(&mut self, job: JobId) {
        self.orders.batches.ended(job);
        if let Some(name) = self.orders.campaigns.ended(job) {
            self.finish_campaign(&name);
        }
    }
}
