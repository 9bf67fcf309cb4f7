//! Where work for the processor is done: parsing, hashing, compressing.
//!
//! A packument of 20 MiB takes a tenth of a second to parse. On an async thread that is a tenth of a second in which no
//! heartbeat leaves; and with every slot doing it at once on its own thread, the machine would hold as many parsed
//! packages as there are slots and thrash its caches. So large work goes to the blocking pool, as many at a time as
//! there are processors; small work is done on the spot, where a thread's change would cost more than the work.
//!
//! A resolution is work of another kind: nobody knows how long it takes, it can be told to stand aside, and it wants room
//! that an earlier one has warmed. It holds its [`Place`] by itself, gives it up whenever it stands aside, and goes behind
//! those who wait for one every [`TURN`], so that ten of them do not keep a document from being read.

use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use gleaner_model::{Fault, FaultKind};
use gleaner_resolvers::Scratches;
use tokio::sync::{OwnedSemaphorePermit, Semaphore};

/// Up to this many bytes of input, work is done on the spot: a few hundred microseconds at most.
const SMALL_BYTES: usize = 64 << 10;

/// How long work holds its place while others may wait for one.
pub(crate) const TURN: Duration = Duration::from_millis(10);

/// Resolutions that stand aside on threads of their own, holding what they have found out so far. The blocking pool has
/// 512 threads; one that finds no room here is begun anew when it goes on.
const ASIDE_MAX: usize = 8;

/// Where work for the processor is done.
#[derive(Clone)]
pub(crate) struct Workshop {
    /// One place a processor.
    places: Arc<Semaphore>,
    /// Room for those that stand aside.
    aside: Arc<Semaphore>,
    /// What resolutions left warm; as many as there are places.
    scratches: Arc<Mutex<Vec<Scratches>>>,
    processors: usize,
}

/// A processor's time.
pub(crate) type Place = OwnedSemaphorePermit;

impl Workshop {
    pub(crate) fn new() -> Self {
        Self::of(std::thread::available_parallelism().map_or(1, std::num::NonZero::get))
    }

    /// The same for so many processors.
    pub(crate) fn of(processors: usize) -> Self {
        Self {
            places: Arc::new(Semaphore::new(processors)),
            aside: Arc::new(Semaphore::new(ASIDE_MAX)),
            scratches: Arc::default(),
            processors,
        }
    }

    /// Waits for a place, behind those who wait already.
    pub(crate) async fn place(&self) -> Result<Place, Fault> {
        Arc::clone(&self.places).acquire_owned().await.map_err(|_| stopping())
    }

    /// Are all places taken?
    pub(crate) fn is_crowded(&self) -> bool {
        self.places.available_permits() == 0
    }

    /// Room to stand aside, if there is any.
    pub(crate) fn room_aside(&self) -> Option<OwnedSemaphorePermit> {
        Arc::clone(&self.aside).try_acquire_owned().ok()
    }

    /// Does work of unknown length on a thread of its own, with a resolver's room.
    pub(crate) async fn long<T: Send + 'static>(
        &self,
        work: impl FnOnce(&mut Scratches) -> T + Send + 'static,
    ) -> Result<T, Fault> {
        let workshop = self.clone();
        let done = tokio::task::spawn_blocking(move || {
            // One that a defect left behind is lost with it.
            let mut scratches = workshop.lock().pop().unwrap_or_default();
            let done = work(&mut scratches);
            let mut warm = workshop.lock();
            if warm.len() < workshop.processors {
                warm.push(scratches);
            }
            done
        });
        done.await.map_err(|error| Fault::new(FaultKind::Internal, format!("a resolution failed: {error}")))
    }

    fn lock(&self) -> std::sync::MutexGuard<'_, Vec<Scratches>> {
        self.scratches.lock().unwrap_or_else(PoisonError::into_inner)
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
        let _place = self.place().await?;
        let defect = |error| Fault::new(FaultKind::Internal, format!("reading a document failed: {error}"));
        tokio::task::spawn_blocking(work).await.map_err(defect)
    }
}

fn stopping() -> Fault {
    Fault::new(FaultKind::Internal, "the worker is stopping")
}
