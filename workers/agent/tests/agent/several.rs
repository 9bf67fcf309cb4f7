//! Messages that say several things, between a new worker and schedulers that know such messages and that do not.

use std::collections::BTreeSet;

use gleaner_model::Outcome;

use crate::documents::pypi;
use crate::harness::Stage;
use crate::registry::{Answer, Registry};
use crate::scheduler::{assignment, attempt};

/// More than leave to answer, and more than fit into one message.
const MANY: u64 = 600;

async fn registry() -> Registry {
    Registry::start(|_, _| Answer::ok(pypi(1))).await
}

/// Whatever is beyond the slots is handed back, each once, however it was said.
async fn hands_back(takes_several: bool) {
    let registry = registry().await;
    let (mut stage, first) = Stage::start_with(|options| gleaner_agent::Options { slots: 1, ..options }).await;
    drop(first);
    let mut session = stage.scheduler.accept().await;
    assert!(session.hello.takes_several);
    session.takes_several = takes_several;
    session.greet(|_| gleaner_proto::convert::ClaimVerdict::Closed).await;
    session.assign(assignment(1, "pkg:pypi/abc", &registry.base_url())).await;
    session.permit_request().await;

    let many = (2..2 + MANY).map(|task| assignment(task, "pkg:cargo/abc", &registry.base_url()));
    session.assign_together(many.collect()).await;
    let mut handed_back = BTreeSet::new();
    for _ in 0..MANY {
        let delivered = session.outcome().await;
        assert_eq!(delivered.outcome, Outcome::HandedBack);
        assert!(handed_back.insert(delivered.attempt), "twice");
    }
    assert_eq!(handed_back, (2..2 + MANY).map(attempt).collect());
}

#[tokio::test]
async fn a_scheduler_of_before_is_told_one_outcome_at_a_time() {
    hands_back(false).await;
}

#[tokio::test]
async fn each_thing_of_a_message_is_heard_however_many_there_are() {
    hands_back(true).await;
}

#[tokio::test]
async fn several_outcomes_are_forgotten_by_one_message() {
    let registry = registry().await;
    let (_stage, mut session) = Stage::start().await;
    let both =
        [assignment(1, "pkg:cargo/abc", &registry.base_url()), assignment(2, "pkg:cargo/abc", &registry.base_url())];
    session.assign_together(both.into()).await;
    for _ in 0..2 {
        session.outcome().await;
    }
    session.heartbeat(|heartbeat| heartbeat.unacknowledged == 2).await;
    session.acknowledge_together(&[attempt(1), attempt(2)]).await;
    session.heartbeat(|heartbeat| heartbeat.unacknowledged == 0).await;
}
