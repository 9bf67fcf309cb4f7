//! Answers that are of no use, and hosts that give none.

use std::time::Duration;

use gleaner_agent::{Options, Timeouts};
use gleaner_model::{Fault, FaultKind};

use crate::documents::{CARGO, NPM};
use crate::harness::Stage;
use crate::registry::{Answer, Registry};
use crate::scheduler::assignment;

/// The fault of a crawl of `pkg:npm/abc` from a registry that answers this, under these options.
async fn fault_under(answer: Answer, change: impl FnOnce(Options) -> Options) -> (Fault, Registry) {
    let registry = Registry::with(vec![("/abc", answer)]).await;
    let (_stage, mut session) = Stage::start_with(change).await;
    session.assign(assignment(1, "pkg:npm/abc", &registry.base_url())).await;
    let delivered = session.grant_until_outcome().await;
    (delivered.fault().clone(), registry)
}

async fn fault(answer: Answer) -> (Fault, Registry) {
    fault_under(answer, |options| options).await
}

/// Asserts the fault's kind, and that its detail names these things.
fn says(fault: &Fault, kind: FaultKind, things: &[&str]) {
    assert_eq!(fault.kind, kind, "{fault}");
    for thing in things {
        assert!(fault.detail.contains(thing), "`{}` does not name `{thing}`", fault.detail);
    }
}

#[tokio::test]
async fn slow_down_for_seconds_until_a_date_or_without_a_time() {
    for (status, retry_after, expected) in [
        (429, Some("7"), Some(7_000_u64)),
        (503, Some("7"), Some(7_000)),
        (429, Some("Sun, 06 Nov 1994 08:50:07 GMT"), Some(30_000)),
        (429, None, None),
    ] {
        let answer = Answer::status(status);
        let answer = match retry_after {
            Some(value) => answer.with("retry-after", value),
            None => answer,
        };
        let registry = Registry::with(vec![("/abc", answer)]).await;
        let (_stage, mut session) = Stage::start().await;
        session.assign(assignment(1, "pkg:npm/abc", &registry.base_url())).await;
        let (host, retry_after_ms) = session.throttled().await;
        assert_eq!(host, registry.host());
        // What was left when it was sent: what the host said, less the moment in between.
        assert_eq!(retry_after_ms.map(|ms| ms.div_ceil(5_000)), expected.map(|ms| ms.div_ceil(5_000)));
        assert!(retry_after_ms <= expected, "{retry_after_ms:?} of {expected:?}");
        says(session.outcome().await.fault(), FaultKind::Throttled, &[&registry.host(), &registry.url("/abc")]);
    }
}

#[tokio::test]
async fn server_errors_and_refusals() {
    for (status, kind) in [(500, FaultKind::Outage), (502, FaultKind::Outage), (403, FaultKind::Denied)] {
        let (fault, registry) = fault(Answer::status(status)).await;
        says(&fault, kind, &[&registry.url("/abc"), &status.to_string()]);
    }
}

#[tokio::test]
async fn not_modified_without_a_condition() {
    let (fault, registry) = fault(Answer::status(304)).await;
    says(&fault, FaultKind::Outage, &[&registry.url("/abc"), "304"]);
}

#[tokio::test]
async fn a_host_that_hangs() {
    let quick = |options| Options {
        timeouts: Timeouts {
            connect: Duration::from_millis(100),
            idle: Duration::from_millis(100),
            whole: Duration::from_secs(5),
        },
        ..options
    };
    let (fault, registry) = fault_under(Answer::hang(), quick).await;
    says(&fault, FaultKind::Outage, &["127.0.0.1", "200 ms", &registry.url("/abc")]);
}

#[tokio::test]
async fn a_host_that_is_not_there() {
    // A port that was free a moment ago.
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let base_url = format!("http://{}/", listener.local_addr().unwrap());
    drop(listener);
    let (_stage, mut session) = Stage::start().await;
    session.assign(assignment(1, "pkg:npm/abc", &base_url)).await;
    says(session.outcome().await.fault(), FaultKind::Outage, &["127.0.0.1", "cannot be reached", &base_url]);
}

