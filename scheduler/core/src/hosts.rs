//! Hosts: their pace, the streams that are ready for each, and the attempts that wait for a permit of each.
//!
//! A host with demand sits among the open ones, which may be asked now, or in the queue of the closed ones, ordered by
//! when that ends, or in neither if only an event changes anything (see `seat`). A decision looks at open hosts only, so
//! a closed host costs nothing however much is queued for it.
//!
//! Those that are only met on the way are forgotten after a while (see `forget`), and their places are used again.

use std::collections::{BTreeMap, BTreeSet};

use foldhash::fast::FixedState;
use gleaner_model::{Attempt, Host, Lane};
use hashbrown::HashMap;

use crate::limits::is_lesser;
use crate::pace::Pace;
use crate::seat::Seat;
use crate::streams::StreamIndex;
use crate::{Budget, HostIndex, HostLimits, Moment, Needs, Options, WorkerId};

/// A running attempt's request that waits for a permit.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Thirst {
    pub(crate) worker: WorkerId,
    pub(crate) attempt: Attempt,
}

/// The ready streams of one host that are alike in lane and needs.
pub(crate) type Front = BTreeSet<StreamIndex>;

pub(crate) struct HostState {
    pub(crate) name: Host,
    pub(crate) pace: Pace,
    seat: Seat,
    /// Ready streams by lane and needs.
    pub(crate) fronts: BTreeMap<(Lane, Needs), Front>,
    /// Are its streams among the turns? They are to be if it is open.
    pub(crate) listed: bool,
    /// Waiting requests by lane, then by age.
    waiting: BTreeMap<(Lane, u64), Thirst>,
    since_floor: u32,
    limits: HostLimits,
    /// Requests that are under way, as far as that is counted, and those of lesser lanes among them.
    under_way: (u32, u32),
    pub(crate) granted: u64,
    pub(crate) throttled: u64,
    /// It is configured, so that it is never forgotten.
    stays: bool,
    /// When it was met, granted or throttled last, in monotonic milliseconds.
    used_ms: u64,
    /// Was it forgotten, so that its place is free?
    forgotten: bool,
    /// The end of the last pause that went to the journal, in monotonic milliseconds.
    pub(crate) journaled_ms: u64,
}

impl HostState {
    pub(crate) fn waiting(&self) -> usize {
        self.waiting.len()
    }

    pub(crate) const fn limits(&self) -> HostLimits {
        self.limits
    }

    pub(crate) fn set_limits(&mut self, limits: &HostLimits, now: Moment, recovery_ms: u64) {
        self.pace.set(limits, now, recovery_ms);
        self.limits = *limits;
    }

    pub(crate) fn set_budget(&mut self, budget: Budget) {
        (self.pace.budget, self.limits.budget) = (budget, budget);
    }

    pub(crate) fn use_at(&mut self, now_ms: u64) {
        self.used_ms = self.used_ms.max(now_ms);
    }

    /// Has nobody asked it for so long, and would it begin as it is if it were met anew? Then whoever forgets it forgets
    /// nothing, but for streams that name it.
    pub(crate) fn is_idle(&self, budget: Budget, idle_ms: u64, now: Moment) -> bool {
        !self.stays
            && now.mono_ms.saturating_sub(self.used_ms) >= idle_ms
            && self.limits == HostLimits::of(budget)
            && self.pace.is_fresh(now)
            && self.fronts.is_empty()
            && self.waiting.is_empty()
            && self.under_way == (0, 0)
            && !self.listed
    }

    /// Is it of interest which requests are under way?
    pub(crate) const fn counts_requests(&self) -> bool {
        self.limits.concurrency.is_some() || self.pace.is_slow()
    }

    pub(crate) const fn under_way(&self) -> u32 {
        self.under_way.0
    }

    pub(crate) fn began(&mut self, is_lesser: bool) {
        self.under_way.0 += 1;
        self.under_way.1 += u32::from(is_lesser);
    }

