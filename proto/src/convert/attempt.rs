//! Attempts, which every message of a session names.

use gleaner_model::{Attempt, TaskId, Token};

use super::InvalidMessage;
use crate::v1;

impl From<Attempt> for v1::Attempt {
    fn from(attempt: Attempt) -> Self {
        let Attempt { task, token } = attempt;
        Self { task: task.0, epoch: token.epoch, sequence: token.sequence }
    }
}

/// Every number is a possible one: whether a token is current, only its scheduler knows.
impl TryFrom<v1::Attempt> for Attempt {
    type Error = InvalidMessage;

    fn try_from(wire: v1::Attempt) -> Result<Self, InvalidMessage> {
        let v1::Attempt { task, epoch, sequence } = wire;
        Ok(Self { task: TaskId(task), token: Token { epoch, sequence } })
    }
}
