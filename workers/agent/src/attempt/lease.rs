//! What an attempt and the rest of the worker know of each other.
//!
//! An attempt runs on its own. From outside come its permits, the word to wait or go on, and a fresh token when a
//! scheduler adopts it; to the outside it shows whether it has begun.

use std::sync::atomic::{AtomicU8, Ordering};
use std::sync::{Mutex, PoisonError};

use gleaner_model::Attempt;
use tokio::sync::watch;

use super::desk::Desk;

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
    pub(crate) desk: Desk,
}

impl Lease {
    pub(crate) fn new(attempt: Attempt) -> Self {
        Self {
            attempt: Mutex::new(attempt),
            gate: watch::Sender::new(Gate::Open(0)),
            stage: AtomicU8::new(UNTOUCHED),
            openings: Mutex::new(0),
            desk: Desk::default(),
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

    /// Requests again.
    pub(crate) fn resume(&self) {
        let mut openings = self.openings.lock().unwrap_or_else(PoisonError::into_inner);
        *openings += 1;
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

#[cfg(test)]
mod tests {
    use gleaner_model::{TaskId, Token};

    use super::*;

    fn lease() -> Lease {
        Lease::new(Attempt { task: TaskId(1), token: Token { epoch: 1, sequence: 1 } })
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