    pub(crate) fn ended(&mut self, is_lesser: bool) {
        self.under_way.0 -= 1;
        self.under_way.1 -= u32::from(is_lesser);
    }

    /// Has it as many requests under way as it may have, or as lesser lanes may have?
    pub(crate) fn is_crowded(&self, is_lesser: bool) -> bool {
        let (all, lesser) = self.limits.under_way_max();
        self.under_way.0 >= all || (is_lesser && self.under_way.1 >= lesser)
    }

    pub(crate) fn most_urgent_waiting(&self) -> Option<(Lane, u64)> {
        self.waiting.keys().next().copied()
    }

    fn longest_waiting(&self) -> Option<(Lane, u64)> {
        let first = |lane| self.waiting.range((lane, 0)..=(lane, u64::MAX)).next().map(|(key, _)| *key);
        Lane::ALL.into_iter().filter_map(first).min_by_key(|(_, age)| *age)
    }

    /// The most urgent lane that wants something of it.
    pub(crate) fn most_urgent(&self) -> Option<Lane> {
        let front = self.fronts.keys().next().map(|(lane, _)| *lane);
        let waiting = self.most_urgent_waiting().map(|(lane, _)| lane);
        front.into_iter().chain(waiting).min()
    }

    /// A lane's ready streams by needs; none if the host is not open to it, or if somebody runs already who is as urgent
    /// and comes first.
    pub(crate) fn fronts_of(&self, lane: Lane) -> impl Iterator<Item = (Needs, &Front)> {
        let served = self.serves(lane);
        let fronts = self.fronts.range((lane, Needs(0))..=(lane, Needs(u16::MAX)));
        fronts.filter(move |_| served).map(|((_, needs), front)| (*needs, front))
    }

    /// Is it open to new work of this lane, and does that come before what waits for a permit?
    pub(crate) fn serves(&self, lane: Lane) -> bool {
        self.seat.takes(lane) && self.most_urgent_waiting().is_none_or(|(waiting, _)| waiting > lane)
    }

    /// May it be asked now, for some lane at least?
    pub(crate) fn is_open(&self) -> bool {
        self.seat.is_open()
    }
}

pub(crate) struct Hosts {
    list: Vec<HostState>,
    by_name: HashMap<Host, HostIndex, FixedState>,
    /// Places of hosts that were forgotten.
    unused: BTreeSet<HostIndex>,
    /// The host of work that asks none. Nobody finds it by its name.
    catalogue: Option<HostIndex>,
    open: BTreeSet<HostIndex>,
    closed: BTreeSet<(u64, HostIndex)>,
    /// Hosts that attempts wait for.
    thirsty: BTreeSet<HostIndex>,
    /// Hosts that were opened or closed while their streams are listed as before.
    turned: BTreeSet<HostIndex>,
    ages: u64,
    begin_empty: bool,
}

impl Hosts {
    /// After a restart (`begin_empty`) hosts begin without an allowance for bursts.
    pub(crate) fn new(begin_empty: bool) -> Self {
        Self {
            list: Vec::new(),
            by_name: HashMap::default(),
            unused: BTreeSet::new(),
            catalogue: None,
            open: BTreeSet::new(),
            closed: BTreeSet::new(),
            thirsty: BTreeSet::new(),
            turned: BTreeSet::new(),
            ages: 0,
            begin_empty,
        }
    }

    /// Makes a host known for good.
    pub(crate) fn register(&mut self, name: &Host, budget: Budget, max: u16) -> Option<HostIndex> {
        let index = self.meet(name, budget, max, 0)?;
        self.get_mut(index).stays = true;
        Some(index)
    }

