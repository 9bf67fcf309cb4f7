//! The server as a client sees it, over real sockets.
#![allow(clippy::unwrap_used)]

use std::path::Path;

use reqwest::header::{CONTENT_LENGTH, ETAG, IF_NONE_MATCH, RETRY_AFTER};
use reqwest::{Client, redirect};

use super::super::documents::tests::small;
use super::*;

/// The agent builds the same HTTP library without a TLS provider of its own, so one is named here; a second naming is
/// refused and changes nothing.
fn builder() -> reqwest::ClientBuilder {
    drop(rustls::crypto::ring::default_provider().install_default());
    Client::builder()
}

fn client() -> Client {
    builder().build().unwrap()
}

async fn start(options: ReplayOptions) -> Replay {
    serve(small(), options).await.unwrap()
}

#[tokio::test]
async fn serves_documents_conditionally_and_counts_them() {
    let replay = start(ReplayOptions::default()).await;
    let client = client();
    let url = format!("{}se/rd/serde", replay.base_url(Ecosystem::Cargo));
    let first = client.get(&url).send().await.unwrap();
    let etag = first.headers()[ETAG].clone();
    assert_eq!(first.text().await.unwrap(), "{\"name\":\"serde\"}\n");
    let second = client.get(&url).header(IF_NONE_MATCH, etag).send().await.unwrap();
    assert_eq!(second.status(), 304);
    let head = client.head(&url).send().await.unwrap();
    assert_eq!(head.headers()[CONTENT_LENGTH], "17");
    assert_eq!(head.bytes().await.unwrap().len(), 0);

    let expected = Stats { requests: 3, ok: 2, not_modified: 1, ..Stats::default() };
    assert_eq!(replay.stats(), expected);
    let sent = client.get(format!("http://{}/replay/stats", replay.address())).send().await.unwrap();
    assert_eq!(sent.text().await.unwrap(), serde_json::to_string(&expected).unwrap());
    replay.shutdown().await;
    assert!(client.get(&url).send().await.is_err());
}

#[tokio::test]
async fn links_in_documents_can_be_followed() {
    let replay = start(ReplayOptions::default()).await;
    let client = builder().redirect(redirect::Policy::limited(1)).build().unwrap();
    let page = client.get(format!("{}Zope_Interface", replay.base_url(Ecosystem::Pypi))).send().await.unwrap();
    let page: serde_json::Value = serde_json::from_slice(&page.bytes().await.unwrap()).unwrap();
    let wheel = page["url"].as_str().unwrap();
    let metadata = client.get(format!("{wheel}.metadata")).send().await.unwrap();
    assert!(metadata.text().await.unwrap().starts_with("Name: z\n"));
    assert_eq!(client.get(wheel).send().await.unwrap().status(), 404);
}

#[tokio::test]
async fn throttles_with_the_time_to_wait() {
    let options = ReplayOptions { throttle_per_s: NonZeroU32::new(1), ..ReplayOptions::default() };
    let replay = start(options).await;
    let client = client();
    let url = format!("{}@types%2fnode", replay.base_url(Ecosystem::Npm));
    // Many more than a slow machine could let through at one a second.
    let answers = futures_util::future::join_all((0..50).map(|_| client.get(&url).send())).await;
    let refused: Vec<_> = answers.into_iter().map(Result::unwrap).filter(|answer| answer.status() == 429).collect();
    assert!(refused.iter().all(|answer| answer.headers()[RETRY_AFTER] == "1"));
    assert!(!refused.is_empty());
    assert_eq!(replay.stats().throttled, refused.len() as u64);
    assert_eq!(replay.stats().requests, 50);
}

