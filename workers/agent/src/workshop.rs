//! Where work for the processor is done: parsing, hashing, compressing.
//!
//! A packument of 20 MiB takes a tenth of a second to parse. On an async thread that is a tenth of a second in which no
//! heartbeat leaves; and with every slot doing it at once on its own thread, the machine would hold as many parsed
//! packages as there are slots and thrash its caches. So large work goes to the blocking pool, as many at a time as
//! there are processors; small work is done on the spot, where a thread's change would cost more than the work.

use std::sync::Arc;

use gleaner_model::{Fault, FaultKind};
use tokio::sync::Semaphore;

/// Up to this many bytes of input, work is done on the spot: a few hundred microseconds at most.
const SMALL_BYTES: usize = 64 << 10;

/// Where work for the processor is done.
#[derive(Clone, Debug)]
pub(crate) struct Workshop {
    /// One place a processor.
    places: Arc<Semaphore>,
}

impl Workshop {
    pub(crate) fn new() -> Self {
        let processors = std::thread::available_parallelism().map_or(1, std::num::NonZero::get);
        Self { places: Arc::new(Semaphore::new(processors)) }
    }

    /// Does `work` on an input of `bytes` bytes. A panic in it is a fault of this attempt alone.
    pub(crate) async fn run<T: Send + 'static>(
        &self,
        bytes: usize,
        work: impl FnOnce() -> T + Send + 'static,
    ) -> Result<T, Fault> {
        if bytes <= SMALL_BYTES {
            return Ok(work());
        }
        let closed = |_| Fault::new(FaultKind::Internal, "the worker is stopping");
        let _place = Arc::clone(&self.places).acquire_owned().await.map_err(closed)?;
        let defect = |error| Fault::new(FaultKind::Internal, format!("reading a document failed: {error}"));
        tokio::task::spawn_blocking(work).await.map_err(defect)
    }
}
