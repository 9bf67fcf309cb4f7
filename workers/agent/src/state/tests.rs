//! The state as its users see it, on a real file and on a disk that fails.
#![allow(clippy::unwrap_used)]

use gleaner_model::{CrawlFacts, Document, Package, TaskId, Timestamp, Token, Validators};

use super::*;
use crate::chance::Chance;
use crate::document;
use crate::{AgentError, Options};

fn attempt(task: u64, sequence: u64) -> Attempt {
    Attempt { task: TaskId(task), token: Token { epoch: 1, sequence } }
}

fn packed(plain: &[u8]) -> Packed {
    let document =
        Document { hash: document::hash(plain), length: plain.len() as u64, url: "http://registry.invalid/x".into() };
    Packed { document, frame: document::compress(plain, 1).unwrap() }
}

fn parcel(plain: &[u8]) -> Parcel {
    let packed = packed(plain);
    let facts = CrawlFacts {
        package: Package { latest: Some("1.0.0".into()), ..Package::default() },
        documents: vec![packed.document.clone()],
        validators: Validators { etag: Some("\"a\"".into()), last_modified: None },
        fetched_at: Timestamp::from_millis(5),
    };
    Parcel { outcome: Outcome::Fetched(Box::new(facts)), documents: vec![packed] }
}

fn options(dir: &std::path::Path) -> Options {
    Options::new(dir, "gleaner-test")
}

fn start(options: &Options) -> (State, Found, open::Ended) {
    open(options, &mut Chance::new(options.seed)).unwrap()
}

async fn stop(state: State, ended: open::Ended) {
    drop(state);
    ended.await.unwrap().unwrap();
}

#[tokio::test]
async fn an_outcome_is_there_after_a_restart_until_it_is_forgotten() {
    let dir = tempfile::tempdir().unwrap();
    let (state, found, ended) = start(&options(dir.path()));
    assert!(found.outbox.is_empty());
    let (first, back) = state.put(Deposit::new(attempt(1, 1), parcel(b"one"), None)).await.unwrap();
    assert_eq!(back, parcel(b"one"));
    let (second, _) = state.put(Deposit::new(attempt(2, 2), parcel(b"two"), None)).await.unwrap();
    state.adopt(second, attempt(2, 9));
    stop(state, ended).await;

    let (state, again, ended) = start(&options(dir.path()));
    assert_eq!(again.worker, found.worker, "the made-up name stays");
    assert_eq!(again.outbox, [(first, attempt(1, 1)), (second, attempt(2, 9))]);
    assert_eq!(state.load(first).await.unwrap(), Some(parcel(b"one")));
    state.forget(first);
    assert_eq!(state.load(second).await.unwrap(), Some(parcel(b"two")));
    stop(state, ended).await;

    let (state, last, ended) = start(&options(dir.path()));
    assert_eq!(last.outbox, [(second, attempt(2, 9))]);
    assert_eq!(state.load(first).await.unwrap(), None);
    stop(state, ended).await;
}

#[tokio::test]
async fn what_is_forgotten_is_not_there_though_nothing_was_written_since() {
    let dir = tempfile::tempdir().unwrap();
    let (state, _, ended) = start(&options(dir.path()));
    let (id, _) = state.put(Deposit::new(attempt(1, 1), parcel(b"one"), None)).await.unwrap();
    state.forget(id);
    assert_eq!(state.load(id).await.unwrap(), None);
    stop(state, ended).await;
}

#[tokio::test]
async fn many_remarks_are_written_without_an_outcome() {
    let dir = tempfile::tempdir().unwrap();
    let (state, _, ended) = start(&options(dir.path()));
    let mut ids = Vec::new();
    for task in 0..=writer::EDITS_ALONE as u64 {
        ids.push(state.put(Deposit::new(attempt(task, 1), parcel(b"one"), None)).await.unwrap().0);
    }
    let kept = ids.pop().unwrap();
    for id in ids {
        state.forget(id);
    }
    // The thread takes them for a commit, and what is asked after that is answered after the commit.
    while !state.edits.lock().unwrap().is_empty() {
        tokio::task::yield_now().await;
    }
    assert!(state.load(kept).await.unwrap().is_some());
    let left = left_by_a_kill(dir.path());
    let (again, found, ended_again) = start(&options(left.path()));
    assert_eq!(found.outbox.iter().map(|(id, _)| *id).collect::<Vec<_>>(), [kept]);
    stop(again, ended_again).await;
    stop(state, ended).await;
}

