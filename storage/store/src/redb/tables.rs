//! The tables of the file, and the counters that stand in every commit.
//!
//! | table | key | value |
//! |---|---|---|
//! | `meta` | `format`, `epoch`, `state`, `jumps`, `copied` | little-endian integers, see [`State`] and [`restored`](super::restored) |
//! | `chunks` | first sequence number | a [row](super::row) of commands, of which at least one still matters |
//! | `closures` | batch number | a frame of closures that some chunk above depends on |
//! | `ended` | first sequence number | a row of commands whose jobs have all ended |
//! | `results` | batch number | a frame of closures that no chunk depends on any more |
//! | `expiry` | (latest end in it, kind, key) | nothing: what to forget in `ended`, `results` and `batches`, oldest first |
//! | `packages` | registry, space, purl | the head of an [encoded record](crate::EncodedRecord) |
//! | `contents` | registry, space, purl | its content, unless none was ever fetched |
//! | `documents` | SHA-256 | a [`Place`](crate::Place) |
//! | `events` | (shard, first sequence) | a frame of events |
//! | `streams` | (client, stream) | a frame of a [`StreamPosition`](crate::StreamPosition) |
//! | `keys` | (client, key) | a frame of a [`KeyEntry`](crate::KeyEntry) |
//! | `batches` | the number of its first job | a frame of a [`Batch`](gleaner_model::Batch) |
//! | `schedules` | (client, name) | a frame of a [`Schedule`](gleaner_model::Schedule) |
//! | `hosts` | `name` or `name:port` | a frame of [`HostSettings`](gleaner_model::HostSettings) |
//! | `campaigns` | (client, name) | a frame of a [`Campaign`](gleaner_model::Campaign) |
//! | `resolutions` | registry, space, purl; NUL, version; NUL, question, position | an [answer](crate::ResolutionWrite) |
//! | `superseded` | when it was confirmed last, its key in `resolutions` | nothing: which answers to forget, oldest first |
//!
//! A sequence number belongs to the row with the greatest key that is not above it, in `chunks` and in `ended` alike:
//! rows never reach past the next key.

use redb::{ReadableTable, TableDefinition};

use crate::StoreError;
use crate::documents::STORED_BYTES;

use super::errors::damaged;

pub(crate) const META: TableDefinition<'_, &str, &[u8]> = TableDefinition::new("meta");
pub(crate) const CHUNKS: TableDefinition<'_, u64, &[u8]> = TableDefinition::new("chunks");
pub(crate) const CLOSURES: TableDefinition<'_, u64, &[u8]> = TableDefinition::new("closures");
pub(crate) const ENDED: TableDefinition<'_, u64, &[u8]> = TableDefinition::new("ended");
pub(crate) const RESULTS: TableDefinition<'_, u64, &[u8]> = TableDefinition::new("results");
pub(crate) const EXPIRY: TableDefinition<'_, (i64, u8, u64), ()> = TableDefinition::new("expiry");
pub(crate) const PACKAGES: TableDefinition<'_, &[u8], &[u8]> = TableDefinition::new("packages");
pub(crate) const CONTENTS: TableDefinition<'_, &[u8], &[u8]> = TableDefinition::new("contents");
pub(crate) const DOCUMENTS: TableDefinition<'_, [u8; 32], [u8; STORED_BYTES]> = TableDefinition::new("documents");
pub(crate) const EVENTS: TableDefinition<'_, (u16, u64), &[u8]> = TableDefinition::new("events");
pub(crate) const STREAMS: TableDefinition<'_, (&str, &str), &[u8]> = TableDefinition::new("streams");
pub(crate) const KEYS: TableDefinition<'_, (&str, &str), &[u8]> = TableDefinition::new("keys");
pub(crate) const BATCHES: TableDefinition<'_, u64, &[u8]> = TableDefinition::new("batches");
pub(crate) const SCHEDULES: TableDefinition<'_, (&str, &str), &[u8]> = TableDefinition::new("schedules");
pub(crate) const CAMPAIGNS: TableDefinition<'_, (&str, &str), &[u8]> = TableDefinition::new("campaigns");
pub(crate) const HOSTS: TableDefinition<'_, &str, &[u8]> = TableDefinition::new("hosts");
pub(crate) const RESOLUTIONS: TableDefinition<'_, &[u8], &[u8]> = TableDefinition::new("resolutions");
pub(crate) const SUPERSEDED: TableDefinition<'_, &[u8], ()> = TableDefinition::new("superseded");

/// [`EXPIRY`]'s kind for a row of [`ENDED`].
pub(crate) const EXPIRES_ENDED: u8 = 0;
/// [`EXPIRY`]'s kind for a batch in [`RESULTS`].
pub(crate) const EXPIRES_RESULTS: u8 = 1;

/// [`EXPIRY`]'s kind for a row of [`BATCHES`] that has come to its end.
pub(crate) const EXPIRES_BATCH: u8 = 2;

/// The format that this version writes, and the newest that it reads. Whoever raises it adds a step to
/// [`upgrade`](super::upgrade).
pub(crate) const FORMAT: u32 = 7;

/// The one shard that an embedded store has; other engines have more.
pub(crate) const SHARD: u16 = 0;

/// zstd's level for what the committer packs itself. It has about a microsecond a job for everything, so the level is
/// the fastest that still finds what the commands of a group have in common: a million queued jobs take 103 MB as they
/// are, 16 MB at this level and at 1, and 35 MB at -5.
pub(crate) const JOURNAL_LEVEL: i32 = -1;

/// The counters of the store: written by every commit, so that no number is ever used twice.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct State {
    /// Write transactions so far; tells whether memory and file are of the same commit.
    pub(crate) commits: u64,
    /// The lowest sequence number that was never used.
    pub(crate) next_sequence: u64,
    /// The next event's sequence number.
    pub(crate) next_event: u64,
    /// The next batch of closures.
    pub(crate) next_batch: u64,
}

impl State {
    /// Of a store in which nothing ever happened. Sequence numbers begin at 1, so that 0 can mean "none" elsewhere.
    pub(crate) const FIRST: Self = Self { commits: 0, next_sequence: 1, next_event: 0, next_batch: 0 };

    pub(crate) fn to_bytes(self) -> [u8; 32] {
        let mut bytes = [0; 32];
        let fields = [self.commits, self.next_sequence, self.next_event, self.next_batch];
        for (slot, field) in bytes.chunks_exact_mut(8).zip(fields) {
            slot.copy_from_slice(&field.to_le_bytes());
        }
        bytes
    }

    pub(crate) fn from_bytes(bytes: &[u8]) -> Option<Self> {
        let bytes: &[u8; 32] = bytes.try_into().ok()?;
        let field = |at: usize| bytes[at * 8..].first_chunk().map(|field| u64::from_le_bytes(*field));
        Some(Self { commits: field(0)?, next_sequence: field(1)?, next_event: field(2)?, next_batch: field(3)? })
    }

    /// The counters as stored, or none in a new store.
    pub(crate) fn read(meta: &impl ReadableTable<&'static str, &'static [u8]>) -> Result<Option<Self>, StoreError> {
        let Some(stored) = meta.get("state").map_err(super::errors::storage)? else { return Ok(None) };
        Self::from_bytes(stored.value()).map(Some).ok_or_else(|| damaged("meta", "state", "it is of a wrong length"))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn state_comes_back() {
        let state = State { commits: 1, next_sequence: u64::MAX, next_event: 3, next_batch: 4 };
        assert_eq!(State::from_bytes(&state.to_bytes()), Some(state));
        assert_eq!(State::from_bytes(&[0; 31]), None);
    }
}
