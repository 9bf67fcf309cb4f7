//! Spans on their way to a collector, over OTLP and gRPC.
//!
//! The exporter has a small runtime of its own, so that the last spans can still be sent while the process's runtime
//! stops, and a slow collector never holds up work: spans wait in a bounded queue and the newest are dropped when it is
//! full.

use std::time::Duration;

use gleaner_cluster::{ChannelOptions, TlsError};
use opentelemetry::trace::TracerProvider;
use opentelemetry_otlp::{ExporterBuildError, SpanExporter, WithExportConfig, WithTonicConfig};
use opentelemetry_sdk::Resource;
use opentelemetry_sdk::trace::{BatchConfigBuilder, BatchSpanProcessor, SdkTracerProvider};
use tokio::runtime::{Builder, Runtime};
use tracing::Subscriber;
use tracing_subscriber::filter::{LevelFilter, Targets};
use tracing_subscriber::layer::Layer;
use tracing_subscriber::registry::LookupSpan;

/// The name under which a collector shows this program.
const SERVICE: &str = "gleaner";

/// Spans that wait for the collector. A span is about 1 KiB, so a collector that is away costs some 8 MiB at most; at
/// 1,000 packages a second and four spans each it is two seconds' worth, several times the sending period.
const MAX_WAITING_SPANS: usize = 8_192;

/// How often waiting spans are sent.
const SEND_EVERY: Duration = Duration::from_millis(500);

/// How long one sending may take, and the last one at the end of the process.
const SEND_TIMEOUT: Duration = Duration::from_secs(3);

/// Traces cannot be sent.
#[derive(Debug, thiserror::Error)]
pub(crate) enum TracesError {
    /// The endpoint's address is not usable.
    #[error("cannot send traces: {0}")]
    Endpoint(#[from] TlsError),
    /// The exporter refuses its settings.
    #[error("cannot send traces: {0}")]
    Exporter(#[from] ExporterBuildError),
    /// No thread for the exporter.
    #[error("cannot start the thread that sends traces: {0}")]
    Thread(#[from] std::io::Error),
}

/// The exporter that runs. Dropping it sends what waits.
#[derive(Debug)]
pub(crate) struct Traces {
    provider: SdkTracerProvider,
    // Dropped after the provider has sent its last spans through it.
    _own: OwnRuntime,
}

/// The exporter's runtime. In an Option only so that `drop` can take it.
#[derive(Debug)]
struct OwnRuntime(Option<Runtime>);

impl OwnRuntime {
    fn start() -> std::io::Result<Self> {
        let runtime = Builder::new_multi_thread().worker_threads(1).thread_name("gleaner-otlp").enable_all().build()?;
        Ok(Self(Some(runtime)))
    }

    /// Runs `make` so that what it spawns runs here.
    fn within<T>(&self, make: impl FnOnce() -> T) -> T {
        let _entered = self.0.as_ref().map(Runtime::enter);
        make()
    }
}

impl Drop for OwnRuntime {
    fn drop(&mut self) {
        if let Some(runtime) = self.0.take() {
            // Waiting for it would panic within another runtime, and nothing of value is left in it.
            runtime.shutdown_background();
        }
    }
}

impl Traces {
    /// Sends spans to the collector at `endpoint` from now on. Connects when the first span is sent.
    pub(crate) fn start(endpoint: &str) -> Result<Self, TracesError> {
        let own = OwnRuntime::start()?;
        let options = ChannelOptions::default();
        let channel =
            own.within(|| Ok::<_, TlsError>(gleaner_cluster::endpoint(endpoint, None, &options)?.connect_lazy()))?;
        let exporter = SpanExporter::builder().with_tonic().with_channel(channel).with_timeout(SEND_TIMEOUT).build()?;
        let config = BatchConfigBuilder::default()
            .with_max_queue_size(MAX_WAITING_SPANS)
            .with_scheduled_delay(SEND_EVERY)
            .build();
        let provider = SdkTracerProvider::builder()
            .with_span_processor(BatchSpanProcessor::builder(exporter).with_batch_config(config).build())
            .with_resource(Resource::builder().with_service_name(SERVICE).build())
            .build();
        Ok(Self { provider, _own: own })
    }

    /// The layer that turns this program's tracing spans into OpenTelemetry's. It has a filter of its own: what is
    /// traced does not depend on what is logged, and the spans of the exporter's own libraries are never exported.
    pub(crate) fn layer<S>(&self) -> impl Layer<S> + use<S>
    where
        S: Subscriber + for<'span> LookupSpan<'span> + Send + Sync,
    {
        // A target's beginning is enough for a match, so this covers every crate of ours.
        let ours = Targets::new().with_target(SERVICE, LevelFilter::DEBUG);
        tracing_opentelemetry::layer().with_tracer(self.provider.tracer(SERVICE)).with_filter(ours)
    }
}

impl Drop for Traces {
    fn drop(&mut self) {
        if let Err(error) = self.provider.shutdown_with_timeout(SEND_TIMEOUT) {
            tracing::warn!(%error, "the last traces could not be sent");
        }
    }
}

#[cfg(test)]
#[path = "traces_tests.rs"]
mod tests;