    /// Makes a host known for as long as it is asked.
    pub(crate) fn meet(&mut self, name: &Host, budget: Budget, max: u16, now_ms: u64) -> Option<HostIndex> {
        if let Some(index) = self.by_name.get(name).copied() {
            self.get_mut(index).use_at(now_ms);
            return Some(index);
        }
        if self.by_name.len() >= usize::from(max) {
            return None;
        }
        let index = self.add(name, budget, self.begin_empty)?;
        self.by_name.insert(name.clone(), index);
        self.get_mut(index).use_at(now_ms);
        Some(index)
    }

    /// Forgets a host that nothing refers to; its place is the next new one's.
    pub(crate) fn forget(&mut self, index: HostIndex) {
        let host = &mut self.list[usize::from(index.0)];
        debug_assert!(host.fronts.is_empty() && host.waiting.is_empty() && !host.listed, "nothing refers to it");
        host.forgotten = true;
        self.by_name.remove(&host.name);
        self.turned.remove(&index);
        self.unused.insert(index);
    }

    /// The host of work that asks none. Its budget is beyond what any fleet uses up: a million a second, and an hour of
    /// those at once.
    pub(crate) fn catalogue(&mut self) -> HostIndex {
        if let Some(index) = self.catalogue {
            return index;
        }
        let name: Host = "catalogue".parse().expect("a word is the name of a host");
        let index = self.add(&name, Budget { interval_us: 1, burst: u32::MAX }, false);
        *self.catalogue.insert(index.expect("there are far fewer hosts than numbers for them"))
    }

    pub(crate) fn is_catalogue(&self, index: HostIndex) -> bool {
        self.catalogue == Some(index)
    }

    fn add(&mut self, name: &Host, budget: Budget, begins_empty: bool) -> Option<HostIndex> {
        let host = HostState {
            name: name.clone(),
            pace: Pace::new(budget, begins_empty),
            seat: Seat::Idle,
            fronts: BTreeMap::new(),
            listed: false,
            waiting: BTreeMap::new(),
            since_floor: 0,
            limits: HostLimits::of(budget),
            under_way: (0, 0),
            granted: 0,
            throttled: 0,
            stays: false,
            used_ms: 0,
            forgotten: false,
            journaled_ms: 0,
        };
        if let Some(index) = self.unused.pop_first() {
            self.list[usize::from(index.0)] = host;
            return Some(index);
        }
        let index = u16::try_from(self.list.len()).ok().map(HostIndex)?;
        self.list.push(host);
        Some(index)
    }

    pub(crate) fn index_of(&self, name: &Host) -> Option<HostIndex> {
        self.by_name.get(name).copied()
    }

    pub(crate) fn find(&self, index: HostIndex) -> Option<&HostState> {
        self.list.get(usize::from(index.0)).filter(|host| !host.forgotten)
    }

    pub(crate) fn get(&self, index: HostIndex) -> &HostState {
        &self.list[usize::from(index.0)]
    }

    pub(crate) fn get_mut(&mut self, index: HostIndex) -> &mut HostState {
        &mut self.list[usize::from(index.0)]
    }

    pub(crate) fn all(&self) -> impl Iterator<Item = (HostIndex, &HostState)> {
        (0_u16..).map(HostIndex).zip(&self.list).filter(|(_, host)| !host.forgotten)
    }

    pub(crate) fn open(&self) -> impl Iterator<Item = (HostIndex, &HostState)> {
        self.open.iter().map(|index| (*index, self.get(*index)))
    }

    pub(crate) fn thirsty(&self) -> impl Iterator<Item = (HostIndex, &HostState)> {
        self.thirsty.iter().map(|index| (*index, self.get(*index)))
    }

    /// When the first closed host with demand opens, in microseconds.
    pub(crate) fn next_opening_us(&self) -> Option<u64> {
        self.closed.first().map(|(at, _)| *at)
    }

