//! Batches: what can be is accepted, and they are looked at and cancelled as one.

use gleaner_proto::v1;
use tonic::Code;

use crate::stage::{Setting, Stage, spec};

fn batch(jobs: Vec<v1::JobSpec>, key: &str) -> v1::SubmitBatchRequest {
    v1::SubmitBatchRequest { jobs, label: "nightly".to_owned(), idempotency_key: key.to_owned() }
}

async fn submit(stage: &Stage, request: v1::SubmitBatchRequest) -> v1::SubmitBatchResponse {
    stage.batches().submit_batch(request).await.unwrap().into_inner()
}

async fn get(stage: &Stage, id: &str) -> v1::Batch {
    let request = v1::GetBatchRequest { id: id.to_owned() };
    stage.batches().get_batch(request).await.unwrap().into_inner().batch.unwrap()
}

/// What a watch tells until the batch has ended.
async fn watched(stage: &Stage, id: &str) -> Vec<v1::Batch> {
    let request = v1::WatchBatchRequest { id: id.to_owned() };
    let mut changes = stage.batches().watch_batch(request).await.unwrap().into_inner();
    let mut told = Vec::new();
    while let Some(change) = changes.message().await.unwrap() {
        told.push(change.batch.unwrap());
    }
    told
}

#[tokio::test]
async fn one_bad_item_has_its_error_and_the_others_are_accepted() {
    let stage = Stage::with(Setting { ecosystems: vec![gleaner_model::Ecosystem::Npm], ..Setting::default() }).await;
    let past = v1::JobSpec { deadline_at_ms: 5, ..spec("pkg:npm/late") };
    let resolve = v1::JobSpec { question: Some(v1::Question::default()), ..spec("pkg:npm/a") };
    let kind = v1::JobSpec { kind: 77, ..spec("pkg:npm/a") };
    let keyed = v1::JobSpec { idempotency_key: "k".to_owned(), ..spec("pkg:npm/a") };
    let bad = [
        (spec("pkg:gem/rails"), "`gem` is not known"),
        (spec("pkg:cargo/serde"), "`cargo` is not configured"),
        (past, "deadline is past"),
        (resolve, "a crawl is asked no question"),
        (kind, "`kind` is invalid"),
        (keyed, "no key of its own"),
        (spec(&format!("pkg:npm/{}", "x".repeat(600))), "at most 512"),
    ];
    let mut jobs = vec![spec("pkg:npm/a")];
    jobs.extend(bad.iter().map(|(job, _)| job.clone()));
    jobs.push(spec("pkg:npm/b"));
    let answer = submit(&stage, batch(jobs, "")).await;
    assert_eq!(answer.items.len(), 9);
    for (item, (_, words)) in answer.items[1..8].iter().zip(&bad) {
        let reason = &item.refused.as_ref().unwrap().reason;
        assert!(item.receipt.is_none() && reason.contains(words), "{reason}");
    }
    let accepted = answer.batch.unwrap();
    assert_eq!(accepted.progress.unwrap().queued, 2);
    assert_eq!((accepted.label.as_str(), accepted.ended_at_ms), ("nightly", 0));
    for item in [&answer.items[0], &answer.items[8]] {
        assert_eq!(stage.get(&item.receipt.as_ref().unwrap().job).await.batch, accepted.id);
    }
    let all_bad = submit(&stage, batch(vec![spec("pkg:gem/rails")], "")).await;
    assert_eq!((all_bad.batch, all_bad.items.len()), (None, 1));
    for (request, words) in [
        (batch(vec![], ""), "1 to 1000 jobs"),
        (batch(vec![spec("pkg:npm/a"); 1_001], ""), "1 to 1000 jobs"),
        (batch(vec![spec("pkg:npm/a")], "with space"), "`idempotency_key` is invalid"),
        (v1::SubmitBatchRequest { label: "x".repeat(201), ..batch(vec![spec("pkg:npm/a")], "") }, "`label` is invalid"),
    ] {
        let refused = stage.batches().submit_batch(request).await.unwrap_err();
        assert_eq!(refused.code(), Code::InvalidArgument);
        assert!(refused.message().contains(words), "{refused}");
    }
}

