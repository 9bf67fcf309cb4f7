//! What a client may put upon the scheduler: so many jobs a second by its quota, and so many at once whatever its quota.
//!
//! The problem: the scheduler's inbox is one for all. A client that sends faster than its jobs become durable would fill
//! it, and everybody else would be told to come back later. So each has a part of it, and only who wants more waits.

use std::collections::HashMap;
use std::num::NonZeroU32;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use gleaner_model::ClientName;
use tokio::sync::{OwnedSemaphorePermit, Semaphore};
use tonic::Status;

use super::{EDGE_CREDITS, Shared, errors};
use crate::clients::{Allowance, Client, Clients, OverQuota, QuotaTerms};
use crate::clock::Clock;

/// Jobs of one client that may be on their way to the disk at once: some dozen commits' worth, so that one client alone
/// reaches the full throughput, and some ten milliseconds of decisions, which is what another client may have to wait.
const UNDER_WAY_MAX: usize = 16_384;

/// A request counts as at least so many jobs, so that one client has at most a quarter of the scheduler's inbox.
const REQUEST_MIN: usize = UNDER_WAY_MAX / (EDGE_CREDITS / 4);

/// How long a request waits for room among its own client's others before it is told to come back, and then after how long.
const ROOM_WAIT_MS: u64 = 250;

/// The engine's clock, as `governor` reads one.
#[derive(Clone)]
struct Ticks(Clock);

impl governor::clock::Clock for Ticks {
    type Instant = Duration;

    fn now(&self) -> Duration {
        Duration::from_millis(self.0.now().mono_ms)
    }
}

/// One client's.
#[derive(Clone)]
struct Door {
    allowance: Option<Arc<Allowance<Ticks>>>,
    room: Arc<Semaphore>,
}

/// All clients'. As many as the clients file has, and those that it had while they ask for something.
pub(crate) struct Quotas {
    clock: Ticks,
    doors: Mutex<HashMap<ClientName, Door>>,
}

impl Quotas {
    pub(crate) fn new(clock: Clock) -> Self {
        Self { clock: Ticks(clock), doors: Mutex::new(HashMap::new()) }
    }

    /// The client's door. With other terms than before its quota begins anew, full.
    fn door(&self, client: &Client) -> Door {
        let mut doors = self.doors.lock().unwrap_or_else(PoisonError::into_inner);
        let closed = || Door { allowance: None, room: Arc::new(Semaphore::new(UNDER_WAY_MAX)) };
        let door = doors.entry(client.name.clone()).or_insert_with(closed);
        if door.allowance.as_ref().map(|allowance| allowance.terms) != client.quota {
            let fresh = |terms: QuotaTerms| Arc::new(Allowance::new(terms, self.clock.clone()));
            door.allowance = client.quota.map(fresh);
        }
        door.clone()
    }

    /// Takes so many jobs from the client's quota, or nothing.
    fn take(&self, client: &Client, jobs: usize) -> Result<(), (OverQuota, QuotaTerms)> {
        let Some(allowance) = self.door(client).allowance else { return Ok(()) };
        let jobs = u32::try_from(jobs).unwrap_or(u32::MAX);
        let taken = NonZeroU32::new(jobs).map_or(Ok(()), |jobs| allowance.take(jobs));
        taken.map_err(|over| (over, allowance.terms))
    }

    /// Forgets those who are clients no more.
    pub(crate) fn keep(&self, clients: &Clients) {
        let mut doors = self.doors.lock().unwrap_or_else(PoisonError::into_inner);
        doors.retain(|name, _| clients.find(name).is_some());
    }
}

impl Shared {
    /// Takes so many jobs from the client's quota, or nothing.
    ///
    /// # Errors
    /// RESOURCE_EXHAUSTED with a delay if they are too many now; FAILED_PRECONDITION if they always are.
    pub(super) fn pay(&self, client: &Client, jobs: usize) -> Result<(), Status> {
        self.quotas.take(client, jobs).map_err(|(over, terms)| {
            metrics::counter!("gleaner_quota_refusals_total", "client" => client.name.to_string()).increment(1);
            match over {
                OverQuota::For(wait) => errors::over_quota(&client.name, jobs, terms, wait),
                OverQuota::Always => errors::over_burst(&client.name, jobs, terms),
            }
        })
    }

    /// Room for so many jobs among the client's own, or the advice to come back.
    ///
    /// # Errors
    /// RESOURCE_EXHAUSTED with a delay if there is none.
    pub(super) async fn room(&self, client: &Client, jobs: usize) -> Result<OwnedSemaphorePermit, Status> {
        let room = self.quotas.door(client).room;
        let wanted = u32::try_from(jobs.clamp(REQUEST_MIN, UNDER_WAY_MAX)).unwrap_or(u32::MAX);
        let wait = Duration::from_millis(ROOM_WAIT_MS);
        match tokio::time::timeout(wait, room.acquire_many_owned(wanted)).await {
            Ok(Ok(room)) => Ok(room),
            Ok(Err(_)) => Err(errors::gone()),
            Err(_) => Err(errors::too_much_under_way(&client.name, wait)),
        }
    }
}

#[cfg(test)]
mod tests {
    use gleaner_model::Lane;

    use super::*;

    fn client(jobs_per_s: u32) -> Client {
        let number = |number| NonZeroU32::new(number).expect("not zero");
        let quota = Some(QuotaTerms { jobs_per_s: number(jobs_per_s), burst: number(5) });
        Client { name: "acme".parse().expect("a name"), lane: Lane::Free, weight: 1, quota }
    }

    #[test]
    fn a_quota_lasts_over_requests_and_begins_anew_with_other_terms() {
        let quotas = Quotas::new(Clock::start());
        assert_eq!(quotas.take(&client(1), 5), Ok(()));
        assert!(matches!(quotas.take(&client(1), 5), Err((OverQuota::For(_), _))));
        assert!(matches!(quotas.take(&client(1), 6), Err((OverQuota::Always, _))));
        assert_eq!(quotas.take(&client(2), 5), Ok(()));
        assert_eq!(quotas.take(&Client { quota: None, ..client(2) }, 1_000), Ok(()));
        quotas.keep(&Clients::parse("").expect("valid"));
        assert_eq!(quotas.doors.lock().expect("whole").len(), 0);
    }
}
