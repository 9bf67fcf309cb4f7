//! What redb reports, in the port's words.

use std::fmt::Display;
use std::io;
use std::path::Path;

use redb::{CommitError, DatabaseError, StorageError, TableError, TransactionError};

use crate::StoreError;
use crate::frame::Flaw;

/// The value under `key` in `table` is not to be believed.
pub(crate) fn damaged(table: &str, key: impl Display, flaw: Flaw) -> StoreError {
    StoreError::Damaged(format!("the value of {key} in table {table}: {flaw}"))
}

pub(crate) fn storage(error: StorageError) -> StoreError {
    match error {
        StorageError::Io(error) => StoreError::Io(error),
        StorageError::Corrupted(what) => StoreError::Damaged(what),
        StorageError::Backend(error) => StoreError::Io(io::Error::other(error)),
        other => StoreError::Io(io::Error::other(other)),
    }
}

pub(crate) fn table(error: TableError) -> StoreError {
    match error {
        TableError::Storage(error) => storage(error),
        other => StoreError::Damaged(other.to_string()),
    }
}

pub(crate) fn transaction(error: TransactionError) -> StoreError {
    match error {
        TransactionError::Storage(error) => storage(error),
        other => StoreError::Io(io::Error::other(other)),
    }
}

pub(crate) fn commit(error: CommitError) -> StoreError {
    match error {
        CommitError::Storage(error) => storage(error),
        other => StoreError::Io(io::Error::other(other)),
    }
}

/// What opening the file at `path` can meet.
pub(crate) fn opening(error: DatabaseError, path: &Path) -> StoreError {
    match error {
        DatabaseError::DatabaseAlreadyOpen | DatabaseError::LockProtocolMismatch => {
            StoreError::InUse { path: path.display().to_string() }
        }
        DatabaseError::Storage(StorageError::Io(error)) if error.kind() == io::ErrorKind::InvalidData => {
            StoreError::Damaged(format!("{} is not a store: {error}", path.display()))
        }
        DatabaseError::Storage(error) => storage(error),
        other => StoreError::Damaged(format!("{}: {other}", path.display())),
    }
}

/// The caller broke the port's rules; nothing was written, and the store goes on.
pub(crate) fn misuse(what: String) -> StoreError {
    StoreError::Io(io::Error::new(io::ErrorKind::InvalidInput, what))
}
