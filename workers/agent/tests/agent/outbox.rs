//! An outcome is not lost, whatever breaks between its making and its acknowledgement.

use gleaner_agent::Agent;
use gleaner_model::{Attempt, Token};
use gleaner_proto::convert::{ClaimVerdict, HeldAttempt};

use crate::documents::{CARGO, metadata, pypi};
use crate::harness::{Stage, options};
use crate::registry::{Answer, Registry};
use crate::scheduler::{Scheduler, Session, assignment, attempt};

const FRESH: Token = Token { epoch: 2, sequence: 77 };

fn adopt(_: Attempt) -> ClaimVerdict {
    ClaimVerdict::Adopted(FRESH)
}

fn adopted(task: u64) -> Attempt {
    Attempt { token: FRESH, ..attempt(task) }
}

async fn registry() -> Registry {
    Registry::start(|asked, _| match asked.path.as_str() {
        "/abc/" => Answer::ok(pypi(1)),
        "/3/a/abc" => Answer::ok(CARGO),
        _ => Answer::ok(metadata(0)),
    })
    .await
}

/// An agent whose outcome of attempt 1 was received and not acknowledged.
async fn with_outcome(registry: &Registry) -> (Stage, Session) {
    let (stage, mut session) = Stage::start().await;
    session.assign(assignment(1, "pkg:cargo/abc", &registry.base_url())).await;
    session.outcome().await.facts();
    (stage, session)
}

fn assert_delivered_as(delivered: &crate::scheduler::Delivered, expected: Attempt) {
    assert_eq!(delivered.attempt, expected);
    let facts = delivered.facts();
    assert_eq!(facts.package.versions.len(), 2);
    assert_eq!(delivered.documents[&facts.documents[0].hash], CARGO.as_bytes());
}

#[tokio::test]
async fn an_outcome_is_sent_again_after_a_reconnect_under_the_fresh_token() {
    let registry = registry().await;
    let (mut stage, session) = with_outcome(&registry).await;
    drop(session);
    let mut session = stage.scheduler.accept().await;
    assert_eq!(session.hello.held, [HeldAttempt { attempt: attempt(1), finished: true }]);
    session.greet(adopt).await;
    assert_delivered_as(&session.outcome().await, adopted(1));
    session.acknowledge(adopted(1)).await;
    session.heartbeat(|heartbeat| heartbeat.unacknowledged == 0).await;
    drop(session);
    assert!(stage.scheduler.accept().await.hello.held.is_empty());
    assert_eq!(registry.asked().len(), 1, "nothing was fetched again");
}

#[tokio::test]
async fn an_outcome_is_sent_again_after_a_restart() {
    let registry = registry().await;
    let (mut stage, first) = with_outcome(&registry).await;
    let hello = first.hello.clone();
    drop(first);
    stage.restart().await;
    let mut session = stage.scheduler.accept().await;
    // The stopped agent may have come back once before it ended.
    if session.hello.incarnation == hello.incarnation {
        session = stage.scheduler.accept().await;
    }
    assert_eq!(session.hello.worker, hello.worker, "the made-up name is kept");
    assert_ne!(session.hello.incarnation, hello.incarnation);
    assert_eq!(session.hello.held, [HeldAttempt { attempt: attempt(1), finished: true }]);
    session.greet(adopt).await;
    assert_delivered_as(&session.outcome().await, adopted(1));
    // The fresh token is remembered, too.
    stage.restart().await;
    let mut session = stage.scheduler.accept().await;
    assert_eq!(session.hello.held, [HeldAttempt { attempt: adopted(1), finished: true }]);
    session.greet(adopt).await;
    session.outcome().await;
    session.acknowledge(adopted(1)).await;
    session.heartbeat(|heartbeat| heartbeat.unacknowledged == 0).await;
    stage.restart().await;
    assert!(stage.scheduler.accept().await.hello.held.is_empty());
}

