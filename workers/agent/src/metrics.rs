//! What an agent counts. The names are part of its interface:
//!
//! | name | kind | labels | what |
//! |---|---|---|---|
//! | `gleaner_agent_requests_total` | counter | `host`, `status` | answers to requests to registries, redirects included |
//! | `gleaner_agent_received_bytes_total` | counter | `host` | bytes of documents, decompressed |
//! | `gleaner_agent_cut_requests_total` | counter | `host` | requests of suspended attempts that were cut off, to be made again |
//! | `gleaner_agent_carried_documents_total` | counter | | documents that an earlier attempt's checkpoint spared a request |
//! | `gleaner_agent_egress_waits_total` | counter | | times that a request waited for the worker's own limit |
//! | `gleaner_agent_permit_wait_seconds` | histogram | `host` | from asking for a permit to having it |
//! | `gleaner_agent_attempt_seconds` | histogram | `outcome` | from an assignment to its outcome in the outbox |
//! | `gleaner_agent_running` | gauge | | attempts in a slot |
//! | `gleaner_agent_suspended` | gauge | | attempts that were asked to wait |
//! | `gleaner_agent_outbox` | gauge | | outcomes that wait for an acknowledgement |
//! | `gleaner_agent_commits_total` | counter | | durable commits of the agent's own state |
//! | `gleaner_agent_commit_outcomes` | histogram | | outcomes that one commit carried |
//! | `gleaner_agent_resolution_seconds` | histogram | `ecosystem`, `answer` | a resolution itself, without what it waited for |
//! | `gleaner_agent_packages_total` | counter | `source` | packages read into snapshots, from the `catalogue` or the `disk` |
//! | `gleaner_agent_events_total` | counter | | events of the catalogue that were followed |
//! | `gleaner_agent_snapshot_bytes` | gauge | | memory that snapshots of packages take, about |
//! | `gleaner_agent_sessions_total` | counter | | sessions that a scheduler welcomed |

use std::time::Duration;

use gleaner_model::{Answer, Ecosystem, Host, Outcome};
use metrics::{counter, gauge, histogram};
use url::Url;

/// An answer came.
pub(crate) fn request(url: &Url, status: u16) {
    counter!("gleaner_agent_requests_total", "host" => host(url), "status" => status.to_string()).increment(1);
}

/// A document came.
pub(crate) fn received(url: &Url, bytes: usize) {
    counter!("gleaner_agent_received_bytes_total", "host" => host(url)).increment(bytes as u64);
}

/// A request of a suspended attempt was cut off and will be made again.
pub(crate) fn cut(host: &Host) {
    counter!("gleaner_agent_cut_requests_total", "host" => host.to_string()).increment(1);
}

/// A document came out of a checkpoint.
pub(crate) fn carried() {
    counter!("gleaner_agent_carried_documents_total").increment(1);
}

/// A request waits for the worker's own limit.
pub(crate) fn egress_waited() {
    counter!("gleaner_agent_egress_waits_total").increment(1);
}

/// A permit came.
pub(crate) fn permit(host: &Host, waited: Duration) {
    histogram!("gleaner_agent_permit_wait_seconds", "host" => host.to_string()).record(waited.as_secs_f64());
}

/// An attempt ended.
pub(crate) fn attempt(outcome: &Outcome, took: Duration) {
    histogram!("gleaner_agent_attempt_seconds", "outcome" => name(outcome)).record(took.as_secs_f64());
}

/// What the agent has now.
pub(crate) fn holdings(running: usize, suspended: usize, outbox: usize) {
    #[allow(clippy::cast_precision_loss, reason = "a gauge is a float, and these are small")]
    let set = |name: &'static str, value: usize| gauge!(name).set(value as f64);
    set("gleaner_agent_running", running);
    set("gleaner_agent_suspended", suspended);
    set("gleaner_agent_outbox", outbox);
}

/// A commit was made durable.
pub(crate) fn commit(outcomes: usize) {
    counter!("gleaner_agent_commits_total").increment(1);
    #[allow(clippy::cast_precision_loss, reason = "a histogram takes floats, and this is small")]
    histogram!("gleaner_agent_commit_outcomes").record(outcomes as f64);
}

/// A question was answered.
pub(crate) fn resolution(ecosystem: Ecosystem, answer: &Answer, took: Duration) {
    let answer = match answer {
        Answer::Graph(_) => "graph",
        Answer::Unsatisfiable { .. } => "unsatisfiable",
        Answer::Incomplete { .. } => "incomplete",
        Answer::GaveUp { .. } => "gave_up",
        Answer::Stopped => "stopped",
    };
    let labels = [("ecosystem", ecosystem.as_str()), ("answer", answer)];
    histogram!("gleaner_agent_resolution_seconds", &labels).record(took.as_secs_f64());
}

/// Packages were read into a snapshot.
pub(crate) fn packages(source: &'static str, count: usize) {
    counter!("gleaner_agent_packages_total", "source" => source).increment(count as u64);
}

/// Events of the catalogue were followed.
pub(crate) fn events(count: usize) {
    counter!("gleaner_agent_events_total").increment(count as u64);
}

/// What snapshots take.
pub(crate) fn snapshot_bytes(bytes: usize) {
    #[allow(clippy::cast_precision_loss, reason = "a gauge is a float, and nobody counts single bytes")]
    gauge!("gleaner_agent_snapshot_bytes").set(bytes as f64);
}

/// A scheduler welcomed this worker.
pub(crate) fn session() {
    counter!("gleaner_agent_sessions_total").increment(1);
}

/// The short name of an outcome, as metrics and spans have it.
pub(crate) const fn name(outcome: &Outcome) -> &'static str {
    match outcome {
        Outcome::Fetched(_) => "fetched",
        Outcome::NotModified { .. } => "not_modified",
        Outcome::NotFound { .. } => "not_found",
        Outcome::Gone { .. } => "gone",
        Outcome::Resolved(_) => "resolved",
        Outcome::Failed(_) => "failed",
        Outcome::HandedBack => "handed_back",
    }
}

fn host(url: &Url) -> String {
    Host::of_url(url.as_str()).map_or_else(|_| String::new(), |host| host.to_string())
}
