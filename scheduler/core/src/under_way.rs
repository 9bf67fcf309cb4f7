//! Requests that are under way, at hosts where that matters: those with a bound of requests at once, and those that are
//! asked below their budget, of which somebody has to see that they answer well.
//!
//! A request counts from its permit on. It ends when its worker says so, on the way of something that it says anyway, and
//! at the latest with its attempt's outcome. Nobody may wait for ever for a word that does not come: of a worker that
//! tells nothing (an older one) a request counts for as long as its permit may be used, of one that does for as long as a
//! request may take, and of an attempt that is lost or taken back no longer than its permit.

use std::collections::{BTreeMap, BTreeSet};

use gleaner_model::{Attempt, Lane, TaskId};

use crate::limits::is_lesser;
use crate::scheduler::Scheduler;
use crate::tasks::Slot;
use crate::{HostIndex, Moment, WorkerId};

type Key = (TaskId, u64);

#[derive(Clone, Copy, Debug)]
struct Request {
    host: HostIndex,
    is_lesser: bool,
    granted_ms: u64,
    until_ms: u64,
    /// Its attempt is gone without a word.
    lost: bool,
}

#[derive(Default)]
pub(crate) struct UnderWay {
    requests: BTreeMap<Key, Request>,
    ends: BTreeSet<(u64, Key)>,
    numbers: u64,
}

impl UnderWay {
    fn add(&mut self, task: TaskId, request: Request) {
        self.numbers += 1;
        let key = (task, self.numbers);
        self.requests.insert(key, request);
        self.ends.insert((request.until_ms, key));
    }

    fn remove(&mut self, key: Key) -> Option<Request> {
        let request = self.requests.remove(&key)?;
        self.ends.remove(&(request.until_ms, key));
        Some(request)
    }

    /// The requests of a task's current attempt, the newest first.
    fn of(&self, task: TaskId) -> impl Iterator<Item = (Key, Request)> {
        let of_task = self.requests.range((task, 0)..=(task, u64::MAX)).rev();
        of_task.filter(|(_, request)| !request.lost).map(|(key, request)| (*key, *request))
    }

    fn lose(&mut self, task: TaskId, permit_ttl_ms: u64) {
        let keys: Vec<Key> = self.of(task).map(|(key, _)| key).collect();
        for key in keys {
            let Some(request) = self.requests.get_mut(&key) else { continue };
            self.ends.remove(&(request.until_ms, key));
            request.lost = true;
            request.until_ms = request.until_ms.min(request.granted_ms.saturating_add(permit_ttl_ms));
            self.ends.insert((request.until_ms, key));
        }
    }

    /// When the next one counts no more if nothing is said.
    pub(crate) fn next_end_ms(&self) -> Option<u64> {
        self.ends.first().map(|(at_ms, _)| *at_ms)
    }

    pub(crate) fn resident(&self) -> usize {
        self.requests.len() * 112
    }

    /// Is there nothing but what was lost and goes by itself?
    #[cfg(test)]
    pub(crate) fn is_empty(&self) -> bool {
        self.requests.values().all(|request| request.lost) && self.ends.len() == self.requests.len()
    }
}

impl Scheduler {
    /// The worker says when requests end ([`Self::requests_ended`]), so there is no need to guess.
    pub fn tells_ends(&mut self, worker: WorkerId) {
        self.roster.change(worker, |worker| worker.tells_ends = true);
    }

    /// Of a worker's attempt so many requests to a host have ended since it said so last, of which so many were answered
    /// well: neither refused nor failed.
    pub fn requests_ended(
        &mut self,
        worker: WorkerId,
        attempt: Attempt,
        host: HostIndex,
        ended: u32,
        well: u32,
        now: Moment,
    ) {
        let current = self.current(attempt).filter(|slot| self.running[slot].worker == Some(worker));
        if current.is_none() || self.hosts.find(host).is_none() {
            return;
        }
        if well > 0 {
            self.hosts.get_mut(host).pace.answered(now);
        }
        let there = self.under_way.of(attempt.task).filter(|(_, request)| request.host == host);
        let keys: Vec<Key> = there.take(ended as usize).map(|(key, _)| key).collect();
        keys.into_iter().for_each(|key| self.end_request(key, now));
    }

    /// A permit goes to a task's attempt at a worker.
    pub(crate) fn note_request(&mut self, slot: Slot, worker: WorkerId, host: HostIndex, lane: Lane, now: Moment) {
        if !self.hosts.get(host).counts_requests() {
            return;
        }
        let tells = self.roster.get(worker).is_some_and(|worker| worker.tells_ends);
        let counts_ms = if tells { self.options.request_max_ms } else { self.options.permit_ttl_ms };
        let is_lesser = is_lesser(lane);
        let (granted_ms, until_ms) = (now.mono_ms, now.mono_ms.saturating_add(counts_ms));
        self.under_way.add(self.tasks[slot].task(), Request { host, is_lesser, granted_ms, until_ms, lost: false });
        self.hosts.get_mut(host).began(is_lesser);
        self.hosts.seat(host, now, &self.options);
    }

    /// The worker of a task's attempt told how that ended, so all its requests have; `well` if with an answer.
    pub(crate) fn end_requests(&mut self, slot: Slot, well: bool, now: Moment) {
        if well {
            let host = self.streams.key_of(&self.tasks, slot).host;
            self.hosts.get_mut(host).pace.answered(now);
        }
        let requests: Vec<_> = self.under_way.of(self.tasks[slot].task()).collect();
        for (key, request) in requests {
            if well {
                self.hosts.get_mut(request.host).pace.answered(now);
            }
            self.end_request(key, now);
        }
    }

    /// A task's attempt is over without a word of its worker.
    pub(crate) fn lose_requests(&mut self, slot: Slot) {
        self.under_way.lose(self.tasks[slot].task(), self.options.permit_ttl_ms);
    }

    /// Those of which nothing was heard for long enough count no more. A host that had so much time to complain and did
    /// not is as good as one that answered.
    pub(crate) fn forget_requests(&mut self, now: Moment) {
        while let Some((at_ms, key)) = self.under_way.ends.first().copied() {
            if at_ms > now.mono_ms {
                break;
            }
            if let Some(request) = self.under_way.requests.get(&key).filter(|request| !request.lost) {
                let host = self.hosts.get_mut(request.host);
                host.pace.answered(now);
            }
            self.end_request(key, now);
        }
    }

    fn end_request(&mut self, key: Key, now: Moment) {
        let Some(request) = self.under_way.remove(key) else { return };
        self.hosts.get_mut(request.host).ended(request.is_lesser);
        self.hosts.seat(request.host, now, &self.options);
    }
}
