//! What one request came to.

use bytes::Bytes;
use gleaner_model::{Fault, Timestamp, Validators};
use tokio::sync::OwnedSemaphorePermit;

/// The answer to one request.
#[derive(Debug)]
pub(crate) enum Answer {
    /// A document.
    Body(Body),
    /// It is the document whose validators were sent.
    NotModified { at: Timestamp },
    /// There is no such document.
    NotFound { at: Timestamp },
    /// It was removed.
    Gone { at: Timestamp },
    /// The host asks for less.
    Throttled { retry_after_ms: Option<u64> },
    /// It is elsewhere: the `Location`, if there was one.
    Elsewhere { location: Option<String> },
    /// Who waits for it takes no more of it for now.
    Cut,
    /// No usable answer.
    Failed(Fault),
}

/// A document as it was received, decompressed.
#[derive(Debug)]
pub(crate) struct Body {
    pub(crate) bytes: Bytes,
    pub(crate) validators: Validators,
    pub(crate) at: Timestamp,
    /// Its place among the large ones in memory, if it is one; to be kept as long as the bytes.
    pub(crate) room: Option<OwnedSemaphorePermit>,
}
