//! Why the catalogue could not be asked.

use gleaner_model::{Fault, FaultKind};
use tonic::{Code, Status};

/// The catalogue was asked and gave no usable answer. All who waited for that answer share it.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub(crate) enum CatalogueFault {
    /// It cannot be reached, or not now; asking again may go better.
    #[error("the catalogue gave no answer: {0}")]
    Away(String),
    /// The scheduler offers no such thing, or not to this worker.
    #[error("the scheduler lets this worker read nothing of its catalogue: {0}")]
    Refused(String),
    /// The answer is none, or something of ours went wrong.
    #[error("reading the catalogue: {0}")]
    Defect(String),
}

impl CatalogueFault {
    /// What is wrong with an answer.
    pub(super) fn wrong(what: impl std::fmt::Display) -> Self {
        Self::Defect(what.to_string())
    }

    /// Can asking again go better?
    pub(crate) const fn is_passing(&self) -> bool {
        matches!(self, Self::Away(_))
    }
}

impl From<Status> for CatalogueFault {
    fn from(status: Status) -> Self {
        let text = format!("{} ({})", status.message(), status.code().description());
        match status.code() {
            Code::Unimplemented | Code::Unauthenticated | Code::PermissionDenied => Self::Refused(text),
            Code::InvalidArgument | Code::OutOfRange | Code::NotFound => Self::Defect(text),
            _ => Self::Away(text),
        }
    }
}

impl From<CatalogueFault> for Fault {
    fn from(fault: CatalogueFault) -> Self {
        let kind = match fault {
            CatalogueFault::Away(_) => FaultKind::Outage,
            CatalogueFault::Refused(_) => FaultKind::Unimplemented,
            CatalogueFault::Defect(_) => FaultKind::Internal,
        };
        Self::new(kind, fault.to_string())
    }
}
