//! Where a backup goes: a directory that holds a whole store, or none.
//!
//! The problem: a backup is made again and again into the same directory, each time perhaps torn by whatever happens, and
//! some day somebody starts a scheduler on it. That scheduler must find the last whole backup; or, if there never was one,
//! be told so, and not begin a new and empty store beside what was half copied. And a directory on which a scheduler did
//! work since is no backup any more, so another one must not take its place.
//!
//! So rows go into a file in the directory [`UNFINISHED`] inside, which is renamed over the store's own when everything
//! that its rows name is there too. As long as there is that directory and no store, opening refuses. The place of the old
//! file is held meanwhile, so that no scheduler opens what is about to be replaced.

use std::fs::{File, TryLockError};
use std::path::{Path, PathBuf};

use crate::{Rows, StoreError};

use super::super::RedbOptions;
use super::super::open::{FILE, sync_directories};
use super::super::stopped::StoppedStore;
use super::StoreCopy;

/// Where the rows of a backup are until it is whole.
pub(crate) const UNFINISHED: &str = "unfinished-backup";

/// A backup that is being written.
#[derive(Debug)]
pub struct Backup {
    copy: StoreCopy,
    place: Place,
}

/// A backup whose rows are all written and verified, and which is none yet: what they name must be there first.
#[derive(Debug)]
pub struct WrittenBackup {
    format: u32,
    rows: u64,
    written: StoppedStore,
    place: Place,
}

#[derive(Debug)]
struct Place {
    to: PathBuf,
    options: RedbOptions,
    /// Locked, so that two backups do not go to one place at a time.
    _directory: File,
    /// The backup that is there already, held so that nobody opens it.
    _before: Option<StoppedStore>,
}

impl Backup {
    /// Begins a backup into the directory `to`, which is made if it is not there. What a torn one left of its rows is
    /// removed; what was whole stays until this one is.
    ///
    /// # Errors
    /// Somebody else is at it; it holds a store that is no backup, or that cannot be read; or the disk failed.
    pub fn begin(to: &Path, options: RedbOptions) -> Result<Self, StoreError> {
        std::fs::create_dir_all(to).map_err(StoreError::Io)?;
        let directory = File::open(to).map_err(StoreError::Io)?;
        directory.try_lock().map_err(|error| match error {
            TryLockError::WouldBlock => StoreError::InUse { path: to.display().to_string() },
            TryLockError::Error(error) => StoreError::Io(error),
        })?;
        let before = before(to, &options)?;
        let place = Place { to: to.to_owned(), options, _directory: directory, _before: before };
        let unfinished = place.unfinished();
        if unfinished.try_exists().map_err(StoreError::Io)? {
            std::fs::remove_dir_all(&unfinished).map_err(StoreError::Io)?;
        }
        let copy = StoreCopy::create(&unfinished)?;
        // Whatever comes after this, the directory says on disk that it holds no whole backup.
        sync_directories(&unfinished).and_then(|()| sync_directories(to)).map_err(StoreError::Io)?;
        Ok(Self { copy, place })
    }

    /// Takes over some rows.
    ///
    /// # Errors
    /// As [`StoreCopy::put`].
    pub fn put(&mut self, rows: &Rows) -> Result<(), StoreError> {
        self.copy.put(rows)
    }

    /// All rows came: makes them durable and verifies every page of what was written.
    ///
    /// # Errors
    /// As [`StoreCopy::finish`], or what was written is not what is read.
    pub fn written(self) -> Result<WrittenBackup, StoreError> {
        let Self { copy, place } = self;
        let rows = copy.rows().values().sum();
        let format = copy.finish()?;
        let written = StoppedStore::look(&place.unfinished(), &place.options)?;
        match written.flaws() {
            [] => Ok(WrittenBackup { format, rows, written, place }),
            _ => Err(StoreError::Damaged(format!("{}: the disk does not keep what it is given", place.to.display()))),
        }
    }
}

impl WrittenBackup {
    /// The store's format.
    #[must_use]
    pub fn format(&self) -> u32 {
        self.format
    }

    /// How many rows it has.
    #[must_use]
    pub fn rows(&self) -> u64 {
        self.rows
    }

    /// What was written, to look up what else belongs to it.
    #[must_use]
    pub fn store(&self) -> &StoppedStore {
        &self.written
    }

    /// Makes it the backup of its directory, in place of the one before. Tells how long its file is, in bytes.
    ///
    /// # Errors
    /// The disk failed; then one of the two is there, whole.
    pub fn publish(self) -> Result<u64, StoreError> {
        let Self { written, place, .. } = self;
        drop(written);
        let (unfinished, file) = (place.unfinished(), place.to.join(FILE));
        let named = std::fs::rename(unfinished.join(FILE), &file).and_then(|()| sync_directories(&place.to));
        let length = named.and_then(|()| {
            std::fs::remove_dir_all(&unfinished)?;
            sync_directories(&place.to)?;
            Ok(std::fs::metadata(&file)?.len())
        });
        length.map_err(StoreError::Io)
    }
}

impl Place {
    fn unfinished(&self) -> PathBuf {
        self.to.join(UNFINISHED)
    }
}

/// The backup that is in `to` already, if there is one.
fn before(to: &Path, options: &RedbOptions) -> Result<Option<StoppedStore>, StoreError> {
    if !to.join(FILE).try_exists().map_err(StoreError::Io)? {
        return Ok(None);
    }
    let occupied = |why: &str| StoreError::Occupied { path: to.display().to_string(), why: why.to_owned() };
    let store = StoppedStore::look(to, options).map_err(|error| match error {
        error @ (StoreError::InUse { .. } | StoreError::Io(_)) => error,
        other => occupied(&format!("that cannot be read ({other})")),
    })?;
    match store.is_untouched_copy()? {
        true => Ok(Some(store)),
        false => Err(occupied("that a scheduler has worked on")),
    }
}