#[tokio::test]
async fn an_outcome_survives_a_kill() {
    let registry = registry().await;
    let (stage, session) = with_outcome(&registry).await;
    // What a killed process leaves behind are the files as they are now, not closed and not tidied.
    let left = tempfile::tempdir().unwrap();
    for file in ["worker.redb", "worker.boot"] {
        std::fs::copy(stage.directory.path().join(file), left.path().join(file)).unwrap();
    }
    let mut scheduler = Scheduler::start().await;
    let agent = Agent::start(options(&left), scheduler.channel()).await.unwrap();
    let mut again = scheduler.accept().await;
    assert_eq!(again.hello.worker, session.hello.worker);
    assert_eq!(again.hello.held, [HeldAttempt { attempt: attempt(1), finished: true }]);
    again.greet(adopt).await;
    assert_delivered_as(&again.outcome().await, adopted(1));
    agent.stop();
}

#[tokio::test]
async fn an_outcome_that_nobody_wants_is_forgotten() {
    for verdict in [ClaimVerdict::Closed, ClaimVerdict::Abandoned] {
        let registry = registry().await;
        let (mut stage, session) = with_outcome(&registry).await;
        drop(session);
        let session = stage.scheduler.accept().await;
        session.greet(|_| verdict).await;
        drop(session);
        assert!(stage.scheduler.accept().await.hello.held.is_empty(), "{verdict:?}");
        stage.agent.stop();
    }
}

#[tokio::test]
async fn a_running_attempt_goes_on_over_a_reconnect_under_the_fresh_token() {
    let registry = registry().await;
    let (mut stage, mut session) = Stage::start().await;
    session.assign(assignment(1, "pkg:pypi/abc", &registry.base_url())).await;
    session.permit_request().await;
    drop(session);
    let mut session = stage.scheduler.accept().await;
    assert_eq!(session.hello.held, [HeldAttempt { attempt: attempt(1), finished: false }]);
    session.greet(adopt).await;
    assert_eq!(session.permit_request().await, (adopted(1), registry.host()), "asked for anew, under the new token");
    session.permit(adopted(1), &registry.host(), 60_000).await;
    let delivered = session.outcome().await;
    assert_eq!(delivered.attempt, adopted(1));
    assert_eq!(delivered.facts().documents.len(), 2);
    assert_eq!(registry.asked().len(), 2);
}

#[tokio::test]
async fn a_running_attempt_that_another_worker_has_is_stopped() {
    let registry = registry().await;
    let (mut stage, mut session) = Stage::start().await;
    session.assign(assignment(1, "pkg:pypi/abc", &registry.base_url())).await;
    session.permit_request().await;
    drop(session);
    let session = stage.scheduler.accept().await;
    session.greet(|_| ClaimVerdict::Abandoned).await;
    drop(session);
    assert!(stage.scheduler.accept().await.hello.held.is_empty());
    assert_eq!(registry.asked().len(), 1);
}

#[tokio::test]
async fn many_outcomes_survive_together() {
    let registry = registry().await;
    let (mut stage, mut session) = Stage::start().await;
    for task in 1..=30 {
        session.assign(assignment(task, "pkg:cargo/abc", &registry.base_url())).await;
    }
    for _ in 1..=30 {
        session.outcome().await.facts();
    }
    session.acknowledge(attempt(7)).await;
    session.heartbeat(|heartbeat| heartbeat.unacknowledged == 29).await;
    drop(session);
    stage.restart().await;
    let mut session = stage.scheduler.accept().await;
    if session.hello.held.is_empty() {
        session = stage.scheduler.accept().await;
    }
    let held: Vec<u64> = session.hello.held.iter().map(|held| held.attempt.task.0).collect();
    let expected: Vec<u64> = (1..=30).filter(|task| *task != 7).collect();
    assert_eq!(held, expected);
    session.greet(|attempt| ClaimVerdict::Adopted(Token { epoch: 2, ..attempt.token })).await;
    let mut delivered: Vec<u64> = Vec::new();
    for _ in 0..29 {
        delivered.push(session.outcome().await.attempt.task.0);
    }
    delivered.sort_unstable();
    assert_eq!(delivered, expected);
}
