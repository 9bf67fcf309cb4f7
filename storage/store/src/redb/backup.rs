//! A copy of a store: every row of one commit, written into a fresh file.
//!
//! The problem: a store's file cannot be copied while it is written, and it must not stand still meanwhile. But whoever
//! reads sees one commit, however many follow; so the rows are read in their order, a megabyte at a time, and written
//! into a new file, here or at the other end of a connection. The copy is not a store's until it is whole: it is made in
//! a directory with another name, by whoever calls this.
//!
//! Rows travel as redb's types see them and not as redb stores them, in a form of our own (`portable`), and are looked
//! at where they arrive: what is no row of this table is refused.

mod place;
mod portable;

use std::collections::BTreeMap;
use std::fs::File;
use std::ops::ControlFlow;
use std::path::{Path, PathBuf};

use redb::{Builder, Database, Key, ReadTransaction, ReadableTable, TableDefinition, TableHandle, WriteTransaction};

use crate::{Rows, StoreError};

use super::errors::{commit, damaged, opening, storage, table, transaction};
use super::open::{FILE, sync_directories};
use super::restored;
use super::tables::{
    BATCHES, CAMPAIGNS, CHUNKS, CLOSURES, CONTENTS, DOCUMENTS, ENDED, EVENTS, EXPIRY, HOSTS, KEYS, META, PACKAGES,
    RESOLUTIONS, RESULTS, SCHEDULES, STREAMS, SUPERSEDED,
};
use super::upgrade;
pub(crate) use place::UNFINISHED;
pub use place::{Backup, WrittenBackup};
use portable::Portable;

/// Bytes of rows that are handed over together.
const BATCH_BYTES: usize = 1 << 20;

/// Rows that are handed over together, however short they are.
const BATCH_ROWS: usize = 8_192;

/// Bytes after which a copy is made durable, so that redb need not keep them in memory.
const COMMIT_BYTES: usize = 64 << 20;

/// Memory for pages of the copy.
const CACHE_BYTES: usize = 64 << 20;

/// What is done with every table.
trait Visit {
    fn visit<K, V>(&mut self, table: TableDefinition<'static, K, V>) -> Result<ControlFlow<()>, StoreError>
    where
        K: Key + Portable + 'static,
        V: Portable + 'static;
}

/// Visits every table, until a visit ends it.
fn each(visitor: &mut impl Visit) -> Result<ControlFlow<()>, StoreError> {
    macro_rules! visit {
        ($($table:ident)*) => {
            $(if visitor.visit($table)?.is_break() { return Ok(ControlFlow::Break(())); })*
        };
    }
    visit!(META CHUNKS CLOSURES ENDED RESULTS EXPIRY PACKAGES CONTENTS DOCUMENTS EVENTS STREAMS);
    visit!(KEYS BATCHES SCHEDULES CAMPAIGNS HOSTS RESOLUTIONS SUPERSEDED);
    Ok(ControlFlow::Continue(()))
}

/// Hands over every row of every table.
pub(crate) fn copy(reading: &ReadTransaction, take: &mut dyn FnMut(Rows) -> ControlFlow<()>) -> Result<(), StoreError> {
    each(&mut Reader { reading, take }).map(drop)
}

struct Reader<'a> {
    reading: &'a ReadTransaction,
    take: &'a mut dyn FnMut(Rows) -> ControlFlow<()>,
}

impl Visit for Reader<'_> {
    fn visit<K, V>(&mut self, definition: TableDefinition<'static, K, V>) -> Result<ControlFlow<()>, StoreError>
    where
        K: Key + Portable + 'static,
        V: Portable + 'static,
    {
        let (mut rows, mut bytes) = (Vec::new(), 0);
        let stored = self.reading.open_table(definition).map_err(table)?;
        for row in stored.iter().map_err(storage)? {
            let (key, value) = row.map_err(storage)?;
            let (key, value) = (K::pack(&key.value()), V::pack(&value.value()));
            bytes += key.len() + value.len();
            rows.push((key, value));
            if bytes >= BATCH_BYTES || rows.len() >= BATCH_ROWS {
                let batch = Rows { table: definition.name().to_owned(), rows: std::mem::take(&mut rows) };
                bytes = 0;
                if (self.take)(batch).is_break() {
                    return Ok(ControlFlow::Break(()));
                }
            }
        }
        // Also of an empty table, so that whoever gets all knows that it was there.
        Ok((self.take)(Rows { table: definition.name().to_owned(), rows }))
    }
}

