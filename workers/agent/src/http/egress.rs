//! This machine's own bound on what leaves it, whatever the scheduler permits.
//!
//! The problem: permits are exact as long as the scheduler is right about its hosts. An operator wants a second lock that
//! no configuration of a scheduler opens: behind a small line, an address that several programs share, or while a mistake
//! is looked for. It is a guard and not a plan: in ordinary work it is never felt, since the scheduler grants less.

use governor::clock::{Clock as _, DefaultClock};
use governor::{DefaultDirectRateLimiter, Quota, RateLimiter};

use crate::options::EgressLimit;

/// All requests of an agent go through here, one by one.
pub(crate) struct Egress(Option<DefaultDirectRateLimiter>);

impl Egress {
    pub(crate) fn new(limit: Option<EgressLimit>) -> Self {
        let quota = limit.map(|limit| Quota::per_second(limit.per_second).allow_burst(limit.burst));
        Self(quota.map(RateLimiter::direct))
    }

    /// Waits until another request may leave.
    pub(crate) async fn turn(&self) {
        let Some(limiter) = &self.0 else { return };
        while let Err(not_until) = limiter.check() {
            crate::metrics::egress_waited();
            tokio::time::sleep(not_until.wait_time_from(DefaultClock::default().now())).await;
        }
    }
}

#[cfg(test)]
mod tests {
    use std::num::NonZeroU32;
    use std::time::{Duration, Instant};

    use super::*;

    #[tokio::test]
    async fn beyond_the_burst_requests_wait() {
        let number = |number| NonZeroU32::new(number).expect("not zero");
        let egress = Egress::new(Some(EgressLimit { per_second: number(50), burst: number(2) }));
        let begun = Instant::now();
        for _ in 0..7 {
            egress.turn().await;
        }
        // Two at once, and five that come 20 ms apart. How much longer it took is the machine's affair.
        assert!(begun.elapsed() >= Duration::from_millis(99));
    }

    #[tokio::test]
    async fn without_a_limit_nobody_waits() {
        let egress = Egress::new(None);
        tokio::time::timeout(Duration::ZERO, async {
            for _ in 0..100_000 {
                egress.turn().await;
            }
        })
        .await
        .expect("it is ready at once");
    }
}
