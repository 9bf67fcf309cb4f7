//! Package records as they are stored: encoded and compressed before they reach the committer.
//!
//! There is one committer a store, and a large npm record takes milliseconds to compress; so whoever made the record
//! encodes it, on any thread, and the committer only moves bytes. The revision stands in front in plain sight, so that
//! it can be compared without unpacking anything.
//!
//! ```text
//! bytes 0-7   revision, little endian
//! bytes 8-    a framed value (see `frame`): postcard of the PackageRecord
//! ```

use gleaner_model::{Event, PackageKey, PackageRecord};

use crate::frame::{self, Flaw};

/// zstd's level for records, which hold the same text as the documents that they come from: see the measurement at
/// [`compress`](crate::compress).
const LEVEL: i32 = 1;

const HEAD: usize = 8;

/// A package record, encoded and compressed.
#[derive(Clone, PartialEq, Eq)]
pub struct EncodedRecord(Box<[u8]>);

impl EncodedRecord {
    /// Encodes `record`. The costly part of storing one, so do it outside the committer.
    #[must_use]
    pub fn encode(record: &PackageRecord) -> Self {
        let framed = frame::encode(record, LEVEL);
        let mut bytes = Vec::with_capacity(HEAD + framed.len());
        bytes.extend_from_slice(&record.revision.to_le_bytes());
        bytes.extend_from_slice(&framed);
        Self(bytes.into())
    }

    /// How many bytes are stored for it.
    #[must_use]
    pub fn stored_bytes(&self) -> usize {
        self.0.len()
    }

    pub(crate) fn as_bytes(&self) -> &[u8] {
        &self.0
    }
}

impl std::fmt::Debug for EncodedRecord {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "EncodedRecord({} bytes)", self.0.len())
    }
}

/// The revision of a stored record.
pub(crate) fn revision_of(stored: &[u8]) -> Result<u64, Flaw> {
    stored.first_chunk::<HEAD>().map(|head| u64::from_le_bytes(*head)).ok_or("it is too short")
}

/// A stored record.
pub(crate) fn decode(stored: &[u8]) -> Result<PackageRecord, Flaw> {
    let revision = revision_of(stored)?;
    let record: PackageRecord = frame::decode(&stored[HEAD..])?;
    if record.revision == revision { Ok(record) } else { Err("its revision is not the one in front of it") }
}

/// A package record to write, with the events that tell what changed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PackageWrite {
    /// Which package.
    pub key: PackageKey,
    /// One more than that of the record it was made from, or 1.
    pub revision: u64,
    /// The record itself.
    pub encoded: EncodedRecord,
    /// What changed, in order. Empty if only times did.
    pub events: Vec<Event>,
}

impl PackageWrite {
    /// Encodes `record`, with the `events` that tell what changed. Costly: see [`EncodedRecord::encode`].
    #[must_use]
    pub fn new(record: &PackageRecord, events: Vec<Event>) -> Self {
        let encoded = EncodedRecord::encode(record);
        Self { key: record.key.clone(), revision: record.revision, encoded, events }
    }
}
