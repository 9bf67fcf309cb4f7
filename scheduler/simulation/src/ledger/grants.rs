//! Grants to a host: within its budget over every stretch of time, whoever granted; never while it wants to be left alone
//! or an operator has paused it; and of what is kept for paid work nothing for others.
//!
//! "At most `burst + stretch / interval` in every stretch" is what the generic cell rate algorithm allows, so one cell a
//! host that is never forgotten checks all stretches at once; and a second one what lesser lanes were granted. When an
//! operator changes the budget, what was granted so far stays so many requests.

use gleaner_core::{Budget, HostIndex, HostLimits, Moment, Options};
use gleaner_model::{HostSettings, Timestamp};

use super::{Durable, Ledger};
use crate::process::{Entry, Throttle, limits_of};

/// When the next grant would come if they came evenly.
#[derive(Clone, Copy, Debug, Default)]
struct Cell {
    even_us: u64,
}

impl Cell {
    /// Charges a grant; tells how many microseconds too early it came.
    fn charge(&mut self, at_us: u64, budget: Budget) -> Result<(), u64> {
        let due_us = self.even_us.saturating_sub(early_us(budget));
        self.even_us = self.even_us.max(at_us) + budget.interval_us;
        if at_us < due_us { Err(due_us - at_us) } else { Ok(()) }
    }

    /// What was granted stays so many requests, rather too few than too many.
    fn rescale(&mut self, at_us: u64, before: Budget, budget: Budget) {
        let ahead = u128::from(self.even_us.saturating_sub(at_us));
        let scaled = ahead * u128::from(budget.interval_us) / u128::from(before.interval_us);
        let scaled = u64::try_from(scaled).unwrap_or(u64::MAX);
        let rounded = scaled.saturating_sub(scaled / 1_000 + 10);
        self.even_us = at_us + rounded.min(early_us(budget) + budget.interval_us);
    }
}

fn early_us(budget: Budget) -> u64 {
    budget.interval_us * u64::from(budget.burst.max(1) - 1)
}

/// What is left of a budget for lesser lanes.
fn lesser(limits: &HostLimits) -> Budget {
    let left = u64::from(1_000 - limits.reserve_permille);
    let interval_us = limits.budget.interval_us.max(1) * 1_000 / left;
    let burst = u32::try_from(u64::from(limits.budget.burst) * left / 1_000).unwrap_or(1);
    Budget { interval_us, burst: burst.max(1) }
}

#[derive(Debug)]
struct Host {
    configured: Budget,
    limits: HostLimits,
    /// When these began to hold.
    since_ms: u64,
    all: Cell,
    lesser: Cell,
    /// No grants before this, in milliseconds.
    blocked_until_ms: u64,
    /// Was it ever throttled, or served by an earlier scheduler? Then the core is more careful than the budget asks.
    careful: bool,
}

impl Host {
    fn set(&mut self, limits: HostLimits, at_ms: u64) {
        let (before, at_us) = (self.limits, at_ms * 1_000);
        self.all.rescale(at_us, before.budget, limits.budget);
        self.lesser.rescale(at_us, lesser(&before), lesser(&limits));
        (self.limits, self.since_ms) = (limits, at_ms);
    }

    fn grant(&mut self, is_lesser: bool, at_ms: u64) -> Result<(), String> {
        let at_us = at_ms * 1_000;
        self.all
            .charge(at_us, self.limits.budget)
            .map_err(|early_us| format!("is granted a request {early_us} us before its budget allows it"))?;
        if is_lesser {
            let held = self.lesser.charge(at_us, lesser(&self.limits));
            // Where nothing is kept, what is left of an earlier reserve makes nobody wait.
            let held = if self.limits.reserve_permille == 0 { Ok(()) } else { held };
            held.map_err(|early_us| format!("gives lesser lanes {early_us} us too early what it keeps for paid work"))?;
        }
        if at_ms < self.blocked_until_ms {
            let until_ms = self.blocked_until_ms;
            return Err(format!("wants to be left alone until {until_ms} and is granted a request"));
        }
        if self.limits.paused { Err("is paused and is granted a request".to_owned()) } else { Ok(()) }
    }
}

/// All hosts.
#[derive(Debug)]
pub(crate) struct Grants {
    hosts: Vec<Host>,
}

