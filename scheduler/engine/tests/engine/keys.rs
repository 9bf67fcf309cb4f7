//! Idempotency keys: the same ask under the same key is one job, whatever happens in between.

use futures_util::future::join_all;
use gleaner_engine::Clients;
use gleaner_proto::v1;
use tokio::sync::mpsc;
use tokio_stream::wrappers::ReceiverStream;
use tonic::{Code, Request};

use crate::stage::{Setting, Stage, spec};

fn under(key: &str, purl: &str) -> v1::JobSpec {
    v1::JobSpec { idempotency_key: key.to_owned(), ..spec(purl) }
}

async fn submit(stage: &Stage, jobs: Vec<v1::JobSpec>) -> Result<Vec<v1::Receipt>, tonic::Status> {
    Ok(stage.jobs().submit(v1::SubmitRequest { jobs }).await?.into_inner().receipts)
}

async fn number_of_jobs(stage: &Stage) -> usize {
    stage.jobs().list(v1::ListRequest::default()).await.unwrap().into_inner().jobs.len()
}

#[tokio::test]
async fn the_same_ask_under_the_same_key_is_the_same_job() {
    let stage = Stage::new().await;
    let first = submit(&stage, vec![under("k", "pkg:npm/express")]).await.unwrap().remove(0);
    assert!(!first.known);
    let again = submit(&stage, vec![under("k", "pkg:npm/express")]).await.unwrap().remove(0);
    assert_eq!(again, v1::Receipt { known: true, ..first.clone() });

    let stage = stage.restart(Setting::default()).await;
    let again = submit(&stage, vec![under("k", "pkg:npm/express")]).await.unwrap().remove(0);
    assert_eq!(again, v1::Receipt { known: true, ..first.clone() });
    let mut worker = stage.worker("one", vec![]).await;
    let assign = worker.assigned().await;
    worker.fetched(&assign, &["1.0.0"]).await;
    worker.acknowledged().await;
    let again = submit(&stage, vec![under("k", "pkg:npm/express")]).await.unwrap().remove(0);
    assert_eq!((again.job, again.known), (first.job, true), "a job that has ended is known as long as its result is");
    assert_eq!(number_of_jobs(&stage).await, 1);
}

#[tokio::test]
async fn asks_at_the_same_time_are_one_job() {
    let stage = Stage::new().await;
    let asks = (0..40).map(|_| submit(&stage, vec![under("k", "pkg:npm/a"), under("l", "pkg:npm/b")]));
    let turned = (0..40).map(|_| submit(&stage, vec![under("l", "pkg:npm/b"), under("k", "pkg:npm/a")]));
    let (answers, turned) = tokio::join!(join_all(asks), join_all(turned));
    let mut pairs: Vec<_> = answers.into_iter().map(|pair| pair.unwrap()).collect();
    pairs.extend(turned.into_iter().map(|pair| pair.unwrap().into_iter().rev().collect()));
    let jobs = |pair: &Vec<v1::Receipt>| (pair[0].job.clone(), pair[1].job.clone());
    assert!(pairs.iter().all(|pair| jobs(pair) == jobs(&pairs[0])));
    assert_eq!(pairs.iter().filter(|pair| !pair[0].known).count(), 1, "one of them made it");
    assert_eq!(number_of_jobs(&stage).await, 2);
}

#[tokio::test]
async fn another_ask_under_the_same_key_is_refused_and_nothing_of_its_request_is_taken_in() {
    let stage = Stage::new().await;
    submit(&stage, vec![under("k", "pkg:npm/express")]).await.unwrap();
    let changed = [
        under("k", "pkg:npm/koa"),
        v1::JobSpec { max_age_ms: 5, ..under("k", "pkg:npm/express") },
        v1::JobSpec { expires_at_ms: i64::MAX, ..under("k", "pkg:npm/express") },
    ];
    for other in changed {
        let refused = submit(&stage, vec![spec("pkg:npm/other"), other]).await.unwrap_err();
        assert_eq!(refused.code(), Code::FailedPrecondition);
        assert!(refused.message().contains("`k` was used for another ask"), "{refused}");
    }
    let twice = submit(&stage, vec![under("m", "pkg:npm/a"), under("m", "pkg:npm/b")]).await.unwrap_err();
    assert!(twice.message().contains("`m` was used for another ask"), "{twice}");
    assert_eq!(number_of_jobs(&stage).await, 1);
    let receipts = submit(&stage, vec![under("m", "pkg:npm/a"), spec("pkg:npm/b"), under("m", "pkg:npm/a")]).await;
    let receipts = receipts.unwrap();
    assert_eq!((&receipts[0].job, receipts[0].known), (&receipts[2].job, false));
    assert_ne!(receipts[0].job, receipts[1].job);
    assert_eq!(number_of_jobs(&stage).await, 3);
}

#[tokio::test]
async fn keys_belong_to_clients_and_have_a_form() {
    let clients = r#"
        [[client]]
        name = "acme"
        token = "acme-secret-token"
        lane = "paid"
        [[client]]
        name = "crowd"
        token = "crowd-secret-token"
        lane = "bulk"
    "#;
    let stage = Stage::with(Setting { clients: Clients::parse(clients).unwrap(), ..Setting::default() }).await;
    let ask = async |token: &str, purl: &str, key: &str| {
        let mut request = Request::new(v1::SubmitRequest { jobs: vec![under(key, purl)] });
        request.metadata_mut().insert("authorization", format!("Bearer {token}").parse().unwrap());
        stage.jobs().submit(request).await.map(|answer| answer.into_inner().receipts.remove(0))
    };
    let acme = ask("acme-secret-token", "pkg:npm/a", "k").await.unwrap();
    let crowd = ask("crowd-secret-token", "pkg:npm/b", "k").await.unwrap();
    assert_ne!(acme.job, crowd.job);
    assert_eq!(ask("acme-secret-token", "pkg:npm/a", "k").await.unwrap().lane(), v1::Lane::Paid);
    for bad in ["with space", "schlüssel", &"k".repeat(129)] {
        let refused = ask("acme-secret-token", "pkg:npm/a", bad).await.unwrap_err();
        assert_eq!(refused.code(), Code::InvalidArgument);
        assert!(refused.message().contains("`idempotency_key` is invalid"), "{refused}");
    }
}

#[tokio::test]
async fn items_of_a_stream_may_have_keys() {
    let stage = Stage::new().await;
    let known = submit(&stage, vec![under("k", "pkg:npm/a")]).await.unwrap().remove(0);
    let (items, sending) = mpsc::channel(8);
    items.send(v1::SubmitStreamRequest { stream: "s".to_owned(), number: 0, job: None }).await.unwrap();
    for (number, job) in [(1, under("k", "pkg:npm/a")), (2, under("k", "pkg:npm/b")), (3, under("l", "pkg:npm/c"))] {
        items.send(v1::SubmitStreamRequest { stream: String::new(), number, job: Some(job) }).await.unwrap();
    }
    let mut answers = stage.jobs().submit_stream(ReceiverStream::new(sending)).await.unwrap().into_inner();
    assert_eq!(answers.message().await.unwrap().unwrap().number, 0);
    let mut answered = std::collections::BTreeMap::new();
    for _ in 0..3 {
        let answer = answers.message().await.unwrap().unwrap();
        answered.insert(answer.number, answer);
    }
    assert_eq!(answered[&1].receipt, Some(v1::Receipt { known: true, ..known }));
    assert!(answered[&2].refused.as_ref().unwrap().reason.contains("another ask"));
    assert!(answered[&3].receipt.is_some());
}
