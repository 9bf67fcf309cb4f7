//! Answers to operators and to who asks after a job, from the state that decides.

use gleaner_model::{JobId, JobState, Lane, TaskId};

use crate::attempts::Hold;
use crate::limits::is_lesser;
use crate::scheduler::Scheduler;
use crate::tasks::{Slot, State};
use crate::{ClientView, Counters, HostIndex, HostView, JobView, LaneView, Moment, Resident, Wait, WorkerView};

impl Scheduler {
    /// An open job, and why it is not further.
    #[must_use]
    pub fn job_view(&self, job: JobId, now: Moment) -> Option<JobView> {
        let slot = self.slot_of_job(job)?;
        let entry = &self.tasks[slot];
        let running = matches!(entry.state, State::Running | State::Committing);
        Some(JobView {
            state: if running { JobState::Running } else { JobState::Queued },
            task: entry.task(),
            lane: self.streams.key_of(&self.tasks, slot).lane,
            attempts: entry.started(),
            waiting_for: self.wait_of(slot, now),
        })
    }

    fn wait_of(&self, slot: Slot, now: Moment) -> Option<Wait> {
        match self.tasks[slot].state {
            State::Queued => Some(self.queue_wait(slot, now)),
            State::Behind => self.leaders.get(&slot).map(|leader| Wait::Task(self.tasks[*leader].task())),
            State::Waiting => self.children.left(slot).map(|(left, _)| Wait::Children { left }),
            State::Retrying => Some(Wait::Retry),
            State::Delayed => Some(Wait::Time(self.tasks[slot].due())),
            State::Recovered => Some(Wait::Recovery),
            State::Committing => Some(Wait::Commit),
            State::Running if self.running.get(&slot)?.hold == Hold::Aside => Some(Wait::Slot),
            State::Running => {
                let (host, (lane, _)) = *self.running.get(&slot)?.thirsts.first()?;
                Some(self.host_wait(host, lane, now).unwrap_or(Wait::Host { host, ms: 0 }))
            }
        }
    }

    fn queue_wait(&self, slot: Slot, now: Moment) -> Wait {
        let key = self.streams.key_of(&self.tasks, slot);
        if !self.roster.anyone_can(key.needs) {
            return Wait::Worker;
        }
        if self.room(key.lane, key.needs).is_none() {
            return Wait::Slot;
        }
        self.host_wait(key.host, key.lane, now).unwrap_or(Wait::Turn)
    }

    /// What stands between a lane and the host's next permit, if anything does.
    fn host_wait(&self, host: HostIndex, lane: Lane, now: Moment) -> Option<Wait> {
        let (state, is_lesser) = (self.hosts.get(host), is_lesser(lane));
        if state.limits().paused {
            return Some(Wait::Paused(host));
        }
        if state.is_crowded(is_lesser) {
            return Some(Wait::Crowded(host));
        }
        let next_us = if is_lesser { state.pace.lesser_next_us() } else { state.pace.next_us() };
        let ms = next_us.saturating_sub(now.mono_us()).div_ceil(1_000);
        (ms > 0).then_some(Wait::Host { host, ms })
    }

    /// The task's lane: the most urgent of those that wait for it.
    #[must_use]
    pub fn lane_of(&self, task: TaskId) -> Option<Lane> {
        self.tasks.find(task).map(|slot| self.streams.key_of(&self.tasks, slot).lane)
    }

    /// The connected workers, by id.
    #[must_use]
    pub fn workers(&self) -> Vec<WorkerView> {
        let view = |(worker, state): (_, &crate::roster::Worker)| WorkerView {
            worker,
            slots: state.slots,
            running: state.taken,
            suspended: state.suspended(),
            needs: state.needs,
            draining: state.draining,
            silent: state.silent,
            lease_until_ms: state.lease_until_ms,
        };
        self.roster.all().map(view).collect()
    }

    /// The hosts, in the order in which they were registered.
    #[must_use]
    pub fn hosts(&self, now: Moment) -> Vec<HostView> {
        let listed = self.hosts.all().filter(|(index, _)| !self.hosts.is_catalogue(*index));
        listed.map(|(index, host)| self.view_of_host(index, host, now)).collect()
    }

