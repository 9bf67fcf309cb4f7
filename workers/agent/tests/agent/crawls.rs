//! Crawls that go well, in each of the three protocols.

use gleaner_model::{CrawlPart, Dependencies, Outcome, Validators};

use crate::documents::{CARGO, NPM, metadata, metadata_path, pypi};
use crate::harness::{NOW, Stage};
use crate::registry::{Answer, Asked, Registry};
use crate::scheduler::{Session, assignment, attempt};

/// The numbers of the versions whose dependencies are known.
fn fetched(facts: &gleaner_model::CrawlFacts) -> Vec<&str> {
    let known = facts.package.versions.iter().filter(|version| version.dependencies.fetched().is_some());
    known.map(|version| version.number.as_str()).collect()
}

fn in_budget(session: &Session, registry: &Registry) {
    assert_eq!(registry.asked().len(), session.granted, "every request had its permit, and every permit its request");
}

#[tokio::test]
async fn a_crate() {
    let answer = Answer::ok(CARGO).with("etag", "\"v1\"").with("last-modified", "Sun, 06 Nov 1994 08:49:37 GMT");
    let registry = Registry::with(vec![("/3/a/abc", answer)]).await;
    let (_stage, mut session) = Stage::start().await;
    session.assign(assignment(1, "pkg:cargo/abc", &registry.base_url())).await;
    let delivered = session.outcome().await;

    assert_eq!(delivered.attempt, attempt(1));
    let facts = delivered.facts();
    assert_eq!(facts.fetched_at, NOW);
    assert_eq!(facts.validators.etag.as_deref(), Some("\"v1\""));
    assert_eq!(facts.validators.last_modified.as_deref(), Some("Sun, 06 Nov 1994 08:49:37 GMT"));
    assert_eq!(fetched(facts), ["1.0.0", "1.1.0"]);
    assert_eq!(facts.package.latest.as_deref(), Some("1.0.0"));
    assert_eq!(facts.documents.len(), 1);
    assert_eq!(facts.documents[0].url, registry.url("/3/a/abc"));
    assert_eq!(delivered.documents[&facts.documents[0].hash], CARGO.as_bytes());
    let asked = &registry.asked()[0];
    assert_eq!(asked.header("user-agent"), Some("gleaner-test (contact@registry.invalid)"));
    assert!(asked.header("accept-encoding").is_some_and(|encodings| encodings.contains("gzip")));
    assert_eq!(asked.header("if-none-match"), None);
    assert_eq!(asked.header("traceparent"), None);
    in_budget(&session, &registry);
}

#[tokio::test]
async fn a_packument_compressed_on_the_way() {
    let packed = zstd::bulk::compress(NPM.as_bytes(), 3).unwrap();
    let registry = Registry::with(vec![("/abc", Answer::ok(packed).with("content-encoding", "zstd"))]).await;
    let (_stage, mut session) = Stage::start().await;
    session.assign(assignment(1, "pkg:npm/abc", &registry.base_url())).await;
    let delivered = session.outcome().await;
    let facts = delivered.facts();
    assert_eq!(facts.package.versions.len(), 1);
    assert_eq!(delivered.documents[&facts.documents[0].hash], NPM.as_bytes(), "kept as it is after decompression");
    in_budget(&session, &registry);
}

#[tokio::test]
async fn a_document_of_many_pieces() {
    // Noise in a field that nobody reads, so that it does not compress away.
    let mut noise = String::new();
    let mut state = 1_u64;
    while noise.len() < 2 << 20 {
        state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1);
        noise.push_str(&format!("{state:016x}"));
    }
    let document = NPM.replacen('{', &format!("{{\"noise\": \"{noise}\","), 1);
    let registry = Registry::with(vec![("/abc", Answer::ok(document.clone()).chunked())]).await;
    let (_stage, mut session) = Stage::start().await;
    session.assign(assignment(1, "pkg:npm/abc", &registry.base_url())).await;
    let delivered = session.outcome().await;
    assert_eq!(delivered.documents[&delivered.facts().documents[0].hash], document.as_bytes());
}

#[tokio::test]
async fn more_large_documents_than_are_held_at_once() {
    let document = format!("{NPM}{}", " ".repeat(9 << 20));
    let registry = Registry::start(move |_, _| Answer::ok(document.clone())).await;
    let (_stage, mut session) = Stage::start().await;
    for task in 1..=5 {
        session.assign(assignment(task, "pkg:npm/abc", &registry.base_url())).await;
    }
    for _ in 1..=5 {
        assert_eq!(session.outcome().await.facts().documents[0].length, NPM.len() as u64 + (9 << 20));
    }
}

/// A registry with a project of `versions` versions and all their metadata.
async fn pypi_registry(versions: usize) -> Registry {
    Registry::start(move |asked: &Asked, _| {
        if asked.path == "/abc/" {
            return Answer::ok(pypi(versions)).with("etag", "\"page\"");
        }
        let minor = (0..versions).find(|minor| metadata_path(*minor) == asked.path);
        minor.map_or(Answer::status(404), |minor| Answer::ok(metadata(minor)))
    })
    .await
}

