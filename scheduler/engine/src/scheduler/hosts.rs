//! What operators set for hosts.
//!
//! A host's budget is what the configuration says (its registry's rate, or the default), and over that what operators have
//! set, which outlives restarts. The core is told the sum. A host can be set before anybody has met it: who knows that a
//! registry's documents lie elsewhere need not wait until the first redirect has hit that host at the default rate.

use std::collections::BTreeMap;

use gleaner_core::{Budget, HostIndex, HostLimits, Moment, Scheduler};
use gleaner_model::{ClientName, Host, HostChange, HostSettings};
use gleaner_store::{OrderWrite, Store, StoreError};

use super::message::{Credit, Reply};
use super::state::State;
use crate::committer::Entry;
use crate::views::HostState;

/// Why nothing is changed about a host.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub(crate) enum HostError {
    /// There is none of this name for which anything could be forgotten.
    #[error("no host `{host}` is known; known are: {known}. A host is known when a registry is there or leads there")]
    Unknown { host: Host, known: String },
    /// There is no room for one more.
    #[error("`{host}` would be one host too many: {most} are known, and no more can be")]
    TooMany { host: Host, most: u16 },
    /// Nothing can be made durable.
    #[error("{0}")]
    Store(String),
}

/// A change of what holds for a host.
pub(crate) struct SetHost {
    pub(crate) host: Host,
    pub(crate) change: HostChange,
    /// Who wants it.
    pub(crate) operator: ClientName,
    pub(crate) reply: Reply<Result<HostState, HostError>>,
    pub(crate) credit: Credit,
}

/// What holds for hosts.
#[derive(Default)]
pub(crate) struct HostBook {
    configured: BTreeMap<Host, Budget>,
    default: Option<Budget>,
    set: BTreeMap<Host, HostSettings>,
}

impl HostBook {
    /// Reads what was set and tells the core, whose hosts have the budgets of the configuration so far.
    pub(crate) fn load(
        store: &dyn Store,
        core: &mut Scheduler,
        default: Budget,
        now: Moment,
    ) -> Result<Self, StoreError> {
        let configured = core.hosts(now).into_iter().map(|view| (view.host, view.budget)).collect();
        let mut book = Self { configured, default: Some(default), set: BTreeMap::new() };
        for settings in store.host_settings()? {
            let host = settings.host.clone();
            book.set.insert(host.clone(), settings);
            match core.host(&host) {
                Some(index) => core.limit_host(index, book.limits(&host), now),
                None => tracing::warn!(%host, "there are too many hosts for what is set for this one"),
            }
        }
        Ok(book)
    }

    fn settings(&self, host: &Host, now: Moment) -> HostSettings {
        self.set.get(host).cloned().unwrap_or_else(|| HostSettings::none(host.clone(), now.wall))
    }

    /// What holds for a host.
    fn limits(&self, host: &Host) -> HostLimits {
        let budget = self.configured.get(host).copied().or(self.default).unwrap_or(Budget::per_second(1, 1));
        let Some(set) = self.set.get(host) else { return HostLimits::of(budget) };
        HostLimits {
            budget: Budget {
                interval_us: set.rate_milli_per_s.map_or(budget.interval_us, interval_us),
                burst: set.burst.unwrap_or(budget.burst),
            },
            concurrency: set.concurrency,
            reserve_permille: set.reserve_permille,
            paused: set.paused,
        }
    }
}

/// Between two requests at so many thousandths of a request a second; rather too long than too short.
fn interval_us(rate_milli_per_s: u64) -> u64 {
    1_000_000_000_u64.div_ceil(rate_milli_per_s.max(1))
}

impl State {
    /// The host, which is made known if something is set for it.
    fn host_to_set(&mut self, host: &Host, change: &HostChange, now: Moment) -> Result<HostIndex, HostError> {
        if let Some(index) = self.parts.core.find_host(host) {
            return Ok(index);
        }
        if *change == (HostChange { reset: true, ..HostChange::default() }) {
            let known = self.parts.core.hosts(now).into_iter().map(|view| view.host.to_string()).collect::<Vec<_>>();
            return Err(HostError::Unknown { host: host.clone(), known: known.join(", ") });
        }
        let most = self.parts.options.decisions.hosts_max;
        self.parts.core.host(host).ok_or_else(|| HostError::TooMany { host: host.clone(), most })
    }

    /// Changes what holds for a host, at once, and answers when that is durable.
    pub(super) fn set_host(&mut self, set: SetHost) {
        let SetHost { host, change, operator, reply, credit } = set;
        let now = self.now();
        let index = match self.host_to_set(&host, &change, now) {
            Ok(index) => index,
            Err(error) => return drop(reply.send(Err(error))),
        };
        let settings = self.hosts.settings(&host, now).changed(&change, now.wall);
        self.hosts.set.insert(host.clone(), settings.clone());
        let limits = self.hosts.limits(&host);
        tracing::info!(%host, %operator, ?limits, "an operator changed what a host may be asked");
        self.parts.core.limit_host(index, limits, now);
        let view = self.parts.core.host_view(index, now).expect("it was found");
        let mut entry = Entry::new(Box::new(move |result| {
            drop(credit);
            let _ = reply.send(result.map(|()| view).map_err(|error| HostError::Store(error.to_string())));
        }));
        entry.orders.push(OrderWrite::Host(Box::new(settings)));
        self.commit(entry);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_set_goes_over_what_is_configured() {
        let host: Host = "mirror.example".parse().expect("a host");
        let at = gleaner_model::Timestamp::from_millis(1);
        let configured = Budget { interval_us: 50_000, burst: 5 };
        let mut book = HostBook { configured: [(host.clone(), configured)].into(), ..HostBook::default() };
        assert_eq!(book.limits(&host), HostLimits::of(configured));
        let none = HostSettings::none(host.clone(), at);
        book.set.insert(host.clone(), HostSettings { rate_milli_per_s: Some(3_000), paused: true, ..none });
        let limits = book.limits(&host);
        assert_eq!((limits.budget, limits.paused), (Budget { interval_us: 333_334, burst: 5 }, true));
    }
}
