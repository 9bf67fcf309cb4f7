//! Which connection speaks for a submit stream.
//!
//! The problem: a connection may be broken for its client alone, while the scheduler still reads what was on its way,
//! or commits it. If the client opens the stream anew meanwhile, both connections would take in the same items. So the
//! newest connection of a stream is the one that speaks: it asks for the last committed number when no other one is
//! committing any more, and from then on the older ones are refused.

use std::collections::HashMap;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, PoisonError};

use gleaner_model::ClientName;
use tokio::sync::MutexGuard;
use tonic::{Code, Status};

use super::errors;

type Key = (ClientName, String);

/// The streams that are open. As many as there are connections with one, which the server bounds.
#[derive(Default)]
pub(crate) struct Speakers {
    open: Mutex<HashMap<Key, Arc<Stage>>>,
}

#[derive(Default)]
struct Stage {
    newest: AtomicU64,
    committing: tokio::sync::Mutex<()>,
}

impl Speakers {
    /// From now on the caller speaks for the client's stream, and no earlier caller does.
    pub(super) fn speak(self: &Arc<Self>, client: ClientName, stream: String) -> Speaker {
        let key = (client, stream);
        let mut open = self.open.lock().unwrap_or_else(PoisonError::into_inner);
        let stage = Arc::clone(open.entry(key.clone()).or_default());
        let number = stage.newest.fetch_add(1, Ordering::SeqCst) + 1;
        drop(open);
        Speaker { speakers: Arc::clone(self), key, stage, number }
    }
}

/// One connection of a stream.
pub(super) struct Speaker {
    speakers: Arc<Speakers>,
    key: Key,
    stage: Arc<Stage>,
    number: u64,
}

impl Speaker {
    /// The stream's id.
    pub(super) fn stream(&self) -> &str {
        &self.key.1
    }

    /// Waits until no other connection is committing; none will while the guard is held.
    ///
    /// # Errors
    /// ABORTED if a newer connection speaks.
    pub(super) async fn turn(&self) -> Result<MutexGuard<'_, ()>, Status> {
        let turn = self.stage.committing.lock().await;
        if self.stage.newest.load(Ordering::SeqCst) == self.number {
            return Ok(turn);
        }
        let what = format!("the stream `{}` was opened anew by another connection, which goes on with it", self.key.1);
        Err(errors::status(Code::Aborted, "STREAM_OPENED_ANEW", what))
    }
}

impl Drop for Speaker {
    fn drop(&mut self) {
        let mut open = self.speakers.open.lock().unwrap_or_else(PoisonError::into_inner);
        // One of the two is in the map, and nobody gets another without the lock.
        if Arc::strong_count(&self.stage) == 2 {
            open.remove(&self.key);
        }
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]

    use super::*;

    fn speak(speakers: &Arc<Speakers>, stream: &str) -> Speaker {
        speakers.speak("somebody".parse().unwrap(), stream.to_owned())
    }

    #[tokio::test]
    async fn the_newest_speaks_once_the_older_one_has_committed() {
        let speakers = Arc::new(Speakers::default());
        let (old, other) = (speak(&speakers, "a"), speak(&speakers, "b"));
        let committing = old.turn().await.unwrap();
        let new = speak(&speakers, "a");
        tokio::select! {
            biased;
            _ = new.turn() => panic!("the older one is committing"),
            () = tokio::task::yield_now() => {}
        }
        drop(committing);
        assert!(new.turn().await.is_ok());
        assert_eq!(old.turn().await.unwrap_err().code(), Code::Aborted);
        assert!(other.turn().await.is_ok(), "another stream is another matter");
    }

    #[tokio::test]
    async fn nothing_is_kept_of_streams_that_are_closed() {
        let speakers = Arc::new(Speakers::default());
        let (old, new) = (speak(&speakers, "a"), speak(&speakers, "a"));
        drop(new);
        assert!(old.turn().await.is_err(), "it was silenced for good");
        assert_eq!(speakers.open.lock().unwrap().len(), 1);
        drop(old);
        assert_eq!(speakers.open.lock().unwrap().len(), 0);
    }
}
