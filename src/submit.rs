//! Submitting many jobs, no faster than the scheduler lets this client.
//!
//! A scheduler that has no room, or a client that is over its quota, is told so with a delay, and the same request is
//! accepted after it. A client may also have a quota below the size of a request; then smaller ones are sent.

use std::time::Duration;

use gleaner_proto::v1;
use tonic::{Code, Status};
use tonic_types::StatusExt;

use crate::exit::{Exit, Failure};
use crate::remote::Remote;
use crate::signals::Signals;

/// Jobs of one request, as the service allows.
const SUBMIT_MAX: usize = 1_000;

/// Submits all of them; answers their receipts in order.
pub(crate) async fn submit(
    remote: &Remote,
    mut jobs: Vec<v1::JobSpec>,
    signals: &Signals,
) -> Result<Vec<v1::Receipt>, Failure> {
    let (mut receipts, mut at_once) = (Vec::with_capacity(jobs.len()), SUBMIT_MAX);
    while !jobs.is_empty() {
        let request = jobs[..at_once.min(jobs.len())].to_vec();
        let asked = request.len();
        match remote.jobs().submit(v1::SubmitRequest { jobs: request }).await {
            Ok(answer) => {
                receipts.extend(answer.into_inner().receipts);
                jobs.drain(..asked);
            }
            Err(status) => match next_try(&status, asked) {
                Next::Smaller => at_once = asked.div_ceil(2),
                Next::After(pause) => wait(pause, &status, signals).await?,
                Next::Never => return Err(status.into()),
            },
        }
    }
    Ok(receipts)
}

/// What to do about a refusal.
#[derive(Debug, PartialEq, Eq)]
enum Next {
    Smaller,
    After(Duration),
    Never,
}

fn next_try(status: &Status, jobs: usize) -> Next {
    let is_too_large = || status.get_details_error_info().is_some_and(|info| info.reason == "OVER_BURST");
    let slow_down = matches!(status.code(), Code::ResourceExhausted | Code::Unavailable);
    match status.get_details_retry_info().and_then(|info| info.retry_delay) {
        Some(pause) if slow_down => Next::After(pause),
        None if jobs > 1 && is_too_large() => Next::Smaller,
        _ => Next::Never,
    }
}

async fn wait(pause: Duration, status: &Status, signals: &Signals) -> Result<(), Failure> {
    tracing::warn!("{}", status.message());
    tokio::select! {
        () = tokio::time::sleep(pause) => Ok(()),
        () = signals.drain() => {
            let message = format!("stopped before all was submitted: {}", status.message());
            Err(Failure { exit: Exit::Interrupted, message })
        }
    }
}

#[cfg(test)]
mod tests {
    use std::collections::HashMap;

    use tonic_types::ErrorDetails;

    use super::*;

    fn status(code: Code, reason: &str, delay: Option<Duration>) -> Status {
        let mut details = ErrorDetails::with_error_info(reason, "gleaner", HashMap::new());
        if delay.is_some() {
            details.set_retry_info(delay);
        }
        Status::with_error_details(code, "no", details)
    }

    #[test]
    fn what_helps_is_tried_and_what_does_not_is_told() {
        let second = Some(Duration::from_secs(1));
        let after = Next::After(Duration::from_secs(1));
        assert_eq!(next_try(&status(Code::ResourceExhausted, "OVER_QUOTA", second), 5), after);
        assert_eq!(next_try(&status(Code::Unavailable, "OVERLOADED", second), 5), after);
        assert_eq!(next_try(&status(Code::FailedPrecondition, "OVER_BURST", None), 5), Next::Smaller);
        assert_eq!(next_try(&status(Code::FailedPrecondition, "OVER_BURST", None), 1), Next::Never);
        assert_eq!(next_try(&status(Code::FailedPrecondition, "REGISTRY_NOT_CONFIGURED", None), 5), Next::Never);
        assert_eq!(next_try(&Status::unavailable("gone"), 5), Next::Never);
    }
}
