//! What a start will cost: the time that its attempt will be in a slot, told from those like it.
//!
//! Like it means first of all the same stream: one client's work of one kind at one host. Where that is new, any work of
//! that kind at that host; where that is new, any of that kind. What was wrong is set right when an attempt ends, so a
//! guess need only be near; but what runs is charged as guessed until it ends, so a client whose work takes longer than
//! that of others would always be some attempts ahead. It is an exponentially weighted mean; the last eight or so count.

use std::collections::{BTreeMap, BTreeSet};

use foldhash::fast::FixedState;
use hashbrown::HashMap;

use crate::streams::StreamKey;
use crate::{HostIndex, Needs};

/// What a start costs at least, in microseconds of slot time: deciding and carrying cost something as well, and work
/// that takes no time at all would never wait for its turn. Also what is believed of work of which nothing is known:
/// what is too little is charged at the end, whereas too much would keep a client waiting for nothing.
pub(crate) const LEAST_US: u64 = 1_000;

/// One part in this many is the newest one's.
const MEMORY: u64 = 8;

/// Means that are kept, of 20 bytes or so each: more streams than are busy at a time. When they are too many all of them
/// are forgotten and learned again, which takes one attempt each.
const STREAMS_MAX: usize = 65_536;

#[derive(Default)]
pub(crate) struct Costs {
    of_streams: HashMap<StreamKey, u64, FixedState>,
    /// As many as there are hosts, times a handful of needs.
    of_hosts: BTreeMap<(Needs, HostIndex), u64>,
    of_needs: BTreeMap<Needs, u64>,
}

fn take_in(mean: &mut u64, sample: u64) {
    // Away from the mean by at least one, so that small differences arrive as well.
    *mean = if sample >= *mean {
        *mean + (sample - *mean).div_ceil(MEMORY)
    } else {
        *mean - (*mean - sample).div_ceil(MEMORY)
    };
}

impl Costs {
    /// In microseconds of slot time, at least [`LEAST_US`].
    pub(crate) fn predict(&self, key: StreamKey) -> u64 {
        let stream = self.of_streams.get(&key);
        let host = || self.of_hosts.get(&(key.needs, key.host));
        let needs = || self.of_needs.get(&key.needs);
        stream.or_else(host).or_else(needs).copied().unwrap_or(LEAST_US)
    }

    /// What was learned at hosts that are forgotten says nothing of those that get their numbers.
    pub(crate) fn forget(&mut self, hosts: &BTreeSet<HostIndex>) {
        self.of_streams.retain(|key, _| !hosts.contains(&key.host));
        self.of_hosts.retain(|(_, host), _| !hosts.contains(host));
    }

    pub(crate) fn learn(&mut self, key: StreamKey, took_us: u64) {
        let sample = took_us.max(LEAST_US);
        if self.of_streams.len() >= STREAMS_MAX && !self.of_streams.contains_key(&key) {
            self.of_streams.clear();
        }
        take_in(self.of_streams.entry(key).or_insert(sample), sample);
        take_in(self.of_hosts.entry((key.needs, key.host)).or_insert(sample), sample);
        take_in(self.of_needs.entry(key.needs).or_insert(sample), sample);
    }

    pub(crate) fn resident(&self) -> usize {
        self.of_streams.allocation_size() + (self.of_hosts.len() + self.of_needs.len()) * 24
    }
}

#[cfg(test)]
mod tests {
    use gleaner_model::Lane;

    use super::*;
    use crate::ClientIndex;

    fn key(client: u16, host: u16) -> StreamKey {
        StreamKey { lane: Lane::Free, client: ClientIndex(client), host: HostIndex(host), needs: Needs(1) }
    }

    #[test]
    fn the_mean_follows_and_tells_apart_what_it_knows() {
        let mut costs = Costs::default();
        assert_eq!(costs.predict(key(0, 0)), LEAST_US);
        costs.learn(key(0, 0), 80_000);
        assert_eq!(costs.predict(key(0, 0)), 80_000, "the first one is believed");
        assert_eq!(costs.predict(key(1, 0)), 80_000, "and is better than nothing for other clients");
        assert_eq!(costs.predict(key(1, 1)), 80_000, "and hosts");
        (0..100).for_each(|_| costs.learn(key(1, 1), 5_000));
        assert_eq!(
            (costs.predict(key(0, 0)), costs.predict(key(1, 1)), costs.predict(key(2, 1))),
            (80_000, 5_000, 5_000)
        );
        (0..100).for_each(|_| costs.learn(key(0, 0), 0));
        assert_eq!(costs.predict(key(0, 0)), LEAST_US);
    }

    #[test]
    fn the_table_is_bounded() {
        let mut costs = Costs::default();
        for client in 0..u16::MAX {
            (0..2).for_each(|host| costs.learn(key(client, host), 9_000));
        }
        assert!(costs.of_streams.len() <= STREAMS_MAX);
        assert_eq!(costs.predict(key(0, 0)), 9_000);
    }
}
