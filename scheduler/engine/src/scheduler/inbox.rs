//! Where what the scheduler is told gathers until it has time.
//!
//! The problem: deciding costs a microsecond, and waking an actor for one message several of them, on both sides. So
//! messages gather in one place, the actor is rung for the first one, takes all that is there by then, and decides once.
//! An idle scheduler hears each message at once; a busy one hears hundreds in one breath.

use std::sync::{Arc, Mutex, PoisonError};

use ractor::ActorRef;

use super::message::Message;

/// Something waits in the inbox.
pub(crate) struct Bell;

/// The scheduler is not there any more.
#[derive(Debug)]
pub(crate) struct Gone;

/// What waits, in order; none once the scheduler has ended. How much there can be is bounded by the credits of the
/// engine's edge and of the sessions.
pub(super) type Waiting = Arc<Mutex<Option<Vec<Message>>>>;

fn with<T>(waiting: &Waiting, change: impl FnOnce(&mut Option<Vec<Message>>) -> T) -> T {
    change(&mut waiting.lock().unwrap_or_else(PoisonError::into_inner))
}

/// The scheduler's end of the inbox. When it is dropped nothing is heard any more: what waits is dropped as well, so
/// that who waits for an answer hears of it.
pub(super) struct Inbox(Waiting);

impl Inbox {
    pub(super) fn new() -> Self {
        Self(Arc::new(Mutex::new(Some(Vec::new()))))
    }

    /// Takes all that waits, in order.
    pub(super) fn take(&self) -> Vec<Message> {
        with(&self.0, |waiting| waiting.as_mut().map(std::mem::take)).unwrap_or_default()
    }

    /// The other end, for an address.
    pub(super) fn waiting(&self) -> Waiting {
        Arc::clone(&self.0)
    }
}

impl Drop for Inbox {
    fn drop(&mut self) {
        drop(with(&self.0, Option::take));
    }
}

/// The scheduler's address.
#[derive(Clone)]
pub(crate) struct SchedulerRef {
    actor: ActorRef<Bell>,
    waiting: Waiting,
}

impl SchedulerRef {
    pub(super) const fn new(actor: ActorRef<Bell>, waiting: Waiting) -> Self {
        Self { actor, waiting }
    }

    /// Tells the scheduler something, which it hears after all that it was told before.
    ///
    /// # Errors
    /// It has ended.
    pub(crate) fn cast(&self, message: Message) -> Result<(), Gone> {
        let first = with(&self.waiting, |waiting| {
            let waiting = waiting.as_mut().ok_or(Gone)?;
            waiting.push(message);
            Ok(waiting.len() == 1)
        })?;
        if first { self.actor.cast(Bell).map_err(|_| Gone) } else { Ok(()) }
    }

    /// Has the scheduler end. What it was not told yet it never hears.
    pub(crate) fn stop(&self) {
        self.actor.stop(None);
    }
}
