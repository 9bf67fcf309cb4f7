//! Data directories that cannot be used: from a newer version, in use, no directory, a full disk. Each is named, with
//! what to do, and nothing in it is lost or changed.

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};

use gleaner_proto::v1;
use redb::{Database, TableDefinition};
use serde_json::Value;
use sha2::{Digest, Sha256};

use crate::support::rpc::{Client, crawl};
use crate::support::{Answer, Asked, Ended, Place, Process, Registry, Scheduler, Worker};

const STORE: &str = "gleaner.redb";

/// Any package of npm, with one version.
fn packument(asked: &Asked) -> Answer {
    let name = asked.path.trim_start_matches("/npm/");
    Answer::ok(format!(
        r#"{{"name": "{name}", "dist-tags": {{"latest": "1.0.0"}}, "versions": {{"1.0.0": {{"name": "{name}", "version": "1.0.0"}}}}}}"#
    ))
}

/// A data directory with one package in it.
fn filled(place: &Place, registry: &Registry) -> PathBuf {
    let data = place.path("data");
    let program = place.gleaner(["refresh", "pkg:npm/left-pad", "--data"]).arg(&data);
    program.args(registry.addresses().flags()).run().expect(0);
    data
}

/// Checks the exit code, that nothing went to standard output, and that one line on standard error has all of `words`.
fn refused(ended: Ended, code: i32, words: &[&str]) {
    let ended = ended.expect(code);
    assert_eq!(ended.stdout, "", "{}", ended.called);
    assert_eq!(ended.stderr.lines().count(), 1, "{}: {}", ended.called, ended.stderr);
    for word in words {
        assert!(ended.stderr.contains(word), "{} does not say {word:?}: {}", ended.called, ended.stderr);
    }
}

/// Marks a store as one of another format, as a version that changed the format would; returns the one that it had.
fn set_format(store: &Path, format: u32) -> u32 {
    let database = Database::open(store).unwrap();
    let writing = database.begin_write().unwrap();
    let before = {
        let mut meta = writing.open_table(TableDefinition::<&str, &[u8]>::new("meta")).unwrap();
        let replaced = meta.insert("format", format.to_le_bytes().as_slice()).unwrap().expect("a store has a format");
        u32::from_le_bytes(replaced.value().try_into().unwrap())
    };
    writing.commit().unwrap();
    before
}

#[test]
fn a_store_of_a_newer_version_is_left_as_it_is() {
    let (place, registry) = (Place::new(), Registry::start(packument));
    let data = filled(&place, &registry);
    let known = set_format(&data.join(STORE), 1_000);
    let words = [data.to_str().unwrap(), "format 1000", "use a newer gleaner"];
    let calls: [&[&str]; 3] = [
        &["serve", "--listen", "127.0.0.1:0", "--registry", "npm=http://127.0.0.1:1/"],
        &["show", "pkg:npm/left-pad"],
        &["refresh", "pkg:npm/left-pad", "--registry", "npm=http://127.0.0.1:1/"],
    ];
    for call in calls {
        refused(place.gleaner(call).arg("--data").arg(&data).run(), 3, &words);
    }
    assert_eq!(set_format(&data.join(STORE), known), 1_000);
    place.gleaner(["show", "pkg:npm/left-pad", "--data"]).arg(&data).run().expect(0);
}

#[test]
fn a_directory_in_use_belongs_to_one_process() {
    let (place, registry) = (Place::new(), Registry::start(packument));
    let data = filled(&place, &registry);
    let scheduler = Scheduler::start(&place, &data, &registry.addresses(), &[]);
    let words = [data.to_str().unwrap(), "in use by another process", "--data", "--server URL"];
    let calls: [&[&str]; 3] = [&["show", "pkg:npm/left-pad"], &["jobs", "list"], &["events"]];
    for call in calls {
        refused(place.gleaner(call).arg("--data").arg(&data).run(), 5, &words);
    }
    let second = place.gleaner(["serve", "--listen", "127.0.0.1:0", "--data"]).arg(&data);
    refused(second.args(registry.addresses().flags()).run(), 5, &words[..3]);
    // What the message proposes works.
    place.gleaner(["show", "pkg:npm/left-pad", "--server", &scheduler.url]).run().expect(0);
}

#[test]
fn what_is_no_directory_is_named() {
    let place = Place::new();
    let file = place.write("data", "a file");
    let registry = ["--registry", "npm=http://127.0.0.1:1/"];
    for call in [&["serve", "--listen", "127.0.0.1:0"][..], &["refresh", "pkg:npm/left-pad"]] {
        let program = place.gleaner(call).args(registry).arg("--data").arg(&file);
        refused(program.run(), 3, &[file.to_str().unwrap(), "--data"]);
    }
    let worker = place.gleaner(["worker", "--server", "http://127.0.0.1:1", "--data"]).arg(&file);
    let ended = worker.run().expect(3);
    assert!(ended.stderr.contains(file.to_str().unwrap()), "{}", ended.stderr);
}

