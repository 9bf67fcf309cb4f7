//! Opening a store: the file, its format, a new epoch, and the index.

use std::fs::File;
use std::io;
use std::path::{Path, PathBuf};
use std::sync::{Mutex, RwLock};

use redb::{Builder, Database, DatabaseError, ReadableTable, StorageBackend, StorageError};

use crate::{Opened, StoreError};

use super::backup::UNFINISHED as UNFINISHED_BACKUP;
use super::errors::{commit, damaged, opening, storage, table, transaction};
use super::tables::{
    BATCHES, CAMPAIGNS, CHUNKS, CLOSURES, CONTENTS, DOCUMENTS, ENDED, EVENTS, EXPIRY, FORMAT, HOSTS, KEYS, META,
    PACKAGES, RESOLUTIONS, RESULTS, SCHEDULES, STREAMS, SUPERSEDED, State,
};
use super::{RedbOptions, RedbStore, Writer, load, upgrade};

/// The file's name in the data directory.
pub(crate) const FILE: &str = "gleaner.redb";

/// Its name until it is whole.
const UNFINISHED: &str = "gleaner.redb.new";

impl RedbStore {
    /// Opens the store in the directory `dir`, which is made if it is not there.
    ///
    /// # Errors
    /// Another process has it open; a newer version wrote it; the disk failed; or it is damaged.
    pub fn open(dir: &Path, options: RedbOptions) -> Result<Self, StoreError> {
        let path = dir.join(FILE);
        std::fs::create_dir_all(dir).map_err(StoreError::Io)?;
        if !path.try_exists().map_err(StoreError::Io)? {
            if dir.join(UNFINISHED_BACKUP).try_exists().map_err(StoreError::Io)? {
                return Err(StoreError::Unfinished { path: dir.display().to_string() });
            }
            make(dir, &path)?;
        }
        let database = Builder::new().set_cache_size(options.cache_bytes).open(&path);
        let database = database.map_err(|error| opening(error, dir))?;
        Self::with_database(database, dir.to_owned(), options)
    }

    /// Opens the store on a storage of the caller's, so that a test can play a failing disk.
    ///
    /// # Errors
    /// As [`RedbStore::open`].
    pub fn with_backend(backend: impl StorageBackend, options: RedbOptions) -> Result<Self, StoreError> {
        let path = PathBuf::from("(a storage of its own)");
        let database = Builder::new().set_cache_size(options.cache_bytes).create_with_backend(backend);
        let database = database.map_err(|error| opening(error, &path))?;
        Self::with_database(database, path, options)
    }

    fn with_database(database: Database, path: PathBuf, options: RedbOptions) -> Result<Self, StoreError> {
        upgrade::upgrade(&database, &path, &upgrade::STEPS)?;
        let (epoch, state) = begin_epoch(&database, options.quick_repair)?;
        let opened = Opened { epoch, next_sequence: state.next_sequence };
        let index = RwLock::new(load::load(&database, state)?);
        Ok(Self { database, path, options, opened, index, writer: Mutex::new(Writer::default()) })
    }

    /// Where the store is: a directory.
    #[must_use]
    pub fn path(&self) -> &Path {
        &self.path
    }
}

/// Makes the file at `path`, whole or not at all. redb writes a new file's mark last, so that a power cut in between
/// leaves a file that it takes for somebody else's; such a one never gets the name of a store. It is linked to that
/// name and not renamed, so that of two processes that make one at once, neither replaces the other's.
fn make(dir: &Path, path: &Path) -> Result<(), StoreError> {
    let unfinished = dir.join(UNFINISHED);
    let made = Builder::new().create(&unfinished).or_else(|error| match error {
        DatabaseError::Storage(StorageError::Io(error)) if error.kind() == io::ErrorKind::InvalidData => {
            std::fs::remove_file(&unfinished)?;
            Builder::new().create(&unfinished)
        }
        other => Err(other),
    });
    made.and_then(Database::close).map_err(|error| opening(error, dir))?;
    let named = File::open(&unfinished).and_then(|file| file.sync_all()).and_then(|()| {
        std::fs::hard_link(&unfinished, path)?;
        std::fs::remove_file(&unfinished)
    });
    match named {
        Err(error) if !path.try_exists().map_err(StoreError::Io)? => Err(StoreError::Io(error)),
        _ => sync_directories(dir).map_err(StoreError::Io),
    }
}

/// Makes the names of a new file and of the directories above it durable: a file that is synced but that no directory
/// on disk names is lost all the same.
pub(crate) fn sync_directories(dir: &Path) -> io::Result<()> {
    let dir = dir.canonicalize()?;
    for dir in [Some(dir.as_path()), dir.parent()].into_iter().flatten() {
        File::open(dir)?.sync_all()?;
    }
    Ok(())
}

/// Makes the tables that are missing and commits a higher epoch; tells it and the counters.
fn begin_epoch(database: &Database, quick_repair: bool) -> Result<(u64, State), StoreError> {
    let mut writing = database.begin_write().map_err(transaction)?;
    writing.set_quick_repair(quick_repair);
    let begun = {
        for rows in [CHUNKS, CLOSURES, ENDED, RESULTS, BATCHES] {
            writing.open_table(rows).map_err(table)?;
        }
        writing.open_table(EXPIRY).map_err(table)?;
        writing.open_table(PACKAGES).map_err(table)?;
        writing.open_table(CONTENTS).map_err(table)?;
        writing.open_table(DOCUMENTS).map_err(table)?;
        writing.open_table(EVENTS).map_err(table)?;
        for rows in [STREAMS, KEYS, SCHEDULES, CAMPAIGNS] {
            writing.open_table(rows).map_err(table)?;
        }
        writing.open_table(HOSTS).map_err(table)?;
        writing.open_table(RESOLUTIONS).map_err(table)?;
        writing.open_table(SUPERSEDED).map_err(table)?;
        let mut meta = writing.open_table(META).map_err(table)?;
        let before = match meta.get("epoch").map_err(storage)? {
            Some(stored) => u64::from_le_bytes(
                stored.value().try_into().map_err(|_| damaged("meta", "epoch", "it is of a wrong length"))?,
            ),
            None => 0,
        };
        let mut state = State::read(&meta)?.unwrap_or(State::FIRST);
        state.commits += 1;
        meta.insert("format", FORMAT.to_le_bytes().as_slice()).map_err(storage)?;
        meta.insert("epoch", (before + 1).to_le_bytes().as_slice()).map_err(storage)?;
        meta.insert("state", state.to_bytes().as_slice()).map_err(storage)?;
        (before + 1, state)
    };
    writing.commit().map_err(commit)?;
    Ok(begun)
}
