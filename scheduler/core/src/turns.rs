//! Whose turn it is: the streams that could be served now, in the order of turns.
//!
//! The problem: there are tens of thousands of streams (a client's work for a host each), and every start changes the
//! order, since who was served moves back behind others with all of its streams. So the order has two steps, clients by
//! their pass and of each client its streams; a start moves one client and one stream. Only streams of hosts that may be
//! asked are in here, so the next one is the first one but for rare reasons.

use std::collections::{BTreeMap, BTreeSet};

use gleaner_model::{Lane, Timestamp};

use crate::streams::StreamIndex;
use crate::{ClientIndex, Needs};

/// A stream's place among those of one lane; the lowest is next.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct Turn {
    pub(crate) pass: u128,
    pub(crate) client: ClientIndex,
    /// When its first task is wanted: a client's streams go by that, and by turns where it is the same.
    pub(crate) deadline: Timestamp,
    pub(crate) turn: u64,
    pub(crate) stream: StreamIndex,
}

type Place = (ClientIndex, Timestamp, u64, StreamIndex);

impl Turn {
    const fn place(&self) -> Place {
        (self.client, self.deadline, self.turn, self.stream)
    }
}

/// The streams of one lane that want the same of a worker.
#[derive(Default)]
pub(crate) struct Ready {
    /// Clients by their pass.
    clients: BTreeSet<(u128, ClientIndex)>,
    /// Streams by client, and of each client whose turn it is first.
    streams: BTreeSet<Place>,
}

impl Ready {
    /// Its streams, whose turn it is first.
    pub(crate) fn in_order(&self) -> impl Iterator<Item = Turn> {
        self.clients.iter().flat_map(|(pass, client)| {
            let turn = |(client, deadline, turn, stream): &Place| Turn {
                pass: *pass,
                client: *client,
                deadline: *deadline,
                turn: *turn,
                stream: *stream,
            };
            self.streams_of(*client).map(turn)
        })
    }

    fn streams_of(&self, client: ClientIndex) -> impl Iterator<Item = &Place> {
        let first = (client, Timestamp::from_millis(i64::MIN), 0, StreamIndex(0));
        let last = (client, Timestamp::from_millis(i64::MAX), u64::MAX, StreamIndex(u32::MAX));
        self.streams.range(first..=last)
    }
}

/// All of them.
#[derive(Default)]
pub(crate) struct Turns(BTreeMap<(Lane, Needs), Ready>);

impl Turns {
    pub(crate) fn insert(&mut self, lane: Lane, needs: Needs, turn: Turn) {
        let ready = self.0.entry((lane, needs)).or_default();
        ready.streams.insert(turn.place());
        ready.clients.insert((turn.pass, turn.client));
    }

    pub(crate) fn remove(&mut self, lane: Lane, needs: Needs, turn: Turn) {
        let Some(ready) = self.0.get_mut(&(lane, needs)) else { return };
        ready.streams.remove(&turn.place());
        if ready.streams_of(turn.client).next().is_none() {
            ready.clients.remove(&(turn.pass, turn.client));
        }
        if ready.streams.is_empty() {
            self.0.remove(&(lane, needs));
        }
    }

    /// A client's pass in a lane changed.
    pub(crate) fn pass(&mut self, lane: Lane, client: ClientIndex, before: u128, after: u128) {
        for ready in self.0.range_mut(needs_of(lane)).map(|(_, ready)| ready) {
            if ready.clients.remove(&(before, client)) {
                ready.clients.insert((after, client));
            }
        }
    }

    /// A lane's streams by what they want of a worker.
    pub(crate) fn of(&self, lane: Lane) -> impl Iterator<Item = (Needs, &Ready)> {
        self.0.range(needs_of(lane)).map(|((_, needs), ready)| (*needs, ready))
    }

    #[cfg(test)]
    pub(crate) fn is_empty(&self) -> bool {
        self.0.is_empty()
    }
}

fn needs_of(lane: Lane) -> std::ops::RangeInclusive<(Lane, Needs)> {
    (lane, Needs(0))..=(lane, Needs(u16::MAX))
}
