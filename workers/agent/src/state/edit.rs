//! Remarks on the outbox for which nobody waits.

use gleaner_model::Attempt;

use super::outbox::Outbox;
use super::{OutboxId, StateFailed};

/// A remark on an outcome.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Edit {
    /// It is of no interest any more.
    Forget(OutboxId),
    /// It goes on under another token.
    Adopt(OutboxId, Attempt),
}

impl Edit {
    pub(super) fn apply(self, outbox: &mut Outbox<'_>) -> Result<(), StateFailed> {
        match self {
            Self::Forget(id) => outbox.remove(id),
            Self::Adopt(id, attempt) => outbox.rename(id, attempt),
        }
    }
}
