//! What the process tells of itself: logs on stderr, traces over OTLP, metrics for Prometheus.
//!
//! The problem: an operator wants to follow one job over several processes and see the numbers of each, while a person
//! at a terminal wants neither noise nor a delay at the end. So logs follow the given filter alone, traces are sent only
//! to a configured endpoint and by their own thread, and the end waits for the last of them for a bounded time.
//!
//! How the trace context travels, in gRPC metadata and in stored jobs, is `gleaner_proto::trace`'s business.

mod metrics;
mod names;
mod traces;

use ::metrics::SetRecorderError;
use metrics_exporter_prometheus::{PrometheusHandle, PrometheusRecorder};
use tracing_subscriber::layer::{Layer, SubscriberExt};
use tracing_subscriber::util::{SubscriberInitExt, TryInitError};
use tracing_subscriber::{EnvFilter, Registry, fmt};

pub(crate) use self::traces::TracesError;
use self::{metrics::Metrics, traces::Traces};

/// What to tell, and to whom.
#[derive(Clone, Debug)]
pub(crate) struct TelemetryOptions {
    /// One JSON object a line instead of text for people.
    pub(crate) json: bool,
    /// Which logs, in tracing's syntax, such as `info` or `gleaner_engine=debug`.
    pub(crate) filter: String,
    /// Where to send traces, an `http` or `https` address of an OTLP collector speaking gRPC. None sends nothing.
    pub(crate) otlp_endpoint: Option<String>,
}

/// Telemetry cannot be set up as asked.
#[derive(Debug, thiserror::Error)]
pub(crate) enum TelemetryError {
    /// The filter is not in tracing's syntax.
    #[error(
        "the log filter `{filter}` is not usable: {source}; expected something like `info` or `gleaner_engine=debug`"
    )]
    Filter {
        /// The filter as given.
        filter: String,
        /// What is wrong with it.
        source: tracing_subscriber::filter::ParseError,
    },
    /// Traces cannot be sent there.
    #[error(transparent)]
    Traces(#[from] TracesError),
    /// Something else in this process has set up logging before.
    #[error("logging is set up already: {0}")]
    Subscriber(#[from] TryInitError),
    /// Something else in this process has set up metrics before.
    #[error("metrics are set up already: {0}")]
    Recorder(#[from] SetRecorderError<PrometheusRecorder>),
}

/// Telemetry that runs. Dropping it sends the traces that wait, for a bounded time.
#[derive(Debug)]
pub(crate) struct Telemetry {
    metrics: Metrics,
    _traces: Option<Traces>,
}

impl Telemetry {
    /// Sets logging, traces and metrics up for the whole process; to be called once, within a tokio runtime.
    pub(crate) fn start(options: TelemetryOptions) -> Result<Self, TelemetryError> {
        let filter = EnvFilter::try_new(&options.filter)
            .map_err(|source| TelemetryError::Filter { filter: options.filter, source })?;
        let traces = options.otlp_endpoint.as_deref().map(Traces::start).transpose()?;
        let logs = logs(options.json).with_filter(filter);
        tracing_subscriber::registry().with(logs).with(traces.as_ref().map(Traces::layer)).try_init()?;
        Ok(Self { metrics: Metrics::install()?, _traces: traces })
    }

    /// The process's metrics, to be rendered.
    pub(crate) fn metrics(&self) -> PrometheusHandle {
        self.metrics.handle()
    }
}

/// Logs go to stderr: stdout is for data.
fn logs(json: bool) -> Box<dyn Layer<Registry> + Send + Sync> {
    let layer = fmt::layer().with_writer(std::io::stderr);
    if json {
        layer.json().flatten_event(true).with_current_span(true).with_span_list(false).boxed()
    } else {
        layer.with_ansi(std::io::IsTerminal::is_terminal(&std::io::stderr())).boxed()
    }
}
