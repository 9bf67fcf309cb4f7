//! What is kept, and the port through which the rest of Gleaner keeps it.

mod command;
mod documents;
mod frame;
mod garbage;
mod port;
mod record;
mod redb;
mod resolution;
mod upkeep;
mod zip;

pub use self::redb::{Backup, Compacted, RedbOptions, RedbStore, StoppedStore, StoreCopy, WrittenBackup, compact};
pub use command::{Closure, Command, KeyEntry, Keyed, OrderWrite, Payload, StreamPosition};
pub use documents::{DOCUMENT_MAX, Documents, DocumentsError, Pack, Place, compress, content_hash, decompress};
pub use garbage::{Collected, collect_packs};
pub use port::{
    Cursor, EventPage, Group, InvalidCursor, Opened, Recovered, ResolutionPage, Store, StoreError, StoredJob,
};
pub use record::{EncodedRecord, PackageWrite};
pub use resolution::{ResolutionWrite, fingerprint_of_question};
pub use upkeep::{CheckError, DOCUMENT_BYTES, Finding, Rows, Snapshot, check_documents};
