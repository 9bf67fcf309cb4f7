//! Requests that are under way at hosts with a bound of them: what really goes on there, which only the world knows.
//!
//! The scheduler can keep such a bound only where it hears when requests end, and only for what it granted itself since
//! the bound holds. So here count the requests of attempts that are current, at workers that say when requests end, under
//! permits that are younger than the host's limits and than the worker's session. What a scheduler before this one granted,
//! what a lost attempt still asks, and what an older worker does not tell are left out, as the design leaves them out.

use std::collections::{BTreeMap, BTreeSet};

use gleaner_core::{HostIndex, WorkerId};

use super::Ledger;
use crate::wire::Run;

/// Requests that really are under way.
#[derive(Debug, Default)]
pub(crate) struct UnderWay {
    /// The host of each body's request.
    of: BTreeMap<Run, HostIndex>,
    /// Workers that say when requests end.
    tells: BTreeSet<WorkerId>,
}

impl UnderWay {
    pub(super) fn crashed(&mut self) {
        self.of.clear();
        self.tells.clear();
    }
}

impl Ledger {
    /// A worker will say when its requests end.
    pub(crate) fn tells_ends(&mut self, worker: WorkerId) {
        self.under_way.tells.insert(worker);
    }

    /// A session is over: what its attempts ask counts no more.
    pub(crate) fn worker_left(&mut self, worker: WorkerId) {
        let runs = &self.runs;
        self.under_way.of.retain(|run, _| runs.worker_of(*run) != Some(worker));
        self.under_way.tells.remove(&worker);
    }

    /// A request goes out to a host.
    pub(crate) fn request_begins(&mut self, run: Run, host: HostIndex, at_ms: u64) {
        self.runs.requested(run, at_ms);
        self.under_way.of.insert(run, host);
        let Some((bound, since_ms)) = self.grants.bound(host) else { return };
        let there = self.under_way.of.iter().filter(|(_, at)| **at == host);
        let counts = |run: &Run| {
            self.runs.is_granted_after(*run, since_ms)
                && self.runs.worker_of(*run).is_some_and(|worker| self.under_way.tells.contains(&worker))
        };
        let under_way = there.filter(|(run, _)| counts(run)).count();
        self.tally.bounded += u64::from(counts(&run));
        if under_way > usize::try_from(bound).unwrap_or(usize::MAX) {
            self.fail(format!(
                "{under_way} requests to host {} are under way at once, and {bound} are its bound",
                host.0
            ));
        }
    }

    /// A body's request is over, whatever came of it.
    pub(crate) fn request_ends(&mut self, run: Run) {
        self.under_way.of.remove(&run);
    }
}
