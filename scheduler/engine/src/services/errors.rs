//! One catalogue of errors for the gRPC doors: each has a code, a machine-readable reason, and words for people.
//!
//! Overload is UNAVAILABLE with a delay (`RetryInfo`), a client's own limit RESOURCE_EXHAUSTED with a delay and the
//! limit (`QuotaFailure`); what can never work is INVALID_ARGUMENT; `ErrorInfo` always carries the reason.

use std::collections::HashMap;
use std::time::Duration;

use gleaner_model::ClientName;
use tonic::{Code, Status};
use tonic_types::{ErrorDetails, StatusExt};

use crate::clients::QuotaTerms;
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

/// A client's own limit: its error, and when to try again if that helps.
fn limit((code, reason): (Code, &str), client: &ClientName, retry_after: Option<Duration>, message: String) -> Status {
    let mut details = ErrorDetails::with_error_info(reason, DOMAIN, HashMap::new());
    if retry_after.is_some() {
        details.set_retry_info(retry_after);
    }
    details.add_quota_failure_violation(format!("client:{client}"), message.clone());
    Status::with_error_details(code, message, details)
}

/// So many jobs are too many for the client's quota now.
pub(crate) fn over_quota(client: &ClientName, jobs: usize, terms: QuotaTerms, wait: Duration) -> Status {
    let (per_s, burst) = (terms.jobs_per_s, terms.burst);
    let message = format!(
        "`{client}` is over its quota of {per_s} jobs a second and {burst} at once; slow down: {jobs} more fit in {} ms",
        wait.as_millis()
    );
    limit((Code::ResourceExhausted, "OVER_QUOTA"), client, Some(wait), message)
}

/// So many jobs are too many for the client's quota at any time.
pub(crate) fn over_burst(client: &ClientName, jobs: usize, terms: QuotaTerms) -> Status {
    let burst = terms.burst;
    let message = format!(
        "`{client}` may submit at most {burst} jobs at once, and these are {jobs}; send them in smaller requests"
    );
    limit((Code::FailedPrecondition, "OVER_BURST"), client, None, message)
}

/// So many jobs of the client are on their way to the disk that these found no room among them.
pub(crate) fn too_much_under_way(client: &ClientName, wait: Duration) -> Status {
    let message = format!(
        "`{client}` sends faster than its jobs become durable; slow down: try again in {} ms",
        wait.as_millis()
    );
    limit((Code::ResourceExhausted, "TOO_MUCH_UNDER_WAY"), client, Some(wait), message)
}

/// When the same may be accepted, if the error says that.
pub(crate) fn retry_after(status: &Status) -> Option<Duration> {
    status.get_details_retry_info()?.retry_delay
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
