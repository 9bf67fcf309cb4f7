//! Why a job is not further, what it has waited for so far, and when it will probably start.
//!
//! Nothing here is kept for a job: what its front gathered since it came ([`waits`](crate::waits)), what its attempts took
//! ([`journeys`](crate::journeys)), and a forecast from what is queued before it now.

use gleaner_model::{Forecast, JobId, Journey, Timestamp, Waited};

use crate::scheduler::Scheduler;
use crate::tasks::{Slot, State};
use crate::{JobView, Moment};

/// What there is to say of an open job.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Explanation {
    /// Where it stands, and what stops it now.
    pub view: JobView,
    /// What it waited for.
    pub waited: Waited,
    /// What its task went through, and who displaced whom.
    pub journey: Journey,
    /// When it will probably start; none if it has started.
    pub forecast: Option<Forecast>,
}

impl Scheduler {
    /// Explains an open job that was accepted at `accepted`. None if there is no such job.
    #[must_use]
    pub fn explain(&self, job: JobId, accepted: Timestamp, now: Moment) -> Option<Explanation> {
        let slot = self.slot_of_job(job)?;
        let view = self.job_view(job, now)?;
        let journey = self.journey(view.task, now);
        let waited = self.waited(slot, accepted, &journey, now);
        Some(Explanation { view, waited, journey, forecast: self.forecast(slot, now) })
    }

    fn waited(&self, slot: Slot, accepted: Timestamp, journey: &Journey, now: Moment) -> Waited {
        let age_ms = u64::try_from(now.wall.as_millis().saturating_sub(accepted.as_millis())).unwrap_or(0);
        let from_ms = now.mono_ms.saturating_sub(age_ms);
        let started_ms = self.started_ms(slot);
        let until_ms = started_ms.unwrap_or(now.mono_ms);
        let mut waited = Waited { untold_ms: age_ms.saturating_sub(now.mono_ms), ..Waited::default() };
        if let Some(started_ms) = started_ms {
            // Of who joined later, only what came after.
            let since_ms = now.mono_ms.saturating_sub(started_ms.max(from_ms));
            waited.task_ms = self.waited_for_children_ms(slot, now).min(since_ms);
            waited.again_ms = since_ms.saturating_sub(journey.ran_ms + journey.suspended_ms + waited.task_ms);
        }
        let first_ms = until_ms.saturating_sub(from_ms);
        match self.tasks[slot].state {
            // It waits for nobody but its client.
            State::Delayed => {}
            State::Behind => waited.task_ms = first_ms,
            State::Recovered => waited.untold_ms += first_ms,
            _ => self.waited_in_front(slot, (from_ms, until_ms), now, &mut waited),
        }
        waited
    }

    /// How long it has waited for other tasks after its first attempt.
    fn waited_for_children_ms(&self, slot: Slot, now: Moment) -> u64 {
        let past = self.journeys.get(slot).map_or(0, |past| past.waited_ms);
        past + self.children.left(slot).map_or(0, |(_, since_ms)| now.mono_ms.saturating_sub(since_ms))
    }

    /// When the task's first attempt was started.
    fn started_ms(&self, slot: Slot) -> Option<u64> {
        let past = self.journeys.get(slot).map(|past| past.started_ms);
        past.or_else(|| self.running.get(&slot).map(|running| running.course.started_ms))
    }

    fn waited_in_front(&self, slot: Slot, (from_ms, until_ms): (u64, u64), now: Moment, waited: &mut Waited) {
        let key = self.streams.key_of(&self.tasks, slot);
        let told = self.waits.between((key.host, key.lane, key.needs), from_ms, until_ms, now.mono_ms);
        let (sums, _) = told.unwrap_or_default();
        [waited.worker_ms, waited.slot_ms, waited.lane_ms, waited.share_ms, waited.host_ms] = sums;
        waited.untold_ms += until_ms.saturating_sub(from_ms).saturating_sub(sums.iter().sum());
    }
}