impl Grants {
    /// Hosts with these budgets, and the catalogue, which grants without end.
    pub(crate) fn new(budgets: &[Budget]) -> Self {
        let host = |budget: &Budget| Host {
            configured: *budget,
            limits: HostLimits::of(*budget),
            since_ms: 0,
            all: Cell::default(),
            lesser: Cell::default(),
            blocked_until_ms: 0,
            careful: false,
        };
        let catalogue = Budget { interval_us: 1, burst: u32::MAX };
        Self { hosts: budgets.iter().chain([&catalogue]).map(host).collect() }
    }

    /// Every host.
    pub(super) fn hosts(&self) -> impl Iterator<Item = HostIndex> {
        (0_u16..).map(HostIndex).take(self.hosts.len())
    }

    /// How many requests may be under way at a host, if that is bounded, and since when its limits hold.
    pub(super) fn bound(&self, host: HostIndex) -> Option<(u32, u64)> {
        let host = &self.hosts[usize::from(host.0)];
        Some((host.limits.concurrency?, host.since_ms))
    }

    /// May the host be asked now, as anybody can tell who knows its budget?
    pub(super) fn is_surely_open(&self, host: HostIndex, at_ms: u64) -> bool {
        let host = &self.hosts[usize::from(host.0)];
        let limits = &host.limits;
        let is_plain = !host.careful && !limits.paused && limits.concurrency.is_none();
        is_plain && host.all.even_us.saturating_sub(early_us(limits.budget)) <= at_ms * 1_000
    }

    /// A new scheduler knows of the limits and the wishes that were durable; the latter in wall time as its clock shows it.
    pub(crate) fn restarted(&mut self, durable: &Durable, epoch: u64, now: Moment, at_ms: u64) {
        for (index, host) in (0_u16..).map(HostIndex).zip(&mut self.hosts) {
            host.blocked_until_ms = 0;
            host.careful |= epoch > 1 && host.configured.burst < u32::MAX;
            host.set(limits_of(host.configured, durable.settings(index)), at_ms);
        }
        for (host, until) in durable.wishes() {
            if let Some(host) = self.hosts.get_mut(usize::from(host.0)) {
                host.blocked_until_ms = at_ms + until.ms_since(now.wall);
            }
        }
    }
}

impl Ledger {
    /// A host's wish is to be journalled, before the command of this number. It is durable as soon as a later command
    /// is, whether the journal heard of it or not.
    pub(crate) fn wished(&mut self, host: HostIndex, until: Timestamp, before: u64) {
        self.wishes.push((before, host, until));
    }

    pub(super) fn wishes_durable(&mut self, entries: &[Entry]) {
        let last = entries.iter().flat_map(|entry| &entry.commands).map(|(sequence, _)| *sequence).max();
        let Some(last) = last else { return };
        let durable = self.wishes.extract_if(.., |(before, _, _)| *before <= last).collect::<Vec<_>>();
        durable.into_iter().for_each(|(_, host, until)| self.durable.wish(host, until));
    }

    /// A permit goes out, to a lesser lane than the paid one or not.
    pub(crate) fn granted(&mut self, host: HostIndex, is_lesser: bool, at_ms: u64) {
        self.tally.grants += 1;
        let held = self.grants.hosts[usize::from(host.0)].grant(is_lesser, at_ms);
        self.expect(held.map_err(|what| format!("host {} {what}", host.0)));
    }

    /// The scheduler goes by other limits of a host from now on.
    pub(crate) fn limited(&mut self, host: HostIndex, settings: &HostSettings, at_ms: u64) {
        self.tally.host_changes += 1;
        let host = &mut self.grants.hosts[usize::from(host.0)];
        host.set(limits_of(host.configured, Some(settings)), at_ms);
        // What was granted under other limits makes the core careful for a while.
        host.careful = true;
    }

    /// The scheduler has heard that a host wants to be left alone.
    pub(crate) fn throttled(&mut self, throttle: Throttle, options: &Options, at_ms: u64) {
        let pause_ms = throttle.retry_after_ms.unwrap_or(options.throttle_default_ms).min(options.throttle_cap_ms);
        let host = &mut self.grants.hosts[usize::from(throttle.host.0)];
        host.careful = true;
        host.blocked_until_ms = host.blocked_until_ms.max(at_ms + pause_ms);
    }
}
