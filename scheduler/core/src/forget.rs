//! Hosts that nobody has asked for long are forgotten.
//!
//! The problem: a fleet that crawls meets ever new hosts, for a package's document may lie anywhere. Each costs some hundred
//! bytes and a step in some scans, and there may be only so many of them at once; after some weeks there would be no room
//! for the one that is needed.
//!
//! A host may be forgotten if whoever meets it anew would find it as it is: it is not configured, nothing is set for it, it
//! may be asked a whole burst at once, at its full pace. And nothing may refer to it, since its number becomes another
//! one's: no task names it, ready or not; no attempt waits for its permit; no request is under way there. Requests are not
//! counted at every host, but none takes as long as a host must be idle. A host that throttled is asked more slowly until
//! it has answered well, and is kept until then.

use std::collections::BTreeSet;

use gleaner_model::Host;

use crate::scheduler::Scheduler;
use crate::{HostIndex, Moment};

impl Scheduler {
    /// The host of this name, which somebody is about to ask. One that is new gets the default budget, and is forgotten
    /// when it was idle for long. None when there are too many.
    pub fn meet_host(&mut self, host: &Host, now: Moment) -> Option<HostIndex> {
        self.hosts.meet(host, self.options.default_budget, self.options.hosts_max, now.mono_ms)
    }

    /// Forgets hosts that nobody has asked for [`host_idle_ms`](crate::Options::host_idle_ms); tells how many. Their
    /// numbers will be those of other hosts: whoever kept one must not use it any more. It walks over all streams, so call
    /// it every minute or so.
    pub fn forget_hosts(&mut self, now: Moment) -> usize {
        // Never sooner than a request may take, whatever is configured.
        let idle_ms = self.options.host_idle_ms.max(self.options.request_max_ms);
        let idle = self.hosts.all().filter(|(index, host)| {
            !self.hosts.is_catalogue(*index) && host.is_idle(self.options.default_budget, idle_ms, now)
        });
        let mut idle: BTreeSet<HostIndex> = idle.map(|(index, _)| index).collect();
        if idle.is_empty() {
            return 0;
        }
        self.streams.hosts().for_each(|host| _ = idle.remove(&host));
        idle.iter().for_each(|host| self.hosts.forget(*host));
        self.costs.forget(&idle);
        self.waits.forget(&idle);
        self.presses.retain(|(_, _, host), _| !idle.contains(host));
        idle.len()
    }
}
