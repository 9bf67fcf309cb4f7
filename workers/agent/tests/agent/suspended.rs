//! Attempts that give their slot to more urgent work: what they were receiving drains, nothing is fetched twice, and what
//! they have goes on elsewhere.

use gleaner_agent::Options;
use gleaner_model::{Attempt, CrawlFacts, Outcome};
use gleaner_proto::v1;

use crate::documents::{CARGO, metadata, metadata_path, pypi};
use crate::harness::Stage;
use crate::registry::{Answer, Asked, Registry};
use crate::scheduler::{Session, assignment, attempt, soon};

fn one_slot(options: Options) -> Options {
    Options { slots: 1, ..options }
}

fn one_by_one(options: Options) -> Options {
    Options { slots: 1, requests_max: 1, ..options }
}

/// A project of so many versions with all their metadata, whose page says when it is the same still; and a crate whose
/// index file drips.
async fn registry(versions: usize) -> Registry {
    Registry::start(move |asked: &Asked, _| match asked.path.as_str() {
        "/abc/" if asked.header("if-none-match") == Some("\"page\"") => Answer::status(304),
        "/abc/" => Answer::ok(pypi(versions)).with("etag", "\"page\""),
        "/3/a/abc" => Answer::ok(CARGO).dripping(100),
        path => {
            let minor = (0..versions).find(|minor| metadata_path(*minor) == path);
            minor.map_or(Answer::status(404), |minor| Answer::ok(metadata(minor)))
        }
    })
    .await
}

fn fetched(facts: &CrawlFacts) -> usize {
    facts.package.versions.iter().filter(|version| version.dependencies.fetched().is_some()).count()
}

/// Grants what is asked for, as long as it is the attempt at task 1, until so many requests were made.
async fn grant(session: &mut Session, registry: &Registry, requests: usize) {
    while registry.asked().len() < requests {
        assert_eq!(session.permit_request().await.0, attempt(1));
        let before = registry.asked().len();
        session.permit(attempt(1), &registry.host(), 60_000).await;
        registry.until_asked(before + 1).await;
    }
}

#[tokio::test]
async fn a_suspended_download_drains_outside_the_slots_and_is_not_asked_for_again() {
    let registry = registry(1).await;
    let (_stage, mut session) = Stage::start_with(one_slot).await;
    session.assign(assignment(1, "pkg:cargo/abc", &registry.base_url())).await;
    registry.until_asked(1).await;
    registry.tap.drip(1);
    session.suspend(attempt(1)).await;
    assert_eq!(session.suspended().await, attempt(1));
    // Its slot takes other work from start to end while it waits.
    session.assign(assignment(2, "pkg:pypi/abc", &registry.base_url())).await;
    let other = session.grant_until_outcome().await;
    assert_eq!((other.attempt, fetched(other.facts())), (attempt(2), 1));
    session.heartbeat(|heartbeat| heartbeat.suspended == 1).await;
    // What it was receiving comes to its end though nobody resumed it: it asks nothing, so it may.
    registry.tap.drip(100);
    let drained = session.outcome().await;
    assert_eq!((drained.attempt, drained.facts().package.versions.len()), (attempt(1), 2));
    let ended = v1::EndedRequests { host: registry.host(), requests: 1, well: 1 };
    assert!(session.ended.contains(&ended), "it says so by itself: {:?}", session.ended);
    assert_eq!(registry.paths().iter().filter(|path| *path == "/3/a/abc").count(), 1);
}

#[tokio::test]
async fn beyond_the_byte_cap_a_request_is_cut_off_and_made_again_when_it_goes_on() {
    let registry = registry(1).await;
    let tight = |options| Options { slots: 1, drain_max_bytes: 150, ..options };
    let (_stage, mut session) = Stage::start_with(tight).await;
    session.assign(assignment(1, "pkg:cargo/abc", &registry.base_url())).await;
    registry.until_asked(1).await;
    session.suspend(attempt(1)).await;
    session.suspended().await;
    registry.tap.drip(2);
    registry.until_cut_off(1).await;
    assert_eq!(registry.asked().len(), 1, "nothing is asked while it waits");
    session.resume(attempt(1)).await;
    assert_eq!(session.permit_request().await, (attempt(1), registry.host()));
    session.permit(attempt(1), &registry.host(), 60_000).await;
    registry.tap.drip(100);
    assert_eq!(session.outcome().await.facts().package.versions.len(), 2);
    assert_eq!(registry.paths(), ["/3/a/abc", "/3/a/abc"]);
}

