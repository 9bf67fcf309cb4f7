//! Receiving a document, up to its limit.
//!
//! The limit counts bytes after decompression, while they come in: a megabyte on the wire can be a gigabyte of zeros.

use std::time::Duration;

use bytes::{Bytes, BytesMut};
use gleaner_model::Fault;
use reqwest::Response;
use tokio::time::timeout;
use url::Url;

use super::fault;

/// Room that is set aside on a host's word alone. A document that says it is longer grows as it arrives.
const TRUSTED_BYTES: u64 = 1 << 20;

/// Receives the body of `response`, at most `max_bytes`; `idle` is how long the host may be silent.
pub(crate) async fn receive(
    response: &mut Response,
    url: &Url,
    max_bytes: u64,
    idle: Duration,
) -> Result<Bytes, Fault> {
    let stated = response.content_length().unwrap_or(0);
    if stated > max_bytes {
        return Err(fault::too_long(url, max_bytes));
    }
    let mut first = None;
    let mut whole = BytesMut::new();
    loop {
        let chunk = match timeout(idle, response.chunk()).await {
            Err(_) => return Err(fault::too_slow(url, "sent nothing", idle)),
            Ok(Err(error)) => return Err(fault::broken_body(url, error)),
            Ok(Ok(None)) => break,
            Ok(Ok(Some(chunk))) => chunk,
        };
        let so_far = whole.len() + first.as_ref().map_or(0, Bytes::len) + chunk.len();
        if so_far as u64 > max_bytes {
            return Err(fault::too_long(url, max_bytes));
        }
        // Most small documents are one chunk, which is then taken as it is.
        if first.is_none() && whole.is_empty() {
            first = Some(chunk);
            continue;
        }
        if let Some(first) = first.take() {
            whole.reserve(usize::try_from(stated.min(TRUSTED_BYTES)).unwrap_or(0).max(so_far));
            whole.extend_from_slice(&first);
        }
        whole.extend_from_slice(&chunk);
    }
    Ok(first.unwrap_or_else(|| whole.freeze()))
}
