//! Jobs that end before their task does, and tasks that end.

use gleaner_model::{Attempt, Fault, JobId, JobState, TaskId};

use crate::scheduler::{Member, Out, Scheduler};
use crate::tasks::{Slot, State};
use crate::{CancelOutcome, Effect, Moment};

impl Scheduler {
    /// Cancels one job. Its task goes on for other jobs, if there are any, in the most urgent lane among them.
    pub fn cancel(&mut self, job: JobId, now: Moment, out: Out<'_>) -> CancelOutcome {
        let Some(slot) = self.slot_of_job(job) else { return CancelOutcome::Unknown };
        if self.tasks[slot].state == State::Committing {
            return CancelOutcome::Committing;
        }
        self.counters.cancelled += 1;
        self.detach(slot, job, JobState::Cancelled, now, out);
        CancelOutcome::Cancelled
    }

    /// The jobs that wait for a task, ascending; none if there is no such task.
    #[must_use]
    pub fn jobs_of(&self, task: TaskId) -> Vec<JobId> {
        self.tasks.find(task).map_or_else(Vec::new, |slot| self.members(slot))
    }

    /// The task of an open job.
    pub(crate) fn slot_of_job(&self, job: JobId) -> Option<Slot> {
        if let Some(slot) = self.attached.get(&job) {
            return Some(*slot);
        }
        let slot = self.tasks.find(TaskId(job.0))?;
        match self.groups.get(&slot) {
            Some(group) if !group.iter().any(|member| member.job == job) => None,
            _ => Some(slot),
        }
    }

    pub(crate) fn members(&self, slot: Slot) -> Vec<JobId> {
        match self.groups.get(&slot) {
            Some(group) => group.iter().map(|member| member.job).collect(),
            None => vec![self.tasks[slot].task().maker()],
        }
    }

    /// Ends one job as `state`, and its task if nobody else waits for it.
    pub(crate) fn detach(&mut self, slot: Slot, job: JobId, state: JobState, now: Moment, out: Out<'_>) {
        let group = self.groups.get_mut(&slot);
        let Some(group) = group.filter(|group| group.iter().any(|member| member.job != job)) else {
            self.stop_attempt(slot, out);
            self.close(slot, state, None, now, out);
            return;
        };
        let at = group.iter().position(|member| member.job == job).expect("the job waits for this task");
        let gone = group.remove(at);
        // The first of the most urgent ones decides lane and client.
        let lead = *group.iter().min_by_key(|member| (member.lane, member.job)).expect("somebody else waits");
        let wanted = group.iter().filter_map(|member| member.deadline).min();
        let merged = self.merged_of(&[job]);
        self.forget_job(gone);
        let attempts = self.tasks[slot].started();
        let journey = self.journey(self.tasks[slot].task(), now);
        out.push(Effect::Close { jobs: vec![job], task_ended: None, merged, state, attempts, fault: None, journey });
        self.move_to(slot, lead.lane, lead.client, now);
        self.set_deadline(slot, wanted, now);
        self.drop_plain_group(slot);
        self.wake_parents(now);
    }

    /// A group that is only the task's maker, in its own lane, need not be kept.
    pub(crate) fn drop_plain_group(&mut self, slot: Slot) {
        let maker = self.tasks[slot].task().maker();
        if self.groups.get(&slot).is_some_and(|group| group.len() == 1 && group[0].job == maker) {
            self.groups.remove(&slot);
        }
    }

    /// Ends a task and all its jobs as `state`.
    pub(crate) fn close(&mut self, slot: Slot, state: JobState, fault: Option<Fault>, now: Moment, out: Out<'_>) {
        let (task, attempts) = (self.tasks[slot].task(), self.tasks[slot].started());
        let (jobs, journey) = (self.members(slot), self.journey(task, now));
        let merged = self.merged_of(&jobs);
        let children = self.children_of(task);
        out.push(Effect::Close { jobs, task_ended: Some(task), merged, state, attempts, fault, journey });
        self.finish(slot, now);
        self.cancel_children(children, now, out);
    }

    /// Tells the worker of a running attempt to stop.
    pub(crate) fn stop_attempt(&mut self, slot: Slot, out: Out<'_>) {
        let task = self.tasks[slot].task();
        if let Some((worker, token)) = self.running.get(&slot).and_then(|r| r.worker.map(|worker| (worker, r.token))) {
            out.push(Effect::CancelAttempt { worker, attempt: Attempt { task, token } });
        }
    }

    /// Forgets a task and its jobs, and lets its follow-up go.
    pub(crate) fn finish(&mut self, slot: Slot, now: Moment) {
        match self.tasks[slot].state {
            State::Queued => self.withdraw(slot, now),
            State::Recovered => {
                self.limbo.unlink(&mut self.tasks, slot);
                self.limbo_retries.remove(&slot);
            }
            State::Running => self.end_attempt(slot, now),
            State::Delayed => self.undelay(slot),
            State::Waiting => self.stop_waiting(slot),
            State::Behind | State::Retrying | State::Committing => {}
        }
        self.release_follow_up(slot, now);
        self.twins.forget(&self.tasks, slot);
        if let Some(leader) = self.leaders.remove(&slot) {
            // The task that it waited for runs on; the next ask must find that one.
            self.follow_ups.remove(&leader);
            self.twins.set(&self.tasks, leader);
            self.lane_changed(leader, now);
        }
        self.forget_jobs(slot);
        self.deadlines.remove(&slot);
        self.sides.forget(slot);
        self.journeys.forget(slot);
        self.streams.quit(self.tasks[slot].stream);
        self.tasks.remove(slot);
        self.wake_parents(now);
    }

    fn forget_jobs(&mut self, slot: Slot) {
        if let Some(group) = self.groups.remove(&slot) {
            group.into_iter().for_each(|member| self.forget_job(member));
        } else {
            let key = self.streams.key_of(&self.tasks, slot);
            let job = self.tasks[slot].task().maker();
            self.forget_job(Member { job, client: key.client, lane: key.lane, deadline: None });
        }
    }

    fn forget_job(&mut self, member: Member) {
        self.attached.remove(&member.job);
        self.merged.remove(&member.job);
        self.expiry.forget(member.job);
        self.children.ended(member.job);
        self.held -= 1;
        self.shares.client_mut(member.client).held -= 1;
    }
}
