//! Backups into one directory, again and again: whatever interrupts one, the directory holds the last whole backup or
//! says that there is none. And the packs that nothing refers to.

use std::ops::ControlFlow;
use std::path::Path;

use bytes::Bytes;
use futures_util::{TryStreamExt, stream};
use gleaner_model::{ContentHash, Timestamp};
use gleaner_store::{
    Backup, CheckError, Collected, Documents, DocumentsError, Group, Place, RedbStore, StoppedStore, Store, StoreError,
    WrittenBackup, collect_packs, compress, content_hash,
};
use tokio::runtime::Handle;

use crate::build::{commands, submit};
use crate::options;

fn write(store: &dyn Store, to: &Path) -> WrittenBackup {
    let mut backup = Backup::begin(to, options()).unwrap();
    store
        .snapshot()
        .unwrap()
        .copy(&mut |rows| {
            backup.put(&rows).unwrap();
            ControlFlow::Continue(())
        })
        .unwrap();
    backup.written().unwrap()
}

fn jobs(dir: &Path) -> usize {
    RedbStore::open(dir, options()).unwrap().jobs(None, 1_000).unwrap().len()
}

struct Dirs {
    _root: tempfile::TempDir,
    store: RedbStore,
    to: std::path::PathBuf,
}

fn dirs() -> Dirs {
    let root = tempfile::tempdir().unwrap();
    let store = RedbStore::open(&root.path().join("store"), options()).unwrap();
    store.commit(&commands([submit(1, 1)])).unwrap();
    let to = root.path().join("backup");
    Dirs { _root: root, store, to }
}

#[test]
fn a_backup_takes_the_place_of_the_one_before_when_it_is_whole() {
    let Dirs { _root, store, to } = dirs();
    let written = write(&store, &to);
    assert!(written.rows() > 0 && written.store().flaws().is_empty());
    let length = written.publish().unwrap();
    assert_eq!(std::fs::metadata(to.join("gleaner.redb")).unwrap().len(), length);
    store.commit(&commands([submit(2, 2)])).unwrap();
    let second = write(&store, &to);
    let held = RedbStore::open(&to, options());
    assert!(matches!(held, Err(StoreError::InUse { .. })), "nobody opens what is about to be replaced");
    second.publish().unwrap();
    assert_eq!(std::fs::read_dir(&to).unwrap().count(), 1, "nothing else is left in it");
    assert_eq!(jobs(&to), 2);
}

#[test]
fn a_torn_backup_is_none() {
    let Dirs { _root, store, to } = dirs();
    drop(Backup::begin(&to, options()).unwrap());
    assert!(matches!(RedbStore::open(&to, options()), Err(StoreError::Unfinished { .. })));
    drop(write(&store, &to));
    assert!(matches!(RedbStore::open(&to, options()), Err(StoreError::Unfinished { .. })), "all but its name");
    write(&store, &to).publish().unwrap();
    store.commit(&commands([submit(2, 2)])).unwrap();
    drop(write(&store, &to));
    assert_eq!(jobs(&to), 1, "the whole one before it");
}

#[test]
fn what_is_no_backup_any_more_is_left_alone() {
    let Dirs { _root, store, to } = dirs();
    let refused = |why: &str| match Backup::begin(&to, options()) {
        Err(StoreError::Occupied { path, why: told }) => {
            assert!(told.contains(why) && path == to.display().to_string(), "{told}");
        }
        other => panic!("{other:?}"),
    };
    write(&store, &to).publish().unwrap();
    assert!(StoppedStore::look(&to, &options()).unwrap().is_untouched_copy().unwrap());
    let served = RedbStore::open(&to, options()).unwrap();
    assert!(matches!(Backup::begin(&to, options()), Err(StoreError::InUse { .. })));
    drop(served);
    refused("worked on");
    std::fs::write(to.join("gleaner.redb"), b"something else").unwrap();
    refused("cannot be read");
    assert_eq!(std::fs::read(to.join("gleaner.redb")).unwrap(), b"something else");
}

#[test]
fn two_backups_do_not_go_to_one_place_at_a_time() {
    let Dirs { _root, store: _store, to } = dirs();
    let first = Backup::begin(&to, options()).unwrap();
    assert!(matches!(Backup::begin(&to, options()), Err(StoreError::InUse { .. })));
    drop(first);
    Backup::begin(&to, options()).unwrap();
}

