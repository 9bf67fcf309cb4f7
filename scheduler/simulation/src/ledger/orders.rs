//! What rows say of batches, campaigns and schedules is what the journal says of their jobs: a batch has ended when all
//! of it has, a campaign came to each package once and to none beyond its cursor, a schedule knows its last run.

use gleaner_model::{Batch, Campaign, CampaignState, JobId, JobState, Origin, Schedule, Tally};

use super::{Durable, Ledger};
use crate::shelf::Rows;

impl Durable {
    fn of_origin(&self, is_of: impl Fn(&super::Facts) -> bool) -> Vec<(JobId, u64, Option<JobState>)> {
        let jobs = self.all().filter(|(_, facts, _)| is_of(facts));
        jobs.map(|(job, facts, end)| (job, facts.target, end)).collect()
    }

    fn batch_agrees(&self, batch: &Batch) -> Result<(), String> {
        let jobs = self.of_origin(|facts| facts.origin == Origin::Batch(batch.id));
        let (id, wanted, found) = (batch.id, batch.jobs, jobs.len());
        if usize::try_from(wanted) != Ok(found) {
            return Err(format!("{id} says that it has {wanted} jobs, and {found} are journalled"));
        }
        let Some((_, tally)) = batch.end else { return Ok(()) };
        let ends: Option<Tally> = jobs.iter().map(|(_, _, end)| *end).collect();
        match ends {
            Some(ends) if ends == tally => Ok(()),
            _ => Err(format!("{id} says that it has ended as {tally:?}, and its jobs say {ends:?}")),
        }
    }

    fn campaign_agrees(&self, campaign: &Campaign) -> Result<(), String> {
        let of = &campaign.client;
        let jobs = self.of_origin(|facts| facts.client == *of && matches!(facts.origin, Origin::Campaign(_)));
        let came_to = jobs.len() as u64 + self.skipped(of);
        let beyond = jobs.iter().find(|(_, target, _)| *target >= campaign.submitted);
        if let Some((job, target, _)) = beyond {
            return Err(format!("{job} is about package {target}, which the campaign of {of} has not come to"));
        }
        if came_to != campaign.submitted {
            let submitted = campaign.submitted;
            return Err(format!("the campaign of {of} says {submitted} packages, and the journal {came_to}"));
        }
        let open = jobs.iter().find(|(_, _, end)| end.is_none());
        match open.filter(|_| campaign.state == CampaignState::Done) {
            Some((job, _, _)) => Err(format!("the campaign of {of} is done, and {job} is open")),
            None => Ok(()),
        }
    }

    fn schedule_agrees(&self, schedule: &Schedule) -> Result<(), String> {
        let of = &schedule.client;
        let jobs = self.of_origin(|facts| facts.client == *of && matches!(facts.origin, Origin::Schedule(_)));
        let last = jobs.iter().map(|(job, _, _)| *job).max();
        let told = schedule.last.as_ref().and_then(|run| run.first);
        if last == told {
            Ok(())
        } else {
            Err(format!("the schedule of {of} says that it asked {told:?} last, and it was {last:?}"))
        }
    }
}

impl Ledger {
    /// Nothing is on its way to the disk, and these are the rows.
    pub(crate) fn orders_agree(&mut self, rows: &Rows) {
        let batches = rows.batches.iter().map(|batch| self.durable.batch_agrees(batch));
        let campaigns = rows.campaigns.iter().map(|campaign| self.durable.campaign_agrees(campaign));
        let schedules = rows.schedules.iter().map(|schedule| self.durable.schedule_agrees(schedule));
        let agree: Result<(), String> = batches.chain(campaigns).chain(schedules).collect();
        self.expect(agree);
    }

    /// All is over, and so are these.
    pub(crate) fn orders_are_over(&mut self, rows: &Rows) {
        if let Some(batch) = rows.batches.iter().find(|batch| batch.end.is_none()) {
            self.fail(format!("all jobs of {} have ended, and it has not", batch.id));
        }
        if let Some(campaign) = rows.campaigns.iter().find(|campaign| !campaign.state.is_over()) {
            self.fail(format!("the campaign of {} is {} in the end", campaign.client, campaign.state.as_str()));
        }
        self.tally.orders += (rows.batches.len() + rows.campaigns.len() + rows.schedules.len()) as u64;
    }
}
