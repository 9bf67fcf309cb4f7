//! What waits and runs, shown to whoever scrapes the metrics: the numbers by which workers are added and taken away.

use std::time::Duration;

use tokio::sync::oneshot;

use crate::scheduler::{Message, SchedulerRef};
use crate::views::Depths;

/// How old the numbers may get: less than any scraper's period.
const PERIOD: Duration = Duration::from_secs(2);

/// Shows them until the scheduler ends.
pub(crate) async fn show(scheduler: SchedulerRef) {
    loop {
        let (reply, answer) = oneshot::channel();
        if scheduler.cast(Message::Lanes { reply }).is_err() {
            return;
        }
        if let Ok(depths) = answer.await {
            set(&depths);
        }
        tokio::time::sleep(PERIOD).await;
    }
}

#[allow(clippy::cast_precision_loss, reason = "a gauge is a float")]
fn set(depths: &Depths) {
    metrics::gauge!("gleaner_slots").set(f64::from(depths.slots));
    for lane in &depths.lanes {
        let set = |name: &'static str, value: f64| metrics::gauge!(name, "lane" => lane.lane.as_str()).set(value);
        set("gleaner_lane_queued", lane.view.queued as f64);
        set("gleaner_lane_running", lane.view.running as f64);
        set("gleaner_lane_suspended", lane.view.suspended as f64);
        set("gleaner_lane_backlog_seconds", lane.backlog_ms as f64 / 1_000.0);
        set("gleaner_lane_waits_for_hosts", lane.waits_for_hosts as f64);
    }
}
