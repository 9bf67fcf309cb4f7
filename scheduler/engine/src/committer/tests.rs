//! What goes into one group, and what becomes of a group that the store refuses.

#![allow(clippy::unwrap_used)]

use std::sync::{Arc, Mutex};

use gleaner_model::{
    ClientName, Ecosystem, JobId, JobResult, JobSpec, JobState, Lane, Origin, Outline, PackageHead, PackageKey,
    Presence, Purl, Question, RegistryName, TaskId, Timestamp, Trace,
};
use gleaner_store::{Payload, RedbOptions, RedbStore};

use super::*;

type Told = Arc<Mutex<Vec<(u64, bool)>>>;

fn submit(job: u64, text: usize) -> Command {
    let purl: Purl = "pkg:cargo/serde".parse().unwrap();
    let root = Root::Manifest { file: "Cargo.toml".to_owned(), text: "x".repeat(text) };
    let question = (text > 0).then(|| Box::new(Question { root, ..Question::default() }));
    let payload = Payload {
        task: TaskId(job),
        spec: JobSpec { question, ..JobSpec::crawl(purl, RegistryName::default_of(Ecosystem::Cargo)) },
        client: "acme".parse::<ClientName>().unwrap(),
        lane: Lane::Paid,
        created_at: Timestamp::from_millis(1),
        epoch: 1,
        trace: Trace::default(),
        origin: Origin::Asked,
    };
    payload.into()
}

/// An entry of one job that notes whether it was committed.
fn entry(job: u64, text: usize, told: &Told) -> Entry {
    let told = Arc::clone(told);
    let mut entry = Entry::new(Box::new(move |result| told.lock().unwrap().push((job, result.is_ok()))));
    entry.commands.push((job, submit(job, text)));
    entry
}

fn store() -> RedbStore {
    RedbStore::with_backend(redb::backends::InMemoryBackend::new(), RedbOptions::default()).unwrap()
}

/// The sizes of the groups that these entries make when all of them wait.
fn groups(entries: impl IntoIterator<Item = Entry>) -> Vec<usize> {
    let (inbox, outbox) = sync_channel(INBOX_ENTRIES);
    entries.into_iter().for_each(|entry| inbox.send(entry).unwrap());
    drop(inbox);
    std::iter::from_fn(|| gather(&outbox)).map(|batch| batch.len()).collect()
}

#[test]
fn a_group_takes_all_that_waits_up_to_its_records() {
    let told = Told::default();
    assert_eq!(groups((1..=3).map(|job| entry(job, 0, &told))), [3]);
    let most = u64::try_from(GROUP_RECORDS).unwrap();
    assert_eq!(groups((1..=most + 5).map(|job| entry(job, 0, &told))), [GROUP_RECORDS, 5]);
}

/// Eight thousand manifests of 256 KiB each were one group of two gigabytes.
#[test]
fn a_group_of_large_submissions_is_bounded_in_bytes() {
    let told = Told::default();
    let large = Question::MANIFEST_BYTES_MAX;
    let sizes = groups((1..=100).map(|job| entry(job, large, &told)));
    let most = GROUP_BYTES / large;
    assert!(sizes.iter().all(|size| *size <= most), "{sizes:?}");
    assert_eq!(sizes.iter().sum::<usize>(), 100);
    // What is larger by itself comes through all the same.
    assert_eq!(groups([entry(1, GROUP_BYTES * 2, &told), entry(2, 0, &told)]), [1, 1]);
}

#[test]
fn a_busy_committer_makes_larger_groups() {
    let (inbox, outbox) = sync_channel(INBOX_ENTRIES);
    let told = Told::default();
    let mut taken = Vec::new();
    for arrived in [1_u64, 7, 40] {
        (0..arrived).for_each(|job| inbox.send(entry(job + 1, 0, &told)).unwrap());
        taken.push(gather(&outbox).unwrap().len());
    }
    assert_eq!(taken, [1, 7, 40], "what has gathered meanwhile goes together");
}

#[test]
fn what_cannot_be_written_is_refused_and_the_rest_of_its_group_is_not() {
    let (store, told) = (store(), Told::default());
    let (failure, failed) = watch::channel(None);
    let record = |job, revision| {
        let mut entry = entry(job, 0, &told);
        entry.packages.push(package(revision));
        entry
    };
    // A record's first revision is 1; the second entry is made from one that is not there.
    let (first, second) = (record(1, 1), record(2, 7));
    let mut third = entry(3, 0, &told);
    third.closures.push(Closure {
        job: JobId(3),
        result: JobResult::bare(JobState::Done, Timestamp::from_millis(2), 1),
        ends_task: Some(TaskId(3)),
    });
    commit(&store, vec![first, second, third], &failure);
    assert_eq!(*told.lock().unwrap(), [(2, false), (1, true), (3, true)]);
    let there = [1, 2, 3].map(|job| store.job(JobId(job)).unwrap().is_some());
    assert_eq!(there, [true, false, true], "nothing of the refused entry was written");
    assert_eq!(*failed.borrow(), None, "a conflict is no failure");
}

/// A record without a document, made from the one before it.
fn package(revision: u64) -> PackageWrite {
    let purl: Purl = "pkg:cargo/serde".parse().unwrap();
    let at = Timestamp::from_millis(1);
    let head = PackageHead {
        key: PackageKey::new(RegistryName::default_of(Ecosystem::Cargo), &purl),
        revision,
        content_revision: 0,
        presence: Presence::Present,
        source: None,
        last_attempt: at,
        last_success: None,
        last_change: None,
        missing_since: None,
        next_due: at,
        outline: Outline::default(),
    };
    PackageWrite::new(&head, None, Vec::new())
}
