//! Metrics: the recorder, and the one list of every name that this program counts under.
//!
//! The list is what `/metrics` shows as help and what `docs/metrics.md` says; a test holds the page against it, and
//! another one (`tests/it`) holds it against the names that the sources use.

use std::time::Duration;

use metrics::SetRecorderError;
use metrics_exporter_prometheus::{Matcher, PrometheusBuilder, PrometheusHandle, PrometheusRecorder};
use tokio::task::JoinHandle;

use super::names::{Kind, METRICS, Metric};

/// How often samples are folded into their histograms. Until then each sample is kept by itself, so a process that
/// nobody scrapes would grow; five seconds of samples at any rate we reach are some megabytes.
const UPKEEP_EVERY: Duration = Duration::from_secs(5);

/// Bounds of the histograms of seconds: from half a millisecond (a commit) to a minute (a slow registry).
const SECONDS: [f64; 16] =
    [0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0, 30.0, 60.0];

/// Bounds of the other histograms, which count things in a group.
const COUNTS: [f64; 13] = [1.0, 2.0, 5.0, 10.0, 20.0, 50.0, 100.0, 200.0, 500.0, 1_000.0, 2_000.0, 5_000.0, 10_000.0];

/// The process's metrics, folded regularly.
#[derive(Debug)]
pub(super) struct Metrics {
    handle: PrometheusHandle,
    upkeep: JoinHandle<()>,
}

impl Metrics {
    /// Makes the Prometheus recorder the process's own; within a tokio runtime.
    pub(super) fn install() -> Result<Self, SetRecorderError<PrometheusRecorder>> {
        let recorder = recorder();
        let handle = recorder.handle();
        metrics::set_global_recorder(recorder)?;
        describe();
        let upkeep = tokio::spawn(upkeep(handle.clone()));
        Ok(Self { handle, upkeep })
    }

    pub(super) fn handle(&self) -> PrometheusHandle {
        self.handle.clone()
    }
}

impl Drop for Metrics {
    fn drop(&mut self) {
        self.upkeep.abort();
    }
}

fn recorder() -> PrometheusRecorder {
    PrometheusBuilder::new()
        .set_buckets(&COUNTS)
        .and_then(|builder| builder.set_buckets_for_metric(Matcher::Suffix("_seconds".to_owned()), &SECONDS))
        .expect("the bounds are not empty")
        .build_recorder()
}

async fn upkeep(handle: PrometheusHandle) {
    let mut ticks = tokio::time::interval(UPKEEP_EVERY);
    loop {
        ticks.tick().await;
        handle.run_upkeep();
    }
}

fn describe() {
    for Metric { name, kind, help, .. } in METRICS {
        match kind {
            Kind::Counter => metrics::describe_counter!(*name, *help),
            Kind::Gauge => metrics::describe_gauge!(*name, *help),
            Kind::Histogram => metrics::describe_histogram!(*name, *help),
        }
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::disallowed_methods, reason = "GLEANER_BLESS writes the page anew")]

    use std::fmt::Write;
    use std::path::Path;

    use super::*;

    fn page() -> String {
        let mut page = "# Metrics\n\n\
            What `GET /metrics` of the operator's listener shows, in Prometheus' text format. Written from\n\
            `src/telemetry/names.rs`: change the list there and run the tests with `GLEANER_BLESS=1`.\n\n\
            | name | kind | labels | what |\n|---|---|---|---|\n"
            .to_owned();
        for Metric { name, kind, labels, help } in METRICS {
            let labels: Vec<_> = labels.iter().map(|label| format!("`{label}`")).collect();
            writeln!(page, "| `{name}` | {kind} | {} | {help} |", labels.join(", ")).expect("a String takes all");
        }
        page
    }

    #[test]
    fn the_page_says_what_the_list_says() {
        let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("docs/metrics.md");
        if std::env::var_os("GLEANER_BLESS").is_some() {
            std::fs::write(&path, page()).expect("docs is writable");
        }
        let written = std::fs::read_to_string(&path).expect("docs/metrics.md is there");
        assert_eq!(written, page(), "docs/metrics.md is out of date: run the tests with GLEANER_BLESS=1");
    }

    #[test]
    fn names_are_sorted_once_each_and_say_their_unit() {
        assert!(METRICS.is_sorted_by(|one, other| one.name < other.name));
        for Metric { name, kind, .. } in METRICS {
            assert!(name.starts_with("gleaner_"), "{name}");
            assert_eq!(name.ends_with("_total"), *kind == Kind::Counter, "{name}");
        }
    }

    #[test]
    fn what_is_described_and_counted_is_rendered() {
        let recorder = recorder();
        metrics::with_local_recorder(&recorder, || {
            describe();
            metrics::counter!(METRICS.iter().find(|metric| metric.kind == Kind::Counter).expect("one").name)
                .increment(2);
            metrics::histogram!("gleaner_commit_seconds").record(0.002);
        });
        let text = recorder.handle().render();
        assert!(text.contains("gleaner_commit_seconds_bucket{le=\"0.0025\"} 1"), "{text}");
        assert!(text.contains("# HELP gleaner_commit_seconds "), "{text}");
        assert!(text.lines().any(|line| line.ends_with(" 2")), "{text}");
    }
}
