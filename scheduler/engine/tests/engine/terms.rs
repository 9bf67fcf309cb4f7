//! Jobs that may not begin yet, that are wanted at some moment, or that make no sense.

use gleaner_proto::v1;
use tonic::Code;

use crate::stage::{Setting, Stage, spec};

fn now_ms() -> i64 {
    let since_1970 = std::time::SystemTime::now().duration_since(std::time::UNIX_EPOCH).unwrap();
    i64::try_from(since_1970.as_millis()).unwrap()
}

async fn submit(stage: &Stage, jobs: Vec<v1::JobSpec>) -> Result<Vec<v1::Receipt>, tonic::Status> {
    Ok(stage.jobs().submit(v1::SubmitRequest { jobs }).await?.into_inner().receipts)
}

#[tokio::test]
async fn a_delayed_job_waits_for_its_time_across_a_restart_and_then_joins() {
    let stage = Stage::new().await;
    let later = v1::JobSpec { not_before_at_ms: now_ms() + 3_600_000, ..spec("pkg:npm/express") };
    let soon = v1::JobSpec { not_before_at_ms: now_ms() + 1_500, ..spec("pkg:npm/express") };
    let receipts = submit(&stage, vec![later, soon, spec("pkg:npm/express")]).await.unwrap();
    assert!(receipts.iter().all(|receipt| !receipt.attached), "nobody waits for one whose time has not come");

    let stage = stage.restart(Setting { lease_ttl_ms: 100, ..Setting::default() }).await;
    let waits = stage.get(&receipts[0].job).await;
    assert_eq!(waits.state(), v1::JobState::Queued);
    assert!(waits.waiting_for.contains("not to begin before"), "{}", waits.waiting_for);
    // No worker until the second one's time has come.
    while !stage.get(&receipts[1].job).await.task.eq(&receipts[2].task) {
        tokio::time::sleep(std::time::Duration::from_millis(20)).await;
    }
    let mut worker = stage.worker("one", vec![]).await;
    let assign = worker.assigned().await;
    worker.fetched(&assign, &["1.0.0"]).await;
    worker.acknowledged().await;
    for receipt in &receipts[1..] {
        assert_eq!(stage.ended(&receipt.job).await.state(), v1::JobState::Done);
    }
    drop(worker);
    // What its task was is over in the journal as well.
    let stage = stage.restart(Setting::default()).await;
    assert_eq!(stage.engine.recovered(), 1);
    assert_eq!(stage.get(&receipts[0].job).await.state(), v1::JobState::Queued);
}

/// Found by the simulation. A job makes a task, another one joins it when its time comes, the first one leaves, and the
/// scheduler dies: the second comes back with a task of its own, and nobody waits for the first one's. It must end in the
/// journal as well, and not be worked at or found again after every further restart.
#[tokio::test]
async fn a_task_that_outlived_its_maker_and_for_which_nobody_waits_ends() {
    let stage = Stage::new().await;
    let soon = v1::JobSpec { not_before_at_ms: now_ms() + 300, ..spec("pkg:npm/express") };
    let receipts = submit(&stage, vec![spec("pkg:npm/express"), soon]).await.unwrap();
    while !stage.get(&receipts[1].job).await.task.eq(&receipts[0].task) {
        tokio::time::sleep(std::time::Duration::from_millis(20)).await;
    }
    stage.jobs().cancel(v1::CancelRequest { id: receipts[0].job.clone() }).await.unwrap();

    let setting = || Setting { lease_ttl_ms: 100, ..Setting::default() };
    let stage = stage.restart(setting()).await;
    assert_eq!(stage.engine.recovered(), 1);
    assert_eq!(stage.get(&receipts[0].job).await.state(), v1::JobState::Cancelled, "it stays as it ended");
    let mut worker = stage.worker("one", vec![]).await;
    let assign = worker.assigned().await;
    assert_eq!(format!("t-{}", assign.attempt.unwrap().task), receipts[1].task, "its own");
    worker.fetched(&assign, &["1.0.0"]).await;
    worker.acknowledged().await;
    assert_eq!(stage.ended(&receipts[1].job).await.state(), v1::JobState::Done);
    submit(&stage, vec![spec("pkg:npm/koa")]).await.unwrap();
    assert_eq!(worker.assigned().await.purl, "pkg:npm/koa", "the other one is not worked at");
    assert_eq!(stage.get(&receipts[0].job).await.state(), v1::JobState::Cancelled);
}

#[tokio::test]
async fn whoever_is_in_a_hurry_comes_first() {
    let stage = Stage::new().await;
    let wanted = |purl: &str, ms: i64| v1::JobSpec { deadline_at_ms: now_ms() + ms, ..spec(purl) };
    let jobs = vec![spec("pkg:npm/a"), wanted("pkg:npm/b", 900_000), wanted("pkg:npm/c", 300_000)];
    submit(&stage, jobs).await.unwrap();
    let stage = stage.restart(Setting { lease_ttl_ms: 100, ..Setting::default() }).await;
    let mut worker = stage.worker("one", vec![]).await;
    let mut assigned = [worker.assigned().await, worker.assigned().await, worker.assigned().await];
    // They reach the worker in any order; their tokens tell in which one they were started.
    assigned.sort_by_key(|assign| assign.attempt.unwrap().sequence);
    let order: Vec<_> = assigned.iter().map(|assign| assign.purl.as_str()).collect();
    assert_eq!(order, ["pkg:npm/c", "pkg:npm/b", "pkg:npm/a"]);
}

#[tokio::test]
async fn times_that_make_no_sense_are_named() {
    let stage = Stage::new().await;
    let past = now_ms() - 1_000;
    let hour = now_ms() + 3_600_000;
    let base = || spec("pkg:npm/express");
    for (job, word) in [
        (v1::JobSpec { deadline_at_ms: past, ..base() }, "deadline is past"),
        (v1::JobSpec { expires_at_ms: past, ..base() }, "expiry is past"),
        (
            v1::JobSpec { not_before_at_ms: hour, deadline_at_ms: hour, ..base() },
            "deadline is not after its not-before",
        ),
        (v1::JobSpec { not_before_at_ms: hour, expires_at_ms: hour, ..base() }, "expiry is not after its not-before"),
        (v1::JobSpec { not_before_at_ms: i64::MAX, ..base() }, "more than 366 days ahead"),
    ] {
        let refused = submit(&stage, vec![base(), job]).await.unwrap_err();
        assert_eq!(refused.code(), Code::InvalidArgument);
        assert!(refused.message().contains(word), "{refused}");
    }
    let past = v1::JobSpec { not_before_at_ms: past, ..base() };
    let receipt = submit(&stage, vec![past]).await.unwrap().remove(0);
    assert!(!stage.get(&receipt.job).await.waiting_for.contains("not to begin"), "a not-before that is past is none");
    let listed = stage.jobs().list(v1::ListRequest::default()).await.unwrap().into_inner();
    assert_eq!(listed.jobs.len(), 1, "nothing of the refused requests was taken in");
}
