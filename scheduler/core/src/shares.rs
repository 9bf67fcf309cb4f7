//! Fair shares: of lanes among each other, and of clients within a lane.
//!
//! Both are weighted rounds in the form of start-time fair queueing (Goyal, Vin and Cheng, 1996): whoever is served
//! pays cost over weight onto its *pass*, and the lowest pass is next. Over a long run this is what weighted deficit
//! round robin gives, to the unit; unlike a ring of deficits it stays exact when clients drop out and come back all
//! the time because a host's permit came or went, and it costs a look at the lowest instead of a walk around the ring.
//!
//! Who was away (nothing to do, or all hosts closed) does not save up service: its pass counts as at least the start
//! of the service given last. It is next, once, and then one among equals.

use std::collections::BTreeSet;

use foldhash::fast::FixedState;
use gleaner_model::{ClientName, Lane};
use hashbrown::HashMap;

use crate::ClientIndex;
use crate::streams::StreamIndex;

/// What one start costs at weight one. Divisible by every small weight, so that shares are exact, and small enough
/// that passes last for 10^11 starts.
const SCALE: u64 = 720_720 * 64;

/// Weights above this are read as this; beyond it integer costs would be too coarse.
const WEIGHT_MAX: u32 = 10_000;

fn cost(weight: u32) -> u64 {
    SCALE / u64::from(weight.clamp(1, WEIGHT_MAX))
}

pub(crate) struct LaneShare {
    pass: u64,
    cost: u64,
    /// The start of the last service among this lane's clients.
    clients_at: u64,
    pub(crate) queued: u64,
    pub(crate) running: u64,
    pub(crate) started: u64,
}

pub(crate) struct Client {
    pub(crate) name: ClientName,
    pub(crate) weight: u32,
    /// Open jobs.
    pub(crate) held: u64,
    pub(crate) lanes: [ClientLane; 4],
}

#[derive(Default)]
pub(crate) struct ClientLane {
    pub(crate) pass: u64,
    turns: u64,
    /// Its streams with something ready.
    pub(crate) streams: BTreeSet<StreamIndex>,
}

pub(crate) struct Shares {
    lanes: [LaneShare; 4],
    /// The start of the last service among the lanes.
    lanes_at: u64,
    clients: Vec<Client>,
    by_name: HashMap<ClientName, ClientIndex, FixedState>,
}

impl Shares {
    pub(crate) fn new(weights: [u32; 4]) -> Self {
        let lane = |weight| LaneShare { pass: 0, cost: cost(weight), clients_at: 0, queued: 0, running: 0, started: 0 };
        Self { lanes: weights.map(lane), lanes_at: 0, clients: Vec::new(), by_name: HashMap::default() }
    }

    /// The client of this name, made if it is new. Beyond 65,536 clients, new ones share the last one's part.
    pub(crate) fn register(&mut self, name: &ClientName, weight: u32) -> ClientIndex {
        let weight = weight.clamp(1, WEIGHT_MAX);
        if let Some(index) = self.by_name.get(name).copied() {
            self.client_mut(index).weight = weight;
            return index;
        }
        let index = ClientIndex(u16::try_from(self.clients.len()).unwrap_or(u16::MAX));
        if self.clients.len() <= usize::from(u16::MAX) {
            self.clients.push(Client { name: name.clone(), weight, held: 0, lanes: Default::default() });
            self.by_name.insert(name.clone(), index);
        }
        index
    }

    pub(crate) fn clients(&self) -> &[Client] {
        &self.clients
    }

    pub(crate) fn client(&self, index: ClientIndex) -> &Client {
        &self.clients[usize::from(index.0)]
    }

    pub(crate) fn client_mut(&mut self, index: ClientIndex) -> &mut Client {
        &mut self.clients[usize::from(index.0)]
    }

    pub(crate) fn lane(&self, lane: Lane) -> &LaneShare {
        &self.lanes[lane.index()]
    }

    pub(crate) fn lane_mut(&mut self, lane: Lane) -> &mut LaneShare {
        &mut self.lanes[lane.index()]
    }

    /// The lanes, whose turn it is first.
    pub(crate) fn lanes_in_turn(&self) -> [Lane; 4] {
        let mut lanes = Lane::ALL;
        lanes.sort_by_key(|lane| (self.lane(*lane).pass.max(self.lanes_at), lane.index()));
        lanes
    }

    /// A client of this lane has something ready again: its pass, not below the present.
    pub(crate) fn wake(&mut self, lane: Lane, client: ClientIndex) {
        let at = self.lane(lane).clients_at;
        let mine = &mut self.client_mut(client).lanes[lane.index()];
        mine.pass = mine.pass.max(at);
    }

    /// Charges one start to the lane and the client; tells the number of the client's turn.
    pub(crate) fn charge(&mut self, lane: Lane, client: ClientIndex) -> u64 {
        let at = self.lanes_at.max(self.lane(lane).pass);
        self.lanes_at = at;
        let share = self.lane_mut(lane);
        share.pass = at + share.cost;
        share.started += 1;
        let at = share.clients_at.max(self.client(client).lanes[lane.index()].pass);
        self.lane_mut(lane).clients_at = at;
        let client = self.client_mut(client);
        let price = cost(client.weight);
        let mine = &mut client.lanes[lane.index()];
        mine.pass = at + price;
        mine.turns += 1;
        mine.turns
    }
}
