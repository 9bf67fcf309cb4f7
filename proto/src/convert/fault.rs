//! Faults.

use gleaner_model::Fault;

use super::{InvalidMessage, enumeration};
use crate::v1;

impl From<Fault> for v1::Fault {
    fn from(fault: Fault) -> Self {
        Self { kind: v1::FaultKind::from(fault.kind).into(), detail: fault.detail }
    }
}

/// An overlong detail is cut rather than refused: the fault matters more than its words.
impl TryFrom<v1::Fault> for Fault {
    type Error = InvalidMessage;

    fn try_from(wire: v1::Fault) -> Result<Self, InvalidMessage> {
        Ok(Self::new(enumeration(wire.kind, "kind")?, wire.detail))
    }
}