/// Larger than a fresh store, and so small that some thousand jobs fill it.
const FULL_AT_KIB: u32 = 1024;

/// Jobs of one request.
const JOBS: usize = 500;

/// A package whose name stays long however well it is compressed.
fn unpressable(number: usize) -> String {
    let digits = |part: usize| format!("{:x}", Sha256::digest(format!("{number} {part}")));
    format!("pkg:npm/{}{}{}", digits(0), digits(1), digits(2))
}

/// Submits until the scheduler says no, and returns the ids of what it acknowledged.
async fn submit_until_refused(url: &str) -> Vec<String> {
    let client = Client::connect(url).await;
    let mut acknowledged = Vec::new();
    for round in 0..10_000 {
        let jobs = (0..JOBS).map(|job| crawl(&unpressable(round * JOBS + job))).collect();
        let Ok(response) = client.jobs().submit(v1::SubmitRequest { jobs }).await else { return acknowledged };
        acknowledged.extend(response.into_inner().receipts.into_iter().map(|receipt| receipt.job));
    }
    panic!("the disk does not fill: {} jobs", acknowledged.len());
}

#[tokio::test]
async fn a_full_disk_loses_nothing_that_was_acknowledged() {
    let (place, registry) = (Place::new(), Registry::start(packument));
    let data = place.path("data");
    let program = place.gleaner(["serve", "--listen", "127.0.0.1:0", "--data"]).arg(&data);
    let program = program.args(registry.addresses().flags()).files_of_at_most(FULL_AT_KIB);
    let (mut scheduler, ready): (Process, Value) = program.start();
    let acknowledged = submit_until_refused(ready["listening"].as_str().unwrap()).await;
    assert!(!acknowledged.is_empty(), "{}", scheduler.stderr.text());

    assert_eq!(scheduler.wait().code(), Some(3));
    let said = scheduler.stderr.all();
    for word in [data.to_str().unwrap(), "File too large", "what was acknowledged is stored"] {
        assert!(said.contains(word), "{word:?} is not in {said}");
    }
    let scheduler = Scheduler::start(&place, &data, &registry.addresses(), &[]);
    let jobs = Client::connect(&scheduler.url).await.all_jobs(&[]).await;
    let known: BTreeSet<&str> = jobs.iter().map(|job| job.id.as_str()).collect();
    let lost: Vec<_> = acknowledged.iter().filter(|id| !known.contains(id.as_str())).collect();
    assert!(lost.is_empty(), "acknowledged and lost: {lost:?}");
    println!("{} jobs were acknowledged before the disk was full", acknowledged.len());
}

/// A document that no compression brings below what a worker on a full disk may write.
fn large_packument(asked: &Asked) -> Answer {
    let name = asked.path.trim_start_matches("/npm/");
    let text: String = (0..48_000).map(|part| format!("{:x}", Sha256::digest(format!("{name} {part}")))).collect();
    Answer::ok(format!(
        r#"{{"name": "{name}", "readme": "{text}", "dist-tags": {{"latest": "1.0.0"}}, "versions": {{"1.0.0": {{"name": "{name}", "version": "1.0.0"}}}}}}"#
    ))
}

#[tokio::test]
async fn a_worker_whose_disk_is_full_ends_and_another_does_its_work() {
    let (place, registry) = (Place::new(), Registry::start(large_packument));
    let scheduler = Scheduler::start(&place, &place.path("scheduler"), &registry.addresses(), &[]);
    let data = place.path("full");
    let full = place.gleaner(["worker", "--slots", "1", "--server", &scheduler.url, "--data"]).arg(&data);
    let (mut full, _): (Process, Value) = full.files_of_at_most(FULL_AT_KIB).start();
    let client = Client::connect(&scheduler.url).await;
    client.jobs().submit(v1::SubmitRequest { jobs: vec![crawl("pkg:npm/left-pad")] }).await.unwrap();
    assert_eq!(full.wait().code(), Some(3));
    let said = full.stderr.all();
    for word in [data.to_str().unwrap(), "File too large"] {
        assert!(said.contains(word), "{word:?} is not in {said}");
    }
    let _other = Worker::start(&place, &place.path("other"), &scheduler.url, 1, &[]);
    // It joins the job that is there, or comes after its end.
    place.gleaner(["refresh", "--server", &scheduler.url, "pkg:npm/left-pad"]).run().expect(0);
    let first = client.all_jobs(&[]).await.into_iter().find(|job| job.id == "j-1").unwrap();
    assert_eq!((first.state(), first.attempts), (v1::JobState::Done, 2));
}