#[tokio::test]
async fn what_was_fetched_before_a_suspension_is_not_fetched_after_it() {
    let registry = registry(6).await;
    let (_stage, mut session) = Stage::start_with(one_by_one).await;
    session.assign(assignment(1, "pkg:pypi/abc", &registry.base_url())).await;
    grant(&mut session, &registry, 4).await;
    session.permit_request().await;
    session.suspend(attempt(1)).await;
    let (_, checkpoint) = session.suspension().await;
    assert!((1..=65_536).contains(&checkpoint.len()), "{} bytes", checkpoint.len());
    session.resume(attempt(1)).await;
    let delivered = session.grant_until_outcome().await;
    assert_eq!(fetched(delivered.facts()), 6);
    let mut paths = registry.paths();
    paths.sort();
    paths.dedup();
    assert_eq!((registry.asked().len(), paths.len()), (7, 7), "a page and six documents, each once");
}

#[tokio::test]
async fn another_worker_goes_on_from_the_checkpoint() {
    let registry = registry(6).await;
    let (stage, mut session) = Stage::start_with(one_by_one).await;
    session.assign(assignment(1, "pkg:pypi/abc", &registry.base_url())).await;
    grant(&mut session, &registry, 4).await;
    session.permit_request().await;
    session.suspend(attempt(1)).await;
    let (_, checkpoint) = session.suspension().await;
    session.cancel(attempt(1)).await;
    stage.agent.stop();
    soon(stage.agent.wait()).await.unwrap();

    let (_other, mut session) = Stage::start_with(one_by_one).await;
    let before = registry.asked().len();
    let going_on = assignment(1, "pkg:pypi/abc", &registry.base_url());
    session.assign(gleaner_model::Assignment { attempt: attempt(1), checkpoint, ..going_on }).await;
    let delivered = session.grant_until_outcome().await;
    assert_eq!(fetched(delivered.facts()), 6);
    assert_eq!(delivered.facts().documents.len(), 7);
    assert_eq!(delivered.facts().validators.etag.as_deref(), Some("\"page\""));
    let asked = registry.asked().split_off(before);
    let paths: Vec<&str> = asked.iter().map(|asked| asked.path.as_str()).collect();
    assert_eq!(asked[0].header("if-none-match"), Some("\"page\""), "is it the same still?");
    assert_eq!(paths.len(), 4, "the page and the three that were missing: {paths:?}");
    assert_eq!(session.granted, 4, "and no permit more");
}

#[tokio::test]
async fn a_checkpoint_that_nobody_understands_is_no_harm() {
    let registry = registry(1).await;
    let (_stage, mut session) = Stage::start().await;
    let newer = assignment(1, "pkg:pypi/abc", &registry.base_url());
    session.assign(gleaner_model::Assignment { checkpoint: vec![250, 1, 2, 3], ..newer }).await;
    assert_eq!(fetched(session.grant_until_outcome().await.facts()), 1);
    assert_eq!(registry.asked()[0].header("if-none-match"), None);
}

#[tokio::test]
async fn checkpoints_are_streamed_while_an_attempt_waits_for_its_host() {
    let registry = registry(3).await;
    let (_stage, mut session) = Stage::start_with(one_by_one).await;
    session.assign(assignment(1, "pkg:pypi/abc", &registry.base_url())).await;
    grant(&mut session, &registry, 3).await;
    assert!(!session.streamed_checkpoint().await.is_empty());
}

#[tokio::test]
async fn beyond_its_own_bound_a_worker_gives_back_what_is_to_wait() {
    let registry = registry(4).await;
    let bounded = |options| Options { slots: 2, suspended_max: 1, requests_max: 1, ..options };
    let (_stage, mut session) = Stage::start_with(bounded).await;
    for task in 1..=2 {
        session.assign(assignment(task, "pkg:pypi/abc", &registry.base_url())).await;
        assert_eq!(session.permit_request().await.0, attempt(task));
    }
    session.suspend(attempt(1)).await;
    assert_eq!(session.suspended().await, attempt(1));
    session.suspend(attempt(2)).await;
    let (waits, checkpoint) = session.suspension().await;
    assert_eq!((waits, checkpoint.is_empty()), (attempt(2), false), "it leaves what it has");
    let back = session.outcome().await;
    assert_eq!((back.attempt, back.outcome), (attempt(2), Outcome::HandedBack));
    session.heartbeat(|heartbeat| heartbeat.suspended == 1 && heartbeat.running == 0).await;
}

#[tokio::test]
async fn a_suspension_that_comes_before_its_assignment_holds() {
    let registry = registry(1).await;
    let (_stage, mut session) = Stage::start_with(one_slot).await;
    session.suspend(attempt(1)).await;
    session.assign(assignment(2, "pkg:pypi/abc", &registry.base_url())).await;
    assert_eq!(session.permit_request().await.0, attempt(2));
    session.assign(assignment(1, "pkg:pypi/abc", &registry.base_url())).await;
    assert_eq!(session.suspended().await, attempt(1), "it takes no slot");
    assert_eq!(registry.asked().len(), 1);
    session.permit(attempt(2), &registry.host(), 60_000).await;
    assert_eq!(session.outcome().await.attempt, attempt(2));
    session.resume(attempt(1)).await;
    let late: Attempt = session.grant_until_outcome().await.attempt;
    assert_eq!(late, attempt(1));
}
