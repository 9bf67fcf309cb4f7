//! Stores that cannot be opened or read: in use, from a newer version, damaged. Each says what and where.

#![allow(clippy::disallowed_methods, reason = "tells the test from the process that it starts")]

use std::path::Path;

use gleaner_model::JobId;
use gleaner_store::{Cursor, Group, RedbStore, Store, StoreError};
use redb::{Database, ReadableTable, TableDefinition};

use crate::build::{close, closures, commands, key, package, position, submit};
use crate::options;

type Rows = TableDefinition<'static, u64, &'static [u8]>;

fn open(dir: &Path) -> Result<RedbStore, StoreError> {
    RedbStore::open(dir, options())
}

/// Flips a bit in the last byte of every value of a table that has numbers as keys.
fn damage(dir: &Path, name: &'static str) {
    let database = Database::open(dir.join("gleaner.redb")).unwrap();
    let writing = database.begin_write().unwrap();
    {
        let mut rows = writing.open_table(Rows::new(name)).unwrap();
        let all =
            rows.iter().unwrap().map(|row| row.unwrap()).map(|(key, value)| (key.value(), value.value().to_vec()));
        let all = all.collect::<Vec<_>>();
        assert!(!all.is_empty(), "{name} is empty");
        for (key, mut value) in all {
            *value.last_mut().unwrap() ^= 1;
            rows.insert(key, value.as_slice()).unwrap();
        }
    }
    writing.commit().unwrap();
}

fn fill(dir: &Path) {
    let store = open(dir).unwrap();
    store.commit(&commands([submit(1, 1), submit(2, 2)])).unwrap();
    store.commit(&closures([close(1, Some(1), 5)])).unwrap();
    let mut group = commands([submit(3, 3)]);
    group.packages = ["serde", "tokio", "rand"].map(|name| package(name, 1, 1)).into();
    group.streams = vec![position("a", "s", 1, 3)];
    store.commit(&group).unwrap();
    store.commit(&closures([close(3, Some(3), 6)])).unwrap();
}

fn assert_damaged<T: std::fmt::Debug>(found: Result<T, StoreError>, table: &str, key: &str) {
    let Err(StoreError::Damaged(told)) = found else { panic!("{found:?}") };
    assert!(told.contains(table) && told.contains(key), "{told}");
}

#[test]
fn a_damaged_value_is_named() {
    for (table, key) in [("chunks", "1"), ("closures", "0")] {
        let dir = tempfile::tempdir().unwrap();
        fill(dir.path());
        damage(dir.path(), table);
        assert_damaged(open(dir.path()), table, key);
    }
    for (table, key) in [("ended", "3"), ("results", "1")] {
        let dir = tempfile::tempdir().unwrap();
        fill(dir.path());
        damage(dir.path(), table);
        let store = open(dir.path()).unwrap();
        assert_damaged(store.job(JobId(3)), table, key);
        assert!(store.job(JobId(2)).unwrap().is_some());
    }
}

#[test]
fn a_damaged_record_event_or_position_is_named() {
    let dir = tempfile::tempdir().unwrap();
    fill(dir.path());
    let database = Database::open(dir.path().join("gleaner.redb")).unwrap();
    let writing = database.begin_write().unwrap();
    {
        for (table, name, at) in
            [("packages", "serde", 20), ("contents", "tokio", 8 + 4 + 5), ("contents", "rand", 300)]
        {
            let mut packages = writing.open_table(TableDefinition::<&[u8], &[u8]>::new(table)).unwrap();
            let name = key(name).to_text();
            let mut stored = packages.get(name.as_bytes()).unwrap().unwrap().value().to_vec();
            stored[at] ^= 1;
            packages.insert(name.as_bytes(), stored.as_slice()).unwrap();
        }
        let mut events = writing.open_table(TableDefinition::<(u16, u64), &[u8]>::new("events")).unwrap();
        events.insert((0, 0), b"nonsense".as_slice()).unwrap();
        let mut streams = writing.open_table(TableDefinition::<(&str, &str), &[u8]>::new("streams")).unwrap();
        streams.insert(("a", "s"), b"".as_slice()).unwrap();
    }
    writing.commit().unwrap();
    drop(database);
    let store = open(dir.path()).unwrap();
    assert_damaged(store.package(&key("serde")), "packages", "cargo pkg:cargo/serde");
    assert_damaged(store.package_head(&key("serde")), "packages", "cargo pkg:cargo/serde");
    let mut together = store.package_heads(&[key("serde"), key("tokio")]).unwrap();
    assert!(together.pop().unwrap().unwrap().is_some());
    assert_damaged(together.pop().unwrap(), "packages", "cargo pkg:cargo/serde");
    for name in ["tokio", "rand"] {
        assert_damaged(store.package(&key(name)), "contents", &format!("cargo pkg:cargo/{name}"));
        assert!(store.package_head(&key(name)).unwrap().is_some());
    }
    assert_damaged(store.events(&Cursor::default(), 1), "events", "0");
    assert_damaged(store.stream("a", "s"), "streams", "a s");
    // Damage is no reason to stop writing what is sound.
    store.commit(&Group::default()).unwrap();
}

#[test]
fn a_store_of_a_newer_version_is_left_alone() {
    let dir = tempfile::tempdir().unwrap();
    fill(dir.path());
    let epoch = open(dir.path()).unwrap().opened().epoch;
    let set = |format: u32| {
        let database = Database::open(dir.path().join("gleaner.redb")).unwrap();
        let writing = database.begin_write().unwrap();
        let meta = TableDefinition::<&str, &[u8]>::new("meta");
        writing.open_table(meta).unwrap().insert("format", format.to_le_bytes().as_slice()).unwrap();
        writing.commit().unwrap();
    };
    set(8);
    assert!(matches!(open(dir.path()), Err(StoreError::Newer { found: 8, known: 7, .. })));
    set(7);
    assert_eq!(open(dir.path()).unwrap().opened().epoch, epoch + 1);
}

#[test]
fn a_directory_in_use_is_refused() {
    let dir = tempfile::tempdir().unwrap();
    let store = open(dir.path()).unwrap();
    let second = open(dir.path());
    let Err(StoreError::InUse { path }) = second else { panic!("{second:?}") };
    assert_eq!(Path::new(&path), dir.path());
    drop(store);
    open(dir.path()).unwrap();
}

/// Set by the test below for the process that it starts.
const OTHER_PROCESS: &str = "GLEANER_STORE_TEST_DIRECTORY";

#[test]
fn another_process_is_refused_too() {
    if let Some(dir) = std::env::var_os(OTHER_PROCESS) {
        let code = if matches!(open(Path::new(&dir)), Err(StoreError::InUse { .. })) { 42 } else { 43 };
        std::process::exit(code);
    }
    let dir = tempfile::tempdir().unwrap();
    let _store = open(dir.path()).unwrap();
    let other = std::process::Command::new(std::env::current_exe().unwrap())
        .args(["--exact", "damage::another_process_is_refused_too"])
        .env(OTHER_PROCESS, dir.path())
        .output()
        .unwrap();
    assert_eq!(other.status.code(), Some(42), "{other:?}");
}

#[test]
fn a_file_that_is_no_store_is_named() {
    let dir = tempfile::tempdir().unwrap();
    std::fs::write(dir.path().join("gleaner.redb"), b"not a store".repeat(1000)).unwrap();
    let opened = open(dir.path());
    let Err(StoreError::Damaged(told)) = opened else { panic!("{opened:?}") };
    assert!(told.contains(&dir.path().display().to_string()), "{told}");
}
