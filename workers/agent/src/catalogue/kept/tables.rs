//! The tables of the file, and what their values are.

use redb::TableDefinition;

/// The format of the file. A file of another one is removed, so raise it with every change of what is written: of the
/// tables, or of a package's own fields ([`super::tests`] notices those).
pub(super) const FORMAT: u64 = 1;

/// `format`, `bytes` (of all values), `next` (place in `order`).
pub(super) const META: TableDefinition<'_, &str, u64> = TableDefinition::new("meta");
pub(super) const META_FORMAT: &str = "format";
pub(super) const META_BYTES: &str = "bytes";
pub(super) const META_NEXT: &str = "next";

/// Registry -> the position at which all that is kept of it is exact, and the mark of the event right before it.
pub(super) const POSITIONS: TableDefinition<'_, &str, (u64, u64)> = TableDefinition::new("positions");

/// `REGISTRY NAME` -> place in `order`, and a zstd frame with its size and a checksum.
pub(super) const PACKAGES: TableDefinition<'_, &str, (u64, &[u8])> = TableDefinition::new("packages");

/// Ascending number -> key in `packages`, the oldest first. What is not there under that number any more is passed over.
pub(super) const ORDER: TableDefinition<'_, u64, &str> = TableDefinition::new("order");
