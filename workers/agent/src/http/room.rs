//! Places for large documents in memory.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use gleaner_model::{Fault, FaultKind};
use tokio::sync::{OwnedSemaphorePermit, Semaphore};

/// Large documents in memory at the same time. Each may have hundreds of megabytes, read and unread; two keep both the
/// network and a processor busy.
const LARGE_AT_ONCE: usize = 2;

/// One place a large document that is in memory.
#[derive(Debug)]
pub(super) struct Room {
    places: Arc<Semaphore>,
    waiting: AtomicUsize,
}

impl Room {
    pub(super) fn new() -> Self {
        Self { places: Arc::new(Semaphore::new(LARGE_AT_ONCE)), waiting: AtomicUsize::new(0) }
    }

    /// Waits for a place.
    pub(super) async fn take(&self) -> Result<OwnedSemaphorePermit, Fault> {
        let _waiting = Waiting::begin(&self.waiting);
        let stopping = |_| Fault::new(FaultKind::Internal, "the worker is stopping");
        Arc::clone(&self.places).acquire_owned().await.map_err(stopping)
    }

    /// Does anybody wait for a place?
    pub(super) fn is_crowded(&self) -> bool {
        self.waiting.load(Ordering::Relaxed) > 0
    }
}

/// Somebody who waits, also if they stop waiting.
struct Waiting<'a>(&'a AtomicUsize);

impl<'a> Waiting<'a> {
    fn begin(count: &'a AtomicUsize) -> Self {
        count.fetch_add(1, Ordering::Relaxed);
        Self(count)
    }
}

impl Drop for Waiting<'_> {
    fn drop(&mut self) {
        self.0.fetch_sub(1, Ordering::Relaxed);
    }
}
