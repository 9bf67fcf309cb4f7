//! Explanations of jobs.

use gleaner_model::{Displacement, Explanation, Forecast, JobView, Journey, TaskId, Waited};

use super::field::required_moment;
use super::{InvalidMessage, enumeration, list, required, task_id};
use crate::v1;

impl From<Explanation> for v1::ExplainResponse {
    fn from(explanation: Explanation) -> Self {
        let waits_for = explanation.waits_for.map_or(v1::WaitCause::Unspecified, Into::into);
        Self {
            job: Some(explanation.job.into()),
            waits_for: waits_for.into(),
            waited: explanation.waited.map(Into::into),
            journey: explanation.journey.map(Into::into),
            forecast: explanation.forecast.map(Into::into),
        }
    }
}

impl TryFrom<v1::ExplainResponse> for Explanation {
    type Error = InvalidMessage;

    fn try_from(wire: v1::ExplainResponse) -> Result<Self, InvalidMessage> {
        let job: JobView = required(wire.job, "job")?;
        let waits_for = (wire.waits_for != 0).then(|| enumeration(wire.waits_for, "waits_for")).transpose()?;
        let journey = wire.journey.map(|journey| Journey::try_from(journey).map_err(|error| error.inside("journey")));
        Ok(Self {
            job,
            waits_for,
            waited: wire.waited.map(Into::into),
            journey: journey.transpose()?,
            forecast: wire.forecast.map(Into::into),
        })
    }
}

impl From<Waited> for v1::Waited {
    fn from(waited: Waited) -> Self {
        let Waited { worker_ms, slot_ms, lane_ms, share_ms, host_ms, task_ms, again_ms, untold_ms } = waited;
        Self { worker_ms, slot_ms, lane_ms, share_ms, host_ms, task_ms, again_ms, untold_ms }
    }
}

impl From<v1::Waited> for Waited {
    fn from(wire: v1::Waited) -> Self {
        let v1::Waited { worker_ms, slot_ms, lane_ms, share_ms, host_ms, task_ms, again_ms, untold_ms } = wire;
        Self { worker_ms, slot_ms, lane_ms, share_ms, host_ms, task_ms, again_ms, untold_ms }
    }
}

impl From<Forecast> for v1::Forecast {
    fn from(forecast: Forecast) -> Self {
        let Forecast { ahead, is_counted, starts_in_ms } = forecast;
        Self { ahead, ahead_is_counted: is_counted, starts_in_ms }
    }
}

impl From<v1::Forecast> for Forecast {
    fn from(wire: v1::Forecast) -> Self {
        let v1::Forecast { ahead, ahead_is_counted, starts_in_ms } = wire;
        Self { ahead, is_counted: ahead_is_counted, starts_in_ms }
    }
}

impl From<Journey> for v1::Journey {
    fn from(journey: Journey) -> Self {
        Self {
            ran_ms: journey.ran_ms,
            suspended_ms: journey.suspended_ms,
            displaced_by: journey.displaced_by.into_iter().map(Into::into).collect(),
            displaced: journey.displaced.map(|task| task.to_string()).unwrap_or_default(),
        }
    }
}

impl TryFrom<v1::Journey> for Journey {
    type Error = InvalidMessage;

    fn try_from(wire: v1::Journey) -> Result<Self, InvalidMessage> {
        let displaced = Some(&wire.displaced).filter(|task| !task.is_empty());
        let displaced: Option<TaskId> = displaced.map(|task| task_id(task, "displaced")).transpose()?;
        let displaced_by = list(wire.displaced_by, "displaced_by")?;
        Ok(Self { ran_ms: wire.ran_ms, suspended_ms: wire.suspended_ms, displaced_by, displaced })
    }
}

impl From<Displacement> for v1::Displacement {
    fn from(displacement: Displacement) -> Self {
        let Displacement { by, lane, at } = displacement;
        Self { task: by.to_string(), lane: v1::Lane::from(lane).into(), at_ms: at.as_millis() }
    }
}

impl TryFrom<v1::Displacement> for Displacement {
    type Error = InvalidMessage;

    fn try_from(wire: v1::Displacement) -> Result<Self, InvalidMessage> {
        let by = task_id(&wire.task, "task")?;
        Ok(Self { by, lane: enumeration(wire.lane, "lane")?, at: required_moment(wire.at_ms, "at_ms")? })
    }
}
