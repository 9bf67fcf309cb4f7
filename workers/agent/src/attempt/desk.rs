//! Where permits arrive and requests wait for them.
//!
//! A permit names an attempt and a host, not a request, so the requests of one attempt that wait for one host are
//! served in the order in which they asked. A permit that nobody waits for any more is let go: its time is short and
//! was counted already.

use std::collections::{HashMap, VecDeque};
use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use gleaner_model::{Host, Permit};
use tokio::sync::oneshot;
use tokio::time::Instant;

/// A permit as this worker received it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Leave {
    pub(crate) host: Host,
    received: Instant,
    use_within: Duration,
}

impl Leave {
    /// A permit that arrived at `received`.
    pub(crate) fn new(permit: Permit, received: Instant) -> Self {
        Self { host: permit.host, received, use_within: Duration::from_millis(permit.use_within_ms) }
    }

    /// May a request to `host` begin with it at `now`?
    pub(crate) fn allows(&self, host: &Host, now: Instant) -> bool {
        self.host == *host && now.saturating_duration_since(self.received) < self.use_within
    }
}

/// Where the permits of one attempt arrive.
#[derive(Debug, Default)]
pub(crate) struct Desk {
    // A queue holds at most as many as the attempt has requests under way: each waits once.
    waiting: Mutex<HashMap<Host, VecDeque<oneshot::Sender<Leave>>>>,
}

impl Desk {
    /// Waits behind those who asked for the same host before. Dropping the receiver gives the place up.
    pub(crate) fn wait(&self, host: &Host) -> oneshot::Receiver<Leave> {
        let (sender, receiver) = oneshot::channel();
        let mut waiting = self.waiting.lock().unwrap_or_else(PoisonError::into_inner);
        let queue = waiting.entry(host.clone()).or_default();
        queue.retain(|other| !other.is_closed());
        queue.push_back(sender);
        receiver
    }

    /// Hands a permit to the first who still waits for it. False if nobody does.
    pub(crate) fn deliver(&self, mut leave: Leave) -> bool {
        let mut waiting = self.waiting.lock().unwrap_or_else(PoisonError::into_inner);
        let Some(queue) = waiting.get_mut(&leave.host) else { return false };
        while let Some(next) = queue.pop_front() {
            match next.send(leave) {
                Ok(()) => return true,
                Err(refused) => leave = refused,
            }
        }
        false
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn leave(host: &str) -> Leave {
        let permit = Permit { host: host.parse().expect("a host"), use_within_ms: 100 };
        Leave::new(permit, Instant::now())
    }

    #[test]
    fn permits_go_to_the_first_who_still_waits_for_that_host() {
        let desk = Desk::default();
        let host: Host = "mirror.example".parse().expect("a host");
        let gone = desk.wait(&host);
        let mut first = desk.wait(&host);
        let mut second = desk.wait(&host);
        drop(gone);
        assert!(!desk.deliver(leave("registry.invalid")), "nobody waits for that host");
        assert!(desk.deliver(leave("mirror.example")));
        assert!(first.try_recv().is_ok());
        assert!(second.try_recv().is_err());
        assert!(desk.deliver(leave("mirror.example")));
        assert!(second.try_recv().is_ok());
        assert!(!desk.deliver(leave("mirror.example")), "all are served");
    }

    #[test]
    fn a_permit_is_for_its_host_and_its_time() {
        let leave = leave("mirror.example");
        let (host, other) = ("mirror.example".parse().expect("a host"), "registry.invalid".parse().expect("a host"));
        assert!(leave.allows(&host, leave.received + Duration::from_millis(99)));
        assert!(!leave.allows(&host, leave.received + Duration::from_millis(100)));
        assert!(!leave.allows(&other, leave.received));
    }
}
