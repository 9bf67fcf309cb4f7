//! Fair shares: of lanes among each other, and of clients within a lane.
//!
//! Both are weighted rounds in the form of start-time fair queueing (Goyal, Vin and Cheng, 1996): whoever is served
//! pays cost over weight onto its *pass*, and the lowest pass is next. Over a long run this is what weighted deficit
//! round robin gives, to the unit; unlike a ring of deficits it stays exact when clients drop out and come back all
//! the time because a host's permit came or went, and it costs a look at the lowest instead of a walk around the ring.
//!
//! Cost is the time that an attempt is in a slot, predicted when it starts and set right when it ends: what was too little
//! goes onto the pass, what was too much is taken off it, or off what is charged next if others have been served since.
//!
//! Who was away (nothing to do, or all hosts closed) does not save up service: its pass counts as at least the start
//! of the service given last. It is next, once, and then one among equals.

use std::collections::BTreeSet;

use foldhash::fast::FixedState;
use gleaner_model::{ClientName, Lane};
use hashbrown::HashMap;

use crate::ClientIndex;
use crate::streams::StreamIndex;

/// What one microsecond of slot time costs at weight one. Divisible by every small weight, so that shares are exact;
/// a pass has 128 bits, since with 64 a fleet of bulk work would be through within hours.
const SCALE: u64 = 720_720 * 64;

/// Weights above this are read as this, so that nobody is served for nothing.
const WEIGHT_MAX: u32 = 10_000;

/// What is saved up at most from starts that were charged too much, in microseconds of slot time: an hour that was
/// predicted and did not come must not buy an hour.
const CREDIT_MAX_US: u64 = 60_000_000;

fn price(cost_us: u64, weight: u32) -> u128 {
    match cost_us.checked_mul(SCALE) {
        // Nearly always: four days of slot time. A division of 128 bits takes many times as long.
        Some(cost) => u128::from(cost / u64::from(weight)),
        None => u128::from(cost_us) * u128::from(SCALE) / u128::from(weight),
    }
}

/// Who has had how much.
#[derive(Clone, Copy, Default)]
pub(crate) struct Account {
    pub(crate) pass: u128,
    /// What ended attempts cost more than was charged for them, not yet on the pass. The other way round: less.
    debt: u128,
    credit: u128,
}

impl Account {
    /// Charges a start; tells when it began, which is not before `present`.
    fn charge(&mut self, cost_us: u64, weight: u32, present: u128) -> u128 {
        let at = self.pass.max(present);
        let owed = price(cost_us, weight) + std::mem::take(&mut self.debt);
        let spared = owed.min(self.credit);
        self.credit -= spared;
        self.pass = at + owed - spared;
        at
    }

    /// An attempt cost `cost_us` where `charged_us` were charged.
    fn correct(&mut self, charged_us: u64, cost_us: u64, weight: u32) {
        let difference = price(cost_us.abs_diff(charged_us), weight);
        if cost_us >= charged_us {
            let spared = difference.min(self.credit);
            self.credit -= spared;
            self.debt += difference - spared;
        } else {
            let spared = difference.min(self.debt);
            self.debt -= spared;
            self.credit = (self.credit + difference - spared).min(price(CREDIT_MAX_US, weight));
        }
    }

    /// Brings the pass up to date, as far as `present` allows.
    fn settle(&mut self, present: u128) {
        self.pass += std::mem::take(&mut self.debt);
        let back = self.credit.min(self.pass.saturating_sub(present));
        self.pass -= back;
        self.credit -= back;
    }
}

pub(crate) struct LaneShare {
    account: Account,
    weight: u32,
    /// The start of the last service among this lane's clients.
    clients_at: u128,
    pub(crate) queued: u64,
    pub(crate) running: u64,
    pub(crate) suspended: u64,
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
    pub(crate) account: Account,
    turns: u64,
    /// Its attempts in slots.
    pub(crate) running: u32,
    /// Its streams with something ready.
    pub(crate) streams: BTreeSet<StreamIndex>,
}

