//! Explaining a job: the scheduler's part while it is open, the journal's when it has ended.

use gleaner_model::{Explanation, JobId, JobView};
use tonic::Status;

use super::jobs::{Jobs, not_found};
use crate::clients::Client;
use crate::scheduler::Message;

impl Jobs {
    /// All that there is to say of a job that this client may see.
    pub(super) async fn explanation(&self, job: JobId, client: &Client) -> Result<Explanation, Status> {
        let open = self.0.ask(|reply| Message::Explain { job, reply }).await?;
        let explanation = match open {
            Some(explanation) => *explanation,
            None => ended(self.view(job, client).await?),
        };
        if self.visible(&explanation.job, client) { Ok(explanation) } else { Err(not_found(job)) }
    }
}

/// A job that the scheduler does not hold: it has ended, or its registry is not configured here.
fn ended(job: JobView) -> Explanation {
    let journey = job.result.as_ref().and_then(|result| result.journey.clone());
    Explanation { job, waits_for: None, waited: None, journey, forecast: None }
}
