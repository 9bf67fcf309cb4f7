//! The operator's door over loopback, spoken to in raw HTTP.

#![allow(clippy::unwrap_used, missing_docs)]

use std::sync::Arc;
use std::time::Duration;

use gleaner_gateway::{Gate, Gateway, ListenerOptions, serve};
use metrics_exporter_prometheus::PrometheusBuilder;
use serde_json::{Value, json};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::oneshot;
use tokio::task::JoinHandle;

struct Door {
    address: std::net::SocketAddr,
    gate: Gate,
    stop: oneshot::Sender<()>,
    served: JoinHandle<std::io::Result<()>>,
}

async fn open(options: ListenerOptions) -> Door {
    let recorder = PrometheusBuilder::new().build_recorder();
    let metrics = recorder.handle();
    metrics::with_local_recorder(&recorder, || {
        metrics::describe_counter!("gleaner_test_total", "Counted by a test.");
        metrics::counter!("gleaner_test_total", "lane" => "paid").increment(3);
    });
    let gate = Gate::new();
    let gateway = Gateway { readiness: Arc::new(gate.clone()), metrics, name: "gleaner", version: "1.2.3" };
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    let (stop, stopped) = oneshot::channel::<()>();
    let served = tokio::spawn(serve(listener, gateway, options, async {
        let _ = stopped.await;
    }));
    Door { address, gate, stop, served }
}

/// Status line's code, head and body of one `GET` on a connection of its own.
async fn get(door: &Door, path: &str) -> (u16, String, String) {
    let mut stream = TcpStream::connect(door.address).await.unwrap();
    let request = format!("GET {path} HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n");
    stream.write_all(request.as_bytes()).await.unwrap();
    let mut answer = String::new();
    stream.read_to_string(&mut answer).await.unwrap();
    let (head, body) = answer.split_once("\r\n\r\n").expect("a head and a body");
    let status = head.split(' ').nth(1).unwrap().parse().unwrap();
    (status, head.to_ascii_lowercase(), body.to_owned())
}

#[tokio::test]
async fn health_version_and_unknown_paths() {
    let door = open(ListenerOptions::default()).await;
    assert_eq!(get(&door, "/healthz").await.0, 200);
    let (status, _, body) = get(&door, "/version").await;
    assert_eq!((status, serde_json::from_str(&body).unwrap()), (200, json!({"name": "gleaner", "version": "1.2.3"})));
    assert_eq!(get(&door, "/nothing").await.0, 404);
}

#[tokio::test]
async fn metrics_are_prometheus_text() {
    let door = open(ListenerOptions::default()).await;
    let (status, head, body) = get(&door, "/metrics").await;
    assert_eq!(status, 200);
    assert!(head.contains("content-type: text/plain; version=0.0.4"), "{head}");
    assert!(body.contains("# HELP gleaner_test_total Counted by a test."), "{body}");
    assert!(body.contains("gleaner_test_total{lane=\"paid\"} 3"), "{body}");
}

#[tokio::test]
async fn readiness_follows_the_gate_while_health_does_not() {
    let door = open(ListenerOptions::default()).await;
    door.gate.close("recovering", "reading the journal");
    let (status, _, body) = get(&door, "/readyz").await;
    let body: Value = serde_json::from_str(&body).unwrap();
    assert_eq!(status, 503);
    assert_eq!(body, json!({"ready": false, "reasons": [{"code": "recovering", "detail": "reading the journal"}]}));
    assert_eq!(get(&door, "/healthz").await.0, 200);

    door.gate.open("recovering");
    let (status, _, body) = get(&door, "/readyz").await;
    assert_eq!((status, serde_json::from_str(&body).unwrap()), (200, json!({"ready": true, "reasons": []})));
}

#[tokio::test]
async fn beyond_the_bound_a_connection_waits_for_its_turn() {
    let door = open(ListenerOptions { max_connections: 1, ..ListenerOptions::default() }).await;
    let mut first = TcpStream::connect(door.address).await.unwrap();
    first.write_all(b"GET /healthz HTTP/1.1\r\nHost: localhost\r\n\r\n").await.unwrap();
    let mut some = [0; 12];
    first.read_exact(&mut some).await.unwrap();
    assert_eq!(&some, b"HTTP/1.1 200");

    // The first connection is kept alive and fills the bound; the second one's answer can only come after it ends.
    let address = door.address;
    let mut second = TcpStream::connect(address).await.unwrap();
    second.write_all(b"GET /healthz HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n").await.unwrap();
    let early = tokio::time::timeout(Duration::from_millis(50), second.read_u8()).await;
    assert!(early.is_err(), "answered although the bound was reached");
    drop(first);
    assert_eq!(second.read_u8().await.unwrap(), b'H');
}

#[tokio::test]
async fn a_head_that_never_ends_is_cut_off() {
    let door = open(ListenerOptions { head_timeout: Duration::from_millis(20), ..ListenerOptions::default() }).await;
    let mut slow = TcpStream::connect(door.address).await.unwrap();
    slow.write_all(b"GET /healthz HTTP/1.1\r\nHost:").await.unwrap();
    let mut rest = Vec::new();
    slow.read_to_end(&mut rest).await.unwrap();
    assert!(!rest.starts_with(b"HTTP/1.1 200"), "{}", String::from_utf8_lossy(&rest));
}

#[tokio::test]
async fn a_head_that_is_too_large_is_refused() {
    let door = open(ListenerOptions::default()).await;
    let mut stream = TcpStream::connect(door.address).await.unwrap();
    let request = format!("GET /healthz HTTP/1.1\r\nHost: localhost\r\nX-Long: {}\r\n\r\n", "x".repeat(64 * 1024));
    // The door may hang up before all of it is written.
    let _ = stream.write_all(request.as_bytes()).await;
    let mut answer = Vec::new();
    let _ = stream.read_to_end(&mut answer).await;
    assert!(!answer.starts_with(b"HTTP/1.1 200"), "{}", String::from_utf8_lossy(&answer));
}

#[tokio::test]
async fn a_stop_ends_the_listener_with_an_idle_connection_open() {
    let door = open(ListenerOptions::default()).await;
    let idle = TcpStream::connect(door.address).await.unwrap();
    assert_eq!(get(&door, "/healthz").await.0, 200);
    door.stop.send(()).unwrap();
    door.served.await.unwrap().unwrap();
    assert!(TcpStream::connect(door.address).await.is_err());
    drop(idle);
}
