//! Receiving a document, up to its limit.
//!
//! The limit counts bytes after decompression, while they come in: a megabyte on the wire can be a gigabyte of zeros.
//! And because every slot may meet a giant in the same moment, a document that turns out to be large waits for one of
//! a few places before it grows further; the host meanwhile sends no more than the network's buffers take.
//!
//! Whoever receives may be told to wait in the middle of it. What comes after that is received only as long as they
//! take it; then the request is cut off, to be made again later.

use std::time::Duration;

use bytes::{Bytes, BytesMut};
use gleaner_model::Fault;
use reqwest::Response;
use tokio::sync::OwnedSemaphorePermit;
use tokio::time::timeout;
use url::Url;

use super::fault;
use super::room::Room;

/// From here on a document is large. With 4,096 slots the small ones are at most 32 GiB, with the usual 32 a quarter
/// of one; of a thousand packages one or two are larger. It is also the room that is set aside on a host's word alone:
/// memory costs when it is written to, so an empty promise costs an address. Without that a document is copied at each
/// doubling, and half of all bytes are in documents of more than a MiB.
const LARGE_BYTES: usize = 8 << 20;

/// Who receives a document.
pub(crate) trait Recipient: Sync {
    /// May so many bytes more come in? `crowded` says that they take a place for which others wait.
    fn takes(&self, bytes: usize, crowded: bool) -> bool;
}

/// What a document and its host may take.
#[derive(Clone, Copy)]
pub(super) struct Limits<'a> {
    /// Longest document, in bytes after decompression.
    pub(super) max_bytes: u64,
    /// Longest silence.
    pub(super) idle: Duration,
    /// Places for large documents.
    pub(super) room: &'a Room,
    /// For whom it is.
    pub(super) recipient: &'a dyn Recipient,
}

/// What came of receiving a document.
pub(super) enum Received {
    /// All of it, and a place in memory with it if it is large.
    Whole(Bytes, Option<OwnedSemaphorePermit>),
    /// The recipient takes no more.
    Cut,
}

/// Receives the body of `response`.
pub(super) async fn receive(response: &mut Response, url: &Url, limits: Limits<'_>) -> Result<Received, Fault> {
    let stated = response.content_length().unwrap_or(0);
    if stated > limits.max_bytes {
        return Err(fault::too_long(url, limits.max_bytes));
    }
    // A body that arrives compressed states no length.
    let stated = usize::try_from(stated).unwrap_or(usize::MAX);
    let mut room = None;
    let mut first = None;
    let mut whole = BytesMut::new();
    while let Some(chunk) = next(response, url, limits.idle).await? {
        let so_far = whole.len() + first.as_ref().map_or(0, Bytes::len) + chunk.len();
        if so_far as u64 > limits.max_bytes {
            return Err(fault::too_long(url, limits.max_bytes));
        }
        if !limits.recipient.takes(chunk.len(), room.is_some() && limits.room.is_crowded()) {
            return Ok(Received::Cut);
        }
        if so_far > LARGE_BYTES && room.is_none() {
            room = Some(limits.room.take().await?);
            // With a place in memory goes all the room that its host says it needs.
            whole.reserve(stated.saturating_sub(whole.len()));
        }
        // Most small documents are one chunk, which is then taken as it is.
        if first.is_none() && whole.is_empty() {
            first = Some(chunk);
            continue;
        }
        if let Some(first) = first.take() {
            whole.reserve(stated.min(LARGE_BYTES).max(so_far));
            whole.extend_from_slice(&first);
        }
        whole.extend_from_slice(&chunk);
    }
    Ok(Received::Whole(first.unwrap_or_else(|| whole.freeze()), room))
}

async fn next(response: &mut Response, url: &Url, idle: Duration) -> Result<Option<Bytes>, Fault> {
    match timeout(idle, response.chunk()).await {
        Err(_) => Err(fault::too_slow(url, "sent nothing", idle)),
        Ok(Err(error)) => Err(fault::broken_body(url, error)),
        Ok(Ok(chunk)) => Ok(chunk),
    }
}