/// What a killed process leaves behind: the files as the kernel has them, not closed.
fn left_by_a_kill(dir: &std::path::Path) -> tempfile::TempDir {
    let left = tempfile::tempdir().unwrap();
    for file in [open::FILE, boot::FILE] {
        std::fs::copy(dir.join(file), left.path().join(file)).unwrap();
    }
    left
}

fn start_in(boot: Option<&str>, dir: &std::path::Path) -> (State, Found, open::Ended) {
    open::open_in_boot(&options(dir), &mut Chance::new(7), boot).unwrap()
}

#[tokio::test]
async fn a_kill_costs_nothing_and_the_machines_death_costs_the_state() {
    let dir = tempfile::tempdir().unwrap();
    let (state, found, ended) = start_in(Some("first"), dir.path());
    let (id, _) = state.put(Deposit::new(attempt(1, 1), parcel(b"one"), None)).await.unwrap();
    for (boot, survives) in [(Some("first"), true), (Some("second"), false), (None, false)] {
        let left = left_by_a_kill(dir.path());
        let (again, found_again, ended) = start_in(boot, left.path());
        assert_eq!(found_again.outbox == [(id, attempt(1, 1))], survives, "{boot:?}");
        assert_eq!(found_again.outbox.is_empty(), !survives, "{boot:?}");
        assert_eq!(left.path().join(open::ASIDE).exists(), !survives, "{boot:?}");
        let (next, _) = again.put(Deposit::new(attempt(2, 2), parcel(b"two"), None)).await.unwrap();
        assert_eq!(again.load(next).await.unwrap(), Some(parcel(b"two")));
        stop(again, ended).await;
    }
    stop(state, ended).await;
    // Closed, it outlives any number of starts of the machine.
    let (state, found_again, ended) = start_in(Some("third"), dir.path());
    assert_eq!((found_again.worker, found_again.outbox), (found.worker, vec![(id, attempt(1, 1))]));
    stop(state, ended).await;
}

#[tokio::test]
async fn a_torn_file_of_another_start_is_not_even_looked_at() {
    let dir = tempfile::tempdir().unwrap();
    let (state, _, ended) = start_in(Some("first"), dir.path());
    for task in 0..20 {
        state.put(Deposit::new(attempt(task, 1), parcel(&[7; 9_000]), None)).await.unwrap();
    }
    let length = std::fs::metadata(dir.path().join(open::FILE)).unwrap().len();
    let torn = |from: u64, to: u64| {
        let left = left_by_a_kill(dir.path());
        let mut bytes = std::fs::read(left.path().join(open::FILE)).unwrap();
        let place = usize::try_from(from).unwrap()..usize::try_from(to).unwrap();
        bytes[place].fill(0);
        std::fs::write(left.path().join(open::FILE), bytes).unwrap();
        left
    };
    for (from, to) in [(0, 512), (64, 400), (length / 2, length), (length / 4, length / 2), (0, length)] {
        let left = torn(from, to);
        let (again, found, ended) = start_in(Some("second"), left.path());
        assert!(found.outbox.is_empty());
        assert!(left.path().join(open::ASIDE).exists());
        stop(again, ended).await;
    }
    stop(state, ended).await;
}

