//! What workers report, and what comes of it.

use gleaner_proto::v1::{self, outcome::Result as How};

use crate::stage::Stage;

fn fault(kind: v1::FaultKind) -> How {
    How::Failed(v1::Fault { kind: kind.into(), detail: "as the test wants it".to_owned() })
}

#[tokio::test]
async fn an_outcome_is_committed_before_it_is_acknowledged() {
    let stage = Stage::new().await;
    let receipts = stage.submit(&["pkg:npm/express"]).await;
    let mut worker = stage.worker("one", vec![]).await;
    let assign = worker.assigned().await;
    assert_eq!((assign.purl.as_str(), assign.base_url.as_str()), ("pkg:npm/express", "http://registry.invalid/npm/"));
    worker.fetched(&assign, &["1.0.0", "2.0.0"]).await;
    worker.acknowledged().await;

    let job = stage.get(&receipts[0].job).await;
    assert_eq!((job.state(), job.versions, job.latest.as_str()), (v1::JobState::Done, Some(2), "2.0.0"));
    let request = v1::GetPackageRequest { purl: "pkg:npm/express".to_owned(), registry: String::new() };
    let package = stage.catalog().get_package(request).await.unwrap().into_inner();
    assert_eq!((package.presence(), package.revision), (v1::Presence::Present, 1));
    let events = stage.catalog().list_events(v1::ListEventsRequest::default()).await.unwrap().into_inner().events;
    assert_eq!(events.iter().map(|event| event.r#type.as_str()).collect::<Vec<_>>(), ["package.discovered"]);
}

#[tokio::test]
async fn the_next_attempt_knows_the_last_record() {
    let stage = Stage::new().await;
    let mut worker = stage.worker("one", vec![]).await;
    stage.submit(&["pkg:npm/express"]).await;
    let first = worker.assigned().await;
    assert_eq!(first.validators, None);
    worker.fetched(&first, &["1.0.0"]).await;
    worker.acknowledged().await;

    let receipts = stage.submit(&["pkg:npm/express"]).await;
    let second = worker.assigned().await;
    assert_eq!(second.validators.unwrap().etag, "\"1\"");
    let not_modified = v1::NotModified { checked_at_ms: 2_000 };
    worker.outcome(&second.attempt.unwrap(), How::NotModified(not_modified)).await;
    worker.acknowledged().await;
    assert_eq!(stage.get(&receipts[0].job).await.changed, Some(false));
}

#[tokio::test]
async fn a_fault_is_tried_again_and_in_the_end_given_up() {
    let stage = Stage::new().await;
    let receipts = stage.submit(&["pkg:npm/express"]).await;
    let mut worker = stage.worker("one", vec![]).await;
    let mut attempts = 0;
    while !matches!(stage.get(&receipts[0].job).await.state(), v1::JobState::Failed) {
        let assign = worker.assigned().await;
        worker.outcome(&assign.attempt.unwrap(), fault(v1::FaultKind::Malformed)).await;
        worker.acknowledged().await;
        attempts += 1;
    }
    let job = stage.get(&receipts[0].job).await;
    assert_eq!((job.attempts, job.error.unwrap().kind()), (attempts, v1::FaultKind::Malformed));
    assert!(attempts > 1);
}

#[tokio::test]
async fn an_outcome_without_its_document_is_a_failed_attempt() {
    let stage = Stage::new().await;
    let receipts = stage.submit(&["pkg:npm/express"]).await;
    let mut worker = stage.worker("one", vec![]).await;
    let assign = worker.assigned().await;
    let fetched = v1::Fetched {
        package: Some(v1::Package::default()),
        documents: vec![v1::Document {
            hash: vec![7; 32],
            length_bytes: 1,
            url: "http://registry.invalid/".to_owned(),
        }],
        validators: Some(v1::Validators::default()),
        fetched_at_ms: 1_000,
    };
    worker.outcome(&assign.attempt.unwrap(), How::Fetched(fetched)).await;
    worker.acknowledged().await;
    let again = worker.assigned().await;
    assert_eq!(again.attempt.unwrap().task, assign.attempt.unwrap().task);
    worker.fetched(&again, &["1.0.0"]).await;
    assert_eq!(stage.ended(&receipts[0].job).await.state(), v1::JobState::Done);
}

#[tokio::test]
async fn a_stale_token_changes_nothing() {
    let stage = Stage::new().await;
    let receipts = stage.submit(&["pkg:npm/express"]).await;
    let mut slow = stage.worker("slow", vec![]).await;
    let lost = slow.assigned().await;
    // The same worker comes back without the attempt: it must have lost it.
    let mut quick = stage.worker("slow", vec![]).await;
    let again = quick.assigned().await;
    assert!(again.attempt.unwrap().sequence > lost.attempt.unwrap().sequence);
    quick.fetched(&lost, &["6.6.6"]).await;
    assert_eq!(quick.acknowledged().await, lost.attempt.unwrap());
    quick.fetched(&again, &["1.0.0"]).await;
    assert_eq!(stage.ended(&receipts[0].job).await.latest, "1.0.0");
}

#[tokio::test]
async fn an_unknown_package_is_an_answer() {
    let stage = Stage::new().await;
    let receipts = stage.submit(&["pkg:npm/nothing-here"]).await;
    let mut worker = stage.worker("one", vec![]).await;
    let assign = worker.assigned().await;
    let not_found = v1::NotFound { checked_at_ms: 1_000 };
    worker.outcome(&assign.attempt.unwrap(), How::NotFound(not_found)).await;
    worker.acknowledged().await;
    assert_eq!(stage.get(&receipts[0].job).await.state(), v1::JobState::NotFound);
    let request = v1::GetPackageRequest { purl: "pkg:npm/nothing-here".to_owned(), registry: String::new() };
    let package = stage.catalog().get_package(request).await.unwrap().into_inner();
    assert_eq!(package.presence(), v1::Presence::NotFound);
}