#[tokio::test]
async fn fails_as_the_seed_has_it() {
    let options = ReplayOptions { error_rate: 0.5, seed: 3, ..ReplayOptions::default() };
    let mut runs = Vec::new();
    for _ in 0..2 {
        let replay = start(options).await;
        let client = client();
        let mut seen = Vec::new();
        for _ in 0..40 {
            let answer = client.get(format!("{}config.json", replay.base_url(Ecosystem::Cargo))).send().await;
            let status = match answer {
                Ok(answer) => (answer.status().as_u16(), answer.bytes().await.is_ok()),
                Err(_) => (0, false),
            };
            seen.push(status);
        }
        let broken = seen.iter().filter(|(_, whole)| !whole).count() as u64;
        let stats = replay.stats();
        assert_eq!((stats.requests, stats.closed), (40, broken));
        assert!(stats.closed > 0 && stats.server_errors > 0 && stats.ok > 0, "{stats:?}");
        runs.push(stats);
    }
    assert_eq!(runs[0], runs[1]);
}

#[tokio::test]
async fn other_machines_are_kept_out_and_nonsense_refused() {
    let listen = SocketAddr::from(([0, 0, 0, 0], 0));
    let refused = serve(small(), ReplayOptions { listen, ..ReplayOptions::default() }).await;
    assert!(matches!(refused, Err(ReplayError::NotLoopback(_))));
    let refused = serve(small(), ReplayOptions { error_rate: 1.5, ..ReplayOptions::default() }).await;
    assert!(matches!(refused, Err(ReplayError::ErrorRate(_))));
    let replay = start(ReplayOptions::default()).await;
    let refused = serve(small(), ReplayOptions { listen: replay.address(), ..ReplayOptions::default() }).await;
    assert!(matches!(refused, Err(ReplayError::Listen { .. })));
}

#[tokio::test]
async fn more_connections_than_room_are_served_in_turn() {
    let listener = TcpListener::bind(("127.0.0.1", 0)).await.unwrap();
    let address = listener.local_addr().unwrap();
    let app = Router::new().fallback(|| async { "here" });
    tokio::spawn(async move { serve_http(BoundedListener::new(listener, 2), app).await });
    // Every client has a connection of its own and closes it after its one answer.
    let ask = || async move {
        let client = builder().pool_max_idle_per_host(0).build().unwrap();
        client.get(format!("http://{address}/")).send().await.unwrap().text().await.unwrap()
    };
    let answers = futures_util::future::join_all((0..12).map(|_| ask())).await;
    assert!(answers.iter().all(|answer| answer == "here"));
}

/// The fixtures of the repository, all three kinds of them, through the same door as the command line's.
#[test]
fn the_fixtures_open() {
    let documents = Documents::open(&Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/fixtures/registries")).unwrap();
    assert_eq!(Ecosystem::ALL.map(|ecosystem| documents.names(ecosystem).len()), [66, 86, 13]);
    assert_eq!(documents.len(), 207);
}

#[tokio::test]
async fn remembers_what_was_asked_if_it_is_to() {
    let replay = start(ReplayOptions { log: true, ..ReplayOptions::default() }).await;
    let client = client();
    let before_us = super::super::log::now_us();
    for path in ["cargo/se/rd/serde", "cargo/no/ne/none", "cargo/se/rd/serde"] {
        client.get(format!("http://{}/{path}", replay.address())).send().await.unwrap();
    }
    let requests = |replay: &Replay| client.get(format!("http://{}/replay/requests", replay.address())).send();
    let body = requests(&replay).await.unwrap().bytes().await.unwrap();
    let told: Vec<serde_json::Value> = serde_json::from_slice(&body).unwrap();
    let seen: Vec<_> =
        told.iter().map(|entry| (entry["path"].as_str().unwrap(), entry["status"].as_u64().unwrap())).collect();
    assert_eq!(seen, [("/cargo/se/rd/serde", 200), ("/cargo/no/ne/none", 404), ("/cargo/se/rd/serde", 200)]);
    assert!(
        told.iter().all(|entry| (before_us..=super::super::log::now_us()).contains(&entry["at_us"].as_u64().unwrap()))
    );
    let silent = start(ReplayOptions::default()).await;
    assert_eq!(requests(&silent).await.unwrap().status(), 404);
}
