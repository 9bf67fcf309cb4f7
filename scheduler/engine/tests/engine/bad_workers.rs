//! Workers that nothing can be done with are told why at the door, and the scheduler goes on with the others.

use gleaner_proto::v1::{self, session_request};
use tokio_stream::StreamExt;
use tonic::{Code, Status};

use crate::stage::{Stage, spec};

fn hello(change: impl FnOnce(&mut v1::Hello)) -> v1::SessionRequest {
    let capability = v1::Capability { kind: v1::JobKind::Crawl.into(), ecosystem: "npm".to_owned() };
    let mut hello = v1::Hello {
        worker: "one".to_owned(),
        incarnation: 1,
        version: env!("CARGO_PKG_VERSION").to_owned(),
        capabilities: vec![capability],
        slots: 4,
        ..v1::Hello::default()
    };
    change(&mut hello);
    v1::SessionRequest { message: Some(session_request::Message::Hello(hello)) }
}

/// Why a session that begins with this is refused.
async fn refused(stage: &Stage, first: v1::SessionRequest) -> Status {
    let mut workers = v1::worker_service_client::WorkerServiceClient::new(stage.channel.clone());
    // Open, as a worker's is.
    let said = tokio_stream::once(first).chain(tokio_stream::pending());
    workers.session(said).await.expect_err("it is refused")
}

#[tokio::test]
async fn a_worker_of_another_version_or_of_none_is_told() {
    let stage = Stage::new().await;
    let other = refused(&stage, hello(|hello| hello.version = "99.0.0".to_owned())).await;
    assert_eq!(other.code(), Code::FailedPrecondition);
    assert!(other.message().contains("gleaner 99.0.0") && other.message().contains("the first number"), "{other}");
    let none = refused(&stage, hello(|hello| hello.version = "newest".to_owned())).await;
    assert_eq!(none.code(), Code::InvalidArgument);
    assert!(none.message().contains("`newest` is no version"), "{none}");
}

#[tokio::test]
async fn a_hello_that_makes_no_sense_is_named() {
    let stage = Stage::new().await;
    let beat = session_request::Message::Heartbeat(v1::Heartbeat::default());
    let held = v1::Held { attempt: None, ..v1::Held::default() };
    for (first, words) in [
        (v1::SessionRequest { message: Some(beat) }, "begins with a hello"),
        (v1::SessionRequest { message: None }, "begins with a hello"),
        (hello(|hello| hello.worker = "Not A Name!".to_owned()), "`worker` is invalid"),
        (hello(|hello| hello.slots = 0), "1 to 4096 slots, not 0"),
        (hello(|hello| hello.slots = 5_000), "1 to 4096 slots, not 5000"),
        (hello(|hello| hello.capabilities[0].kind = 77), "kind` is invalid: 77"),
        (hello(|hello| hello.capabilities[0].ecosystem = "gem".to_owned()), "`gem`"),
        (hello(|hello| hello.held = vec![held]), "attempt"),
    ] {
        let status = refused(&stage, first).await;
        assert_eq!(status.code(), Code::InvalidArgument, "{status}");
        assert!(status.message().contains(words), "{words}: {status}");
    }
    let mut good = stage.worker("one", Vec::new()).await;
    stage.jobs().submit(v1::SubmitRequest { jobs: vec![spec("pkg:npm/express")] }).await.unwrap();
    good.assigned().await;
}
