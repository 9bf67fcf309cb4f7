//! Every metric of this program, sorted by name. `docs/metrics.md` is written from this list.

use std::fmt;

/// How a metric behaves.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Kind {
    /// Only rises; its name ends in `_total`.
    Counter,
    /// Rises and falls.
    Gauge,
    /// Samples, sorted into ranges.
    Histogram,
}

impl fmt::Display for Kind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Counter => "counter",
            Self::Gauge => "gauge",
            Self::Histogram => "histogram",
        })
    }
}

/// One metric.
#[derive(Debug)]
pub(super) struct Metric {
    pub(super) name: &'static str,
    pub(super) kind: Kind,
    #[cfg_attr(not(test), expect(dead_code, reason = "only the page lists them"))]
    pub(super) labels: &'static [&'static str],
    pub(super) help: &'static str,
}

const fn counter(name: &'static str, labels: &'static [&'static str], help: &'static str) -> Metric {
    Metric { name, kind: Kind::Counter, labels, help }
}

const fn gauge(name: &'static str, labels: &'static [&'static str], help: &'static str) -> Metric {
    Metric { name, kind: Kind::Gauge, labels, help }
}

const fn histogram(name: &'static str, labels: &'static [&'static str], help: &'static str) -> Metric {
    Metric { name, kind: Kind::Histogram, labels, help }
}

/// All of them.
#[rustfmt::skip]
pub(super) const METRICS: &[Metric] = &[
    histogram("gleaner_agent_attempt_seconds", &["outcome"], "From an assignment to its outcome in the worker's outbox."),
    counter("gleaner_agent_carried_documents_total", &[], "Documents that the checkpoint of an earlier attempt spared a request."),
    histogram("gleaner_agent_commit_outcomes", &[], "Outcomes that one commit of the worker's own state carried."),
    counter("gleaner_agent_commits_total", &[], "Durable commits of the worker's own state."),
    counter("gleaner_agent_cut_requests_total", &["host"], "Requests of suspended attempts that were cut off, to be made again."),
    counter("gleaner_agent_egress_waits_total", &[], "Times that a request waited for the worker's own limit (`--egress`)."),
    counter("gleaner_agent_events_total", &[], "Events of the catalogue that the worker followed."),
    gauge("gleaner_agent_outbox", &[], "Outcomes of the worker that wait for an acknowledgement."),
    counter("gleaner_agent_packages_total", &["source"], "Packages that the worker read for resolutions, from the catalogue or its own disk."),
    histogram("gleaner_agent_permit_wait_seconds", &["host"], "From asking for a permit to having it."),
    counter("gleaner_agent_received_bytes_total", &["host"], "Bytes of documents received, decompressed."),
    counter("gleaner_agent_requests_total", &["host", "status"], "Answers to requests to registries, redirects included."),
    histogram("gleaner_agent_resolution_seconds", &["ecosystem", "answer"], "One resolution, without what it waited for."),
    gauge("gleaner_agent_running", &[], "Attempts in a slot of the worker."),
    counter("gleaner_agent_sessions_total", &[], "Sessions of the worker that a scheduler welcomed."),
    gauge("gleaner_agent_snapshot_bytes", &[], "Memory that the worker's snapshots of packages take, about."),
    gauge("gleaner_agent_suspended", &[], "Attempts of the worker that were asked to wait."),
    gauge("gleaner_clients", &[], "Clients that the clients file names, as it was last taken."),
    gauge("gleaner_clients_file_broken", &[], "1 while the clients file cannot be used and the clients before it still hold."),
    counter("gleaner_clients_file_taken_total", &[], "Times that the clients file was read again and taken."),
    histogram("gleaner_commit_records", &[], "Records that one commit of the scheduler's store carried."),
    histogram("gleaner_commit_seconds", &[], "How long one commit of the scheduler's store took, its sync to disk included."),
    counter("gleaner_hosts_throttled_total", &[], "Times that a host asked everyone to wait."),
    counter("gleaner_jobs_ended_total", &["state"], "Jobs that reached their terminal state."),
    counter("gleaner_jobs_submitted_total", &["lane"], "Jobs that were accepted."),
    gauge("gleaner_lane_backlog_seconds", &["lane"], "How long all slots together would take for what is queued and hosts allow within the next minute: the number to scale workers by."),
    gauge("gleaner_lane_queued", &["lane"], "Tasks that are ready and wait for their turn."),
    gauge("gleaner_lane_running", &["lane"], "Tasks at a worker."),
    gauge("gleaner_lane_suspended", &["lane"], "Tasks whose attempts are suspended."),
    gauge("gleaner_lane_waits_for_hosts", &["lane"], "Queued tasks that their hosts will not let begin within the next minute, whatever the number of workers."),
    counter("gleaner_quota_refusals_total", &["client"], "Times that a client's quota had no room for what it submitted."),
    gauge("gleaner_slots", &[], "Slots of the workers that get new work."),
];
