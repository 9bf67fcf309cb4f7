//! Does the scheduler let this worker in?
//!
//! A worker tries again and again, since schedulers come and go. A certificate that is refused today is refused
//! tomorrow as well, though, and a worker that retries in silence looks like one that works. So as long as it was never
//! let in, what only its owner can change ends it. Once it was let in, the scheduler's side is to blame, and it waits.

use std::time::Duration;

use tonic::transport::Endpoint;

use crate::exit::Failure;

/// Between two looks at a scheduler that is away. The worker itself knocks more often.
const PAUSE: Duration = Duration::from_secs(5);

/// What a scheduler said to a knock.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Admission {
    /// Come in.
    Admitted,
    /// Nothing. It may come back.
    Away,
}

/// Knocks once.
///
/// # Errors
/// One side does not trust the other, or they speak differently: it will be the same the next time.
pub(crate) async fn knock(url: &str, endpoint: &Endpoint) -> Result<Admission, Failure> {
    match gleaner_cluster::reach(url, endpoint).await {
        Ok(_) => Ok(Admission::Admitted),
        Err(failure) if failure.is_final() => Err(failure.into()),
        Err(failure) => {
            tracing::warn!("{failure}; trying again");
            Ok(Admission::Away)
        }
    }
}

/// Knocks until the scheduler has let somebody in, and never returns then; returns if it refuses.
pub(crate) async fn refused(url: &str, endpoint: &Endpoint, mut admission: Admission) -> Failure {
    while admission == Admission::Away {
        tokio::time::sleep(PAUSE).await;
        match knock(url, endpoint).await {
            Ok(said) => admission = said,
            Err(failure) => return failure,
        }
    }
    std::future::pending().await
}