#[tokio::test]
async fn a_redirect_loop() {
    let (fault, registry) = fault(Answer::status(302).with("location", "/abc#there")).await;
    says(&fault, FaultKind::Outage, &[&registry.url("/abc"), "circle"]);
    assert_eq!(registry.asked().len(), 1);
}

#[tokio::test]
async fn redirects_without_end() {
    let registry = Registry::start(|_, before| Answer::status(302).with("location", format!("/{before}"))).await;
    let (_stage, mut session) = Stage::start().await;
    session.assign(assignment(1, "pkg:npm/abc", &registry.base_url())).await;
    let delivered = session.grant_until_outcome().await;
    says(delivered.fault(), FaultKind::Outage, &[&registry.url("/abc"), "more than 5 times"]);
    assert_eq!(registry.asked().len(), 6);
    assert_eq!(session.granted, 6);
}

#[tokio::test]
async fn a_connection_that_breaks_in_mid_document() {
    let (fault, registry) = fault(Answer::ok(NPM).claiming(NPM.len() + 100)).await;
    says(&fault, FaultKind::Outage, &[&registry.url("/abc"), "broke off"]);
}

#[tokio::test]
async fn a_compressed_document_on_a_connection_that_breaks() {
    let packed = zstd::bulk::compress(NPM.as_bytes(), 1).unwrap();
    let claimed = packed.len() + 100;
    let half = packed[..packed.len() / 2].to_vec();
    let (fault, registry) = fault(Answer::ok(half).claiming(claimed).with("content-encoding", "zstd")).await;
    says(&fault, FaultKind::Outage, &[&registry.url("/abc"), "broke off"]);
}

#[tokio::test]
async fn documents_that_are_not_compressed_as_they_say() {
    for encoding in ["gzip", "br", "deflate", "zstd"] {
        let (fault, registry) = fault(Answer::ok(NPM).with("content-encoding", encoding)).await;
        says(&fault, FaultKind::Malformed, &[&registry.url("/abc")]);
    }
}

#[tokio::test]
async fn a_compressed_document_that_is_cut_off() {
    let packed = zstd::bulk::compress(NPM.as_bytes(), 1).unwrap();
    let half = packed[..packed.len() / 2].to_vec();
    let (fault, registry) = fault(Answer::ok(half).with("content-encoding", "zstd")).await;
    says(&fault, FaultKind::Malformed, &[&registry.url("/abc")]);
}

#[tokio::test]
async fn an_encoding_that_nobody_asked_for() {
    let (fault, registry) = fault(Answer::ok(NPM).with("content-encoding", "compress")).await;
    says(&fault, FaultKind::Malformed, &[&registry.url("/abc"), "`compress`"]);
}

#[tokio::test]
async fn a_document_that_is_cut_off() {
    let (fault, registry) = fault(Answer::ok(&NPM[..NPM.len() - 10])).await;
    says(&fault, FaultKind::Malformed, &[&registry.url("/abc")]);
}

#[tokio::test]
async fn documents_that_are_too_long() {
    let zeros = vec![b' '; 100_000];
    let bomb = zstd::bulk::compress(&zeros, 3).unwrap();
    assert!(bomb.len() < 1_000);
    for answer in
        [Answer::ok(zeros.clone()), Answer::ok(zeros).chunked(), Answer::ok(bomb).with("content-encoding", "zstd")]
    {
        let (fault, registry) = fault_under(answer, |options| Options { document_max_bytes: 99_999, ..options }).await;
        says(&fault, FaultKind::Malformed, &[&registry.url("/abc"), "99999 bytes"]);
    }
}

#[tokio::test]
async fn a_bad_answer_does_not_harm_the_next_attempt() {
    let registry = Registry::with(vec![("/abc", Answer::ok("garbage")), ("/3/a/abc", Answer::ok(CARGO))]).await;
    let (_stage, mut session) = Stage::start_with(|options| Options { slots: 1, ..options }).await;
    session.assign(assignment(1, "pkg:npm/abc", &registry.base_url())).await;
    says(session.outcome().await.fault(), FaultKind::Malformed, &["pkg:npm/abc"]);
    session.assign(assignment(2, "pkg:cargo/abc", &registry.base_url())).await;
    assert_eq!(session.outcome().await.facts().package.versions.len(), 2);
}