    pub(crate) fn view_of_host(&self, index: HostIndex, host: &crate::hosts::HostState, now: Moment) -> HostView {
        let blocked_ms = host.pace.blocked_until_ms;
        let streams = host.fronts.values().flatten();
        HostView {
            index,
            host: host.name.clone(),
            budget: host.pace.budget,
            limits: host.limits(),
            under_way: host.counts_requests().then(|| host.under_way()),
            interval_us: host.pace.interval_us(),
            blocked_until: (blocked_ms > now.mono_ms).then(|| now.wall_at(blocked_ms)),
            granted: host.granted,
            throttled: host.throttled,
            queued: streams.map(|stream| self.streams.get(*stream).ready.len()).sum(),
            waiting: host.waiting(),
        }
    }

    /// The clients, in the order in which they were registered.
    #[must_use]
    pub fn clients(&self) -> Vec<ClientView> {
        let view = |client: &crate::shares::Client| ClientView {
            client: client.name.clone(),
            weight: client.weight,
            held: client.held,
        };
        self.shares.clients().iter().map(view).collect()
    }

    /// The depths of the lanes, most urgent first.
    #[must_use]
    pub fn lanes(&self) -> [LaneView; 4] {
        Lane::ALL.map(|lane| {
            let share = self.shares.lane(lane);
            LaneView {
                queued: share.queued,
                running: share.running,
                suspended: share.suspended,
                started: share.started,
            }
        })
    }

    /// What happened since the start.
    #[must_use]
    pub const fn counters(&self) -> Counters {
        self.counters
    }

    /// Tasks that wait for others, in no slot and no queue.
    #[must_use]
    pub fn waiting(&self) -> usize {
        self.children.waiting()
    }

    /// Open jobs.
    #[must_use]
    pub const fn held(&self) -> u64 {
        self.held
    }

    /// What the tables take. Of an entry's forty bytes sixteen are the target and count for the twin index.
    #[must_use]
    pub fn resident(&self) -> Resident {
        let (entries, ids) = self.tasks.resident();
        let targets = entries / 40 * 16;
        // A map's node costs about half as much again as what it holds.
        let rare = self.attached.len() * 24 + self.groups.len() * 160 + self.running.len() * 400;
        let timers = (self.retries.len() + self.orphans.len() + self.limbo_retries.len()) * 24;
        let terms = (self.delays.len() + self.deadlines.len() + self.merged.len()) * 24;
        Resident {
            jobs: self.held,
            tasks: self.tasks.len(),
            entries: entries - targets,
            ids,
            twins: targets + self.twins.resident(),
            rest: rare
                + timers
                + terms
                + self.expiry.resident()
                + self.streams.resident()
                + self.children.resident()
                + self.sides.resident()
                + self.journeys.resident()
                + self.waits.resident()
                + self.costs.resident()
                + self.under_way.resident(),
        }
    }
}

#[cfg(test)]
impl Scheduler {
    /// Is every table empty, the rare ones included?
    pub(crate) fn is_empty(&self) -> bool {
        let retired = self.retries.iter().all(|(_, task)| self.tasks.find(*task).is_none());
        let thirst = self.hosts.all().all(|(_, host)| host.waiting() == 0 && host.fronts.is_empty());
        let lanes = self.lanes().iter().all(|lane| lane.queued == 0 && lane.running == 0);
        self.held == 0
            && self.groups.is_empty()
            && self.attached.is_empty()
            && self.running.is_empty()
            && self.orphans.is_empty()
            && self.hand_backs.is_empty()
            && self.sides.is_empty()
            && self.journeys.is_empty()
            && self.field.is_empty()
            && self.under_way.is_empty()
            && self.turns.is_empty()
            && self.follow_ups.is_empty()
            && self.leaders.is_empty()
            && self.children.is_empty()
            && self.limbo_retries.is_empty()
            && self.delays.is_empty()
            && self.deadlines.is_empty()
            && self.merged.is_empty()
            && self.limbo.len() == 0
            && self.expiry.next().is_none()
            && self.expiry.resident() == 0
            && retired
            && thirst
            && lanes
    }
}
