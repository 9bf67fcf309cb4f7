//! Grants to a host: within its budget over every stretch of time, whoever granted, and never while it wants to be left
//! alone.
//!
//! "At most `burst + stretch / interval` in every stretch" is what the generic cell rate algorithm allows, so one cell a
//! host that is never forgotten checks all stretches at once.

use gleaner_core::{Budget, HostIndex, Moment, Options};
use gleaner_model::Timestamp;

use super::{Durable, Ledger};
use crate::process::{Entry, Throttle};

#[derive(Debug)]
struct Cell {
    budget: Budget,
    /// When the next grant would come if they came evenly, in microseconds.
    even_us: u64,
    /// No grants before this, in milliseconds.
    blocked_until_ms: u64,
    /// Was it ever throttled, or served by an earlier scheduler? Then the core is more careful than the budget asks.
    careful: bool,
}

/// All hosts.
#[derive(Debug)]
pub(crate) struct Grants {
    cells: Vec<Cell>,
}

impl Grants {
    pub(crate) fn new(budgets: &[Budget]) -> Self {
        let cell = |budget: &Budget| Cell { budget: *budget, even_us: 0, blocked_until_ms: 0, careful: false };
        Self { cells: budgets.iter().map(cell).collect() }
    }

    /// Every host.
    pub(super) fn hosts(&self) -> impl Iterator<Item = HostIndex> {
        (0_u16..).map(HostIndex).take(self.cells.len())
    }

    fn grant(&mut self, host: HostIndex, at_ms: u64) -> Result<(), String> {
        let cell = &mut self.cells[usize::from(host.0)];
        let (at_us, interval_us) = (at_ms * 1_000, cell.budget.interval_us.max(1));
        let early_us = interval_us * u64::from(cell.budget.burst.max(1) - 1);
        let (due_us, until_ms) = (cell.even_us.saturating_sub(early_us), cell.blocked_until_ms);
        cell.even_us = cell.even_us.max(at_us) + interval_us;
        if at_us < due_us {
            return Err(format!(
                "host {} is granted a request {} us before its budget allows it",
                host.0,
                due_us - at_us
            ));
        }
        if at_ms < until_ms {
            return Err(format!("host {} wants to be left alone until {until_ms} and is granted a request", host.0));
        }
        Ok(())
    }

    /// May the host be asked now, as anybody can tell who knows its budget?
    pub(super) fn is_surely_open(&self, host: HostIndex, at_ms: u64) -> bool {
        let cell = &self.cells[usize::from(host.0)];
        let early_us = cell.budget.interval_us.max(1) * u64::from(cell.budget.burst.max(1) - 1);
        !cell.careful && cell.even_us.saturating_sub(early_us) <= at_ms * 1_000
    }

    /// A new scheduler knows of the wishes that were durable, in wall time as its clock shows it.
    pub(crate) fn restarted(&mut self, durable: &Durable, epoch: u64, now: Moment, at_ms: u64) {
        for cell in &mut self.cells {
            cell.blocked_until_ms = 0;
            cell.careful |= epoch > 1;
        }
        for (host, until) in durable.wishes() {
            if let Some(cell) = self.cells.get_mut(usize::from(host.0)) {
                cell.blocked_until_ms = at_ms + until.ms_since(now.wall);
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

    /// A permit goes out.
    pub(crate) fn granted(&mut self, host: HostIndex, at_ms: u64) {
        self.tally.grants += 1;
        let held = self.grants.grant(host, at_ms);
        self.expect(held);
    }

    /// The scheduler has heard that a host wants to be left alone.
    pub(crate) fn throttled(&mut self, throttle: Throttle, options: &Options, at_ms: u64) {
        let pause_ms = throttle.retry_after_ms.unwrap_or(options.throttle_default_ms).min(options.throttle_cap_ms);
        let cell = &mut self.grants.cells[usize::from(throttle.host.0)];
        cell.careful = true;
        cell.blocked_until_ms = cell.blocked_until_ms.max(at_ms + pause_ms);
    }
}
