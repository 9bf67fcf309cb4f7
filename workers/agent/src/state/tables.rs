//! The tables of `worker.redb`, and what their values are.

use gleaner_model::{Attempt, Document, Timestamp, Validators};
use redb::TableDefinition;
use serde::{Deserialize, Serialize};

/// The format of the file. Raise it with every change that an older version would misread.
pub(super) const FORMAT: u32 = 1;

pub(super) const META: TableDefinition<'_, &str, &[u8]> = TableDefinition::new("meta");
pub(super) const META_FORMAT: &str = "format";
pub(super) const META_WORKER: &str = "worker";
pub(super) const META_KNOWN_BYTES: &str = "known_bytes";

pub(super) const OUTBOX: TableDefinition<'_, u64, &[u8]> = TableDefinition::new("outbox");
pub(super) const OUTBOX_OUTCOMES: TableDefinition<'_, u64, &[u8]> = TableDefinition::new("outbox_outcomes");
pub(super) const OUTBOX_FRAMES: TableDefinition<'_, (u64, u32), &[u8]> = TableDefinition::new("outbox_frames");

pub(super) const KNOWN: TableDefinition<'_, &str, &[u8]> = TableDefinition::new("known");
pub(super) const KNOWN_FRAMES: TableDefinition<'_, &str, &[u8]> = TableDefinition::new("known_frames");
pub(super) const KNOWN_ORDER: TableDefinition<'_, u64, &str> = TableDefinition::new("known_order");

/// What `outbox` holds.
#[derive(Debug, Serialize, Deserialize)]
pub(super) struct OutboxHead {
    pub(super) attempt: Attempt,
    pub(super) documents: Vec<Document>,
}

/// What `known` holds.
#[derive(Debug, Serialize, Deserialize)]
pub(super) struct KnownHead {
    pub(super) document: Document,
    pub(super) validators: Validators,
    pub(super) fetched_at: Timestamp,
    /// Its place in `known_order`.
    pub(super) order: u64,
    /// The length of its frame.
    pub(super) frame_bytes: u64,
}
