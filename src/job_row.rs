//! A job as programs read it.

use gleaner_model::{JobView, Origin};
use serde::Serialize;

/// The stable keys of a job.
#[derive(Serialize)]
pub(crate) struct JobRow {
    job: String,
    state: &'static str,
    kind: &'static str,
    purl: String,
    registry: String,
    client: String,
    lane: &'static str,
    task: String,
    attempts: u32,
    waiting_for: Option<String>,
    created_at: String,
    ended_at: Option<String>,
    changed: Option<bool>,
    versions: Option<u32>,
    latest: Option<String>,
    fetched_at: Option<String>,
    document: Option<String>,
    error: Option<String>,
    not_before: Option<String>,
    deadline: Option<String>,
    expires_at: Option<String>,
    idempotency_key: Option<String>,
    retry_of: Option<String>,
    retried_as: Option<String>,
    batch: Option<String>,
    schedule: Option<String>,
    campaign: Option<String>,
    child_of: Option<String>,
}

impl JobRow {
    pub(crate) fn of(job: &JobView) -> Self {
        let result = job.result.as_ref();
        Self {
            job: job.id.to_string(),
            state: job.state.as_str(),
            kind: job.spec.kind.as_str(),
            purl: job.spec.purl.to_string(),
            registry: job.spec.registry.to_string(),
            client: job.client.to_string(),
            lane: job.lane.as_str(),
            task: job.task.to_string(),
            attempts: job.attempts,
            waiting_for: Some(job.waiting_for.clone()).filter(|reason| !reason.is_empty()),
            created_at: job.created_at.to_string(),
            ended_at: result.map(|result| result.ended_at.to_string()),
            changed: result.and_then(|result| result.changed),
            versions: result.and_then(|result| result.versions),
            latest: result.and_then(|result| result.latest.clone()),
            fetched_at: result.and_then(|result| result.fetched_at).map(|at| at.to_string()),
            document: result.and_then(|result| result.document).map(|hash| hash.to_string()),
            error: result.and_then(|result| result.error.as_ref()).map(ToString::to_string),
            not_before: job.spec.not_before.map(|at| at.to_string()),
            deadline: job.spec.deadline.map(|at| at.to_string()),
            expires_at: job.spec.expires_at.map(|at| at.to_string()),
            idempotency_key: job.spec.key.as_ref().map(ToString::to_string),
            retry_of: from(&job.origin, |origin| matches!(origin, Origin::Retry(_))),
            retried_as: job.retried_as.map(|job| job.to_string()),
            batch: from(&job.origin, |origin| matches!(origin, Origin::Batch(_))),
            schedule: from(&job.origin, |origin| matches!(origin, Origin::Schedule(_))),
            campaign: from(&job.origin, |origin| matches!(origin, Origin::Campaign(_))),
            child_of: from(&job.origin, |origin| matches!(origin, Origin::Child(_))),
        }
    }
}

/// What a job came from, if it is that.
fn from(origin: &Origin, is: impl Fn(&Origin) -> bool) -> Option<String> {
    let name = match origin {
        Origin::Asked => return None,
        Origin::Retry(job) => job.to_string(),
        Origin::Batch(batch) => batch.to_string(),
        Origin::Schedule(name) | Origin::Campaign(name) => name.to_string(),
        Origin::Child(task) => task.to_string(),
    };
    is(origin).then_some(name)
}

/// What a job came from, for people; none of one that was asked for alone.
pub(crate) fn came_from(origin: &Origin) -> Option<String> {
    match origin {
        Origin::Asked => None,
        Origin::Retry(of) => Some(format!("tries {of} again")),
        Origin::Batch(batch) => Some(format!("one of the batch {batch}")),
        Origin::Schedule(name) => Some(format!("asked for by the schedule `{name}`")),
        Origin::Campaign(name) => Some(format!("asked for by the campaign `{name}`")),
        Origin::Child(task) => Some(format!("for {task}, which lacks it and waits for it")),
    }
}
