//! What a worker says of a running attempt, apart from its outcome.

use bytes::Bytes;
use gleaner_model::{Attempt, ContentHash, Host};

use super::field::at_most;
use super::requests::ended;
use super::{EndedRequests, InvalidMessage, content_hash, parse, required};
use crate::v1;

/// Longest checkpoint, in bytes: it is kept for every suspended attempt, and names documents rather than holding them.
pub const CHECKPOINT_BYTES_MAX: usize = 65_536;

/// Longest piece of a document, in bytes: small enough that a heartbeat behind one is not late, large enough that the
/// frame around it costs nothing.
pub const PIECE_BYTES_MAX: usize = 262_144;

/// Asks for leave for one request.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PermitRequest {
    /// For which attempt.
    pub attempt: Attempt,
    /// To which host.
    pub host: Host,
    /// Requests of the attempt that have ended since it said so last.
    pub ended: Vec<EndedRequests>,
}

impl From<PermitRequest> for v1::PermitRequest {
    fn from(request: PermitRequest) -> Self {
        let PermitRequest { attempt, host, ended } = request;
        let ended = ended.into_iter().map(Into::into).collect();
        Self { attempt: Some(attempt.into()), host: host.to_string(), ended }
    }
}

impl TryFrom<v1::PermitRequest> for PermitRequest {
    type Error = InvalidMessage;

    fn try_from(wire: v1::PermitRequest) -> Result<Self, InvalidMessage> {
        let attempt = required(wire.attempt, "attempt")?;
        Ok(Self { attempt, host: parse(&wire.host, "host")?, ended: ended(wire.ended)? })
    }
}

/// A host asked to be left alone.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Throttled {
    /// Whose request it answered.
    pub attempt: Attempt,
    /// Which host.
    pub host: Host,
    /// What its Retry-After said, in milliseconds from now; none if it said nothing.
    pub retry_after_ms: Option<u64>,
}

impl From<Throttled> for v1::Throttled {
    fn from(throttled: Throttled) -> Self {
        let Throttled { attempt, host, retry_after_ms } = throttled;
        Self { attempt: Some(attempt.into()), host: host.to_string(), retry_after_ms }
    }
}

impl TryFrom<v1::Throttled> for Throttled {
    type Error = InvalidMessage;

    fn try_from(wire: v1::Throttled) -> Result<Self, InvalidMessage> {
        let attempt = required(wire.attempt, "attempt")?;
        Ok(Self { attempt, host: parse(&wire.host, "host")?, retry_after_ms: wire.retry_after_ms })
    }
}

/// How far an attempt has got.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Progress {
    /// Which.
    pub attempt: Attempt,
    /// Requests that it made.
    pub requests: u32,
    /// Bytes that it received.
    pub received_bytes: u64,
    /// What another worker needs to go on from here, at most [`CHECKPOINT_BYTES_MAX`]; empty if there is nothing.
    pub checkpoint: Vec<u8>,
}

impl From<Progress> for v1::Progress {
    fn from(progress: Progress) -> Self {
        let Progress { attempt, requests, received_bytes, checkpoint } = progress;
        Self { attempt: Some(attempt.into()), requests, received_bytes, checkpoint }
    }
}

impl TryFrom<v1::Progress> for Progress {
    type Error = InvalidMessage;

    fn try_from(wire: v1::Progress) -> Result<Self, InvalidMessage> {
        let attempt = required(wire.attempt, "attempt")?;
        at_most(wire.checkpoint.len(), CHECKPOINT_BYTES_MAX, "checkpoint")?;
        let v1::Progress { requests, received_bytes, checkpoint, .. } = wire;
        Ok(Self { attempt, requests, received_bytes, checkpoint })
    }
}

/// The slot is free; the attempt waits.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Suspended {
    /// Which.
    pub attempt: Attempt,
    /// As in [`Progress`].
    pub checkpoint: Vec<u8>,
}

impl From<Suspended> for v1::Suspended {
    fn from(suspended: Suspended) -> Self {
        Self { attempt: Some(suspended.attempt.into()), checkpoint: suspended.checkpoint }
    }
}

impl TryFrom<v1::Suspended> for Suspended {
    type Error = InvalidMessage;

    fn try_from(wire: v1::Suspended) -> Result<Self, InvalidMessage> {
        let attempt = required(wire.attempt, "attempt")?;
        at_most(wire.checkpoint.len(), CHECKPOINT_BYTES_MAX, "checkpoint")?;
        Ok(Self { attempt, checkpoint: wire.checkpoint })
    }
}

/// A piece of a document's zstd frame.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct DocumentPiece {
    /// For which attempt.
    pub attempt: Attempt,
    /// The SHA-256 of the whole uncompressed document.
    pub hash: ContentHash,
    /// The next bytes, at most [`PIECE_BYTES_MAX`].
    pub data: Bytes,
    /// Is this the last piece?
    pub last: bool,
}

impl From<DocumentPiece> for v1::DocumentPiece {
    fn from(piece: DocumentPiece) -> Self {
        let DocumentPiece { attempt, hash, data, last } = piece;
        Self { attempt: Some(attempt.into()), hash: hash.0.to_vec(), data, last }
    }
}

impl TryFrom<v1::DocumentPiece> for DocumentPiece {
    type Error = InvalidMessage;

    fn try_from(wire: v1::DocumentPiece) -> Result<Self, InvalidMessage> {
        let attempt = required(wire.attempt, "attempt")?;
        at_most(wire.data.len(), PIECE_BYTES_MAX, "data")?;
        Ok(Self { attempt, hash: content_hash(&wire.hash, "hash")?, data: wire.data, last: wire.last })
    }
}
