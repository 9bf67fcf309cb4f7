//! Checking, copying and compacting: what is sound is said to be, damage is named wherever it is, and a copy is the store
//! as of one commit.

use std::ops::ControlFlow;
use std::path::Path;

use bytes::Bytes;
use gleaner_model::{ContentHash, HostSettings, JobId, PackageHead, Source, Validators};
use gleaner_store::{
    Closure, Cursor, Documents, Finding, Group, OrderWrite, PackageWrite, Place, RedbStore, ResolutionWrite, Snapshot,
    StoppedStore, Store, StoreCopy, StoreError, check_documents, compact, compress, content_hash,
};
use redb::{Database, ReadableTable, TableDefinition};

use crate::build::{
    at, batch, campaign, close, closures, commands, failed, head, key, keyed, package, position, record, schedule,
    submit,
};
use crate::options;
use crate::resolutions::{answered, question};
use crate::suite::recovered;

/// Fills every table: rows that live, are folded and are over, batches that are relied on and are not.
fn fill(store: &RedbStore) {
    let commit = |group: &Group| store.commit(group).unwrap();
    commit(&commands((1..=40).map(|sequence| submit(sequence, sequence))));
    let mut group = commands((41..=44).map(|sequence| submit(sequence, 1)).chain([failed(45, 2, 1, 9)]));
    group.packages = vec![package("serde", 1, 3), package("tokio", 1, 2_000)];
    group.streams = vec![position("a", "s", 41, 3)];
    commit(&group);
    commit(&closures((4..=40).map(|job| close(job, Some(job), 50))));
    let mut group = commands([submit(46, 46)]);
    let (place, hash) = (Place { pack: ContentHash([9; 32]), offset: 7, length: 8 }, ContentHash([1; 32]));
    group.documents = vec![(hash, place)];
    let source = Source {
        document: gleaner_model::Document { hash, length: 20, url: "http://127.0.0.1/".to_owned() },
        validators: Validators::default(),
        fetched_at: at(1),
    };
    let head = PackageHead { source: Some(source), ..head("serde", 2, 1) };
    group.packages = vec![PackageWrite::new(&head, None, Vec::new())];
    commit(&group);
    commit(&closures([close(46, Some(46), 60)]));
    while store.forget_before(at(0)).unwrap() {}
    commit(&commands([submit(50, 50)]));
    let mut group = closures([close(41, None, 65)]);
    group.keys = vec![keyed("a", "k", 50)];
    group.orders = vec![
        OrderWrite::Batch(batch(46, 50, "", Some(70))),
        OrderWrite::Schedule(Box::new(schedule("a", "nightly"))),
        OrderWrite::Campaign(campaign("a", "all", None)),
        OrderWrite::Host(Box::new(HostSettings::none("mirror.example".parse().unwrap(), at(3)))),
    ];
    // The second one supersedes the first.
    let asked = question("1");
    let answers = [answered("serde", &asked, "a", 1), answered("serde", &asked, "b", 2)];
    group.resolutions = answers.iter().map(ResolutionWrite::new).collect();
    commit(&group);
}

fn filled() -> tempfile::TempDir {
    let dir = tempfile::tempdir().unwrap();
    fill(&RedbStore::open(dir.path(), options()).unwrap());
    dir
}

