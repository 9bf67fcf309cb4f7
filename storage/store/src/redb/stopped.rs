//! A store that no scheduler has open: looking at it without changing it, and what only then can be done.

use std::fs::File;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use redb::{Builder, Database, ReadableDatabase};

use crate::{Finding, Snapshot, StoreError};

use super::errors::{opening, table, transaction};
use super::open::FILE;
use super::overlay::Overlay;
use super::snapshot::RedbSnapshot;
use super::tables::{FORMAT, META};
use super::{RedbOptions, restored, upgrade};

/// The name under which the file itself is told of in a check.
const FILE_ITSELF: &str = "(file)";

/// A store that is looked at and not changed; no scheduler can open it meanwhile.
#[derive(Debug)]
pub struct StoppedStore {
    database: Database,
    was_closed: bool,
    flaws: Vec<Finding>,
}

impl StoppedStore {
    /// Looks at the store in the directory `dir`. redb's own check reads the whole file, about a second a gigabyte.
    ///
    /// # Errors
    /// Another process has it open; it is of another format; the disk failed; or so much of it is damaged that none of
    /// it can be read.
    pub fn look(dir: &Path, options: &RedbOptions) -> Result<Self, StoreError> {
        let look = Look { dir: dir.to_owned(), cache_bytes: options.cache_bytes };
        // Verifies every page before one is believed: what was changed by others than redb makes a plain opening panic.
        drop(look.open(true)?);
        let (mut database, was_closed) = look.open(false)?;
        let sound = !was_closed || database.check_integrity().map_err(|error| opening(error, dir))?;
        let flaw = || Finding::Flaw {
            table: FILE_ITSELF,
            key: FILE.to_owned(),
            flaw: "redb's own check finds what it would have to mend: its pages are not those that it wrote".to_owned(),
        };
        look.check_format(&database)?;
        Ok(Self { database, was_closed, flaws: (!sound).then(flaw).into_iter().collect() })
    }

    /// Was it closed properly? If not, the next opening reads all of it, and loses nothing.
    #[must_use]
    pub fn was_closed(&self) -> bool {
        self.was_closed
    }

    /// What redb's own check found.
    #[must_use]
    pub fn flaws(&self) -> &[Finding] {
        &self.flaws
    }

    /// Is it a copy that was never opened as a store? Then it may give way to another one.
    ///
    /// # Errors
    /// The disk failed.
    pub fn is_untouched_copy(&self) -> Result<bool, StoreError> {
        let reading = self.database.begin_read().map_err(transaction)?;
        restored::is_untouched(&reading.open_table(META).map_err(table)?)
    }

    /// The store as of its last commit.
    ///
    /// # Errors
    /// The disk failed.
    pub fn snapshot(&self) -> Result<Box<dyn Snapshot>, StoreError> {
        Ok(Box::new(RedbSnapshot(self.database.begin_read().map_err(transaction)?)))
    }
}

struct Look {
    dir: PathBuf,
    cache_bytes: usize,
}

impl Look {
    /// Opens the file under an overlay; tells whether it was closed properly.
    fn open(&self, verify: bool) -> Result<(Database, bool), StoreError> {
        let file = File::open(self.dir.join(FILE)).map_err(StoreError::Io)?;
        if file.metadata().map_err(StoreError::Io)?.len() == 0 {
            return Err(StoreError::Damaged(format!("{} is not a store: its file is empty", self.dir.display())));
        }
        let repaired = Arc::new(AtomicBool::new(false));
        let noted = Arc::clone(&repaired);
        let opened = Overlay::new(file).and_then(|overlay| {
            Builder::new()
                .set_cache_size(self.cache_bytes)
                .set_check_integrity_on_open(verify)
                .set_repair_callback(move |_| noted.store(true, Ordering::Relaxed))
                .create_with_backend(overlay)
        });
        let database = opened.map_err(|error| opening(error, &self.dir))?;
        Ok((database, !repaired.load(Ordering::Relaxed)))
    }

    fn check_format(&self, database: &Database) -> Result<(), StoreError> {
        let path = || self.dir.display().to_string();
        match upgrade::format(&database.begin_read().map_err(transaction)?)? {
            Some(found) if found > FORMAT => Err(StoreError::Newer { path: path(), found, known: FORMAT }),
            Some(found) if found < FORMAT => Err(StoreError::Older { path: path(), found, known: FORMAT }),
            Some(_) => Ok(()),
            None => Err(StoreError::Damaged(format!("{} holds nothing: it was never opened", path()))),
        }
    }
}
