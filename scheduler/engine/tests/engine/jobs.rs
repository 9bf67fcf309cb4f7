//! Asking for work and hearing of it.

use gleaner_engine::Clients;
use gleaner_proto::v1;
use tonic::{Code, Request};

use crate::stage::{Setting, Stage, spec};

#[tokio::test]
async fn a_request_is_taken_in_whole_or_not_at_all() {
    let stage = Stage::with(Setting { ecosystems: vec![gleaner_model::Ecosystem::Cargo], ..Setting::default() }).await;
    let jobs = vec![spec("pkg:cargo/serde"), spec("pkg:npm/express")];
    let refused = stage.jobs().submit(v1::SubmitRequest { jobs }).await.unwrap_err();
    assert_eq!(refused.code(), Code::FailedPrecondition);
    assert!(refused.message().contains("`npm` is not configured"), "{refused}");
    let listed = stage.jobs().list(v1::ListRequest::default()).await.unwrap().into_inner();
    assert_eq!(listed.jobs, []);
}

#[tokio::test]
async fn rubbish_is_named() {
    let stage = Stage::new().await;
    for (purl, word) in [("serde", "not a package URL"), ("pkg:gem/rails", "`gem` is not known"), ("", "missing")] {
        let request = v1::SubmitRequest { jobs: vec![spec(purl)] };
        let refused = stage.jobs().submit(request).await.unwrap_err();
        assert_eq!(refused.code(), Code::InvalidArgument);
        assert!(refused.message().contains(word), "{purl}: {}", refused.message());
    }
    let unknown = stage.jobs().get(v1::GetRequest { id: "j-99".to_owned() }).await.unwrap_err();
    assert_eq!(unknown.code(), Code::NotFound);
}

#[tokio::test]
async fn twins_share_one_task_and_leave_it_one_by_one() {
    let stage = Stage::new().await;
    let receipts = stage.submit(&["pkg:npm/express", "pkg:npm/express"]).await;
    assert_eq!(receipts[0].task, receipts[1].task);
    assert_eq!((receipts[0].attached, receipts[1].attached), (false, true));

    let cancelled = stage.jobs().cancel(v1::CancelRequest { id: receipts[0].job.clone() }).await.unwrap();
    assert_eq!(cancelled.into_inner().job.unwrap().state(), v1::JobState::Cancelled);
    assert_eq!(stage.get(&receipts[1].job).await.state(), v1::JobState::Queued);

    let mut worker = stage.worker("one", vec![]).await;
    let assign = worker.assigned().await;
    worker.fetched(&assign, &["1.0.0"]).await;
    assert_eq!(worker.acknowledged().await, assign.attempt.unwrap());
    assert_eq!(stage.ended(&receipts[1].job).await.state(), v1::JobState::Done);
    assert_eq!(stage.get(&receipts[0].job).await.state(), v1::JobState::Cancelled);
}

#[tokio::test]
async fn a_cancelled_attempt_is_told_and_its_outcome_means_nothing() {
    let stage = Stage::new().await;
    let receipts = stage.submit(&["pkg:npm/express"]).await;
    let mut worker = stage.worker("one", vec![]).await;
    let assign = worker.assigned().await;
    stage.jobs().cancel(v1::CancelRequest { id: receipts[0].job.clone() }).await.unwrap();
    let told = worker.told().await;
    assert!(
        matches!(&told, v1::session_response::Message::Cancel(cancel) if cancel.attempt == assign.attempt),
        "{told:?}"
    );
    worker.fetched(&assign, &["1.0.0"]).await;
    worker.acknowledged().await;
    let request = v1::GetPackageRequest { purl: "pkg:npm/express".to_owned(), registry: String::new() };
    assert_eq!(stage.catalog().get_package(request).await.unwrap_err().code(), Code::NotFound);
}

#[tokio::test]
async fn a_job_expires_by_itself() {
    let stage = Stage::new().await;
    let soon = std::time::SystemTime::now().duration_since(std::time::UNIX_EPOCH).unwrap().as_millis() + 100;
    let job = v1::JobSpec { expires_at_ms: i64::try_from(soon).unwrap(), ..spec("pkg:npm/express") };
    let receipts = stage.jobs().submit(v1::SubmitRequest { jobs: vec![job] }).await.unwrap().into_inner().receipts;
    assert_eq!(stage.ended(&receipts[0].job).await.state(), v1::JobState::Expired);
}

#[tokio::test]
async fn pages_go_back_to_the_first_job() {
    let stage = Stage::new().await;
    let purls: Vec<String> = (0..25).map(|n| format!("pkg:npm/package-{n}")).collect();
    stage.submit(&purls.iter().map(String::as_str).collect::<Vec<_>>()).await;
    let (mut found, mut page_token) = (Vec::new(), String::new());
    loop {
        let states = vec![v1::JobState::Queued.into()];
        let request = v1::ListRequest { states, page_size: 10, page_token };
        let page = stage.jobs().list(request).await.unwrap().into_inner();
        found.extend(page.jobs.into_iter().map(|job| job.spec.unwrap().purl));
        page_token = page.next_page_token;
        if page_token.is_empty() {
            break;
        }
    }
    found.reverse();
    assert_eq!(found, purls);
}

#[tokio::test]
async fn lanes_follow_from_tokens_and_clients_see_their_own_jobs() {
    let clients = Clients::parse(
        r#"
        [[client]]
        name = "acme"
        token = "acme-secret-token"
        lane = "paid"
        [[client]]
        name = "crowd"
        token = "crowd-secret-token"
        lane = "bulk"
        "#,
    );
    let stage = Stage::with(Setting { clients: clients.unwrap(), ..Setting::default() }).await;
    let with = |token: &str, id: &str| {
        let mut request = Request::new(v1::GetRequest { id: id.to_owned() });
        request.metadata_mut().insert("authorization", format!("Bearer {token}").parse().unwrap());
        request
    };
    let mut request = Request::new(v1::SubmitRequest { jobs: vec![spec("pkg:npm/express")] });
    request.metadata_mut().insert("authorization", "Bearer acme-secret-token".parse().unwrap());
    let receipt = stage.jobs().submit(request).await.unwrap().into_inner().receipts.remove(0);
    assert_eq!(receipt.lane(), v1::Lane::Paid);

    assert!(stage.jobs().get(with("acme-secret-token", &receipt.job)).await.is_ok());
    let hidden = stage.jobs().get(with("crowd-secret-token", &receipt.job)).await.unwrap_err();
    assert_eq!(hidden.code(), Code::NotFound);
    let unknown = stage.jobs().get(with("somebody-elses-token", &receipt.job)).await.unwrap_err();
    assert_eq!(unknown.code(), Code::Unauthenticated);
    let nobody = stage.jobs().get(v1::GetRequest { id: receipt.job }).await.unwrap_err();
    assert_eq!(nobody.code(), Code::Unauthenticated);
}