/// A copy that is being written.
pub struct StoreCopy {
    database: Database,
    dir: PathBuf,
    writing: Option<WriteTransaction>,
    /// Bytes since the last commit.
    pending: usize,
    rows: BTreeMap<String, u64>,
}

impl StoreCopy {
    /// Begins a copy in the directory `dir`, which is made if it is not there.
    ///
    /// # Errors
    /// There is a store in it, or the disk failed.
    pub fn create(dir: &Path) -> Result<Self, StoreError> {
        std::fs::create_dir_all(dir).map_err(StoreError::Io)?;
        let path = dir.join(FILE);
        drop(File::create_new(&path).map_err(StoreError::Io)?);
        let database = Builder::new().set_cache_size(CACHE_BYTES).create(&path);
        let database = database.map_err(|error| opening(error, dir))?;
        Ok(Self { database, dir: dir.to_owned(), writing: None, pending: 0, rows: BTreeMap::new() })
    }

    /// Takes over some rows.
    ///
    /// # Errors
    /// The table is not known or a row is none of it; or the disk failed.
    pub fn put(&mut self, rows: &Rows) -> Result<(), StoreError> {
        let writing = match self.writing.take() {
            Some(writing) => writing,
            None => self.database.begin_write().map_err(transaction)?,
        };
        let mut writer = Writer { writing: &writing, rows, found: false };
        let _found = each(&mut writer)?;
        if !writer.found {
            return Err(damaged(&rows.table, "(all)", "no such table is known here"));
        }
        *self.rows.entry(rows.table.clone()).or_default() += rows.rows.len() as u64;
        self.pending += rows.rows.iter().map(|(key, value)| key.len() + value.len()).sum::<usize>();
        if self.pending < COMMIT_BYTES {
            self.writing = Some(writing);
            return Ok(());
        }
        self.pending = 0;
        writing.commit().map_err(commit)
    }

    /// How many rows came of which table. A table that is missing here did not come at all.
    #[must_use]
    pub fn rows(&self) -> &BTreeMap<String, u64> {
        &self.rows
    }

    /// Ends the copy, when all rows came: makes it durable under its own name, as a store that goes on where the one
    /// that it was taken of will never be (see `restored`). Tells its format.
    ///
    /// # Errors
    /// The rows make no store, or one of a newer format; or the disk failed.
    pub fn finish(mut self) -> Result<u32, StoreError> {
        let writing = match self.writing.take() {
            Some(writing) => writing,
            None => self.database.begin_write().map_err(transaction)?,
        };
        restored::leave_out(&mut writing.open_table(META).map_err(table)?)?;
        writing.commit().map_err(commit)?;
        let format = upgrade::upgrade(&self.database, &self.dir, &upgrade::STEPS)?;
        let format = format.ok_or_else(|| damaged("meta", "format", "it is missing"))?;
        self.database.close().map_err(|error| opening(error, &self.dir))?;
        let named = File::open(self.dir.join(FILE)).and_then(|file| file.sync_all());
        named.and_then(|()| sync_directories(&self.dir)).map_err(StoreError::Io)?;
        Ok(format)
    }
}

impl std::fmt::Debug for StoreCopy {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("StoreCopy").field("dir", &self.dir).field("rows", &self.rows).finish_non_exhaustive()
    }
}

struct Writer<'a> {
    writing: &'a WriteTransaction,
    rows: &'a Rows,
    found: bool,
}

impl Visit for Writer<'_> {
    fn visit<K, V>(&mut self, definition: TableDefinition<'static, K, V>) -> Result<ControlFlow<()>, StoreError>
    where
        K: Key + Portable + 'static,
        V: Portable + 'static,
    {
        if definition.name() != self.rows.table {
            return Ok(ControlFlow::Continue(()));
        }
        self.found = true;
        let mut stored = self.writing.open_table(definition).map_err(table)?;
        for (nth, (key, value)) in self.rows.rows.iter().enumerate() {
            let row = K::unpack(key).zip(V::unpack(value));
            let (key, value) = row.ok_or_else(|| damaged(&self.rows.table, nth, "it is no row of this table"))?;
            stored.insert(key, value).map_err(storage)?;
        }
        Ok(ControlFlow::Break(()))
    }
}
