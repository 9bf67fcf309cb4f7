//! A reader's view: file and memory as of the same commit, without ever waiting for the disk.

use std::sync::{PoisonError, RwLockReadGuard};

use redb::{ReadTransaction, ReadableDatabase};

use crate::StoreError;

use super::RedbStore;
use super::errors::{table, transaction};
use super::index::Index;
use super::tables::{META, State};

impl RedbStore {
    /// A read transaction and the index of the same commit. The index lags behind the file only for the moment between
    /// the end of a commit and its [`Index::apply`], so trying again is rare and short.
    pub(crate) fn view(&self) -> Result<(ReadTransaction, RwLockReadGuard<'_, Index>), StoreError> {
        loop {
            let index = self.index.read().unwrap_or_else(PoisonError::into_inner);
            let reading = self.read()?;
            let state = State::read(&reading.open_table(META).map_err(table)?)?;
            if state.is_some_and(|state| state.commits == index.state.commits) {
                return Ok((reading, index));
            }
            drop(index);
            self.check_writer()?;
            std::thread::yield_now();
        }
    }

    /// A read transaction, where the index is not needed.
    pub(crate) fn read(&self) -> Result<ReadTransaction, StoreError> {
        self.database.begin_read().map_err(transaction)
    }

    /// After a failed write the file may be a commit ahead of the index for good.
    fn check_writer(&self) -> Result<(), StoreError> {
        match self.writer.try_lock() {
            Ok(writer) => match &writer.failed {
                Some(reason) => Err(StoreError::Io(std::io::Error::other(reason.clone()))),
                None => Ok(()),
            },
            Err(_) => Ok(()),
        }
    }
}