fn pieces(pieces: &[&'static [u8]]) -> impl futures_util::Stream<Item = Result<Bytes, DocumentsError>> + use<> {
    let pieces: Vec<_> = pieces.iter().map(|piece| Ok(Bytes::from_static(piece))).collect();
    stream::iter(pieces)
}

#[tokio::test]
async fn a_pack_that_comes_in_pieces_is_there_whole_or_not_at_all() {
    let dir = tempfile::tempdir().unwrap();
    let documents = Documents::open(dir.path().to_str().unwrap()).unwrap();
    let name = content_hash(b"one two three");
    let wrong = documents.keep_pack(name, pieces(&[b"one ", b"two"])).await;
    assert!(matches!(wrong, Err(DocumentsError::Damaged { hash, .. }) if hash == name), "{wrong:?}");
    let torn = stream::iter([Ok(Bytes::from_static(b"one ")), Err(DocumentsError::Pack("gone".to_owned()))]);
    assert!(documents.keep_pack(name, torn).await.is_err());
    assert_eq!(documents.pack_length(name).await.unwrap(), None);
    assert_eq!(documents.packs().try_collect::<Vec<_>>().await.unwrap(), []);
    assert_eq!(documents.keep_pack(name, pieces(&[b"one ", b"two", b" three"])).await.unwrap(), 13);
    let kept = documents.packs().try_collect::<Vec<_>>().await.unwrap();
    assert_eq!(kept.iter().map(|pack| (pack.name, pack.length)).collect::<Vec<_>>(), [(name, 13)]);
    assert_eq!(documents.pack_piece(name, 13, 0).await.unwrap(), &b"one two three"[..]);
}

struct Heap {
    _root: tempfile::TempDir,
    store: RedbStore,
    documents: Documents,
    named: Place,
    garbage: Place,
}

/// Two packs, of which a commit names one.
async fn heap() -> Heap {
    let root = tempfile::tempdir().unwrap();
    let store = RedbStore::open(root.path(), options()).unwrap();
    let documents = Documents::open(root.path().join("documents").to_str().unwrap()).unwrap();
    let mut places = Vec::new();
    for text in [b"a document".as_slice(), b"a document that nobody committed"] {
        let hash = content_hash(text);
        places.push((hash, documents.keep(hash, compress(text).into()).await.unwrap()));
    }
    store.commit(&Group { documents: vec![places[0]], ..Group::default() }).unwrap();
    Heap { _root: root, store, documents, named: places[0].1, garbage: places[1].1 }
}

impl Heap {
    async fn collect(self, before: Option<Timestamp>) -> (Self, Result<Collected, CheckError>) {
        let runtime = Handle::current();
        let collecting = tokio::task::spawn_blocking(move || {
            let (documents, store) = (&self.documents, &self.store);
            let mut go_on = |_| ControlFlow::Continue(());
            let done = collect_packs(documents, &runtime, before, &mut || store.snapshot(), &mut go_on);
            (self, done)
        });
        collecting.await.unwrap()
    }

    async fn there(&self) -> [bool; 2] {
        let there = async |place: Place| self.documents.pack_length(place.pack).await.unwrap().is_some();
        [there(self.named).await, there(self.garbage).await]
    }
}

#[tokio::test]
async fn packs_that_nothing_refers_to_are_removed() {
    let (heap, done) = heap().await.collect(None).await;
    let expected = Collected {
        packs: 1,
        bytes: u64::from(heap.garbage.length),
        kept_packs: 1,
        kept_bytes: u64::from(heap.named.length),
    };
    assert_eq!(done.unwrap(), expected);
    assert_eq!(heap.there().await, [true, false]);
}

#[tokio::test]
async fn a_pack_that_may_be_about_to_be_named_is_kept() {
    let heap = heap().await;
    let written = heap.documents.packs().try_collect::<Vec<_>>().await.unwrap();
    let latest = written.iter().map(|pack| pack.written_at).max().unwrap();
    let earliest = written.iter().map(|pack| pack.written_at).min().unwrap();
    let (heap, done) = heap.collect(Some(earliest)).await;
    assert_eq!(done.unwrap().kept_packs, 2);
    let (heap, done) = heap.collect(Some(Timestamp::from_millis(latest.as_millis() + 1))).await;
    assert_eq!(done.unwrap().packs, 1);
    assert_eq!(heap.there().await, [true, false]);
}

#[tokio::test]
async fn nothing_is_removed_if_a_place_cannot_be_read() {
    let Heap { _root, store, documents, named, garbage } = heap().await;
    drop(store);
    let database = redb::Database::open(_root.path().join("gleaner.redb")).unwrap();
    let writing = database.begin_write().unwrap();
    let table = redb::TableDefinition::<[u8; 32], [u8; 41]>::new("documents");
    writing.open_table(table).unwrap().insert(ContentHash([7; 32]).0, [9; 41]).unwrap();
    writing.commit().unwrap();
    drop(database);
    let store = RedbStore::open(_root.path(), options()).unwrap();
    let (heap, done) = Heap { _root, store, documents, named, garbage }.collect(None).await;
    assert!(matches!(done, Err(CheckError::Store(StoreError::Damaged(_)))), "{done:?}");
    assert_eq!(heap.there().await, [true, true]);
}
