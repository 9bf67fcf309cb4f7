//! Explaining an open job.

use gleaner_core::Wait;
use gleaner_model::{Explanation, JobId, JobView, WaitCause};

use super::state::State;

impl State {
    /// All that there is to say of an open job; none if it is not open.
    pub(super) fn explain(&mut self, job: JobId) -> Option<Box<Explanation>> {
        let view: JobView = self.job_views(&[job]).pop()?;
        // Before its time it waited for nobody but its client.
        let since = view.spec.not_before.map_or(view.created_at, |at| at.max(view.created_at));
        let told = self.parts.core.explain(job, since, self.now())?;
        Some(Box::new(Explanation {
            job: view,
            waits_for: told.view.waiting_for.as_ref().map(cause),
            waited: Some(told.waited),
            journey: Some(told.journey),
            forecast: told.forecast,
        }))
    }
}

const fn cause(wait: &Wait) -> WaitCause {
    match wait {
        Wait::Worker => WaitCause::Worker,
        Wait::Slot => WaitCause::Slot,
        Wait::Host { .. } | Wait::Paused(_) | Wait::Crowded(_) => WaitCause::Host,
        Wait::Turn => WaitCause::Turn,
        Wait::Retry => WaitCause::Retry,
        Wait::Task(_) | Wait::Children { .. } => WaitCause::Task,
        Wait::Recovery => WaitCause::Recovery,
        Wait::Commit => WaitCause::Commit,
        Wait::Time(_) => WaitCause::Time,
    }
}