pub(crate) struct Shares {
    lanes: [LaneShare; 4],
    /// The start of the last service among the lanes.
    lanes_at: u128,
    clients: Vec<Client>,
    by_name: HashMap<ClientName, ClientIndex, FixedState>,
}

impl Shares {
    pub(crate) fn new(weights: [u32; 4]) -> Self {
        let lane = |weight: u32| LaneShare {
            account: Account::default(),
            weight: weight.clamp(1, WEIGHT_MAX),
            clients_at: 0,
            queued: 0,
            running: 0,
            suspended: 0,
            started: 0,
        };
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

    /// Gives the clients that are known other weights from now on.
    pub(crate) fn reweigh(&mut self, mut weight_of: impl FnMut(&ClientName) -> u32) {
        for client in &mut self.clients {
            client.weight = weight_of(&client.name).clamp(1, WEIGHT_MAX);
        }
    }

    /// Gives the lanes other weights from now on.
    pub(crate) fn reweigh_lanes(&mut self, weights: [u32; 4]) {
        for (lane, weight) in self.lanes.iter_mut().zip(weights) {
            lane.weight = weight.clamp(1, WEIGHT_MAX);
        }
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

    /// The part of all starts that a client of a lane has while everybody who has something ready goes on like this: that,
    /// and the whole.
    pub(crate) fn part_of(&self, lane: Lane, client: ClientIndex) -> (u128, u128) {
        let lanes = self.lanes.iter().filter(|lane| lane.queued > 0).map(|lane| u128::from(lane.weight)).sum::<u128>();
        let ready = |client: &&Client| !client.lanes[lane.index()].streams.is_empty();
        let clients = self.clients.iter().filter(ready).map(|client| u128::from(client.weight)).sum::<u128>();
        let part = u128::from(self.lane(lane).weight) * u128::from(self.client(client).weight);
        (part, lanes.max(1) * clients.max(1))
    }

    /// The lanes, whose turn it is first.
    pub(crate) fn lanes_in_turn(&self) -> [Lane; 4] {
        let mut lanes = Lane::ALL;
        lanes.sort_by_key(|lane| (self.lane(*lane).account.pass.max(self.lanes_at), lane.index()));
        lanes
    }

    /// A client of this lane has something ready again: its pass, not below the present. What is left of its credit is
    /// gone: who was away saves nothing up.
    pub(crate) fn wake(&mut self, lane: Lane, client: ClientIndex) {
        let at = self.lane(lane).clients_at;
        let mine = &mut self.client_mut(client).lanes[lane.index()].account;
        mine.settle(at);
        *mine = Account { pass: mine.pass.max(at), ..Account::default() };
    }

    /// Charges a start to the lane and the client; tells the number of the client's turn.
    pub(crate) fn charge(&mut self, lane: Lane, client: ClientIndex, cost_us: u64) -> u64 {
        let lanes_at = self.lanes_at;
        let share = self.lane_mut(lane);
        share.started += 1;
        let at = share.account.charge(cost_us, share.weight, lanes_at);
        let clients_at = share.clients_at;
        self.lanes_at = at;
        let client = self.client_mut(client);
        let mine = &mut client.lanes[lane.index()];
        mine.turns += 1;
        let (turns, at) = (mine.turns, mine.account.charge(cost_us, client.weight, clients_at));
        self.lane_mut(lane).clients_at = at;
        turns
    }

    /// An attempt for which `charged_us` were charged cost `cost_us`. The lane's pass is set right at once, the
    /// client's with its next start, since the order of its streams hangs on it.
    pub(crate) fn correct(&mut self, lane: Lane, client: ClientIndex, charged_us: u64, cost_us: u64) {
        let lanes_at = self.lanes_at;
        let share = self.lane_mut(lane);
        share.account.correct(charged_us, cost_us, share.weight);
        share.account.settle(lanes_at);
        let client = self.client_mut(client);
        client.lanes[lane.index()].account.correct(charged_us, cost_us, client.weight);
    }
}
