//! Which requests of an attempt have ended, until the scheduler was told.
//!
//! Where a host bears only so many requests at once, the end of one is leave for another, somewhere in the fleet. Yet a
//! message for every end would be one more for every request. So ends are noted down and go with the next thing that the
//! attempt says; only one that has nothing to say, because it is suspended, says so by itself. That an attempt has ended
//! says it of all its requests.

use std::collections::BTreeMap;
use std::sync::{Mutex, PoisonError};

use gleaner_model::Host;
use gleaner_proto::convert::EndedRequests;

/// What is yet to be told.
#[derive(Debug, Default)]
pub(super) struct Ended(Mutex<BTreeMap<Host, (u32, u32)>>);

impl Ended {
    /// A request to a host has ended, well or not.
    pub(super) fn note(&self, host: &Host, well: bool) {
        self.add(host.clone(), 1, u32::from(well));
    }

    /// Takes all that is yet to be told.
    pub(super) fn take(&self) -> Vec<EndedRequests> {
        let noted = std::mem::take(&mut *self.0.lock().unwrap_or_else(PoisonError::into_inner));
        noted.into_iter().map(|(host, (requests, well))| EndedRequests { host, requests, well }).collect()
    }

    /// It was not told.
    pub(super) fn put_back(&self, untold: Vec<EndedRequests>) {
        untold.into_iter().for_each(|EndedRequests { host, requests, well }| self.add(host, requests, well));
    }

    fn add(&self, host: Host, requests: u32, well: u32) {
        let mut noted = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let counts = noted.entry(host).or_default();
        *counts = (counts.0.saturating_add(requests), counts.1.saturating_add(well));
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_end_is_told_once_and_again_if_it_was_not_heard() {
        let (ended, host): (_, Host) = (Ended::default(), "mirror.example".parse().expect("a host"));
        ended.note(&host, true);
        ended.note(&host, false);
        let told = ended.take();
        assert_eq!(told, [EndedRequests { host: host.clone(), requests: 2, well: 1 }]);
        assert_eq!(ended.take(), []);
        ended.note(&host, true);
        ended.put_back(told);
        assert_eq!(ended.take(), [EndedRequests { host, requests: 3, well: 2 }]);
    }
}
