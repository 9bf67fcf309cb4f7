//! What an attempt and the rest of the worker know of each other.
//!
//! An attempt runs on its own. From outside come its permits, the word to wait or go on, and a fresh token when a
//! scheduler adopts it; to the outside it shows whether it has begun, and what it has fetched.

use std::sync::atomic::{AtomicU8, Ordering};
use std::sync::{Arc, Mutex, PoisonError};

use gleaner_model::Attempt;
use tokio::sync::watch;

use super::checkpoint::Notes;
use super::desk::Desk;
use super::drain::{Drain, Drains};
use crate::http::Recipient;

/// May an attempt make requests?
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Gate {
    /// Yes. The number rises whenever the gate opens anew: permits that were asked for before that will not come.
    Open(u64),
    /// It is suspended.
    Shut,
}

/// Has an attempt done anything?
const UNTOUCHED: u8 = 0;
const BEGUN: u8 = 1;
const RETURNED: u8 = 2;

/// The shared side of one attempt.
#[derive(Debug)]
pub(crate) struct Lease {
    attempt: Mutex<Attempt>,
    gate: watch::Sender<Gate>,
    stage: AtomicU8,
    openings: Mutex<u64>,
    drain: Drain,
    pub(crate) desk: Desk,
    pub(crate) notes: Notes,
}

impl Lease {
    pub(crate) fn new(attempt: Attempt, drains: Arc<Drains>) -> Self {
        Self {
            attempt: Mutex::new(attempt),
            gate: watch::Sender::new(Gate::Open(0)),
            stage: AtomicU8::new(UNTOUCHED),
            openings: Mutex::new(0),
            drain: Drain::new(drains),
            desk: Desk::default(),
            notes: Notes::default(),
        }
    }

    /// The attempt under its current token.
    pub(crate) fn attempt(&self) -> Attempt {
        *self.attempt.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// It goes on as `attempt`.
    pub(crate) fn adopt(&self, attempt: Attempt) {
        *self.attempt.lock().unwrap_or_else(PoisonError::into_inner) = attempt;
    }

    /// No further requests.
    pub(crate) fn suspend(&self) {
        self.gate.send_replace(Gate::Shut);
    }

    /// Is it to wait?
    pub(crate) fn is_suspended(&self) -> bool {
        *self.gate.borrow() == Gate::Shut
    }

    /// Requests again.
    pub(crate) fn resume(&self) {
        let mut openings = self.openings.lock().unwrap_or_else(PoisonError::into_inner);
        *openings += 1;
        self.drain.give_back();
        self.gate.send_replace(Gate::Open(*openings));
    }

    /// Watches the gate.
    pub(crate) fn gate(&self) -> watch::Receiver<Gate> {
        self.gate.subscribe()
    }

    /// The attempt is about to do something. False if it was given back before that.
    pub(crate) fn begin(&self) -> bool {
        let before = self.stage.compare_exchange(UNTOUCHED, BEGUN, Ordering::AcqRel, Ordering::Acquire);
        !matches!(before, Err(RETURNED))
    }

    /// Takes the attempt back if it has not begun; it never will then.
    pub(crate) fn take_back(&self) -> bool {
        self.stage.compare_exchange(UNTOUCHED, RETURNED, Ordering::AcqRel, Ordering::Acquire).is_ok()
    }

    /// Has it made a request, or looked into a document?
    pub(crate) fn has_begun(&self) -> bool {
        self.stage.load(Ordering::Acquire) == BEGUN
    }
}

/// In a slot it takes all; suspended, what drains.
impl Recipient for Lease {
    fn takes(&self, bytes: usize, crowded: bool) -> bool {
        !self.is_suspended() || (!crowded && self.drain.take(bytes as u64))
    }
}

#[cfg(test)]
mod tests {
    use gleaner_model::{TaskId, Token};

    use super::*;

    fn lease() -> Lease {
        Lease::new(Attempt { task: TaskId(1), token: Token { epoch: 1, sequence: 1 } }, Arc::new(Drains::new(10)))
    }

    #[test]
    fn suspended_it_takes_what_drains_and_no_place_that_others_wait_for() {
        let lease = lease();
        assert!(lease.takes(1_000, true));
        lease.suspend();
        assert!(lease.takes(6, false) && !lease.takes(1, true));
        assert!(!lease.takes(5, false) && lease.takes(4, false));
        lease.resume();
        assert!(lease.takes(1_000, true));
        lease.suspend();
        assert!(lease.takes(10, false), "what it took before counts no more");
    }

    #[test]
    fn what_has_begun_is_not_taken_back_and_the_other_way_round() {
        let begun = lease();
        assert!(begun.begin() && begun.begin(), "beginning is idempotent");
        assert!(!begun.take_back() && begun.has_begun());
        let returned = lease();
        assert!(returned.take_back());
        assert!(!returned.begin() && !returned.has_begun());
    }

    #[test]
    fn each_opening_of_the_gate_differs() {
        let lease = lease();
        let before = *lease.gate().borrow();
        lease.suspend();
        assert_eq!(*lease.gate().borrow(), Gate::Shut);
        lease.resume();
        assert_ne!(*lease.gate().borrow(), before);
    }
}
