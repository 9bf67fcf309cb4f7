//! Sending outcomes, one after the other.
//!
//! An outcome that has just been stored is still in memory and is sent from there. After a new greeting all that are
//! held are sent again, read from disk one at a time; so are those whose memory was let go because too much waited.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use gleaner_model::Attempt;
use gleaner_proto::convert::HELD_MAX;
use tokio::sync::mpsc;

use super::link::Link;
use crate::state::{OutboxId, Parcel, State, StateFailed};

/// Bytes of documents that wait in memory to be sent. Beyond that only their numbers wait: they are on disk.
const MEMORY_BYTES: usize = 64 << 20;

#[derive(Debug)]
struct Shipment {
    id: OutboxId,
    attempt: Attempt,
    parcel: Option<Parcel>,
}

/// Where a session takes outcomes to send. Dropping it ends the sending.
#[derive(Debug)]
pub(crate) struct Shipments {
    queue: mpsc::Sender<Shipment>,
    waiting_bytes: Arc<AtomicUsize>,
}

impl Shipments {
    /// Puts an outcome last in the queue. If the session is over, nothing happens: the next one sends all again.
    pub(crate) fn add(&self, id: OutboxId, attempt: Attempt, parcel: Option<Parcel>) {
        let bytes = parcel.as_ref().map_or(0, weight);
        let fits = self.waiting_bytes.load(Ordering::Relaxed) + bytes <= MEMORY_BYTES;
        let parcel = parcel.filter(|_| fits);
        if fits {
            self.waiting_bytes.fetch_add(bytes, Ordering::Relaxed);
        }
        let _ = self.queue.try_send(Shipment { id, attempt, parcel });
    }
}

/// Starts the sending over `link`. The task ends with the link, with the last `Shipments`, or with the state.
pub(super) fn start(link: Link, state: State, failed: impl FnOnce(StateFailed) + Send + 'static) -> Shipments {
    // As many as the roster can hold, each a few words: a queue that is never full.
    let (queue, waiting) = mpsc::channel(HELD_MAX);
    let waiting_bytes = Arc::new(AtomicUsize::new(0));
    let shipments = Shipments { queue, waiting_bytes: Arc::clone(&waiting_bytes) };
    tokio::spawn(async move {
        if let Err(error) = ship(link, state, waiting, &waiting_bytes).await {
            failed(error);
        }
    });
    shipments
}

async fn ship(
    link: Link,
    state: State,
    mut waiting: mpsc::Receiver<Shipment>,
    waiting_bytes: &AtomicUsize,
) -> Result<(), StateFailed> {
    while let Some(Shipment { id, attempt, parcel }) = waiting.recv().await {
        let parcel = match parcel {
            Some(parcel) => {
                waiting_bytes.fetch_sub(weight(&parcel), Ordering::Relaxed);
                parcel
            }
            None => match state.load(id).await? {
                Some(parcel) => parcel,
                // It was acknowledged or cancelled meanwhile.
                None => continue,
            },
        };
        if link.parcel(attempt, parcel).await.is_err() {
            break;
        }
    }
    Ok(())
}

fn weight(parcel: &Parcel) -> usize {
    parcel.documents.iter().map(|packed| packed.frame.len()).sum()
}
