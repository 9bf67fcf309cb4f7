//! No request without a permit, whatever comes between.

use gleaner_agent::{EgressLimit, Options};
use gleaner_model::{Dependencies, FaultKind, Outcome};
use gleaner_proto::v1;

use crate::documents::{CARGO, metadata, metadata_path, pypi};
use crate::harness::Stage;
use crate::registry::{Answer, Registry};
use crate::scheduler::{assignment, attempt};

#[tokio::test]
async fn a_permit_that_lapsed_is_asked_for_anew() {
    let registry = Registry::with(vec![("/3/a/abc", Answer::ok(CARGO))]).await;
    let (_stage, mut session) = Stage::start().await;
    let mut late = assignment(1, "pkg:cargo/abc", &registry.base_url());
    // Void as it arrives.
    late.permit.use_within_ms = 0;
    session.assign(late).await;
    assert_eq!(session.permit_request().await, (attempt(1), registry.host()));
    session.permit(attempt(1), &registry.host(), 0).await;
    assert_eq!(session.permit_request().await, (attempt(1), registry.host()));
    assert!(registry.asked().is_empty(), "neither was good for a request");
    session.permit(attempt(1), &registry.host(), 60_000).await;
    session.outcome().await.facts();
    assert_eq!(registry.asked().len(), 1);
}

#[tokio::test]
async fn permits_for_another_host_or_attempt_do_not_count() {
    let registry = Registry::with(vec![("/3/a/abc", Answer::ok(CARGO))]).await;
    let (_stage, mut session) = Stage::start().await;
    let mut late = assignment(1, "pkg:cargo/abc", &registry.base_url());
    late.permit.use_within_ms = 0;
    session.assign(late).await;
    session.permit_request().await;
    session.permit(attempt(1), "mirror.example", 60_000).await;
    session.permit(attempt(9), &registry.host(), 60_000).await;
    // Suspending and going on is answered after both were handled, and has the permit asked for anew.
    session.suspend(attempt(1)).await;
    session.suspended().await;
    session.resume(attempt(1)).await;
    session.permit_request().await;
    assert!(registry.asked().is_empty());
    session.permit(attempt(1), &registry.host(), 60_000).await;
    session.outcome().await.facts();
}

#[tokio::test]
async fn without_any_permit_an_untouched_attempt_is_given_back() {
    let registry = Registry::with(vec![]).await;
    let (_stage, mut session) = Stage::start_with(|options| Options { permit_wait_max_ms: 50, ..options }).await;
    let mut late = assignment(1, "pkg:cargo/abc", &registry.base_url());
    late.permit.use_within_ms = 0;
    session.assign(late).await;
    session.permit_request().await;
    assert_eq!(session.outcome().await.outcome, Outcome::HandedBack);
    assert!(registry.asked().is_empty());
}

#[tokio::test]
async fn the_end_of_a_request_is_told_with_the_next_one() {
    let answers = vec![("/abc", Answer::status(302).with("location", "/there")), ("/there", Answer::status(404))];
    let registry = Registry::with(answers).await;
    let (_stage, mut session) = Stage::start().await;
    assert!(session.hello.tells_ends);
    session.assign(assignment(1, "pkg:npm/abc", &registry.base_url())).await;
    session.permit_request().await;
    assert_eq!(session.ended, [v1::EndedRequests { host: registry.host(), requests: 1, well: 1 }]);
    session.permit(attempt(1), &registry.host(), 60_000).await;
    assert!(matches!(session.outcome().await.outcome, Outcome::NotFound { .. }));
    assert_eq!(session.ended.len(), 1, "the outcome says it of the rest");
}

#[tokio::test]
async fn without_a_permit_for_a_redirect_the_attempt_fails() {
    let registry = Registry::with(vec![("/abc", Answer::status(302).with("location", "/there"))]).await;
    let (_stage, mut session) = Stage::start_with(|options| Options { permit_wait_max_ms: 50, ..options }).await;
    session.assign(assignment(1, "pkg:npm/abc", &registry.base_url())).await;
    session.permit_request().await;
    let delivered = session.outcome().await;
    assert_eq!(delivered.fault().kind, FaultKind::Throttled);
    assert!(delivered.fault().detail.contains(&registry.host()));
}

#[tokio::test]
async fn at_most_four_requests_of_an_attempt_wait_at_a_time() {
    let registry = Registry::start(|asked, _| match asked.path.as_str() {
        "/abc/" => Answer::ok(pypi(6)),
        _ => Answer::ok(metadata(0)),
    })
    .await;
    let (_stage, mut session) = Stage::start().await;
    session.assign(assignment(1, "pkg:pypi/abc", &registry.base_url())).await;
    for _ in 0..4 {
        session.permit_request().await;
    }
    // The answer to the suspension is the next message: no fifth request was waiting to be sent.
    session.suspend(attempt(1)).await;
    session.suspended().await;
}

