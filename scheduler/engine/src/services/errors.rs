//! One catalogue of errors for the gRPC doors: each has a code, a machine-readable reason, and words for people.
//!
//! Overload is UNAVAILABLE with a delay (`RetryInfo`); what can never work is INVALID_ARGUMENT; `ErrorInfo` always
//! carries the reason.

use std::collections::HashMap;
use std::time::Duration;

use tonic::{Code, Status};
use tonic_types::{ErrorDetails, StatusExt};

use crate::scheduler::{CancelError, SubmitError};

/// The domain of all reasons.
const DOMAIN: &str = "gleaner";

/// An error with its reason.
pub(crate) fn status(code: Code, reason: &str, message: impl Into<String>) -> Status {
    Status::with_error_details(code, message, ErrorDetails::with_error_info(reason, DOMAIN, HashMap::new()))
}

/// The request makes no sense.
pub(crate) fn invalid(message: impl Into<String>) -> Status {
    status(Code::InvalidArgument, "INVALID_REQUEST", message)
}

/// Will the same never be accepted, however often it is sent?
pub(crate) fn is_for_good(status: &Status) -> bool {
    matches!(status.code(), Code::FailedPrecondition | Code::InvalidArgument | Code::Unimplemented)
}

/// Try again, but not at once.
pub(crate) fn overloaded(message: impl Into<String>, retry_after_ms: u64) -> Status {
    let mut details = ErrorDetails::with_error_info("OVERLOADED", DOMAIN, HashMap::new());
    details.set_retry_info(Some(Duration::from_millis(retry_after_ms)));
    Status::with_error_details(Code::Unavailable, message, details)
}

/// The scheduler has ended or is about to.
pub(crate) fn gone() -> Status {
    status(Code::Unavailable, "ENDING", "the scheduler is ending; ask another one or try again later")
}

/// The store cannot be read or written.
pub(crate) fn store(message: impl Into<String>) -> Status {
    status(Code::Internal, "STORE_FAILED", message)
}

impl From<SubmitError> for Status {
    fn from(error: SubmitError) -> Self {
        let message = error.to_string();
        match error {
            SubmitError::Refused(
                gleaner_core::Refusal::Full { retry_after_ms }
                | gleaner_core::Refusal::TooManyAttached { retry_after_ms, .. },
            ) => overloaded(message, retry_after_ms),
            SubmitError::Refused(gleaner_core::Refusal::Expired) => status(Code::InvalidArgument, "EXPIRED", message),
            SubmitError::Refused(gleaner_core::Refusal::DeadlinePast) => {
                status(Code::InvalidArgument, "DEADLINE_PAST", message)
            }
            SubmitError::Refused(gleaner_core::Refusal::TooFar { .. }) => {
                status(Code::InvalidArgument, "NOT_BEFORE_TOO_FAR", message)
            }
            SubmitError::Refused(gleaner_core::Refusal::EndsBeforeItBegins { .. }) => {
                status(Code::InvalidArgument, "ENDS_BEFORE_IT_BEGINS", message)
            }
            SubmitError::Registry { .. } => status(Code::FailedPrecondition, "REGISTRY_NOT_CONFIGURED", message),
            SubmitError::Store(_) => store(message),
            SubmitError::Draining => gone(),
        }
    }
}

impl From<CancelError> for Status {
    fn from(error: CancelError) -> Self {
        match error {
            CancelError::NotYours => status(Code::PermissionDenied, "NOT_YOURS", error.to_string()),
            CancelError::Store(message) => store(message),
        }
    }
}
