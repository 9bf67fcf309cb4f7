//! Batches and campaigns that somebody cancelled: nothing new of them begins, a campaign asks for nothing more, and neither
//! is forgotten by a crash once somebody was told. That what is open of them ends is seen in the end.

use std::collections::BTreeSet;

use gleaner_model::{Batch, BatchId, Campaign, CampaignState, ClientName, JobId, Origin, TaskId};

use super::{Facts, Ledger};

/// What was cancelled, as this life of the scheduler knows.
#[derive(Debug, Default)]
pub(crate) struct Cancelled {
    batches: BTreeSet<BatchId>,
    /// Of these clients; each has one campaign.
    campaigns: BTreeSet<ClientName>,
    /// Batches of which somebody was told.
    told: BTreeSet<BatchId>,
}

impl Cancelled {
    fn covers(&self, facts: &Facts) -> bool {
        match &facts.origin {
            Origin::Batch(batch) => self.batches.contains(batch),
            Origin::Campaign(_) => self.campaigns.contains(&facts.client),
            Origin::Asked | Origin::Retry(_) | Origin::Schedule(_) | Origin::Child(_) => false,
        }
    }

    /// A new scheduler has read these rows.
    pub(super) fn recovered(&mut self, batches: &[Batch], campaigns: &[Campaign]) -> Result<(), String> {
        let is_cancelled = |batch: &&Batch| batch.cancelled_at.is_some();
        self.batches = batches.iter().filter(is_cancelled).map(|batch| batch.id).collect();
        let is_cancelled = |campaign: &&Campaign| campaign.state == CampaignState::Cancelled;
        self.campaigns = campaigns.iter().filter(is_cancelled).map(|campaign| campaign.client.clone()).collect();
        match self.told.iter().find(|batch| !self.batches.contains(batch)) {
            Some(batch) => Err(format!("{batch} was said to be cancelled, and is not after a restart")),
            None => Ok(()),
        }
    }
}

impl Ledger {
    /// Somebody cancels a batch.
    pub(crate) fn cancels_batch(&mut self, batch: BatchId) {
        self.tally.cancelled_orders += 1;
        self.cancelled.batches.insert(batch);
    }

    /// Somebody cancels the campaign of a client.
    pub(crate) fn cancels_campaign(&mut self, client: ClientName) {
        self.tally.cancelled_orders += 1;
        self.cancelled.campaigns.insert(client);
    }

    /// A client was told that what is open of a batch ends.
    pub(crate) fn told_batch_cancelled(&mut self, batch: BatchId) {
        self.cancelled.told.insert(batch);
    }

    /// A job is taken in: none of a campaign that was cancelled.
    pub(super) fn may_be_asked(&mut self, job: JobId, facts: &Facts) {
        if self.cancelled.covers(facts) {
            let client = facts.client.clone();
            self.fail(format!("{job} is asked for by what {client} has cancelled"));
        }
    }

    /// A task begins: somebody must want it who was not cancelled.
    pub(crate) fn is_wanted(&mut self, task: TaskId, jobs: &[JobId]) {
        let is_gone = |job: &JobId| self.facts(*job).is_some_and(|facts| self.cancelled.covers(facts));
        if !jobs.is_empty() && jobs.iter().all(is_gone) {
            self.fail(format!("{task} is assigned, and those who want it were cancelled"));
        }
    }
}
