//! Cancelling batches and campaigns (the engine's `orders`): the row says so, so that a new start goes on with it; then
//! what is open of them is cancelled, a little at a time.

use std::collections::BTreeSet;

use gleaner_model::{BatchId, Campaign, CampaignState, JobId, TaskId};
use gleaner_store::OrderWrite;

use super::{Entry, Process, Scene, Then};
use crate::fault::Fault as Planted;
use crate::tell;
use crate::wire::{Answered, Conn, Frame};

/// Jobs that are cancelled in one round: as many as others can wait for.
const CANCELLED_MAX: usize = 256;

impl Process {
    pub(super) fn cancel_batch(&mut self, conn: Conn, request: u64, batch: BatchId, scene: &mut Scene<'_>) {
        let Some((row, open)) = self.orders.batches.get_mut(&batch) else {
            // It has ended, and perhaps that is still on its way to the disk.
            let frame = Frame::Answered(Answered::Ordered { request });
            return self.committer.send(Entry::new(Then::Answer { conn, frame }));
        };
        row.cancelled_at.get_or_insert(scene.now.wall);
        self.orders.cancelling.extend(open.iter().copied());
        scene.ledger.cancels_batch(batch);
        let frame = Frame::Answered(Answered::BatchCancelled { request, batch });
        let mut entry = Entry::new(Then::Answer { conn, frame });
        entry.orders.push(OrderWrite::Batch(row.clone()));
        self.committer.send(entry);
    }

    pub(super) fn cancel_campaign(&mut self, conn: Conn, client: usize, request: u64, scene: &mut Scene<'_>) {
        let client = &self.configuration.accounts[client].name;
        let mut entry = Entry::new(Then::Answer { conn, frame: Frame::Answered(Answered::Ordered { request }) });
        let row = self.orders.campaigns.get_mut(client).filter(|(campaign, _)| !campaign.state.is_over());
        if let Some((campaign, open)) = row {
            (campaign.state, campaign.ended_at) = (CampaignState::Cancelled, Some(scene.now.wall));
            self.orders.cancelling.extend(open.iter().copied());
            scene.ledger.cancels_campaign(client.clone());
            entry.orders.push(OrderWrite::Campaign(campaign.clone()));
        }
        self.committer.send(entry);
    }

    /// The outcome of a task is not its end after all. Those of its jobs that were cancelled with others while it was being
    /// committed end now.
    pub(super) fn cancel_what_goes_on(&mut self, task: TaskId) {
        for job in self.core.jobs_of(task) {
            let batch = self.orders.batches.range(..=BatchId(job.0)).next_back();
            let of_batch = batch.is_some_and(|(_, (row, open))| row.cancelled_at.is_some() && open.contains(&job));
            let mut campaigns = self.orders.campaigns.values();
            let is_over = |(campaign, open): &(Campaign, BTreeSet<JobId>)| {
                campaign.state == CampaignState::Cancelled && open.contains(&job)
            };
            if of_batch || campaigns.any(is_over) {
                self.orders.cancelling.push_back(job);
            }
        }
    }

    /// Cancels jobs of batches and campaigns that were cancelled.
    pub(super) fn go_on_cancelling(&mut self, scene: &mut Scene<'_>) {
        if self.is_planted(Planted::CancelledGoesOn) {
            self.orders.cancelling.clear();
        }
        for _ in 0..CANCELLED_MAX {
            let Some(job) = self.orders.cancelling.pop_front() else { break };
            tell!(scene.story, scene.at_ms, "    {job} is cancelled with others");
            let mut effects = Vec::new();
            self.core.cancel(job, scene.now, &mut effects);
            self.perform(&mut effects, None, scene);
        }
    }
}
