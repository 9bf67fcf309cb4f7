//! What a scheduler tells a worker to do, it does.

use gleaner_agent::{Agent, AgentError, Options};
use gleaner_model::{FaultKind, Outcome};
use gleaner_proto::v1;
use gleaner_proto::v1::session_response::Message as ToWorker;

use crate::documents::{CARGO, metadata, pypi};
use crate::harness::{Stage, options};
use crate::registry::{Answer, Registry};
use crate::scheduler::{Scheduler, assignment, attempt, soon};

async fn registry() -> Registry {
    Registry::start(|asked, _| match asked.path.as_str() {
        "/abc/" => Answer::ok(pypi(1)),
        "/3/a/abc" => Answer::ok(CARGO),
        _ => Answer::ok(metadata(0)),
    })
    .await
}

fn one_slot(options: Options) -> Options {
    Options { slots: 1, ..options }
}

#[tokio::test]
async fn the_hello_says_who_it_is() {
    let named = |options| Options { name: Some("alpha".parse().unwrap()), slots: 3, ..options };
    let (stage, session) = Stage::start_with(named).await;
    assert_eq!(session.hello.worker.as_str(), "alpha");
    assert_eq!(stage.agent.name().as_str(), "alpha");
    assert_eq!(session.hello.slots, 3);
    assert_eq!(session.hello.capabilities.len(), 6);
    assert!(session.hello.held.is_empty());
}

#[tokio::test]
async fn an_assignment_beyond_the_slots_is_handed_back() {
    let registry = registry().await;
    let (_stage, mut session) = Stage::start_with(one_slot).await;
    session.assign(assignment(1, "pkg:pypi/abc", &registry.base_url())).await;
    session.permit_request().await;
    session.assign(assignment(2, "pkg:cargo/abc", &registry.base_url())).await;
    let delivered = session.outcome().await;
    assert_eq!((delivered.attempt, delivered.outcome), (attempt(2), Outcome::HandedBack));
    session.permit(attempt(1), &registry.host(), 60_000).await;
    assert_eq!(session.outcome().await.attempt, attempt(1));
}

#[tokio::test]
async fn a_suspended_attempt_frees_its_slot_and_asks_nothing_until_it_goes_on() {
    let registry = registry().await;
    let (_stage, mut session) = Stage::start_with(one_slot).await;
    session.assign(assignment(1, "pkg:pypi/abc", &registry.base_url())).await;
    session.permit_request().await;
    session.suspend(attempt(1)).await;
    assert_eq!(session.suspended().await, attempt(1));
    // A permit that was on its way is not used.
    session.permit(attempt(1), &registry.host(), 60_000).await;
    session.assign(assignment(2, "pkg:cargo/abc", &registry.base_url())).await;
    assert_eq!(session.outcome().await.attempt, attempt(2), "the slot was free");
    assert_eq!(registry.paths(), ["/abc/", "/3/a/abc"]);
    session.heartbeat(|heartbeat| heartbeat.suspended == 1 && heartbeat.running == 0).await;

    session.resume(attempt(1)).await;
    assert_eq!(session.permit_request().await.0, attempt(1), "the permit is asked for anew");
    session.permit(attempt(1), &registry.host(), 60_000).await;
    let delivered = session.outcome().await;
    assert_eq!(delivered.attempt, attempt(1));
    assert_eq!(delivered.facts().documents.len(), 2);
    assert_eq!(registry.asked().len(), 3);
}

#[tokio::test]
async fn a_cancelled_attempt_is_gone_with_its_slot() {
    let registry = registry().await;
    let (stage, mut session) = Stage::start_with(one_slot).await;
    session.assign(assignment(1, "pkg:pypi/abc", &registry.base_url())).await;
    session.permit_request().await;
    session.cancel(attempt(1)).await;
    session.assign(assignment(2, "pkg:cargo/abc", &registry.base_url())).await;
    assert_eq!(session.outcome().await.attempt, attempt(2));
    session.acknowledge(attempt(2)).await;
    // Nothing is left to wait for: what was cancelled has no outcome.
    stage.agent.drain();
    soon(stage.agent.wait()).await.unwrap();
    assert!(soon(session.try_hear()).await.is_none());
}

#[tokio::test]
async fn a_drain_by_the_scheduler_finishes_what_runs_and_takes_nothing_new() {
    let registry = registry().await;
    let (stage, mut session) = Stage::start().await;
    session.assign(assignment(1, "pkg:pypi/abc", &registry.base_url())).await;
    session.permit_request().await;
    session.say(ToWorker::Drain(v1::Drain { stay: false })).await;
    session.assign(assignment(2, "pkg:cargo/abc", &registry.base_url())).await;
    let refused = session.outcome().await;
    assert_eq!((refused.attempt, refused.outcome), (attempt(2), Outcome::HandedBack));
    session.permit(attempt(1), &registry.host(), 60_000).await;
    assert_eq!(session.outcome().await.attempt, attempt(1));
    session.acknowledge(attempt(1)).await;
    soon(stage.agent.wait()).await.unwrap();
}

