//! Workers that are to be stopped, and workers that are two.

use gleaner_proto::v1::{self, outcome, session_request};
use tonic::Code;

use crate::stage::{Stage, Worker};

async fn workers(stage: &Stage) -> Vec<v1::Worker> {
    stage.operator().list_workers(v1::ListWorkersRequest {}).await.unwrap().into_inner().workers
}

#[tokio::test]
async fn a_drained_worker_ends_what_it_has_and_gets_nothing_new() {
    let stage = Stage::new().await;
    let mut leaving = stage.worker("leaving", Vec::new()).await;
    stage.submit(&["pkg:cargo/a"]).await;
    let running = leaving.assigned().await;
    let request = v1::DrainWorkerRequest { name: "leaving".to_owned() };
    let drained = stage.operator().drain_worker(request).await.unwrap().into_inner().worker.unwrap();
    assert_eq!((drained.draining, drained.running), (true, 1));
    assert!(leaving.drained().await.stay, "it is its owner who ends it");
    let receipts = stage.submit(&["pkg:cargo/b"]).await;
    assert_eq!(stage.get(&receipts[0].job).await.waiting_for, "no connected worker can do this");
    let not_found = || outcome::Result::NotFound(v1::NotFound { checked_at_ms: 1 });
    leaving.outcome(&running.attempt.unwrap(), not_found()).await;
    leaving.acknowledged().await;
    let now = workers(&stage).await.remove(0);
    assert_eq!((now.running, now.draining, now.connected), (0, true, true), "now it may be stopped");
    let mut other = stage.worker("other", Vec::new()).await;
    let given = other.assigned().await;
    other.outcome(&given.attempt.unwrap(), not_found()).await;
    stage.ended(&receipts[0].job).await;
}

#[tokio::test]
async fn a_second_process_of_the_same_name_is_refused_while_the_first_one_lives() {
    let stage = Stage::new().await;
    let mut first = stage.worker("twin", Vec::new()).await;
    let join = |incarnation| Worker::join_as(stage.channel.clone(), "twin", incarnation, Vec::new());
    let refused = join(2).await.err().expect("there is one of this name");
    assert_eq!(refused.code(), Code::AlreadyExists);
    assert!(refused.message().contains("`twin`") && refused.message().contains("--name"), "{}", refused.message());
    // The first one notices nothing.
    stage.submit(&["pkg:cargo/a"]).await;
    first.assigned().await;
    drop(first);
    let mut second = join(2).await;
    while let Err(refused) = second {
        assert_eq!(refused.code(), Code::AlreadyExists);
        second = join(2).await;
    }
    second.expect("the first one is gone").assigned().await;
}

#[tokio::test]
async fn words_about_attempts_of_others_change_nothing() {
    let stage = Stage::new().await;
    let mut owner = stage.worker("owner", Vec::new()).await;
    let receipts = stage.submit(&["pkg:cargo/a"]).await;
    let assigned = owner.assigned().await;
    let mut stranger = stage.worker("stranger", Vec::new()).await;
    let attempt = assigned.attempt.unwrap();
    stranger.outcome(&attempt, outcome::Result::Gone(v1::Gone { checked_at_ms: 1 })).await;
    assert_eq!(stranger.acknowledged().await, attempt, "so that it forgets it");
    let progress = v1::Progress { attempt: Some(attempt), checkpoint: vec![1], ..v1::Progress::default() };
    stranger.say(session_request::Message::Progress(progress)).await;
    assert_eq!(stage.get(&receipts[0].job).await.state(), v1::JobState::Running);
    owner.outcome(&attempt, outcome::Result::NotFound(v1::NotFound { checked_at_ms: 1 })).await;
    assert_eq!(stage.ended(&receipts[0].job).await.state(), v1::JobState::NotFound);
}
