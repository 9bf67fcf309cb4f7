//! Outcomes on their way into the outbox, in the form in which they are written.

use std::cell::RefCell;

use gleaner_model::{Attempt, Fault, FaultKind, Outcome};

use super::{KnownDocument, Parcel};

/// An outcome on its way into the outbox.
#[derive(Debug)]
pub(crate) struct Deposit {
    pub(super) attempt: Attempt,
    pub(super) parcel: Parcel,
    /// The outcome as it is written. Made by who deposits it: the one thread that writes has enough to do.
    pub(super) encoded: Box<[u8]>,
    pub(super) known: Option<KnownDocument>,
}

impl Deposit {
    /// Packs an outcome, and perhaps a document to keep for later.
    pub(crate) fn new(attempt: Attempt, parcel: Parcel, known: Option<KnownDocument>) -> Self {
        let encoded = encode(&parcel.outcome);
        Self { attempt, parcel, encoded, known }
    }

    /// The same if its outcome takes at most `bytes_max` to write, else a failure that says so. A scheduler would
    /// refuse the message and thereby end the session, and the next session would begin with the same message.
    pub(crate) fn within(self, bytes_max: usize) -> Self {
        if self.encoded.len() <= bytes_max {
            return self;
        }
        let detail = format!("what was read takes {} bytes and no more than {bytes_max} are sent", self.encoded.len());
        let outcome = Outcome::Failed(Fault::new(FaultKind::Malformed, detail));
        Self::new(self.attempt, Parcel { outcome, documents: Vec::new() }, None)
    }

    /// About how many bytes it adds to a commit.
    pub(super) fn bytes(&self) -> usize {
        self.encoded.len() + self.parcel.documents.iter().map(|packed| packed.frame.len()).sum::<usize>()
    }
}

/// Room for an outcome that a thread keeps for the next one; more than nine in ten need less. A larger one's is given
/// back.
const ROOM_BYTES: usize = 1 << 20;

thread_local! {
    // How long an outcome becomes is known only when it is written, and a text that grows is copied at each doubling.
    static ROOM: RefCell<Vec<u8>> = const { RefCell::new(Vec::new()) };
}

fn encode(outcome: &Outcome) -> Box<[u8]> {
    ROOM.with_borrow_mut(|room| {
        room.clear();
        let written = postcard::to_extend(outcome, std::mem::take(room)).expect("plain data of ours always encodes");
        let encoded = Box::from(written.as_slice());
        if written.capacity() <= ROOM_BYTES {
            *room = written;
        }
        encoded
    })
}