#[tokio::test]
async fn drained_by_an_operator_it_stays_until_its_owner_ends_it() {
    let registry = registry().await;
    let (stage, mut session) = Stage::start().await;
    session.assign(assignment(1, "pkg:cargo/abc", &registry.base_url())).await;
    session.say(ToWorker::Drain(v1::Drain { stay: true })).await;
    assert_eq!(session.outcome().await.attempt, attempt(1));
    session.acknowledge(attempt(1)).await;
    session.heartbeat(|heartbeat| heartbeat.draining && heartbeat.running + heartbeat.unacknowledged == 0).await;
    session.assign(assignment(2, "pkg:cargo/abc", &registry.base_url())).await;
    assert_eq!(session.outcome().await.outcome, Outcome::HandedBack);
    stage.agent.drain();
    soon(stage.agent.wait()).await.unwrap();
}

#[tokio::test]
async fn a_drain_by_the_owner_gives_back_what_has_not_begun() {
    let registry = registry().await;
    let (stage, mut session) = Stage::start().await;
    session.assign(assignment(1, "pkg:pypi/abc", &registry.base_url())).await;
    session.permit_request().await;
    let mut untouched = assignment(2, "pkg:cargo/abc", &registry.base_url());
    untouched.permit.use_within_ms = 0;
    session.assign(untouched).await;
    assert_eq!(session.permit_request().await.0, attempt(2));
    stage.agent.drain();
    let back = session.outcome().await;
    assert_eq!((back.attempt, back.outcome), (attempt(2), Outcome::HandedBack));
    session.permit(attempt(1), &registry.host(), 60_000).await;
    session.outcome().await.facts();
    session.acknowledge(attempt(1)).await;
    soon(stage.agent.wait()).await.unwrap();
}

#[tokio::test]
async fn a_drain_gives_back_what_is_suspended() {
    let registry = registry().await;
    let (stage, mut session) = Stage::start().await;
    session.assign(assignment(1, "pkg:pypi/abc", &registry.base_url())).await;
    session.permit_request().await;
    session.suspend(attempt(1)).await;
    session.suspended().await;
    session.say(ToWorker::Drain(v1::Drain { stay: false })).await;
    let back = session.outcome().await;
    assert_eq!((back.attempt, back.outcome), (attempt(1), Outcome::HandedBack));
    soon(stage.agent.wait()).await.unwrap();
}

#[tokio::test]
async fn a_worker_that_is_refused_at_first_says_why() {
    let directory = tempfile::tempdir().unwrap();
    let mut scheduler = Scheduler::start().await;
    let agent = Agent::start(options(&directory), scheduler.channel()).await.unwrap();
    scheduler.refuse(tonic::Status::permission_denied("no such certificate")).await;
    let error = soon(agent.wait()).await.unwrap_err();
    assert_eq!(error, AgentError::Refused("no such certificate".into()));
}

#[tokio::test]
async fn options_that_cannot_be_are_named() {
    let directory = tempfile::tempdir().unwrap();
    let scheduler = Scheduler::start().await;
    for (wrong, name) in [
        (Options { slots: 0, ..options(&directory) }, "slots"),
        (Options { capabilities: Vec::new(), ..options(&directory) }, "capabilities"),
        (Options { user_agent: "line\nbreak".into(), ..options(&directory) }, "user_agent"),
    ] {
        match Agent::start(wrong, scheduler.channel()).await {
            Err(AgentError::Option { option, .. }) => assert_eq!(option, name),
            other => panic!("{name}: {other:?}"),
        }
    }
}

#[tokio::test]
async fn two_agents_cannot_share_a_directory() {
    let (stage, _session) = Stage::start().await;
    let error = Agent::start(options(&stage.directory), stage.scheduler.channel()).await.unwrap_err();
    assert!(matches!(error, AgentError::InUse { .. }), "{error}");
}

#[tokio::test]
async fn work_that_it_cannot_understand_fails_clearly() {
    let registry = registry().await;
    let (_stage, mut session) = Stage::start().await;
    let unheard: v1::Assign = assignment(2, "pkg:cargo/abc", &registry.base_url()).into();
    session.say(ToWorker::Assign(v1::Assign { purl: "pkg:unheard/of".into(), ..unheard })).await;
    let delivered = session.outcome().await;
    assert_eq!(delivered.attempt, attempt(2));
    assert_eq!(delivered.fault().kind, FaultKind::Unimplemented);
    assert!(delivered.fault().detail.contains("unheard"));
    assert!(registry.asked().is_empty());
}
