//! Keys whose asks are on their way.
//!
//! The problem: a client that does not hear an answer asks again under the same key, while its first ask is still being
//! decided or committed, when no store knows it. So whoever asks under a key claims it first, and keeps it until the
//! commit: a second one waits, and then finds what the first one left. A claim travels with the submission, so that it
//! outlives a client that goes away in between.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError};

use gleaner_model::ClientName;
use tokio::sync::OwnedMutexGuard;

type Key = (ClientName, String);

/// The keys that are claimed. As many as asks are on their way, which the edge bounds.
#[derive(Default)]
pub(crate) struct Claims {
    claimed: Mutex<HashMap<Key, Arc<tokio::sync::Mutex<()>>>>,
}

impl Claims {
    /// Claims a key, when nobody else does any more. Whoever claims several takes them in ascending order, or two would
    /// wait for each other.
    pub(super) async fn claim(self: &Arc<Self>, client: &ClientName, key: String) -> Claim {
        let key = (client.clone(), key);
        let turn = {
            let mut claimed = self.claimed.lock().unwrap_or_else(PoisonError::into_inner);
            Arc::clone(claimed.entry(key.clone()).or_default())
        };
        // Made before it waits, so that one who gives up leaves nothing behind.
        let mut claim = Claim { claims: Arc::clone(self), key, turn: Arc::clone(&turn), guard: None };
        claim.guard = Some(turn.lock_owned().await);
        claim
    }
}

/// A claimed key; given back when dropped.
pub(crate) struct Claim {
    claims: Arc<Claims>,
    key: Key,
    turn: Arc<tokio::sync::Mutex<()>>,
    guard: Option<OwnedMutexGuard<()>>,
}

impl Drop for Claim {
    fn drop(&mut self) {
        self.guard = None;
        let mut claimed = self.claims.claimed.lock().unwrap_or_else(PoisonError::into_inner);
        // One of the two is in the map, and nobody gets another without the lock.
        if Arc::strong_count(&self.turn) == 2 {
            claimed.remove(&self.key);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn client() -> ClientName {
        "somebody".parse().expect("a name")
    }

    async fn gives_up(waiting: impl Future) {
        tokio::select! {
            biased;
            _ = waiting => panic!("the key is claimed"),
            () = tokio::task::yield_now() => {}
        }
    }

    #[tokio::test]
    async fn one_at_a_time_and_nothing_is_left_behind() {
        let claims = Arc::new(Claims::default());
        let first = claims.claim(&client(), "a".to_owned()).await;
        let other = claims.claim(&client(), "b".to_owned()).await;
        gives_up(claims.claim(&client(), "a".to_owned())).await;
        assert_eq!(claims.claimed.lock().expect("whole").len(), 2);
        drop(first);
        let second = claims.claim(&client(), "a".to_owned()).await;
        drop((second, other));
        assert_eq!(claims.claimed.lock().expect("whole").len(), 0);
    }

    #[tokio::test]
    async fn whoever_waits_keeps_the_key_from_being_forgotten() {
        let claims = Arc::new(Claims::default());
        let first = claims.claim(&client(), "a".to_owned()).await;
        let (theirs, name) = (Arc::clone(&claims), client());
        let waiting = tokio::spawn(async move { theirs.claim(&name, "a".to_owned()).await });
        tokio::task::yield_now().await;
        drop(first);
        let second = waiting.await.expect("it ends");
        gives_up(claims.claim(&client(), "a".to_owned())).await;
        drop(second);
        assert_eq!(claims.claimed.lock().expect("whole").len(), 0);
    }
}
