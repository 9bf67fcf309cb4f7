//! Receiving a document, up to its limit.
//!
//! The limit counts bytes after decompression, while they come in: a megabyte on the wire can be a gigabyte of zeros.
//! And because every slot may meet a giant in the same moment, a document that turns out to be large waits for one of
//! a few places before it grows further; the host meanwhile sends no more than the network's buffers take.

use std::sync::Arc;
use std::time::Duration;

use bytes::{Bytes, BytesMut};
use gleaner_model::{Fault, FaultKind};
use reqwest::Response;
use tokio::sync::{OwnedSemaphorePermit, Semaphore};
use tokio::time::timeout;
use url::Url;

use super::fault;

/// From here on a document is large. With 4,096 slots the small ones are at most 32 GiB, with the usual 32 a quarter
/// of one; of a thousand packages one or two are larger. It is also the room that is set aside on a host's word alone:
/// memory costs when it is written to, so an empty promise costs an address. Without that a document is copied at each
/// doubling, and half of all bytes are in documents of more than a MiB.
const LARGE_BYTES: usize = 8 << 20;

/// What a document and its host may take.
#[derive(Clone, Copy, Debug)]
pub(super) struct Limits<'a> {
    /// Longest document, in bytes after decompression.
    pub(super) max_bytes: u64,
    /// Longest silence.
    pub(super) idle: Duration,
    /// Places for large documents.
    pub(super) room: &'a Arc<Semaphore>,
}

/// Receives the body of `response`, and a place in memory with it if it is large.
pub(super) async fn receive(
    response: &mut Response,
    url: &Url,
    limits: Limits<'_>,
) -> Result<(Bytes, Option<OwnedSemaphorePermit>), Fault> {
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
        if so_far > LARGE_BYTES && room.is_none() {
            let stopping = |_| Fault::new(FaultKind::Internal, "the worker is stopping");
            room = Some(Arc::clone(limits.room).acquire_owned().await.map_err(stopping)?);
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
    Ok((first.unwrap_or_else(|| whole.freeze()), room))
}

async fn next(response: &mut Response, url: &Url, idle: Duration) -> Result<Option<Bytes>, Fault> {
    match timeout(idle, response.chunk()).await {
        Err(_) => Err(fault::too_slow(url, "sent nothing", idle)),
        Ok(Err(error)) => Err(fault::broken_body(url, error)),
        Ok(Ok(chunk)) => Ok(chunk),
    }
}