#[tokio::test]
async fn a_system_without_ids_flushes_and_keeps_its_state() {
    let dir = tempfile::tempdir().unwrap();
    let (state, _, ended) = start_in(None, dir.path());
    let (id, _) = state.put(Deposit::new(attempt(1, 1), parcel(b"one"), None)).await.unwrap();
    let left = left_by_a_kill(dir.path());
    stop(state, ended).await;
    let (again, found, ended) = start_in(None, left.path());
    assert_eq!(found.outbox, [(id, attempt(1, 1))]);
    stop(again, ended).await;
}

#[tokio::test]
async fn many_outcomes_at_once_all_arrive() {
    let dir = tempfile::tempdir().unwrap();
    let (state, _, ended) = start(&options(dir.path()));
    let puts = (0..500).map(|task| {
        let deposit = Deposit::new(attempt(task, task), parcel(&task.to_le_bytes()), None);
        let state = state.clone();
        async move { (task, state.put(deposit).await.unwrap().0) }
    });
    let ids = futures_util::future::join_all(puts).await;
    for (task, id) in ids {
        assert_eq!(state.load(id).await.unwrap(), Some(parcel(&task.to_le_bytes())));
    }
    stop(state, ended).await;
}

fn known(name: &str, plain: &[u8]) -> KnownDocument {
    let purl = format!("pkg:pypi/{name}").parse().unwrap();
    let packed = packed(plain);
    KnownDocument {
        key: PackageKey::in_default_registry(&purl),
        packed,
        validators: Validators { etag: None, last_modified: Some("Sun, 06 Nov 1994 08:49:37 GMT".into()) },
        fetched_at: Timestamp::from_millis(7),
    }
}

async fn keep(state: &State, document: &KnownDocument) {
    state.put(Deposit::new(attempt(1, 1), parcel(b"x"), Some(document.clone()))).await.unwrap();
}

async fn find(state: &State, document: &KnownDocument) -> Option<KnownDocument> {
    state.known(document.key.clone(), document.packed.document.hash).await.unwrap()
}

#[tokio::test]
async fn a_known_document_counts_only_with_its_hash() {
    let dir = tempfile::tempdir().unwrap();
    let (state, _, ended) = start(&options(dir.path()));
    let (old, new) = (known("flask", b"old"), known("flask", b"new"));
    keep(&state, &old).await;
    assert_eq!(find(&state, &old).await, Some(old.clone()));
    assert_eq!(find(&state, &new).await, None);
    keep(&state, &new).await;
    assert_eq!(find(&state, &old).await, None);
    assert_eq!(find(&state, &new).await, Some(new));
    stop(state, ended).await;
}

#[tokio::test]
async fn the_oldest_known_documents_make_room() {
    let dir = tempfile::tempdir().unwrap();
    let documents: Vec<KnownDocument> =
        ["a", "b", "c"].iter().map(|name| known(name, name.repeat(100).as_bytes())).collect();
    let one = documents[0].packed.frame.len() as u64;
    let (state, _, ended) = start(&Options { known_max_bytes: one * 2, ..options(dir.path()) });
    keep(&state, &documents[0]).await;
    keep(&state, &documents[1]).await;
    // Kept anew, the first is the youngest, so the third displaces the second.
    keep(&state, &documents[0]).await;
    keep(&state, &documents[2]).await;
    assert!(find(&state, &documents[0]).await.is_some());
    assert!(find(&state, &documents[1]).await.is_none());
    assert!(find(&state, &documents[2]).await.is_some());
    stop(state, ended).await;
}

#[tokio::test]
async fn a_directory_in_use_is_refused_by_name() {
    let dir = tempfile::tempdir().unwrap();
    let (state, _, ended) = start(&options(dir.path()));
    let error = open(&options(dir.path()), &mut Chance::new(1)).unwrap_err();
    assert_eq!(error, AgentError::InUse { path: dir.path().join("worker.redb") });
    stop(state, ended).await;
}

