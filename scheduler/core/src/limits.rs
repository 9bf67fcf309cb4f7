//! What operators allow at a host.

use gleaner_model::{Host, Lane};

use crate::scheduler::Scheduler;
use crate::{Budget, HostIndex, HostView, Moment};

/// What a host may be asked, and by whom.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct HostLimits {
    /// How fast.
    pub budget: Budget,
    /// Requests of the whole fleet that may be under way at once; none for as many as the budget gives.
    pub concurrency: Option<u32>,
    /// The part of all this, in thousandths, that only the paid lane gets; more than [`Self::RESERVE_MAX`] is read as
    /// that. Of one request at a time nothing can be kept.
    pub reserve_permille: u16,
    /// Does nobody get a permit?
    pub paused: bool,
}

impl HostLimits {
    /// The largest reserve: a tenth is left to the lesser lanes, since none of them may starve.
    pub const RESERVE_MAX: u16 = 900;

    /// A budget and nothing else.
    #[must_use]
    pub const fn of(budget: Budget) -> Self {
        Self { budget, concurrency: None, reserve_permille: 0, paused: false }
    }

    /// How many requests may be under way, and how many of lesser lanes.
    pub(crate) fn under_way_max(&self) -> (u32, u32) {
        let Some(all) = self.concurrency else { return (u32::MAX, u32::MAX) };
        let kept = u64::from(all) * u64::from(1_000 - self.reserve_permille.min(Self::RESERVE_MAX)) / 1_000;
        (all.max(1), u32::try_from(kept).unwrap_or(u32::MAX).max(1))
    }
}

/// Does a reserve not count for this lane?
pub(crate) fn is_lesser(lane: Lane) -> bool {
    lane != Lane::Paid
}

impl Scheduler {
    /// The host of this name, if it is known.
    #[must_use]
    pub fn find_host(&self, name: &Host) -> Option<HostIndex> {
        self.hosts.index_of(name)
    }

    /// What a host looks like, if there is such a host.
    #[must_use]
    pub fn host_view(&self, host: HostIndex, now: Moment) -> Option<HostView> {
        self.hosts.find(host).map(|state| self.view_of_host(host, state, now))
    }

    /// What is allowed at a host, if there is such a host.
    #[must_use]
    pub fn limits(&self, host: HostIndex) -> Option<HostLimits> {
        self.hosts.find(host).map(crate::hosts::HostState::limits)
    }

    /// Allows something else at a host, from its next permit on. Of a host that had no bound of requests at once, those
    /// that are under way already do not count.
    ///
    /// # Panics
    /// There is no such host.
    pub fn limit_host(&mut self, host: HostIndex, limits: HostLimits, now: Moment) {
        self.hosts.get_mut(host).set_limits(&limits, now, self.options.pace_recovery_ms);
        self.hosts.seat(host, now, &self.options);
    }
}
