//! Quotas: how many jobs a client may submit a second, and at once after a pause.
//!
//! A quota is counted in jobs, whatever they come in: a request of five hundred costs five hundred. It is taken whole or
//! not at all, and whoever is refused hears when the same request would be accepted.

use std::num::NonZeroU32;
use std::time::Duration;

use governor::clock::{Clock, Reference};
use governor::middleware::NoOpMiddleware;
use governor::state::{InMemoryState, NotKeyed};
use governor::{Quota, RateLimiter};

/// What a client may submit.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct QuotaTerms {
    /// Jobs a second in the long run.
    pub jobs_per_s: NonZeroU32,
    /// Jobs at once after a pause; a request of more is never accepted.
    pub burst: NonZeroU32,
}

/// Why a quota does not give so many.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum OverQuota {
    /// Not now; after this time.
    For(Duration),
    /// Never: they are more than may come at once.
    Always,
}

/// A client's quota and what it has of it now.
pub(crate) struct Allowance<C: Clock> {
    pub(crate) terms: QuotaTerms,
    limiter: RateLimiter<NotKeyed, InMemoryState, C, NoOpMiddleware<C::Instant>>,
    clock: C,
}

impl<C: Clock + Clone> Allowance<C> {
    /// A full one.
    pub(crate) fn new(terms: QuotaTerms, clock: C) -> Self {
        let quota = Quota::per_second(terms.jobs_per_s).allow_burst(terms.burst);
        Self { terms, limiter: RateLimiter::direct_with_clock(quota, clock.clone()), clock }
    }

    /// Takes so many, or nothing.
    pub(crate) fn take(&self, jobs: NonZeroU32) -> Result<(), OverQuota> {
        match self.limiter.check_n(jobs) {
            Ok(Ok(())) => Ok(()),
            Ok(Err(until)) => {
                let now: C::Instant = self.clock.now();
                let wait: Duration = until.earliest_possible().duration_since(now).into();
                Err(OverQuota::For(wait.max(Duration::from_millis(1))))
            }
            Err(_) => Err(OverQuota::Always),
        }
    }
}

#[cfg(test)]
mod tests {
    use governor::clock::FakeRelativeClock;

    use super::*;

    fn number(number: u32) -> NonZeroU32 {
        NonZeroU32::new(number).expect("not zero")
    }

    fn allowance(clock: &FakeRelativeClock) -> Allowance<FakeRelativeClock> {
        Allowance::new(QuotaTerms { jobs_per_s: number(10), burst: number(50) }, clock.clone())
    }

    #[test]
    fn a_request_costs_its_jobs_and_the_wait_is_the_time_until_they_fit() {
        let clock = FakeRelativeClock::default();
        let allowance = allowance(&clock);
        assert_eq!(allowance.take(number(40)), Ok(()));
        // Ten are left; twenty more take a second.
        let Err(OverQuota::For(wait)) = allowance.take(number(20)) else { panic!("it is over") };
        assert_eq!(wait, Duration::from_secs(1));
        assert_eq!(allowance.take(number(10)), Ok(()), "what was refused has cost nothing");
        clock.advance(Duration::from_millis(500));
        assert_eq!(allowance.take(number(5)), Ok(()));
        assert!(allowance.take(number(1)).is_err());
        clock.advance(Duration::from_secs(60));
        assert_eq!(allowance.take(number(50)), Ok(()), "a pause saves up one burst");
        assert!(allowance.take(number(1)).is_err());
    }

    #[test]
    fn more_than_a_burst_is_never_accepted() {
        let allowance = allowance(&FakeRelativeClock::default());
        assert_eq!(allowance.take(number(51)), Err(OverQuota::Always));
        assert_eq!(allowance.take(number(50)), Ok(()));
    }
}
