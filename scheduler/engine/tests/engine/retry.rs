//! Dead letters are tried again.

use gleaner_engine::Clients;
use gleaner_proto::v1;
use tonic::{Code, Request};

use crate::stage::{Setting, Stage, Worker, spec};

const DENIED: v1::FaultKind = v1::FaultKind::Denied;

async fn fail(worker: &mut Worker) {
    let assign = worker.assigned().await;
    let fault = v1::Fault { kind: DENIED.into(), detail: "the registry wants credentials".to_owned() };
    worker.outcome(&assign.attempt.unwrap(), v1::outcome::Result::Failed(fault)).await;
    worker.acknowledged().await;
}

fn ids(ids: &[&str]) -> v1::RetryRequest {
    v1::RetryRequest { ids: ids.iter().map(|id| (*id).to_owned()).collect(), ..v1::RetryRequest::default() }
}

async fn retry(stage: &Stage, request: v1::RetryRequest) -> v1::RetryResponse {
    stage.jobs().retry(request).await.unwrap().into_inner()
}

#[tokio::test]
async fn a_dead_letter_is_tried_again_once_and_both_are_linked() {
    let stage = Stage::new().await;
    let dead = stage.submit(&["pkg:npm/express"]).await.remove(0).job;
    let mut worker = stage.worker("one", vec![]).await;
    fail(&mut worker).await;
    assert_eq!(stage.ended(&dead).await.state(), v1::JobState::Failed);

    let first = retry(&stage, ids(&[&dead])).await.retried.remove(0).receipt.unwrap();
    let again = retry(&stage, ids(&[&dead])).await.retried.remove(0).receipt.unwrap();
    assert_eq!((&again.job, first.known, again.known), (&first.job, false, true));
    let assign = worker.assigned().await;
    worker.fetched(&assign, &["1.0.0"]).await;
    worker.acknowledged().await;
    let new = stage.ended(&first.job).await;
    assert_eq!((new.state(), new.attempts, new.retry_of.as_str()), (v1::JobState::Done, 1, dead.as_str()));
    drop(worker);
    let stage = stage.restart(Setting::default()).await;
    let old = stage.get(&dead).await;
    assert_eq!((old.state(), &old.retried_as), (v1::JobState::Failed, &first.job));
    assert_eq!(old.error.unwrap().kind(), DENIED);
    let again = retry(&stage, ids(&[&dead])).await.retried.remove(0).receipt.unwrap();
    assert_eq!((again.job, again.known), (first.job, true));
}

#[tokio::test]
async fn only_dead_letters_are_tried_again_and_each_says_why_not() {
    let stage = Stage::new().await;
    let open = stage.submit(&["pkg:npm/express"]).await.remove(0).job;
    let answer = retry(&stage, ids(&[&open, "j-99"])).await.retried;
    assert!(answer[0].refused.as_ref().unwrap().reason.contains("is no dead letter: it is queued"));
    assert!(answer[1].refused.as_ref().unwrap().reason.contains("there is no job j-99"));
    for request in [v1::RetryRequest::default(), v1::RetryRequest { all: true, ..ids(&["j-1"]) }, ids(&["x"])] {
        assert_eq!(stage.jobs().retry(request).await.unwrap_err().code(), Code::InvalidArgument);
    }
    let unknown = v1::RetryRequest { all: true, faults: vec![77], ..v1::RetryRequest::default() };
    let refused = stage.jobs().retry(unknown).await.unwrap_err();
    assert!(refused.message().contains("`faults` is invalid"), "{refused}");
}

#[tokio::test]
async fn all_are_those_that_the_caller_may_see_and_nobody_tries_again() {
    let clients = r#"
        [[client]]
        name = "acme"
        token = "acme-secret-token"
        lane = "paid"
        [[client]]
        name = "crowd"
        token = "crowd-secret-token"
        lane = "bulk"
        [[client]]
        name = "house"
        token = "house-secret-token"
        lane = "internal"
    "#;
    let stage = Stage::with(Setting { clients: Clients::parse(clients).unwrap(), ..Setting::default() }).await;
    let as_client = |token: &str| format!("Bearer {token}-secret-token").parse().unwrap();
    let mut worker = stage.worker("one", vec![]).await;
    let mut dead = Vec::new();
    for (token, purl) in [("acme", "pkg:npm/a"), ("acme", "pkg:npm/b"), ("crowd", "pkg:npm/c")] {
        let mut request = Request::new(v1::SubmitRequest { jobs: vec![spec(purl)] });
        request.metadata_mut().insert("authorization", as_client(token));
        dead.push(stage.jobs().submit(request).await.unwrap().into_inner().receipts.remove(0).job);
        fail(&mut worker).await;
    }
    let all = async |token: &str, faults: &[v1::FaultKind]| {
        let faults = faults.iter().map(|fault| i32::from(*fault)).collect();
        let mut request = Request::new(v1::RetryRequest { all: true, faults, ..v1::RetryRequest::default() });
        request.metadata_mut().insert("authorization", as_client(token));
        let answer = stage.jobs().retry(request).await.unwrap().into_inner();
        assert_eq!(answer.next_page_token, "");
        answer.retried
    };
    assert_eq!(all("acme", &[v1::FaultKind::Outage]).await, []);
    let crowds = all("crowd", &[]).await;
    assert_eq!(crowds.iter().map(|retried| &retried.job).collect::<Vec<_>>(), [&dead[2]]);
    assert_eq!(crowds[0].receipt.as_ref().unwrap().lane(), v1::Lane::Bulk);
    let houses = all("house", &[DENIED]).await;
    assert_eq!(houses.iter().map(|retried| &retried.job).collect::<Vec<_>>(), [&dead[1], &dead[0]]);
    assert_eq!(houses[0].receipt.as_ref().unwrap().lane(), v1::Lane::Paid, "the lane is its client's");
    assert_eq!(all("house", &[]).await, []);
    let mut request = Request::new(ids(&[&dead[2]]));
    request.metadata_mut().insert("authorization", as_client("acme"));
    let hidden = stage.jobs().retry(request).await.unwrap().into_inner().retried.remove(0);
    assert!(hidden.refused.unwrap().reason.contains("there is no job"));
}
