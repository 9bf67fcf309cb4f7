//! A job as programs read it.

use gleaner_model::JobView;
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
        }
    }
}
