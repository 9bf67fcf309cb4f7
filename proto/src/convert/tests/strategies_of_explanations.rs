//! Explanations of jobs.

use gleaner_model::{Displacement, Explanation, Forecast, Journey, TaskId, WaitCause, Waited};
use proptest::collection::vec;
use proptest::option::of;
use proptest::prelude::*;

use super::strategies;

pub(super) fn explanation() -> impl Strategy<Value = Explanation> {
    let cause = proptest::sample::select(&[WaitCause::Worker, WaitCause::Slot, WaitCause::Host, WaitCause::Turn][..]);
    let waited =
        any::<[u64; 8]>().prop_map(|[worker_ms, slot_ms, lane_ms, share_ms, host_ms, task_ms, again_ms, untold_ms]| {
            Waited { worker_ms, slot_ms, lane_ms, share_ms, host_ms, task_ms, again_ms, untold_ms }
        });
    let forecast = any::<(u64, bool, Option<u64>)>().prop_map(|(ahead, is_counted, starts_in_ms)| Forecast {
        ahead,
        is_counted,
        starts_in_ms,
    });
    (strategies::job_view(), of(cause), of(waited), of(journey()), of(forecast)).prop_map(
        |(job, waits_for, waited, journey, forecast)| Explanation { job, waits_for, waited, journey, forecast },
    )
}

fn journey() -> impl Strategy<Value = Journey> {
    let displacement = (any::<u64>(), strategies::lane(), strategies::moment())
        .prop_map(|(by, lane, at)| Displacement { by: TaskId(by), lane, at });
    (any::<u64>(), any::<u64>(), vec(displacement, 0..4), of(any::<u64>())).prop_map(
        |(ran_ms, suspended_ms, displaced_by, displaced)| Journey {
            ran_ms,
            suspended_ms,
            displaced_by,
            displaced: displaced.map(TaskId),
        },
    )
}
