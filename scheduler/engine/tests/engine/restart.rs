//! What a scheduler finds when it comes back.

use gleaner_model::Ecosystem;
use gleaner_proto::v1::{self, session_request};

use crate::stage::{Setting, Stage};

#[tokio::test]
async fn open_jobs_are_done_after_a_restart() {
    let stage = Stage::new().await;
    let receipts = stage.submit(&["pkg:npm/express", "pkg:cargo/serde"]).await;
    let stage = stage.restart(Setting::default()).await;
    assert_eq!(stage.engine.recovered(), 2);
    let mut worker = stage.worker("one", vec![]).await;
    for _ in &receipts {
        let assign = worker.assigned().await;
        worker.fetched(&assign, &["1.0.0"]).await;
        worker.acknowledged().await;
    }
    for receipt in &receipts {
        assert_eq!(stage.get(&receipt.job).await.state(), v1::JobState::Done);
    }
}

#[tokio::test]
async fn a_worker_that_comes_back_goes_on_under_a_fresh_token() {
    let stage = Stage::new().await;
    let receipts = stage.submit(&["pkg:npm/express"]).await;
    let mut worker = stage.worker("one", vec![]).await;
    let assign = worker.assigned().await;
    drop(worker);
    let stage = stage.restart(Setting { lease_ttl_ms: 60_000, ..Setting::default() }).await;

    let held = v1::Held { attempt: assign.attempt, finished: true };
    let mut worker = stage.worker("one", vec![held]).await;
    let claim = worker.welcome.claims[0];
    assert_eq!(claim.verdict(), v1::ClaimVerdict::Adopted);
    assert!(claim.epoch > assign.attempt.unwrap().epoch);
    let fresh = v1::Attempt { epoch: claim.epoch, sequence: claim.sequence, ..assign.attempt.unwrap() };
    worker.fetched(&v1::Assign { attempt: Some(fresh), ..assign }, &["1.0.0"]).await;
    assert_eq!(worker.acknowledged().await, fresh);
    assert_eq!(stage.get(&receipts[0].job).await.state(), v1::JobState::Done);
}

#[tokio::test]
async fn an_attempt_older_than_its_task_is_not_adopted() {
    let stage = Stage::new().await;
    // A second opening, so that the task is journalled in epoch 2.
    let stage = stage.restart(Setting::default()).await;
    let receipts = stage.submit(&["pkg:npm/express"]).await;
    let task: u64 = receipts[0].task.trim_start_matches("t-").parse().unwrap();
    let stage = stage.restart(Setting { lease_ttl_ms: 60_000, ..Setting::default() }).await;
    let held = |epoch| v1::Held { attempt: Some(v1::Attempt { task, epoch, sequence: 1 }), finished: true };
    let worker = stage.worker("late", vec![held(1)]).await;
    assert_eq!(worker.welcome.claims[0].verdict(), v1::ClaimVerdict::Abandoned);
    let worker = stage.worker("early", vec![held(2)]).await;
    assert_eq!(worker.welcome.claims[0].verdict(), v1::ClaimVerdict::Adopted);
}

#[tokio::test]
async fn jobs_of_a_registry_that_is_not_configured_wait_for_it() {
    let stage = Stage::new().await;
    let receipts = stage.submit(&["pkg:npm/express"]).await;
    let stage = stage.restart(Setting { ecosystems: vec![Ecosystem::Cargo], ..Setting::default() }).await;
    let job = stage.get(&receipts[0].job).await;
    assert_eq!(job.state(), v1::JobState::Queued);
    assert!(job.waiting_for.contains("not configured here"), "{}", job.waiting_for);
    let stage = stage.restart(Setting::default()).await;
    let mut worker = stage.worker("one", vec![]).await;
    let assign = worker.assigned().await;
    worker.fetched(&assign, &["1.0.0"]).await;
    assert_eq!(stage.ended(&receipts[0].job).await.state(), v1::JobState::Done);
}

/// In a rolling upgrade schedulers are replaced first. A worker of the protocol's first version says nothing of requests
/// that ended, sends no checkpoints and reads no questions; all of its messages are as they were then, each later field left
/// out.
#[tokio::test]
async fn a_worker_of_the_first_protocol_goes_on_while_the_scheduler_is_replaced() {
    let stage = Stage::new().await;
    let receipts = stage.submit(&["pkg:npm/express", "pkg:cargo/serde"]).await;
    let mut worker = stage.older_worker("old", vec![]).await;
    let (first, second) = (worker.assigned().await, worker.assigned().await);
    worker.say(permit_request(&first, first.attempt)).await;
    assert_eq!(worker.permitted().await.attempt, first.attempt);
    worker.fetched(&first, &["1.0.0"]).await;
    assert_eq!(worker.acknowledged().await, first.attempt.unwrap());
    drop(worker);

    let stage = stage.restart(Setting { lease_ttl_ms: 60_000, ..Setting::default() }).await;
    let held = v1::Held { attempt: second.attempt, finished: false };
    let mut worker = stage.older_worker("old", vec![held]).await;
    let claim = worker.welcome.claims[0];
    assert_eq!(claim.verdict(), v1::ClaimVerdict::Adopted);
    let fresh = v1::Attempt { epoch: claim.epoch, sequence: claim.sequence, ..second.attempt.unwrap() };
    worker.say(permit_request(&second, Some(fresh))).await;
    assert_eq!(worker.permitted().await.attempt, Some(fresh));
    worker.fetched(&v1::Assign { attempt: Some(fresh), ..second }, &["1.0.0"]).await;
    assert_eq!(worker.acknowledged().await, fresh);
    for receipt in &receipts {
        assert_eq!(stage.get(&receipt.job).await.state(), v1::JobState::Done);
    }
}

fn permit_request(assign: &v1::Assign, attempt: Option<v1::Attempt>) -> session_request::Message {
    let host = assign.permit.as_ref().unwrap().host.clone();
    session_request::Message::PermitRequest(v1::PermitRequest { attempt, host, ended: Vec::new() })
}
