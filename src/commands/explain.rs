//! `gleaner jobs explain`: why a job is where it is.

use gleaner_model::{Displacement, Explanation, Forecast, Journey, Timestamp, WaitCause, Waited};
use gleaner_proto::v1;
use serde::Serialize;

use crate::exit::Failure;
use crate::job_row::{JobRow, came_from};
use crate::output::{Output, duration_for_people, time_for_people};
use crate::remote::Remote;

/// Asks after one job and shows what is told.
pub(super) async fn explain(remote: &Remote, id: &str, output: Output) -> Result<(), Failure> {
    let told = remote.jobs().explain(v1::ExplainRequest { id: id.to_owned() }).await?.into_inner();
    let told = Explanation::try_from(told)
        .map_err(|error| Failure::failed(format!("the scheduler's answer makes no sense: {error}")))?;
    output.object(&Row::of(&told))?;
    lines(&told).iter().try_for_each(|line| output.say(line))
}

/// The stable keys of an explanation, beside those of its job.
#[derive(Serialize)]
struct Row {
    #[serde(flatten)]
    job: JobRow,
    waits_for: Option<&'static str>,
    waited_ms: Option<WaitedRow>,
    ran_ms: Option<u64>,
    suspended_ms: Option<u64>,
    displaced_by: Vec<DisplacementRow>,
    displaced: Option<String>,
    ahead: Option<u64>,
    ahead_is_counted: Option<bool>,
    starts_in_ms: Option<u64>,
}

#[derive(Serialize)]
struct WaitedRow {
    worker: u64,
    slot: u64,
    lane: u64,
    share: u64,
    host: u64,
    task: u64,
    again: u64,
    untold: u64,
}

#[derive(Serialize)]
struct DisplacementRow {
    task: String,
    lane: &'static str,
    at: String,
}

impl Row {
    fn of(told: &Explanation) -> Self {
        let journey = told.journey.as_ref();
        let displaced_by = journey.map(|journey| journey.displaced_by.iter()).into_iter().flatten();
        Self {
            job: JobRow::of(&told.job),
            waits_for: told.waits_for.map(name),
            waited_ms: told.waited.map(WaitedRow::of),
            ran_ms: journey.map(|journey| journey.ran_ms),
            suspended_ms: journey.map(|journey| journey.suspended_ms),
            displaced_by: displaced_by.map(DisplacementRow::of).collect(),
            displaced: journey.and_then(|journey| journey.displaced).map(|task| task.to_string()),
            ahead: told.forecast.map(|forecast| forecast.ahead),
            ahead_is_counted: told.forecast.map(|forecast| forecast.is_counted),
            starts_in_ms: told.forecast.and_then(|forecast| forecast.starts_in_ms),
        }
    }
}

impl WaitedRow {
    const fn of(waited: Waited) -> Self {
        Self {
            worker: waited.worker_ms,
            slot: waited.slot_ms,
            lane: waited.lane_ms,
            share: waited.share_ms,
            host: waited.host_ms,
            task: waited.task_ms,
            again: waited.again_ms,
            untold: waited.untold_ms,
        }
    }
}

impl DisplacementRow {
    fn of(displacement: &Displacement) -> Self {
        Self { task: displacement.by.to_string(), lane: displacement.lane.as_str(), at: displacement.at.to_string() }
    }
}

const fn name(cause: WaitCause) -> &'static str {
    match cause {
        WaitCause::Worker => "worker",
        WaitCause::Slot => "slot",
        WaitCause::Host => "host",
        WaitCause::Turn => "turn",
        WaitCause::Retry => "retry",
        WaitCause::Task => "task",
        WaitCause::Recovery => "recovery",
        WaitCause::Commit => "commit",
        WaitCause::Time => "time",
    }
}

/// What people read.
fn lines(told: &Explanation) -> Vec<String> {
    let job = &told.job;
    let mut lines = vec![
        format!("{}  {}  {}", job.id, job.state, job.spec.purl),
        format!("  asked by {} in the {} lane {}", job.client, job.lane, time_for_people(job.created_at.as_millis())),
    ];
    lines.extend(came_from(&job.origin).map(|from| format!("  {from}")));
    if let Some(result) = &job.result {
        lines.push(ended(told, result.ended_at));
    }
    if !job.waiting_for.is_empty() {
        lines.push(format!("  waits: {}", job.waiting_for));
    }
    lines.extend(told.waited.and_then(waited));
    lines.extend(told.journey.as_ref().filter(|_| job.result.is_none()).and_then(ran));
    lines.extend(told.forecast.map(forecast));
    lines.extend(told.journey.iter().flat_map(displacements));
    lines
}

fn ended(told: &Explanation, at: Timestamp) -> String {
    let all_ms = u64::try_from(at.as_millis() - told.job.created_at.as_millis()).unwrap_or(0);
    let Some(Journey { ran_ms, suspended_ms, .. }) = told.journey else {
        return format!("  ended after {}; what of that it ran was not noted down", duration_for_people(all_ms));
    };
    let waited_ms = all_ms.saturating_sub(ran_ms + suspended_ms);
    let parts = [("waited", waited_ms), ("ran", ran_ms), ("suspended", suspended_ms)];
    format!("  ended after {}: {}", duration_for_people(all_ms), listed(&parts))
}