    /// Puts the host where it belongs; to be called after anything about it changed.
    pub(crate) fn seat(&mut self, index: HostIndex, now: Moment, options: &Options) {
        let host = &mut self.list[usize::from(index.0)];
        let seat = Seat::of(host, now, options);
        let old = std::mem::replace(&mut host.seat, seat);
        if old == seat {
            return;
        }
        match (old.is_open(), seat.is_open()) {
            (false, true) => _ = self.open.insert(index),
            (true, false) => _ = self.open.remove(&index),
            _ => {}
        }
        if let Some(at) = old.changes_at() {
            self.closed.remove(&(at, index));
        }
        if let Some(at) = seat.changes_at() {
            self.closed.insert((at, index));
        }
        if host.listed != host.is_open() {
            self.turned.insert(index);
        }
    }

    /// A host whose streams are not listed as they should be, and whether they should.
    pub(crate) fn take_turned(&mut self) -> Option<(HostIndex, bool)> {
        while let Some(index) = self.turned.pop_first() {
            let host = self.get_mut(index);
            if host.listed != host.is_open() {
                host.listed = host.is_open();
                return Some((index, host.listed));
            }
        }
        None
    }

    /// Opens every host whose time has come.
    pub(crate) fn open_due(&mut self, now: Moment, options: &Options) {
        while let Some((at, index)) = self.closed.first().copied() {
            if at > now.mono_us() {
                break;
            }
            self.seat(index, now, options);
        }
    }

    /// Charges a permit of a host that is open to this lane.
    pub(crate) fn charge(&mut self, index: HostIndex, lane: Lane, now: Moment, options: &Options) {
        let host = self.get_mut(index);
        host.pace.charge(is_lesser(lane), now);
        host.granted += 1;
        host.use_at(now.mono_ms);
        host.since_floor = if host.waiting.is_empty() { 0 } else { host.since_floor.saturating_add(1) };
        self.seat(index, now, options);
    }

    /// Lets a request wait; tells the key under which it does.
    pub(crate) fn wait(&mut self, index: HostIndex, lane: Lane, thirst: Thirst) -> (Lane, u64) {
        self.ages += 1;
        let key = (lane, self.ages);
        self.get_mut(index).waiting.insert(key, thirst);
        self.thirsty.insert(index);
        key
    }

    pub(crate) fn stop_waiting(&mut self, index: HostIndex, key: (Lane, u64)) -> Option<Thirst> {
        let host = self.get_mut(index);
        let longest = host.longest_waiting();
        let thirst = host.waiting.remove(&key);
        if longest == Some(key) || host.waiting.is_empty() {
            host.since_floor = 0;
        }
        if host.waiting.is_empty() {
            self.thirsty.remove(&index);
        }
        thirst
    }

    /// Takes a waiting request of an open host and charges its permit.
    pub(crate) fn take_waiting(
        &mut self,
        index: HostIndex,
        key: (Lane, u64),
        now: Moment,
        options: &Options,
    ) -> Option<Thirst> {
        let oldest = self.get(index).longest_waiting() == Some(key);
        let thirst = self.stop_waiting(index, key)?;
        self.charge(index, key.0, now, options);
        if oldest {
            self.get_mut(index).since_floor = 0;
        }
        Some(thirst)
    }

    /// Which waiting request of an open host is next: by lane, then by age; but one in `floor_every` goes to the one
    /// that waited longest. None if the host's next permit is better given to a new task of a more urgent lane, which
    /// `startable` tells.
    pub(crate) fn next_waiting(
        &self,
        index: HostIndex,
        floor_every: u32,
        startable: impl Fn(Lane, Needs, &Front) -> bool,
    ) -> Option<(Lane, u64)> {
        let host = self.get(index);
        let (lane, age) = host.most_urgent_waiting().filter(|(lane, _)| host.seat.takes(*lane))?;
        if host.seat.takes(Lane::Bulk) && host.since_floor.saturating_add(1) >= floor_every.max(1) {
            return host.longest_waiting();
        }
        let mut before = host.fronts.range(..(lane, Needs(0)));
        let is_better_used = before.any(|((lane, needs), front)| startable(*lane, *needs, front));
        if is_better_used { None } else { Some((lane, age)) }
    }
}
