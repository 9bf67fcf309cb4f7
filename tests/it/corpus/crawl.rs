//! The two crawls: the first fetches everything, the second nothing.

use std::collections::BTreeSet;

use gleaner_proto::v1;
use serde_json::Value;

use crate::support::rpc::Client;
use crate::support::{Place, Replay};

/// Where the events ended after a crawl.
pub(super) struct Crawled {
    cursor: String,
}

/// Crawls all packages for the first time; each ends as done, and what was left for later is done when this returns.
pub(super) async fn first(place: &Place, server: &str, purls: &[String]) -> Crawled {
    let rows = refresh(place, server, purls);
    let failed: Vec<_> = rows.iter().filter(|row| row["changed"] != Value::Bool(true)).collect();
    assert!(failed.is_empty(), "first seen, and yet unchanged: {failed:?}");
    settle(server).await;
    let events = place.gleaner(["events", "--json", "--server", server]).run().expect(0).objects();
    let discovered = events.iter().filter(|event| event["type"] == "package.discovered").count();
    assert_eq!(discovered, purls.len());
    Crawled { cursor: events.last().unwrap()["cursor"].as_str().unwrap().to_owned() }
}

/// Crawls them again: one conditional request each, answered with "not modified", and nothing else happens.
pub(super) async fn second(place: &Place, server: &str, purls: &[String], replay: &Replay, first: &Crawled) {
    let before = replay.answered();
    let rows = refresh(place, server, purls);
    settle(server).await;
    let after = replay.answered();

    let asked = u64::try_from(purls.len()).unwrap();
    assert_eq!(after.not_modified - before.not_modified, asked);
    assert_eq!(after.requests - before.requests, asked, "{before:?} {after:?}");
    let changed: Vec<_> = rows.iter().filter(|row| row["changed"] != Value::Bool(false)).collect();
    assert!(changed.is_empty(), "nothing changed, and yet: {changed:?}");
    let events = place.gleaner(["events", "--json", "--server", server, "--from", &first.cursor]).run().expect(0);
    assert_eq!(events.stdout, "", "events, though nothing changed");
}

/// Refreshes packages; each of them ends as done.
fn refresh(place: &Place, server: &str, purls: &[String]) -> Vec<Value> {
    let program = place.gleaner(["refresh", "--json", "--server", server, "-"]).stdin(purls.join("\n"));
    let rows = program.run().expect(0).objects();
    assert!(rows.iter().all(|row| row["state"] == "done"));
    let told: BTreeSet<&str> = rows.iter().map(|row| row["purl"].as_str().unwrap()).collect();
    assert_eq!(told, purls.iter().map(String::as_str).collect());
    assert_eq!(rows.len(), purls.len());
    rows
}

/// Waits until there is no work left: older metadata of Python packages is fetched by jobs of the scheduler's own,
/// which begin when a package is done.
async fn settle(server: &str) {
    let client = Client::connect(server).await;
    loop {
        let open = client.all_jobs(&[v1::JobState::Queued, v1::JobState::Running]).await;
        if open.is_empty() {
            break;
        }
        for ids in open.chunks(10_000) {
            let ids = ids.iter().map(|job| job.id.clone()).collect();
            let mut changes = client.jobs().watch(v1::WatchRequest { ids }).await.unwrap().into_inner();
            while changes.message().await.unwrap().is_some() {}
        }
    }
    let failed = client.all_jobs(&[v1::JobState::Failed, v1::JobState::NotFound, v1::JobState::Gone]).await;
    assert!(failed.is_empty(), "{failed:?}");
}