fn waited(waited: Waited) -> Option<String> {
    let parts = [
        ("no worker could do it", waited.worker_ms),
        ("all slots busy", waited.slot_ms),
        ("other lanes' turn", waited.lane_ms),
        ("its own lane's turn", waited.share_ms),
        ("host", waited.host_ms),
        ("another task", waited.task_ms),
        ("between tries", waited.again_ms),
        ("not known", waited.untold_ms),
    ];
    let all_ms: u64 = parts.iter().map(|(_, ms)| ms).sum();
    (all_ms > 0).then(|| format!("  waited {}: {}", duration_for_people(all_ms), listed(&parts)))
}

fn ran(journey: &Journey) -> Option<String> {
    let parts = [("ran", journey.ran_ms), ("suspended", journey.suspended_ms)];
    (journey.ran_ms + journey.suspended_ms > 0).then(|| format!("  so far {}", listed(&parts)))
}

fn forecast(forecast: Forecast) -> String {
    let about = if forecast.is_counted { "" } else { "about " };
    let when = match forecast.starts_in_ms {
        Some(ms) => format!("starts in about {}", duration_for_people(ms)),
        None => "nobody can say when it starts".to_owned(),
    };
    format!("  {about}{} like it come first; {when}", forecast.ahead)
}

fn displacements(journey: &Journey) -> Vec<String> {
    let by = |by: &Displacement| {
        format!("  displaced by {} of the {} lane {}", by.by, by.lane, time_for_people(by.at.as_millis()))
    };
    let displaced = journey.displaced.map(|task| format!("  took the slot of {task}"));
    journey.displaced_by.iter().map(by).chain(displaced).collect()
}

/// What there is of each, those left out of which there is nothing.
fn listed(parts: &[(&str, u64)]) -> String {
    let parts = parts.iter().filter(|(_, ms)| *ms > 0).map(|(what, ms)| format!("{} {what}", duration_for_people(*ms)));
    parts.collect::<Vec<_>>().join(", ")
}

#[cfg(test)]
mod tests {
    use gleaner_model::{JobId, JobKind, JobResult, JobSpec, JobState, JobView, Lane, Origin, TaskId};

    use super::*;

    fn at(ms: i64) -> Timestamp {
        Timestamp::from_millis(1_790_000_000_000 + ms)
    }

    fn job(state: JobState, waiting_for: &str) -> JobView {
        let purl: gleaner_model::Purl = "pkg:npm/express".parse().expect("a purl");
        let spec = JobSpec {
            kind: JobKind::Crawl,
            part: gleaner_model::CrawlPart::Newest,
            registry: gleaner_model::RegistryName::default_of(purl.ecosystem()),
            purl,
            max_age_ms: 0,
            expires_at: None,
            not_before: None,
            deadline: None,
            key: None,
            question: None,
        };
        JobView {
            id: JobId(7),
            spec,
            client: "crowd".parse().expect("a name"),
            lane: Lane::Free,
            task: TaskId(7),
            created_at: at(0),
            origin: Origin::Asked,
            retried_as: None,
            state,
            attempts: 1,
            waiting_for: waiting_for.to_owned(),
            result: state.is_terminal().then(|| JobResult::bare(state, at(65_000), 1)),
        }
    }

    fn journey() -> Journey {
        let by = Displacement { by: TaskId(9), lane: Lane::Paid, at: at(2_000) };
        Journey { ran_ms: 1_250, suspended_ms: 300, displaced_by: vec![by], displaced: None }
    }

    #[test]
    fn an_open_job_says_what_it_waits_and_waited_for() {
        let told = Explanation {
            job: job(JobState::Queued, "all fitting workers are busy"),
            waits_for: Some(WaitCause::Slot),
            waited: Some(Waited { lane_ms: 9_100, host_ms: 300, ..Waited::default() }),
            journey: Some(Journey::default()),
            forecast: Some(Forecast { ahead: 12, is_counted: false, starts_in_ms: Some(4_240) }),
        };
        let expected = [
            "j-7  queued  pkg:npm/express",
            "  asked by crowd in the free lane 2026-09-21 14:13:20",
            "  waits: all fitting workers are busy",
            "  waited 9.4 s: 9.1 s other lanes' turn, 300 ms host",
            "  about 12 like it come first; starts in about 4.2 s",
        ];
        assert_eq!(lines(&told), expected);
        let row = serde_json::to_value(Row::of(&told)).expect("plain data");
        assert_eq!(
            (&row["job"], &row["waits_for"], &row["waited_ms"]["lane"]),
            (&"j-7".into(), &"slot".into(), &9_100.into())
        );
    }

    #[test]
    fn an_ended_job_says_what_it_went_through() {
        let done = job(JobState::Done, "");
        let mut told =
            Explanation { job: done, waits_for: None, waited: None, journey: Some(journey()), forecast: None };
        let expected = [
            "  ended after 1 min 5 s: 1 min 3 s waited, 1.2 s ran, 300 ms suspended",
            "  displaced by t-9 of the paid lane 2026-09-21 14:13:22",
        ];
        assert_eq!(lines(&told)[2..], expected);
        told.journey = None;
        assert!(lines(&told)[2].contains("not noted down"));
    }
}
