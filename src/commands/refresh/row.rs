//! How the refresh of one package ended, for programs and for people.

use gleaner_model::{JobState, JobView, Purl};
use serde::Serialize;

/// The stable keys of `gleaner refresh --json`.
#[derive(Serialize)]
pub(super) struct Row {
    purl: String,
    pub(super) state: &'static str,
    changed: Option<bool>,
    versions: Option<u32>,
    latest: Option<String>,
    fetched_at: Option<String>,
    job: String,
    attempts: u32,
    elapsed_ms: u64,
    pub(super) error: Option<String>,
}

impl Row {
    /// Of a job that has ended; `purl` as it was asked for, with its version.
    pub(super) fn of(purl: &Purl, job: &JobView) -> Self {
        let result = job.result.as_ref();
        let fault = result.and_then(|result| result.error.as_ref()).map(ToString::to_string);
        Self {
            purl: purl.to_string(),
            state: job.state.as_str(),
            changed: result.and_then(|result| result.changed),
            versions: result.and_then(|result| result.versions),
            latest: result.and_then(|result| result.latest.clone()),
            fetched_at: result.and_then(|result| result.fetched_at).map(|at| at.to_string()),
            job: job.id.to_string(),
            attempts: job.attempts,
            elapsed_ms: result.map_or(0, |result| result.ended_at.ms_since(job.created_at)),
            error: fault.or_else(|| reason(job.state, purl)),
        }
    }

    /// The package is there, and the version that was asked for is not.
    pub(super) fn without_version(self, message: String) -> Self {
        Self { state: JobState::NotFound.as_str(), error: Some(message), ..self }
    }

    pub(super) fn is_done(&self) -> bool {
        self.state == JobState::Done.as_str()
    }

    /// The cells of a table for people.
    pub(super) fn cells(&self) -> [String; 6] {
        let changed = match self.changed {
            Some(true) => "changed",
            Some(false) => "unchanged",
            None => "-",
        };
        let dash = || "-".to_owned();
        [
            self.purl.clone(),
            self.state.to_owned(),
            changed.to_owned(),
            self.versions.map_or_else(dash, |versions| versions.to_string()),
            self.latest.clone().unwrap_or_else(dash),
            format!("{} ms", self.elapsed_ms),
        ]
    }
}

/// The heads of the cells.
pub(super) const HEAD: [&str; 6] = ["package", "state", "facts", "versions", "latest", "took"];

fn reason(state: JobState, purl: &Purl) -> Option<String> {
    let package = purl.without_version();
    match state {
        JobState::NotFound => Some(format!("the registry has no package {package}")),
        JobState::Gone => Some(format!("the registry has {package} no more; its last facts are kept")),
        JobState::Expired => Some("its time was over".to_owned()),
        JobState::Cancelled => Some("it was cancelled".to_owned()),
        _ => None,
    }
}
