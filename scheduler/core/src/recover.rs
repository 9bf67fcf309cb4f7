//! After a restart: the journal's open jobs come back. Assignments were never written, so a worker may still be at any
//! of them. They wait until a worker says so, or a lease's time is over.

use gleaner_model::{JobId, JobState, TaskId, Timestamp};

use crate::queues::End;
use crate::scheduler::{Member, Out, Scheduler};
use crate::streams::StreamKey;
use crate::tasks::{Entry, Slot, State};
use crate::{HostIndex, Moment, RecoveredJob, Terms};

impl Scheduler {
    /// Tells in which epoch a job was journalled, before it is taken back. No attempt at its task is older.
    pub fn recovered_from(&mut self, job: JobId, epoch: u64) {
        self.births.note(job, epoch);
    }

    /// Takes a job back. No bound applies: it was acknowledged.
    ///
    /// # Panics
    /// The client or the host was never registered.
    pub fn recover_job(&mut self, job: RecoveredJob, now: Moment) {
        self.recover_under(job, Terms::default(), now);
    }

    /// The same, of a job that may not begin before some moment or is wanted at one.
    ///
    /// # Panics
    /// The client or the host was never registered.
    pub fn recover_under(&mut self, job: RecoveredJob, terms: Terms, now: Moment) {
        self.limbo_until_ms = now.mono_ms.saturating_add(self.options.lease_ttl_ms);
        self.unsifted = true;
        // The host's cell begins to fill now, and not only when the task is ready.
        self.hosts.get_mut(job.host).pace.look(now, self.options.pace_recovery_ms);
        let known = self.tasks.find(job.task);
        let slot = known.unwrap_or_else(|| self.recover_task(&job, terms, now));
        let deadline = terms.deadline;
        let member = Member { job: job.job, client: job.client, lane: job.lane, deadline };
        match known {
            _ if !job.open => {}
            // The task's entry tells of its maker; the group, if there is one, is empty as yet.
            None if job.job == job.task.maker() => self.set_deadline(slot, deadline, now),
            _ => {
                if self.tasks[slot].state == State::Delayed {
                    // Somebody waits for it already: its time had come, and the clock was set back since.
                    self.undelay(slot);
                    self.enter_limbo(slot);
                }
                self.add_member(slot, member, now);
            }
        }
        if !job.open {
            return;
        }
        self.counters.submitted += 1;
        self.held += 1;
        self.shares.client_mut(job.client).held += 1;
        if let Some(at) = job.expires_at {
            self.expiry.set(job.job, at);
        }
    }

    fn recover_task(&mut self, job: &RecoveredJob, terms: Terms, now: Moment) -> Slot {
        let key = StreamKey { lane: job.lane, client: job.client, host: job.host, needs: job.needs };
        let stream = self.streams.enter(key);
        let slot = self.tasks.insert(Entry::new(job.task, job.target, stream, State::Recovered));
        if !job.open || job.job != job.task.maker() {
            // The maker does not wait any more; the first job that does will decide the lane.
            self.groups.insert(slot, Vec::new());
        }
        match terms.delay(now) {
            // No worker can be at it.
            Some(until) if job.open && job.job == job.task.maker() => self.delay(slot, until),
            _ => self.enter_limbo(slot),
        }
        slot
    }

    /// Ends recovered tasks for which nobody waits: the jobs that did had joined them when their time came, and have come
    /// back with tasks of their own. Nothing else would ever end them in the journal.
    pub(crate) fn sift(&mut self, now: Moment, out: Out<'_>) {
        if !std::mem::take(&mut self.unsifted) {
            return;
        }
        let unwanted: Vec<Slot> =
            self.groups.iter().filter(|(_, group)| group.is_empty()).map(|(slot, _)| *slot).collect();
        for slot in unwanted {
            self.close(slot, JobState::Cancelled, None, now, out);
        }
    }

    fn enter_limbo(&mut self, slot: Slot) {
        self.tasks[slot].state = State::Recovered;
        self.limbo.push_back(&mut self.tasks, slot);
        self.twins.set(&self.tasks, slot);
    }

    /// The last failed attempt of a recovered task.
    pub fn recover_attempts(&mut self, task: TaskId, attempts: u32, retry_at: Timestamp) {
        let Some(slot) = self.tasks.find(task) else { return };
        self.tasks[slot].attempts = u8::try_from(attempts).unwrap_or(u8::MAX);
        if self.tasks[slot].state == State::Recovered {
            self.limbo_retries.insert(slot, retry_at);
        }
    }

    /// A host's last wish to be left alone.
    ///
    /// # Panics
    /// There is no such host.
    pub fn block_host(&mut self, host: HostIndex, until: Timestamp, now: Moment) {
        let until_ms = now.mono_at(until);
        let state = self.hosts.get_mut(host);
        state.pace.block(until_ms);
        state.journaled_ms = until_ms;
        self.hosts.seat(host, now, &self.options);
    }

    /// A recovered task waits for no announcement any more, only for its retry time if it has one.
    pub(crate) fn leave_limbo(&mut self, slot: Slot, now: Moment) {
        self.limbo.unlink(&mut self.tasks, slot);
        match self.limbo_retries.remove(&slot) {
            Some(due) if due > now.wall => {
                self.tasks[slot].state = State::Retrying;
                self.retries.insert((now.mono_at(due), self.tasks[slot].task()));
            }
            _ => self.enqueue(slot, End::Tail, now),
        }
    }
}
