//! Asking a scheduler that may be away for a moment.
//!
//! A scheduler that is started anew knows everything that it acknowledged. So whoever has waited an hour for ten thousand
//! answers does not give up because it was away while the last one was fetched.

use std::time::Duration;

use tonic::{Code, Status};

/// How often is asked again, a second apart, before the scheduler counts as lost.
pub(crate) const TRIES: u32 = 30;

/// How long is waited before asking again.
pub(crate) const PAUSE: Duration = Duration::from_secs(1);

/// Asks, and asks again as long as the scheduler is away. For what may be asked twice without harm.
pub(crate) async fn patiently<T, A>(ask: impl FnMut() -> A) -> Result<T, Status>
where
    A: Future<Output = Result<T, Status>>,
{
    every(PAUSE, ask).await
}

async fn every<T, A>(pause: Duration, mut ask: impl FnMut() -> A) -> Result<T, Status>
where
    A: Future<Output = Result<T, Status>>,
{
    let mut tries = 0;
    loop {
        match ask().await {
            Err(status) if tries < TRIES && is_passing(&status) => tracing::debug!(%status, "asked again"),
            other => return other,
        }
        tries += 1;
        tokio::time::sleep(pause).await;
    }
}

/// Is it of use to try again?
pub(crate) fn is_passing(status: &Status) -> bool {
    matches!(status.code(), Code::Unavailable | Code::Unknown | Code::Internal | Code::Cancelled | Code::Aborted)
}

#[cfg(test)]
mod tests {
    use std::future::ready;

    use super::*;

    #[tokio::test]
    async fn who_is_away_is_asked_again_and_who_refuses_is_not() {
        let mut asked = 0;
        let answer = every(Duration::ZERO, || {
            asked += 1;
            ready(if asked < 4 { Err(Status::unavailable("away")) } else { Ok(asked) })
        });
        assert_eq!(answer.await.ok(), Some(4));
        let mut asked = 0;
        let refused = every(Duration::ZERO, || {
            asked += 1;
            ready(Err::<(), _>(Status::not_found("no such job")))
        });
        assert_eq!(refused.await.map_err(|status| status.code()), Err(Code::NotFound));
        assert_eq!(asked, 1);
        let mut asked = 0;
        let lost = every(Duration::ZERO, || {
            asked += 1;
            ready(Err::<(), _>(Status::unavailable("away")))
        });
        assert!(lost.await.is_err());
        assert_eq!(asked, TRIES + 1);
    }
}