#[tokio::test]
async fn a_batch_tells_how_far_it_is_and_that_it_has_ended_across_a_restart() {
    let stage = Stage::new().await;
    let jobs = vec![spec("pkg:npm/a"), spec("pkg:npm/b"), spec("pkg:npm/a")];
    let id = submit(&stage, batch(jobs, "")).await.batch.unwrap().id;
    let mut worker = stage.worker("one", vec![]).await;
    let first = worker.assigned().await;
    let second = worker.assigned().await;
    let (first, second) = if first.purl == "pkg:npm/a" { (first, second) } else { (second, first) };
    worker.fetched(&first, &["1.0.0"]).await;
    worker.acknowledged().await;
    let progress = get(&stage, &id).await.progress.unwrap();
    assert_eq!((progress.jobs, progress.done, progress.running), (3, 2, 1));
    drop(worker);

    let stage = stage.restart(Setting { lease_ttl_ms: 60_000, ..Setting::default() }).await;
    let mut worker = stage.worker("one", vec![v1::Held { attempt: second.attempt, finished: true }]).await;
    let claim = worker.welcome.claims[0];
    let fresh = v1::Attempt { epoch: claim.epoch, sequence: claim.sequence, ..second.attempt.unwrap() };
    let ((), told) = tokio::join!(
        async {
            let result = v1::outcome::Result::NotFound(v1::NotFound { checked_at_ms: 1_000 });
            worker.outcome(&fresh, result).await;
            worker.acknowledged().await;
        },
        watched(&stage, &id)
    );
    let end = told.last().unwrap();
    let progress = end.progress.unwrap();
    assert_eq!((progress.done, progress.not_found, progress.queued + progress.running), (2, 1, 0));
    assert!(end.ended_at_ms > 0);
    drop(worker);
    let stage = stage.restart(Setting::default()).await;
    assert_eq!(get(&stage, &id).await, *end);
    assert_eq!(watched(&stage, &id).await, std::slice::from_ref(end));
}

#[tokio::test]
async fn a_batch_is_cancelled_as_one() {
    let stage = Stage::new().await;
    let other = submit(&stage, batch(vec![spec("pkg:npm/other")], "")).await.batch.unwrap().id;
    let purls: Vec<_> = (0..300).map(|number| spec(&format!("pkg:npm/p{number}"))).collect();
    let id = submit(&stage, batch(purls, "")).await.batch.unwrap().id;
    let cancelled = stage.batches().cancel_batch(v1::CancelBatchRequest { id: id.clone() }).await.unwrap();
    assert!(cancelled.into_inner().batch.unwrap().cancelled_at_ms > 0);
    let end = watched(&stage, &id).await.pop().unwrap();
    assert_eq!(end.progress.unwrap().cancelled, 300);
    let list = v1::ListBatchesRequest { page_size: 1, page_token: String::new() };
    let page = stage.batches().list_batches(list).await.unwrap().into_inner();
    assert_eq!(page.batches[0].id, id);
    let list = v1::ListBatchesRequest { page_size: 1, page_token: page.next_page_token };
    let page = stage.batches().list_batches(list).await.unwrap().into_inner();
    assert_eq!((&page.batches[0].id, page.batches[0].progress.unwrap().queued), (&other, 1));
    let again = stage.batches().cancel_batch(v1::CancelBatchRequest { id }).await.unwrap().into_inner().batch.unwrap();
    assert_eq!(again.progress.unwrap().cancelled, 300, "one that has ended stays as it is");
    let unknown = stage.batches().get_batch(v1::GetBatchRequest { id: "b-9999".to_owned() }).await.unwrap_err();
    assert_eq!(unknown.code(), Code::NotFound);
    let wrong = stage.batches().get_batch(v1::GetBatchRequest { id: "j-1".to_owned() }).await.unwrap_err();
    assert!(wrong.message().contains("b-1042"), "{wrong}");
}

#[tokio::test]
async fn the_same_batch_under_the_same_key_is_the_same() {
    let stage = Stage::new().await;
    let ask = || batch(vec![spec("pkg:npm/a"), spec("pkg:npm/b")], "k");
    let (one, two) = tokio::join!(submit(&stage, ask()), submit(&stage, ask()));
    let stage = stage.restart(Setting::default()).await;
    let again = submit(&stage, ask()).await;
    let ids: Vec<_> = [&one, &two, &again].map(|answer| answer.batch.as_ref().unwrap().id.clone()).into();
    assert!(ids.iter().all(|id| *id == ids[0]));
    assert!(again.known && one.known != two.known);
    let other = stage.batches().submit_batch(batch(vec![spec("pkg:npm/a")], "k")).await.unwrap_err();
    assert_eq!(other.code(), Code::FailedPrecondition);
    let job = v1::JobSpec { idempotency_key: "k".to_owned(), ..spec("pkg:npm/a") };
    let job = stage.jobs().submit(v1::SubmitRequest { jobs: vec![job] }).await.unwrap_err();
    assert!(job.message().contains("`k` was used for another ask"), "{job}");
    let jobs = stage.jobs().list(v1::ListRequest::default()).await.unwrap().into_inner().jobs;
    assert_eq!(jobs.len(), 2);
}
