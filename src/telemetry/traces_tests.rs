//! A collector on loopback receives what a process traced.

#![allow(clippy::unwrap_used)]

use gleaner_model::Trace;
use opentelemetry_proto::tonic::collector::trace::v1::trace_service_server::{TraceService, TraceServiceServer};
use opentelemetry_proto::tonic::collector::trace::v1::{ExportTraceServiceRequest, ExportTraceServiceResponse};
use opentelemetry_proto::tonic::trace::v1::Span;
use tokio::net::TcpListener;
use tokio::sync::mpsc;
use tokio_stream::wrappers::TcpListenerStream;
use tonic::{Request, Response, Status};
use tracing_subscriber::layer::SubscriberExt;

use super::{Traces, TracesError};

struct Collector(mpsc::UnboundedSender<ExportTraceServiceRequest>);

#[tonic::async_trait]
impl TraceService for Collector {
    async fn export(
        &self,
        request: Request<ExportTraceServiceRequest>,
    ) -> Result<Response<ExportTraceServiceResponse>, Status> {
        self.0.send(request.into_inner()).unwrap();
        Ok(Response::new(ExportTraceServiceResponse::default()))
    }
}

async fn collector() -> (String, mpsc::UnboundedReceiver<ExportTraceServiceRequest>) {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let url = format!("http://{}", listener.local_addr().unwrap());
    let (sender, receiver) = mpsc::unbounded_channel();
    let router = tonic::transport::Server::builder().add_service(TraceServiceServer::new(Collector(sender)));
    tokio::spawn(router.serve_with_incoming(TcpListenerStream::new(listener)));
    (url, receiver)
}

fn spans(requests: &[ExportTraceServiceRequest]) -> Vec<Span> {
    let resources = requests.iter().flat_map(|request| &request.resource_spans);
    resources.flat_map(|resource| &resource.scope_spans).flat_map(|scope| scope.spans.clone()).collect()
}

fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn dropping_sends_spans_with_their_parents_and_nobody_elses() {
    const PARENT: &str = "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01";
    let (url, mut received) = collector().await;
    let traces = Traces::start(&url).unwrap();
    let subscriber = tracing_subscriber::registry().with(traces.layer());
    let carried = tracing::subscriber::with_default(subscriber, || {
        let outer = tracing::info_span!("crawl", purl = "pkg:npm/express");
        gleaner_proto::trace::set_parent(&outer, &Trace(Some(PARENT.into())));
        let _foreign = tracing::info_span!(target: "h2::client", "connection").entered();
        outer.in_scope(|| tracing::debug_span!("request").in_scope(gleaner_proto::trace::current))
    });
    tokio::task::spawn_blocking(move || drop(traces)).await.unwrap();

    received.close();
    let mut requests = Vec::new();
    while let Some(request) = received.recv().await {
        requests.push(request);
    }
    let resource = requests[0].resource_spans[0].resource.clone().unwrap();
    assert!(resource.attributes.iter().any(|pair| pair.key == "service.name"), "{resource:?}");
    let mut spans = spans(&requests);
    spans.sort_by(|one, other| one.name.cmp(&other.name));
    let names: Vec<_> = spans.iter().map(|span| span.name.as_str()).collect();
    assert_eq!(names, ["crawl", "request"]);
    assert_eq!(hex(&spans[0].trace_id), "4bf92f3577b34da6a3ce929d0e0e4736");
    assert_eq!(hex(&spans[0].parent_span_id), "00f067aa0ba902b7");
    assert_eq!(spans[1].trace_id, spans[0].trace_id);
    assert_eq!(spans[1].parent_span_id, spans[0].span_id);
    let expected = format!("00-{}-{}-01", hex(&spans[1].trace_id), hex(&spans[1].span_id));
    assert_eq!(carried, Trace(Some(expected.into())));
}

#[tokio::test]
async fn an_endpoint_that_is_no_address_is_named() {
    let error = Traces::start("collector.example:4317").unwrap_err();
    assert!(matches!(error, TracesError::Endpoint(_)), "{error}");
    assert!(error.to_string().contains("collector.example:4317"), "{error}");
}
