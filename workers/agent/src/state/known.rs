//! Main documents that are kept because a crawl of the package's older part will want them.
//!
//! Only what has versions still pending is put here, so a worker that crawls no Python keeps nothing. When the bytes
//! are over their limit, the oldest go: whoever wants one then fetches it anew.

use bytes::Bytes;
use gleaner_model::{ContentHash, PackageKey, Timestamp, Validators};
use redb::{Database, ReadableDatabase, ReadableTable, WriteTransaction};

use super::StateFailed;
use super::tables::{KNOWN, KNOWN_FRAMES, KNOWN_ORDER, KnownHead, META, META_KNOWN_BYTES};
use super::writer::failed;
use crate::document::Packed;

/// A package's main document, and what came with it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct KnownDocument {
    pub(crate) key: PackageKey,
    pub(crate) packed: Packed,
    pub(crate) validators: Validators,
    pub(crate) fetched_at: Timestamp,
}

/// Keeps a document, in place of the package's earlier one, and lets go of the oldest beyond `bytes_max`.
pub(super) fn keep(transaction: &WriteTransaction, known: &KnownDocument, bytes_max: u64) -> Result<(), StateFailed> {
    let key = known.key.to_text();
    let frame = known.packed.frame.as_ref();
    let mut bytes = bytes_kept(transaction)?.saturating_sub(drop_one(transaction, &key)?);
    let mut order = transaction.open_table(KNOWN_ORDER).map_err(failed)?;
    let place = order.last().map_err(failed)?.map_or(0, |(last, _)| last.value() + 1);
    order.insert(place, key.as_str()).map_err(failed)?;
    drop(order);
    let head = KnownHead {
        document: known.packed.document.clone(),
        validators: known.validators.clone(),
        fetched_at: known.fetched_at,
        order: place,
        frame_bytes: frame.len() as u64,
    };
    let head = postcard::to_allocvec(&head).map_err(failed)?;
    transaction.open_table(KNOWN).map_err(failed)?.insert(key.as_str(), head.as_slice()).map_err(failed)?;
    transaction.open_table(KNOWN_FRAMES).map_err(failed)?.insert(key.as_str(), frame).map_err(failed)?;
    bytes += frame.len() as u64;
    while bytes > bytes_max {
        let Some(oldest) = oldest(transaction)? else { break };
        bytes = bytes.saturating_sub(drop_one(transaction, &oldest)?);
    }
    let mut meta = transaction.open_table(META).map_err(failed)?;
    meta.insert(META_KNOWN_BYTES, bytes.to_le_bytes().as_slice()).map_err(failed)?;
    Ok(())
}

/// The package's document, if it is the one with this hash.
pub(super) fn find(database: &Database, key: &str, hash: ContentHash) -> Result<Option<KnownDocument>, StateFailed> {
    let transaction = database.begin_read().map_err(failed)?;
    let Some(head) = transaction.open_table(KNOWN).map_err(failed)?.get(key).map_err(failed)? else {
        return Ok(None);
    };
    let head: KnownHead = postcard::from_bytes(head.value()).map_err(failed)?;
    if head.document.hash != hash {
        return Ok(None);
    }
    let frames = transaction.open_table(KNOWN_FRAMES).map_err(failed)?;
    let frame = frames.get(key).map_err(failed)?.ok_or_else(|| StateFailed(format!("`{key}` is not whole")))?;
    Ok(Some(KnownDocument {
        key: parse_key(key)?,
        packed: Packed { document: head.document, frame: Bytes::copy_from_slice(frame.value()) },
        validators: head.validators,
        fetched_at: head.fetched_at,
    }))
}

/// Removes a package's document and tells how many bytes that freed.
fn drop_one(transaction: &WriteTransaction, key: &str) -> Result<u64, StateFailed> {
    let head: KnownHead = match transaction.open_table(KNOWN).map_err(failed)?.remove(key).map_err(failed)? {
        Some(head) => postcard::from_bytes(head.value()).map_err(failed)?,
        None => return Ok(0),
    };
    transaction.open_table(KNOWN_FRAMES).map_err(failed)?.remove(key).map_err(failed)?;
    transaction.open_table(KNOWN_ORDER).map_err(failed)?.remove(head.order).map_err(failed)?;
    Ok(head.frame_bytes)
}

fn oldest(transaction: &WriteTransaction) -> Result<Option<String>, StateFailed> {
    let order = transaction.open_table(KNOWN_ORDER).map_err(failed)?;
    let first = order.first().map_err(failed)?;
    Ok(first.map(|(_, key)| key.value().to_owned()))
}

fn bytes_kept(transaction: &WriteTransaction) -> Result<u64, StateFailed> {
    let meta = transaction.open_table(META).map_err(failed)?;
    let bytes = meta.get(META_KNOWN_BYTES).map_err(failed)?;
    Ok(bytes.and_then(|bytes| bytes.value().try_into().ok()).map_or(0, u64::from_le_bytes))
}

/// A key in the form of [`PackageKey::to_text`].
fn parse_key(text: &str) -> Result<PackageKey, StateFailed> {
    let (registry, purl) = text.split_once(' ').ok_or_else(|| failed(text))?;
    Ok(PackageKey::new(registry.parse().map_err(failed)?, &purl.parse().map_err(failed)?))
}
