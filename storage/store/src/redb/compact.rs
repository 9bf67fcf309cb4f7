//! Giving back to the disk what a store's file does not need any more.
//!
//! redb uses freed pages again, and so a file is as long as it ever had to be. Moving what is at its end to where there is
//! room, and cutting it off, needs the file for itself; so it is done on a stopped store. Rows of which little is left are
//! another matter: those are rewritten in the background while the store is in use ([`tidy`](super::tidy)).

use std::path::Path;

use redb::{Builder, CompactionError, Database};

use crate::StoreError;

use super::RedbOptions;
use super::errors::{opening, storage};
use super::open::FILE;
use super::upgrade::{STEPS, upgrade};

/// redb moves pages as long as it finds room before them. It comes to an end by itself, mostly in the second round; this
/// bounds how often it is asked whether there is more.
const ROUNDS_MAX: usize = 8;

/// How long the file is, in bytes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Compacted {
    /// Before.
    pub before: u64,
    /// After.
    pub after: u64,
}

/// Makes the file of the store in the directory `dir` as short as it can be. A power cut at any moment loses nothing.
///
/// # Errors
/// Another process has it open; a newer version wrote it; the disk failed; or it is damaged.
pub fn compact(dir: &Path, options: &RedbOptions) -> Result<Compacted, StoreError> {
    let path = dir.join(FILE);
    let length = || std::fs::metadata(&path).map(|file| file.len()).map_err(StoreError::Io);
    let before = length()?;
    // Every page is verified before it is moved: what others than redb changed must not be made worse.
    let database = Builder::new().set_cache_size(options.cache_bytes).set_check_integrity_on_open(true).open(&path);
    let mut database = database.map_err(|error| opening(error, dir))?;
    upgrade(&database, dir, &STEPS)?;
    for _ in 0..ROUNDS_MAX {
        if !database.compact().map_err(compaction)? {
            break;
        }
    }
    Database::close(database).map_err(|error| opening(error, dir))?;
    Ok(Compacted { before, after: length()? })
}

fn compaction(error: CompactionError) -> StoreError {
    match error {
        CompactionError::Storage(error) => storage(error),
        other => StoreError::Io(std::io::Error::other(other)),
    }
}
