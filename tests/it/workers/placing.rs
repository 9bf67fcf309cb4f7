//! A package's work goes to the worker that has its document already.

use std::collections::BTreeMap;
use std::time::{Duration, Instant};

use gleaner_proto::v1::{self, JobState};
use serde_json::json;

use crate::support::process::PATIENCE;
use crate::support::rpc::{Client, crawl};
use crate::support::{Answer, Asked, Place, Registry, Scheduler, Worker};

/// Projects, crawled in two parts each.
const PROJECTS: usize = 60;
/// One more than are fetched with the newest part.
const VERSIONS: usize = 9;

/// A page with more versions than one crawl fetches documents for, or the document of one of these.
fn project(asked: &Asked) -> Answer {
    let Some(name) = asked.path.strip_prefix("/pypi/simple/") else {
        let wheel = asked.path.trim_start_matches("/files/");
        let mut parts = wheel.split('-');
        let (name, version) = (parts.next().unwrap(), parts.next().unwrap());
        return Answer::ok(format!("Metadata-Version: 2.1\nName: {name}\nVersion: {version}\n\n"));
    };
    let name = name.trim_end_matches('/');
    let file = |minor: usize| {
        let wheel = format!("{}-1.{minor}-py3-none-any.whl", name.replace('-', "_"));
        json!({"filename": wheel, "url": format!("/files/{wheel}"), "hashes": {}, "core-metadata": true, "yanked": false})
    };
    let files: Vec<_> = (0..VERSIONS).map(file).collect();
    Answer::ok(json!({"meta": {"api-version": "1.1"}, "name": name, "files": files}).to_string())
}

/// Waits until so many workers have a session.
async fn until_connected(client: &Client, workers: usize) {
    let begun = Instant::now();
    let connected = async || {
        let workers = client.operator().list_workers(v1::ListWorkersRequest {}).await.unwrap().into_inner().workers;
        workers.iter().filter(|worker| worker.connected).count()
    };
    while connected().await < workers {
        assert!(begun.elapsed() < PATIENCE, "some workers did not come");
        tokio::time::sleep(Duration::from_millis(10)).await;
    }
}

/// Waits until nothing is open any more, what Gleaner gave itself to do included.
async fn until_idle(client: &Client) {
    let begun = Instant::now();
    let states = vec![JobState::Queued.into(), JobState::Running.into()];
    let request = v1::ListRequest { states, page_size: 1, page_token: String::new() };
    while !client.jobs().list(request.clone()).await.unwrap().into_inner().jobs.is_empty() {
        assert!(begun.elapsed() < PATIENCE, "something is open still");
        tokio::time::sleep(Duration::from_millis(10)).await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn the_older_part_is_crawled_where_the_page_was_kept() {
    let (place, registry) = (Place::new(), Registry::start(project));
    let scheduler = Scheduler::start(&place, &place.path("scheduler"), &registry.addresses(), &[]);
    let client = Client::connect(&scheduler.url).await;
    let worker = |name: &str| Worker::start(&place, &place.path(name), &scheduler.url, 128, &["--name", name]);
    let crew = [worker("one"), worker("two")];
    until_connected(&client, crew.len()).await;
    let jobs = (0..PROJECTS).map(|number| crawl(&format!("pkg:pypi/project-{number}"))).collect();
    client.jobs().submit(v1::SubmitRequest { jobs }).await.unwrap();
    until_idle(&client).await;

    let mut pages: BTreeMap<String, usize> = BTreeMap::new();
    for asked in registry.asked().into_iter().filter(|asked| asked.path.starts_with("/pypi/simple/")) {
        *pages.entry(asked.path).or_default() += 1;
    }
    assert_eq!(pages.len(), PROJECTS);
    let kept = pages.values().filter(|requests| **requests == 1).count();
    // Slots are free all the time, so all of them go where the page is.
    assert!(kept * 100 >= PROJECTS * 95, "of {PROJECTS} older parts {kept} found the page where they were crawled");
}
