//! What operators want (the engine's `hosts` and `drain_worker`): limits of hosts, which outlive restarts, and workers that
//! are to get nothing new.

use std::collections::BTreeMap;

use gleaner_core::{Budget, HostIndex, HostLimits};
use gleaner_model::{Host, HostChange, HostSettings};
use gleaner_store::OrderWrite;

use super::{Entry, Process, Scene, Then};
use crate::fault::Fault as Planted;
use crate::tell;
use crate::wire::Told;

/// What operators have set, by host.
pub(super) type HostBook = BTreeMap<HostIndex, HostSettings>;

/// The name of a host of this number.
pub(super) fn name_of(host: HostIndex) -> Host {
    format!("h{}.example", host.0).parse().expect("a host's name")
}

/// The number of a host of this name.
pub(crate) fn index_of(host: &Host) -> HostIndex {
    let number = host.as_str().trim_start_matches('h').split('.').next().and_then(|number| number.parse().ok());
    HostIndex(number.expect("hosts are named by their numbers"))
}

/// What holds for a host, by its configuration and by what is set over it.
pub(crate) fn limits_of(configured: Budget, set: Option<&HostSettings>) -> HostLimits {
    let Some(set) = set else { return HostLimits::of(configured) };
    let interval_us = |rate: u64| 1_000_000_000_u64.div_ceil(rate.max(1));
    HostLimits {
        budget: Budget {
            interval_us: set.rate_milli_per_s.map_or(configured.interval_us, interval_us),
            burst: set.burst.unwrap_or(configured.burst),
        },
        concurrency: set.concurrency,
        reserve_permille: set.reserve_permille,
        paused: set.paused,
    }
}

impl Process {
    /// Reads what was set.
    pub(super) fn load_settings(&mut self, settings: Vec<HostSettings>, scene: &Scene<'_>) {
        for settings in settings {
            let paused = settings.paused && !self.is_planted(Planted::PauseForgotten);
            self.limit(&HostSettings { paused, ..settings }, scene);
        }
    }

    /// Tells the core what holds for a host from now on.
    fn limit(&mut self, settings: &HostSettings, scene: &Scene<'_>) {
        let host = index_of(&settings.host);
        let mut limits = limits_of(self.configuration.budgets[usize::from(host.0)], Some(settings));
        if self.is_planted(Planted::ReserveGiven) {
            limits.reserve_permille = 0;
        }
        if self.is_planted(Planted::ConcurrencyIgnored) {
            limits.concurrency = None;
        }
        self.core.limit_host(host, limits, scene.now);
        self.set.insert(host, settings.clone());
    }

    /// Changes what holds for a host, at once; it is durable when it is committed.
    pub(super) fn set_host(&mut self, host: HostIndex, change: &HostChange, scene: &mut Scene<'_>) {
        let before = self.set.get(&host).cloned();
        let before = before.unwrap_or_else(|| HostSettings::none(name_of(host), scene.now.wall));
        let settings = before.changed(change, scene.now.wall);
        self.limit(&settings, scene);
        tell!(scene.story, scene.at_ms, "    an operator sets {settings:?}");
        scene.ledger.limited(host, &settings, scene.at_ms);
        let mut entry = Entry::new(Then::Nothing);
        entry.orders.push(OrderWrite::Host(Box::new(settings)));
        self.committer.send(entry);
    }

    /// Gives a worker nothing new; it is told.
    pub(super) fn drain_worker(&mut self, peer: usize, scene: &mut Scene<'_>) {
        let found = self.links.iter().find(|(_, link)| link.peer == peer).map(|(worker, _)| *worker);
        let Some(worker) = found else { return };
        if !self.is_planted(Planted::DrainIgnored) {
            self.core.drain(worker);
        }
        scene.ledger.drains(worker);
        self.say(worker, Told::Drain, scene);
    }
}