/// The flaws (table, key, what) and how many values each table has.
pub(crate) type Found = (Vec<(String, String, String)>, Vec<(&'static str, u64)>);

pub(crate) fn found(snapshot: &dyn Snapshot) -> Found {
    let (mut flaws, mut tables) = (Vec::new(), Vec::new());
    snapshot
        .check(&mut |finding| {
            match finding {
                Finding::Flaw { table, key, flaw } => flaws.push((table.to_owned(), key, flaw)),
                Finding::Table { table, values, .. } => tables.push((table, values)),
                Finding::Progress { .. } => {}
            }
            ControlFlow::Continue(())
        })
        .unwrap();
    (flaws, tables)
}

fn look(dir: &Path) -> StoppedStore {
    StoppedStore::look(dir, &options()).unwrap()
}

fn flaws(dir: &Path) -> Vec<(String, String, String)> {
    found(&*look(dir).snapshot().unwrap()).0
}

/// Every file's bytes below `dir`.
fn bytes(dir: &Path) -> Vec<u8> {
    std::fs::read(dir.join("gleaner.redb")).unwrap()
}

#[test]
fn a_sound_store_is_sound_and_stays_as_it_is() {
    let dir = filled();
    let before = bytes(dir.path());
    let looked = look(dir.path());
    assert!(looked.was_closed());
    assert_eq!(looked.flaws(), []);
    let (flaws, tables) = found(&*looked.snapshot().unwrap());
    assert_eq!(flaws, []);
    let expected = [
        "meta",
        "chunks",
        "ended",
        "closures",
        "results",
        "expiry",
        "packages",
        "contents",
        "documents",
        "events",
        "streams",
        "keys",
        "batches",
        "schedules",
        "campaigns",
        "resolutions",
        "superseded",
        "hosts",
    ];
    assert_eq!(tables.iter().map(|(table, _)| *table).collect::<Vec<_>>(), expected);
    assert!(tables.iter().all(|(_, values)| *values > 0), "{tables:?}");
    assert!(matches!(RedbStore::open(dir.path(), options()), Err(StoreError::InUse { .. })), "it is being looked at");
    drop(looked);
    assert!(bytes(dir.path()) == before, "looking changed the file");
    RedbStore::open(dir.path(), options()).unwrap();
}

#[test]
fn a_live_store_is_checked_as_of_one_commit() {
    let dir = tempfile::tempdir().unwrap();
    let store = RedbStore::open(dir.path(), options()).unwrap();
    fill(&store);
    assert!(matches!(StoppedStore::look(dir.path(), &options()), Err(StoreError::InUse { .. })));
    let snapshot = store.snapshot().unwrap();
    let before = found(&*snapshot);
    store.commit(&commands([submit(60, 60)])).unwrap();
    store.commit(&closures([close(50, Some(50), 70)])).unwrap();
    assert_eq!(found(&*snapshot), before);
    assert_eq!(found(&*store.snapshot().unwrap()).0, []);
}

#[test]
fn a_check_ends_when_it_is_told_to() {
    let dir = filled();
    let mut told = 0;
    let mut tell = |_| {
        told += 1;
        if told == 3 { ControlFlow::Break(()) } else { ControlFlow::Continue(()) }
    };
    look(dir.path()).snapshot().unwrap().check(&mut tell).unwrap();
    assert_eq!(told, 3);
}

/// A store that was killed is read whole when it is opened, which is no flaw.
#[test]
fn a_store_that_was_not_closed_is_sound() {
    let dir = filled();
    let killed = tempfile::tempdir().unwrap();
    let store = RedbStore::open(dir.path(), options()).unwrap();
    store.commit(&commands([submit(60, 60)])).unwrap();
    std::fs::copy(dir.path().join("gleaner.redb"), killed.path().join("gleaner.redb")).unwrap();
    drop(store);
    let before = bytes(killed.path());
    let looked = look(killed.path());
    assert!(!looked.was_closed());
    assert_eq!(looked.flaws(), []);
    assert_eq!(found(&*looked.snapshot().unwrap()).0, []);
    drop(looked);
    assert!(bytes(killed.path()) == before);
}

fn change(dir: &Path, change: impl FnOnce(&redb::WriteTransaction)) {
    let database = Database::open(dir.join("gleaner.redb")).unwrap();
    let writing = database.begin_write().unwrap();
    change(&writing);
    writing.commit().unwrap();
}

type Numbered = TableDefinition<'static, u64, &'static [u8]>;
type Named = TableDefinition<'static, &'static [u8], &'static [u8]>;
const EVENTS: TableDefinition<'_, (u16, u64), &[u8]> = TableDefinition::new("events");
const STREAMS: TableDefinition<'_, (&str, &str), &[u8]> = TableDefinition::new("streams");
const DOCUMENTS: TableDefinition<'_, [u8; 32], [u8; 41]> = TableDefinition::new("documents");
const EXPIRY: TableDefinition<'_, (i64, u8, u64), ()> = TableDefinition::new("expiry");
const HOSTS: TableDefinition<'_, &str, &[u8]> = TableDefinition::new("hosts");
const META: TableDefinition<'_, &str, &[u8]> = TableDefinition::new("meta");

/// A bit of the last byte of the value at a key is another one.
macro_rules! flip {
    ($writing:expr, $table:expr, $key:expr) => {{
        let mut stored = $writing.open_table($table).unwrap();
        let mut value = stored.get($key).unwrap().expect("it is there").value().to_vec();
        *value.last_mut().unwrap() ^= 1;
        stored.insert($key, value.as_slice()).unwrap();
    }};
}

#[test]
fn damage_is_found_in_every_table() {
    type Damage = fn(&redb::WriteTransaction);
    const SERDE: &[u8] = b"cargo pkg:cargo/serde";
    let cases: [(&str, &str, Damage); 11] = [
        ("chunks", "1", |writing| flip!(writing, Numbered::new("chunks"), 1)),
        ("closures", "2", |writing| flip!(writing, Numbered::new("closures"), 2)),
        ("ended", "46", |writing| flip!(writing, Numbered::new("ended"), 46)),
        ("results", "1", |writing| flip!(writing, Numbered::new("results"), 1)),
        ("packages", "cargo pkg:cargo/serde", |writing| flip!(writing, Named::new("packages"), SERDE)),
        ("contents", "cargo pkg:cargo/serde", |writing| flip!(writing, Named::new("contents"), SERDE)),
        ("events", "0 0", |writing| flip!(writing, EVENTS, (0, 0))),
        ("streams", "a s", |writing| flip!(writing, STREAMS, ("a", "s"))),
        ("resolutions", "cargo pkg:cargo/serde ", |writing| {
            let mut answers = writing.open_table(Named::new("resolutions")).unwrap();
            let key = answers.first().unwrap().expect("it is there").0.value().to_vec();
            answers.insert(key.as_slice(), b"rubbish".as_slice()).unwrap();
        }),
        ("hosts", "mirror.example", |writing| flip!(writing, HOSTS, "mirror.example")),
        ("documents", &ContentHash([1; 32]).to_string(), |writing| {
            writing.open_table(DOCUMENTS).unwrap().insert([1; 32], [0; 41]).unwrap();
        }),
    ];
    for (table, key, damage) in cases {
        let dir = filled();
        change(dir.path(), damage);
        let found = flaws(dir.path());
        assert!(found.iter().any(|(at, name, _)| at == table && name == key), "{table} {key}: {found:?}");
    }
}

#[test]
fn what_does_not_fit_together_is_found() {
    type Damage = fn(&redb::WriteTransaction);
    let cases: [(&str, &str, Damage); 9] = [
        ("packages", "nobody knows where", |writing| {
            writing.open_table(DOCUMENTS).unwrap().remove([1; 32]).unwrap();
        }),
        ("packages", "its content is missing", |writing| {
            writing.open_table(Named::new("contents")).unwrap().remove(b"cargo pkg:cargo/tokio".as_slice()).unwrap();
        }),
        ("contents", "its head is missing", |writing| {
            writing.open_table(Named::new("packages")).unwrap().remove(b"cargo pkg:cargo/tokio".as_slice()).unwrap();
        }),
        ("packages", "another package's", |writing| {
            let mut packages = writing.open_table(Named::new("packages")).unwrap();
            let serde = packages.get(b"cargo pkg:cargo/serde".as_slice()).unwrap().unwrap().value().to_vec();
            packages.insert(b"cargo pkg:cargo/tokio".as_slice(), serde.as_slice()).unwrap();
        }),
        ("events", "events before it are missing", |writing| {
            writing.open_table(EVENTS).unwrap().remove((0, 0)).unwrap();
        }),
        ("ended", "never be forgotten", |writing| {
            writing.open_table(EXPIRY).unwrap().retain(|(_, kind, _), ()| kind != 0).unwrap();
        }),
        ("expiry", "is not there", |writing| {
            writing.open_table(EXPIRY).unwrap().insert((5, 1, 77), ()).unwrap();
        }),
        ("chunks", "never given out", |writing| {
            let mut meta = writing.open_table(META).unwrap();
            let mut state = meta.get("state").unwrap().unwrap().value().to_vec();
            state[8..16].copy_from_slice(&40_u64.to_le_bytes());
            meta.insert("state", state.as_slice()).unwrap();
        }),
        ("(tables)", "no such table", |writing| {
            writing.open_table(Numbered::new("strange")).unwrap();
        }),
    ];
    for (table, words, damage) in cases {
        let dir = filled();
        change(dir.path(), damage);
        let found = flaws(dir.path());
        assert!(found.iter().any(|(at, _, flaw)| at == table && flaw.contains(words)), "{table} {words}: {found:?}");
    }
}

/// Bytes that others than redb changed are told of, whatever they are; nothing panics.
#[test]
fn any_changed_page_is_found() {
    let dir = filled();
    let sound = bytes(dir.path());
    let (mut found, mut unused) = (0, 0);
    for at in (0..sound.len()).step_by(sound.len() / 97) {
        let changed = tempfile::tempdir().unwrap();
        let mut bad = sound.clone();
        bad[at] ^= 0x55;
        std::fs::write(changed.path().join("gleaner.redb"), bad).unwrap();
        match StoppedStore::look(changed.path(), &options()) {
            Err(StoreError::Damaged(_)) => found += 1,
            Err(other) => panic!("byte {at}: {other:?}"),
            Ok(looked) if !looked.flaws().is_empty() => found += 1,
            Ok(looked) => {
                assert_eq!(self::found(&*looked.snapshot().unwrap()).0, [], "byte {at}");
                unused += 1;
            }
        }
    }
    assert!(found > 0 && unused > 0, "{found} found, {unused} in pages that are not in use");
}

#[tokio::test]
async fn documents_that_are_not_what_they_are_named_are_found() {
    let dir = tempfile::tempdir().unwrap();
    let store = RedbStore::open(dir.path(), options()).unwrap();
    let documents = Documents::open(dir.path().join("documents").to_str().unwrap()).unwrap();
    let (good, other) = (b"good document".to_vec(), b"other document".to_vec());
    let place = documents.keep(content_hash(&good), Bytes::from(compress(&good))).await.unwrap();
    let lie = content_hash(&other);
    store.commit(&Group { documents: vec![(content_hash(&good), place), (lie, place)], ..Group::default() }).unwrap();
    let handle = tokio::runtime::Handle::current();
    let told = tokio::task::spawn_blocking(move || {
        let mut told = Vec::new();
        let mut read = |hash, place| handle.block_on(documents.get(hash, place));
        let mut tell = |finding| {
            told.push(finding);
            ControlFlow::Continue(())
        };
        check_documents(&*store.snapshot().unwrap(), &mut read, &mut tell).unwrap();
        told
    });
    let told = told.await.unwrap();
    let flaws: Vec<_> = told.iter().filter(|finding| matches!(finding, Finding::Flaw { .. })).collect();
    assert!(matches!(&flaws[..], [Finding::Flaw { key, .. }] if *key == lie.to_string()), "{flaws:?}");
    assert!(matches!(told.last(), Some(Finding::Table { values: 2, .. })), "{told:?}");
}

fn copy(snapshot: &dyn Snapshot, dir: &Path) -> StoreCopy {
    let mut copy = StoreCopy::create(dir).unwrap();
    snapshot
        .copy(&mut |rows| {
            copy.put(&rows).unwrap();
            ControlFlow::Continue(())
        })
        .unwrap();
    copy
}

#[test]
fn a_copy_is_the_store_as_of_one_commit_and_uses_no_number_again() {
    let dir = tempfile::tempdir().unwrap();
    let store = RedbStore::open(dir.path(), options()).unwrap();
    fill(&store);
    let (jobs, events) = (store.jobs(None, 1_000).unwrap(), store.events(&Cursor::default(), 10_000).unwrap());
    let (open, opened) = (recovered(&store), store.opened());
    let place = tempfile::tempdir().unwrap();
    let snapshot = store.snapshot().unwrap();
    // What is committed while the copy is made is not in it.
    let mut later = commands([submit(70, 70)]);
    later.packages = vec![package("later", 1, 1)];
    store.commit(&later).unwrap();
    let made = copy(&*snapshot, place.path());
    assert_eq!(made.rows().len(), 18);
    made.finish().unwrap();
    assert_eq!(flaws(place.path()), []);

    let copied = RedbStore::open(place.path(), options()).unwrap();
    assert_eq!(copied.jobs(None, 1_000).unwrap(), jobs);
    assert_eq!(copied.events(&Cursor::default(), 10_000).unwrap(), events);
    assert_eq!(recovered(&copied), open);
    let serde = copied.package(&key("serde")).unwrap().unwrap();
    assert_eq!((serde.head.revision, serde.content), (2, record("serde", 1).content));
    assert!(copied.place(ContentHash([1; 32])).unwrap().is_some());
    assert!(copied.stream("a", "s").unwrap().is_some());
    assert_eq!(copied.package(&key("later")).unwrap(), None);

    // A receipt, a lease or a cursor of the time after the copy means nothing else now.
    let after = copied.opened();
    assert!(after.epoch > opened.epoch + (1 << 31) && after.next_sequence > 70 + (1 << 31), "{after:?}");
    let next = after.next_sequence;
    let mut group = commands([submit(next, next)]);
    group.packages = vec![package("after", 1, 2)];
    copied.commit(&group).unwrap();
    copied.commit(&closures([close(next, Some(next), 90)])).unwrap();
    assert!(copied.job(JobId(next)).unwrap().is_some());
    let seen_of_lost_time = store.events(&events.next, 10).unwrap().next;
    for cursor in [&events.next, &seen_of_lost_time] {
        assert_eq!(copied.events(cursor, 10).unwrap().events.len(), 2, "a reader sees what is new, from {cursor}");
    }
    drop(copied);
    assert_eq!(flaws(place.path()), []);

    // A copy of a copy is one, too.
    let second = tempfile::tempdir().unwrap();
    copy(&*look(place.path()).snapshot().unwrap(), second.path()).finish().unwrap();
    assert_eq!(flaws(second.path()), []);
    assert!(RedbStore::open(second.path(), options()).unwrap().opened().epoch > after.epoch + (1 << 31));
}

#[test]
fn rows_that_are_none_are_refused_and_nothing_is_overwritten() {
    let dir = tempfile::tempdir().unwrap();
    let mut copy = StoreCopy::create(dir.path()).unwrap();
    let rows = |table: &str, key: &[u8]| gleaner_store::Rows {
        table: table.to_owned(),
        rows: vec![(key.to_vec(), b"value".to_vec())],
    };
    assert!(matches!(copy.put(&rows("chunks", b"short")), Err(StoreError::Damaged(_))));
    assert!(matches!(copy.put(&rows("meta", &[0xFF])), Err(StoreError::Damaged(_))));
    assert!(matches!(copy.put(&rows("strange", b"key")), Err(StoreError::Damaged(_))));
    assert!(matches!(copy.finish(), Err(StoreError::Damaged(_))), "there are no counters");
    assert!(StoreCopy::create(dir.path()).is_err(), "there is a file already");
}

#[test]
fn compaction_shortens_the_file_and_keeps_everything() {
    let dir = tempfile::tempdir().unwrap();
    let store = RedbStore::open(dir.path(), options()).unwrap();
    let many = |from: u64| commands((from..from + 1_000).map(|sequence| submit(sequence, sequence)));
    (0..40).for_each(|nth| store.commit(&many(1 + nth * 1_000)).unwrap());
    let ends = |from: u64| -> Vec<Closure> { (from..from + 1_000).map(|job| close(job, Some(job), 5)).collect() };
    (0..39).for_each(|nth| store.commit(&closures(ends(1 + nth * 1_000))).unwrap());
    while store.forget_before(at(10)).unwrap() {}
    let open = recovered(&store);
    assert!(matches!(compact(dir.path(), &options()), Err(StoreError::InUse { .. })));
    drop(store);
    let done = compact(dir.path(), &options()).unwrap();
    assert!(done.after < done.before, "{done:?}");
    assert_eq!(done.after, bytes(dir.path()).len() as u64);
    assert_eq!(flaws(dir.path()), []);
    assert_eq!(recovered(&RedbStore::open(dir.path(), options()).unwrap()), open);
}