/// The state of each version's dependencies in a crawl of a project with four versions, whose metadata is answered by
/// `answer`, given the version's minor number and how many requests came before.
async fn dependencies_with(
    answer: impl Fn(usize, usize) -> Answer + Send + Sync + 'static,
) -> (Vec<&'static str>, Registry) {
    let registry = Registry::start(move |asked, before| {
        let minor = (0..4).find(|minor| metadata_path(*minor) == asked.path);
        minor.map_or_else(|| Answer::ok(pypi(4)), |minor| answer(minor, before))
    })
    .await;
    let one_by_one = |options| Options { requests_max: 1, permit_wait_max_ms: 10_000, ..options };
    let (_stage, mut session) = Stage::start_with(one_by_one).await;
    session.assign(assignment(1, "pkg:pypi/abc", &registry.base_url())).await;
    let delivered = session.grant_until_outcome().await;
    assert_eq!(registry.asked().len(), session.granted);
    let states = delivered.facts().package.versions.iter().map(|version| match version.dependencies {
        Dependencies::Fetched(_) => "fetched",
        Dependencies::Pending => "pending",
        Dependencies::NotFound => "not found",
        Dependencies::Malformed => "malformed",
        Dependencies::NotFetched => "not fetched",
    });
    (states.collect(), registry)
}

#[tokio::test]
async fn a_throttled_further_document_is_asked_for_again() {
    let (states, registry) = dependencies_with(|minor, before| match before {
        1 => Answer::status(429).with("retry-after", "0"),
        _ => Answer::ok(metadata(minor)),
    })
    .await;
    assert_eq!(states, ["fetched"; 4]);
    assert_eq!(registry.asked().len(), 6, "a page, four documents, and one of them twice");
}

#[tokio::test]
async fn a_missing_or_wrong_further_document_is_settled() {
    let (states, _) = dependencies_with(|minor, _| match minor {
        1 => Answer::status(404),
        2 => Answer::ok(metadata(2)).with("content-encoding", "gzip"),
        _ => Answer::ok(metadata(minor)),
    })
    .await;
    assert_eq!(states, ["fetched", "not found", "malformed", "fetched"]);
}

#[tokio::test]
async fn what_cannot_be_got_stays_pending_and_the_rest_is_reported() {
    let (states, _) = dependencies_with(|minor, _| match minor {
        2 => Answer::status(500),
        _ => Answer::ok(metadata(minor)),
    })
    .await;
    assert_eq!(states, ["fetched", "fetched", "pending", "fetched"]);
    let (states, registry) = dependencies_with(|_, _| Answer::status(500)).await;
    assert_eq!(states, ["pending"; 4]);
    assert_eq!(registry.asked().len(), 4, "after three failures nothing more is asked");
}

#[tokio::test]
async fn a_scheduler_that_gives_no_permit_for_more_gets_what_there_is() {
    let registry = Registry::with(vec![("/abc/", Answer::ok(pypi(2)))]).await;
    let (_stage, mut session) = Stage::start_with(|options| Options { permit_wait_max_ms: 50, ..options }).await;
    session.assign(assignment(1, "pkg:pypi/abc", &registry.base_url())).await;
    session.permit_request().await;
    session.permit_request().await;
    let delivered = session.outcome().await;
    let versions = &delivered.facts().package.versions;
    assert!(versions.iter().all(|version| version.dependencies == Dependencies::Pending));
    assert_eq!(registry.asked().len(), 1);
}

#[tokio::test]
async fn the_workers_own_limit_holds_whatever_the_scheduler_permits() {
    let registry = Registry::with(vec![("/3/a/abc", Answer::ok(CARGO))]).await;
    let number = |number| std::num::NonZeroU32::new(number).unwrap();
    let egress = Some(EgressLimit { per_second: number(10), burst: number(1) });
    let (_stage, mut session) = Stage::start_with(|options| Options { egress, ..options }).await;
    let begun = std::time::Instant::now();
    for task in 1..=4 {
        session.assign(assignment(task, "pkg:cargo/abc", &registry.base_url())).await;
        session.outcome().await.facts();
    }
    // One at once, and three that come 100 ms apart; how much longer it took is the machine's affair.
    assert!(begun.elapsed() >= std::time::Duration::from_millis(299));
}