#[tokio::test]
async fn a_project_with_the_metadata_of_its_newest_versions() {
    let registry = pypi_registry(5).await;
    let (_stage, mut session) = Stage::start_with(|options| gleaner_agent::Options { newest: 2, ..options }).await;
    session.assign(assignment(1, "pkg:pypi/abc", &registry.base_url())).await;
    let delivered = session.grant_until_outcome().await;
    let facts = delivered.facts();
    assert_eq!(fetched(facts), ["1.3", "1.4"]);
    assert_eq!(facts.package.version("1.0").unwrap().dependencies, Dependencies::Pending);
    let urls: Vec<&str> = facts.documents.iter().map(|document| document.url.as_str()).collect();
    assert_eq!(urls, [registry.url("/abc/"), registry.url(&metadata_path(4)), registry.url(&metadata_path(3))]);
    assert_eq!(delivered.documents[&facts.documents[1].hash], metadata(4).as_bytes());
    in_budget(&session, &registry);
}

#[tokio::test]
async fn the_older_part_takes_the_document_that_was_kept() {
    let registry = pypi_registry(3).await;
    let (mut stage, mut session) = Stage::start_with(|options| gleaner_agent::Options { newest: 1, ..options }).await;
    session.assign(assignment(1, "pkg:pypi/abc", &registry.base_url())).await;
    let first = session.grant_until_outcome().await;
    let accepted = first.facts().documents[0].clone();
    session.acknowledge(first.attempt).await;
    // The document survives the worker.
    drop(session);
    stage.restart().await;
    let mut session = stage.scheduler.welcome().await;
    let before = registry.asked().len();

    let mut older = assignment(2, "pkg:pypi/abc", &registry.base_url());
    older.part = CrawlPart::Older;
    older.validators = first.facts().validators.clone();
    older.document = Some(accepted.clone());
    older.settled = vec!["1.2".to_owned()];
    session.assign(older).await;
    let second = session.grant_until_outcome().await;
    assert_eq!(fetched(second.facts()), ["1.0", "1.1"]);
    assert_eq!(second.facts().documents[0], accepted);
    assert_eq!(second.facts().validators, first.facts().validators);
    assert_eq!(second.documents[&accepted.hash], pypi(3).as_bytes());
    let mut asked: Vec<String> = registry.paths().split_off(before);
    asked.sort();
    assert_eq!(asked, [metadata_path(0), metadata_path(1)], "the page was not asked for again");
    assert_eq!(session.granted, asked.len(), "the assignment's permit served one of them");
}

#[tokio::test]
async fn the_older_part_without_a_copy_fetches_without_conditions() {
    let registry = pypi_registry(2).await;
    let (_stage, mut session) = Stage::start().await;
    let mut older = assignment(1, "pkg:pypi/abc", &registry.base_url());
    older.part = CrawlPart::Older;
    older.validators = Validators { etag: Some("\"page\"".into()), last_modified: None };
    session.assign(older).await;
    let delivered = session.grant_until_outcome().await;
    assert_eq!(registry.asked()[0].path, "/abc/");
    assert_eq!(registry.asked()[0].header("if-none-match"), None);
    assert!(!delivered.facts().documents.is_empty());
}

#[tokio::test]
async fn an_unchanged_document() {
    let registry = Registry::start(|asked, _| match asked.header("if-none-match") {
        Some("W/\"v1\"") => Answer::status(304),
        _ => Answer::ok(CARGO),
    })
    .await;
    let (_stage, mut session) = Stage::start().await;
    let mut conditional = assignment(1, "pkg:cargo/abc", &registry.base_url());
    let date = "Sun, 06 Nov 1994 08:49:37 GMT";
    conditional.validators = Validators { etag: Some("W/\"v1\"".into()), last_modified: Some(date.into()) };
    session.assign(conditional).await;
    assert_eq!(session.outcome().await.outcome, Outcome::NotModified { at: NOW });
    assert_eq!(registry.asked()[0].header("if-modified-since"), Some(date));
}

#[tokio::test]
async fn missing_and_removed_packages() {
    let registry = Registry::with(vec![("/gone", Answer::status(410))]).await;
    let (_stage, mut session) = Stage::start().await;
    session.assign(assignment(1, "pkg:npm/missing", &registry.base_url())).await;
    assert_eq!(session.outcome().await.outcome, Outcome::NotFound { at: NOW });
    session.assign(assignment(2, "pkg:npm/gone", &registry.base_url())).await;
    assert_eq!(session.outcome().await.outcome, Outcome::Gone { at: NOW });
}

#[tokio::test]
async fn redirects_are_followed_each_with_its_permit() {
    let elsewhere = Registry::with(vec![("/moved/abc", Answer::ok(CARGO))]).await;
    let target = elsewhere.url("/moved/abc");
    let registry = Registry::start(move |asked, _| match asked.path.as_str() {
        "/3/a/abc" => Answer::status(301).with("location", "/next"),
        _ => Answer::status(307).with("location", target.clone()),
    })
    .await;
    let (_stage, mut session) = Stage::start().await;
    session.assign(assignment(1, "pkg:cargo/abc", &registry.base_url())).await;
    assert_eq!(session.permit_request().await, (attempt(1), registry.host()));
    assert_eq!(registry.paths(), ["/3/a/abc"], "nothing is asked before the permit");
    session.permit(attempt(1), &registry.host(), 60_000).await;
    assert_eq!(session.permit_request().await, (attempt(1), elsewhere.host()));
    session.permit(attempt(1), &elsewhere.host(), 60_000).await;
    let delivered = session.outcome().await;
    assert_eq!(delivered.facts().documents[0].url, registry.url("/3/a/abc"), "named as it was asked for");
    assert_eq!(registry.asked().len() + elsewhere.asked().len(), session.granted);
}
