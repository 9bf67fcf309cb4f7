//! What nobody can do is refused, with what is wrong and in one piece.

use gleaner_proto::v1;
use tonic::Code;

use crate::stage::{Stage, spec};

async fn refused(stage: &Stage, jobs: Vec<v1::JobSpec>) -> tonic::Status {
    stage.jobs().submit(v1::SubmitRequest { jobs }).await.unwrap_err()
}

#[tokio::test]
async fn kinds_and_registries_that_nobody_knows_are_named() {
    let stage = Stage::new().await;
    let kind = v1::JobSpec { kind: 77, ..spec("pkg:npm/express") };
    let registry = v1::JobSpec { registry: "Mirror!".to_owned(), ..spec("pkg:npm/express") };
    let unknown = v1::JobSpec { registry: "mirror".to_owned(), ..spec("pkg:npm/express") };
    for (job, code, words) in [
        (kind, Code::InvalidArgument, "`kind` is invalid: 77"),
        (registry, Code::InvalidArgument, "`registry` is invalid"),
        (unknown, Code::FailedPrecondition, "registry `mirror` is not configured"),
    ] {
        let status = refused(&stage, vec![spec("pkg:npm/koa"), job]).await;
        assert_eq!(status.code(), code);
        assert!(status.message().contains(words), "{status}");
    }
    let listed = stage.jobs().list(v1::ListRequest::default()).await.unwrap().into_inner().jobs;
    assert_eq!(listed, [], "nothing of these requests was taken in");
}

#[tokio::test]
async fn requests_over_the_limits_are_refused_and_the_connection_goes_on() {
    let stage = Stage::new().await;
    for jobs in [vec![], vec![spec("pkg:npm/express"); 1_001]] {
        let found = jobs.len();
        let status = refused(&stage, jobs).await;
        assert_eq!(status.code(), Code::InvalidArgument);
        assert!(status.message().contains(&format!("1 to 1000 jobs, not {found}")), "{status}");
    }
    let long = spec(&format!("pkg:npm/{}", "x".repeat(1_000)));
    let status = refused(&stage, vec![long]).await;
    assert_eq!(status.code(), Code::InvalidArgument);
    assert!(status.message().len() < 200 && status.message().contains("at most 512 are read"), "{status}");
    // Over the largest message of all.
    let huge = v1::JobSpec { registry: "x".repeat(5 << 20), ..spec("pkg:npm/express") };
    let status = refused(&stage, vec![huge]).await;
    assert_eq!(status.code(), Code::OutOfRange);
    assert!(stage.jobs().list(v1::ListRequest::default()).await.is_ok());
}

#[tokio::test]
async fn whatever_is_too_long_or_too_many_is_named_with_its_limit() {
    let stage = Stage::new().await;
    let many = || vec![spec("pkg:npm/express"); 1_001];
    let ids = |count| vec!["j-1".to_owned(); count];
    let batch = |jobs, label: String| v1::SubmitBatchRequest { jobs, label, ..Default::default() };
    let schedule = |jobs| v1::AddScheduleRequest { name: "nightly".to_owned(), cron: "0 3 * * *".to_owned(), jobs };
    let campaign = |window, prefix: String| v1::AddCampaignRequest {
        name: "again".to_owned(),
        ecosystem: "npm".to_owned(),
        window,
        prefix,
        ..Default::default()
    };
    let one = || vec![spec("pkg:npm/express")];
    let key = v1::JobSpec { idempotency_key: "k".repeat(129), ..spec("pkg:npm/express") };
    let first = v1::SubmitStreamRequest { stream: "s".repeat(65), number: 0, job: None };
    let mut stream = stage.jobs().submit_stream(tokio_stream::once(first)).await.unwrap().into_inner();
    let refusals = [
        (stage.batches().submit_batch(batch(many(), String::new())).await.err(), "1 to 1000 jobs, not 1001"),
        (stage.batches().submit_batch(batch(one(), "x".repeat(201))).await.err(), "`label` is invalid"),
        (stage.schedules().add_schedule(schedule(many())).await.err(), "1 to 1000 jobs, not 1001"),
        (stage.campaigns().add_campaign(campaign(10_001, String::new())).await.err(), "at most 10000"),
        (stage.campaigns().add_campaign(campaign(0, "x".repeat(600))).await.err(), "`prefix` is invalid"),
        (stage.jobs().watch(v1::WatchRequest { ids: ids(10_001) }).await.err(), "at most 10000 jobs, not 10001"),
        (stage.jobs().retry(v1::RetryRequest { ids: ids(1_001), ..Default::default() }).await.err(), "1 to 1000 jobs"),
        (stage.jobs().submit(v1::SubmitRequest { jobs: vec![key] }).await.err(), "`idempotency_key` is invalid"),
        (stream.message().await.err(), "1 to 64 bytes, not 65"),
    ];
    for (status, words) in refusals {
        let status = status.unwrap_or_else(|| panic!("{words}: it was accepted"));
        assert_eq!(status.code(), Code::InvalidArgument, "{status}");
        assert!(status.message().contains(words), "{words}: {status}");
    }
    let listed = stage.jobs().list(v1::ListRequest::default()).await.unwrap().into_inner().jobs;
    assert_eq!(listed, [], "nothing of these was taken in");
}