#[test]
fn a_newer_format_is_refused_by_name() {
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("worker.redb");
    let database = redb::Database::create(&path).unwrap();
    let transaction = database.begin_write().unwrap();
    let newer = (tables::FORMAT + 1).to_le_bytes();
    transaction.open_table(tables::META).unwrap().insert(tables::META_FORMAT, newer.as_slice()).unwrap();
    transaction.commit().unwrap();
    drop(database);
    let error = open(&options(dir.path()), &mut Chance::new(1)).unwrap_err();
    assert_eq!(error, AgentError::Newer { path, found: tables::FORMAT + 1, known: tables::FORMAT });
}

#[tokio::test]
async fn a_name_that_is_given_replaces_the_kept_one() {
    let dir = tempfile::tempdir().unwrap();
    let named = Options { name: Some("alpha".parse().unwrap()), ..options(dir.path()) };
    let (state, found, ended) = start(&named);
    assert_eq!(found.worker.as_str(), "alpha");
    stop(state, ended).await;
    let (state, found, ended) = start(&options(dir.path()));
    assert_eq!(found.worker.as_str(), "alpha");
    stop(state, ended).await;
}

#[test]
fn an_outcome_that_no_scheduler_would_take_is_reported_as_a_fault() {
    let deposit = || Deposit::new(attempt(1, 1), parcel(b"x"), Some(known("flask", b"x")));
    let length = deposit().encoded.len();
    assert_eq!(deposit().within(length).parcel, parcel(b"x"));
    let instead = deposit().within(length - 1);
    match &instead.parcel.outcome {
        Outcome::Failed(fault) => assert!(fault.detail.contains(&format!("{length} bytes")), "{fault}"),
        other => panic!("{other:?}"),
    }
    assert!(instead.parcel.documents.is_empty() && instead.known.is_none());
    assert!(instead.encoded.len() < length);
}

/// A disk that fails from the moment that it is told to.
#[derive(Debug)]
struct FailingDisk {
    memory: redb::backends::InMemoryBackend,
    failing: Arc<std::sync::atomic::AtomicBool>,
}

impl FailingDisk {
    fn check(&self) -> Result<(), std::io::Error> {
        let failing = self.failing.load(std::sync::atomic::Ordering::Acquire);
        if failing { Err(std::io::Error::other("no space left on this device")) } else { Ok(()) }
    }
}

impl redb::StorageBackend for FailingDisk {
    fn len(&self) -> Result<u64, std::io::Error> {
        self.memory.len()
    }

    fn read(&self, offset: u64, out: &mut [u8]) -> Result<(), std::io::Error> {
        self.memory.read(offset, out)
    }

    fn set_len(&self, len: u64) -> Result<(), std::io::Error> {
        self.check()?;
        self.memory.set_len(len)
    }

    fn sync_data(&self) -> Result<(), std::io::Error> {
        self.check()?;
        self.memory.sync_data()
    }

    fn write(&self, offset: u64, data: &[u8]) -> Result<(), std::io::Error> {
        self.check()?;
        self.memory.write(offset, data)
    }
}

#[tokio::test]
async fn a_full_disk_ends_the_state_and_says_so() {
    let failing = Arc::new(std::sync::atomic::AtomicBool::new(false));
    let disk = FailingDisk { memory: redb::backends::InMemoryBackend::new(), failing: Arc::clone(&failing) };
    let database = redb::Builder::new().create_with_backend(disk).unwrap();
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("worker.redb");
    let (state, _, ended) =
        open::open_with(database, None, path.clone(), &options(dir.path()), &mut Chance::new(1)).unwrap();
    state.put(Deposit::new(attempt(1, 1), parcel(b"one"), None)).await.unwrap();
    failing.store(true, std::sync::atomic::Ordering::Release);
    assert!(state.put(Deposit::new(attempt(2, 2), parcel(b"two"), None)).await.is_err(), "never said to be kept");
    assert!(state.put(Deposit::new(attempt(3, 3), parcel(b"three"), None)).await.is_err(), "nor is anything after");
    match ended.await.unwrap() {
        Err(AgentError::State { path: named, detail }) => {
            assert_eq!(named, path);
            assert!(detail.contains("no space left"), "{detail}");
        }
        other => panic!("{other:?}"),
    }
}
