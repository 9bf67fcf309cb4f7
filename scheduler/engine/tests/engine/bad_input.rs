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
