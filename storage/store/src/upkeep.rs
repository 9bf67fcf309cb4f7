//! Looking after a store: what a check finds, what a copy is made of.
//!
//! The problem: whoever checks or copies a store must see one commit of it while others commit, must not hold it up, and
//! must not need memory in proportion to it. So a [`Snapshot`] is read through once, from the first table to the last,
//! and hands over what it finds piece by piece; whoever takes the pieces sets the pace, and may stop at any of them.

use std::ops::ControlFlow;

use gleaner_model::ContentHash;

use crate::{DocumentsError, Place, StoreError};

/// What a check tells, as it goes.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Finding {
    /// So far all is read up to here; told about once a megabyte, so that the caller may rest or stop.
    Progress {
        /// Which table is being read.
        table: &'static str,
        /// Values of it that were read.
        values: u64,
        /// Their bytes, as they are stored, keys included.
        bytes: u64,
    },
    /// A value is not to be believed, or is missing.
    Flaw {
        /// Where.
        table: &'static str,
        /// Under which key; empty if it is about all of the table.
        key: String,
        /// What is wrong.
        flaw: String,
    },
    /// A table was read to its end. After its flaws.
    Table {
        /// Which.
        table: &'static str,
        /// How many values it has.
        values: u64,
        /// Their bytes, as they are stored, keys included.
        bytes: u64,
    },
}

/// Some rows of a table, in the order of its keys.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Rows {
    /// The table.
    pub table: String,
    /// Keys and values, packed; about a megabyte, or one row that is longer.
    pub rows: Vec<(Vec<u8>, Vec<u8>)>,
}

/// A store as of one commit. As long as it lives, what later commits replace keeps its room on disk.
pub trait Snapshot: Send {
    /// Reads every value of every table and compares it with its checksum, its key and what other tables say of it.
    /// Ends early, and well, if `tell` says so.
    ///
    /// # Errors
    /// The disk failed. Damage is no error but told.
    fn check(&self, tell: &mut dyn FnMut(Finding) -> ControlFlow<()>) -> Result<(), StoreError>;

    /// Hands over every row of every table, for a [`StoreCopy`](crate::StoreCopy). Ends early, and well, if `take` says so.
    ///
    /// # Errors
    /// The disk failed, or the file is damaged. Values are not looked into.
    fn copy(&self, take: &mut dyn FnMut(Rows) -> ControlFlow<()>) -> Result<(), StoreError>;

    /// Up to `limit` documents after `after` in the order of their names, with their places. Damaged places are left
    /// out; [`Snapshot::check`] tells of them.
    ///
    /// # Errors
    /// The disk failed, or the file is damaged.
    fn places(&self, after: Option<ContentHash>, limit: usize) -> Result<Vec<(ContentHash, Place)>, StoreError>;

    /// Hands over every document with its place, until `take` breaks.
    ///
    /// # Errors
    /// The disk failed, or a place is damaged.
    fn each_place(&self, take: &mut dyn FnMut(ContentHash, Place) -> ControlFlow<()>) -> Result<(), StoreError>;
}

/// Places that are looked up together. They are read in the order of their packs, so that a pack is mostly read in one
/// go; four thousand take some 300 kB.
const PLACES_MAX: usize = 4_096;

/// The name under which documents are told of in a check.
pub const DOCUMENT_BYTES: &str = "document bytes";

/// Reads every document that `snapshot` knows a place of, and finds those that are not what they are named. `read` is
/// [`Documents::get`](crate::Documents::get), called from a thread that may block.
///
/// # Errors
/// The store or the documents' store failed. Damage is no error but told.
pub fn check_documents(
    snapshot: &dyn Snapshot,
    read: &mut dyn FnMut(ContentHash, Place) -> Result<Vec<u8>, DocumentsError>,
    tell: &mut dyn FnMut(Finding) -> ControlFlow<()>,
) -> Result<(), CheckError> {
    let (table, mut values, mut bytes) = (DOCUMENT_BYTES, 0, 0);
    let mut after = None;
    loop {
        let mut places = snapshot.places(after, PLACES_MAX)?;
        let Some((last, _)) = places.last() else { break };
        after = Some(*last);
        places.sort_by_key(|(_, place)| (place.pack, place.offset));
        for (hash, place) in places {
            let read = match read(hash, place) {
                Err(DocumentsError::Damaged { hash, flaw }) => {
                    tell(Finding::Flaw { table, key: hash.to_string(), flaw: flaw.to_owned() })
                }
                other => other.map(|_| ControlFlow::Continue(()))?,
            };
            values += 1;
            bytes += u64::from(place.length);
            if read.is_break() || tell(Finding::Progress { table, values, bytes }).is_break() {
                return Ok(());
            }
        }
    }
    let _ = tell(Finding::Table { table, values, bytes });
    Ok(())
}

/// Why a check could not go on.
#[derive(Debug, thiserror::Error)]
pub enum CheckError {
    /// The store failed.
    #[error(transparent)]
    Store(#[from] StoreError),
    /// The documents' store failed.
    #[error(transparent)]
    Documents(#[from] DocumentsError),
}
