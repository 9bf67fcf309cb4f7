//! Taking jobs in: bounds first, then twins.

use gleaner_model::{Lane, TaskId};

use crate::queues::End;
use crate::scheduler::{Member, Scheduler};
use crate::streams::StreamKey;
use crate::tasks::{Entry, Slot, State};
use crate::{Admission, Ask, Moment, Refusal, Terms};

impl Scheduler {
    /// Takes a job in. If a task for the same target is live, the job attaches to it, provided that what the task
    /// will find is fresh enough: a task that has not started always is; one that runs is only if its first request
    /// is at most `max_age_ms` old. Otherwise the job makes a task of its own, which waits for the running one to end
    /// and serves all later asks.
    ///
    /// # Errors
    /// The job is refused and nothing of it is kept.
    ///
    /// # Panics
    /// The client or the host was never registered.
    pub fn submit(&mut self, ask: Ask, now: Moment) -> Result<Admission, Refusal> {
        self.submit_under(ask, Terms::default(), now)
    }

    /// The same, of a job that may not begin before some moment or is wanted at one. One whose time has not come makes
    /// a task of its own, which nobody attaches to.
    ///
    /// # Errors
    /// The job is refused and nothing of it is kept.
    ///
    /// # Panics
    /// The client or the host was never registered.
    pub fn submit_under(&mut self, ask: Ask, terms: Terms, now: Moment) -> Result<Admission, Refusal> {
        let refusal = self.check(&ask, now).and_then(|()| terms.check(&ask, now, self.options.delay_max_ms));
        let delay = terms.delay(now);
        let twin = self.twins.find(&self.tasks, ask.target).filter(|_| refusal.is_ok() && delay.is_none());
        let admitted = match twin {
            None => refusal.map(|()| self.make(&ask, terms, None, now)),
            Some(twin) if self.serves(twin, &ask, now) => self.attach(twin, &ask, terms, now),
            Some(twin) => Ok(self.make(&ask, terms, Some(twin), now)),
        };
        if admitted.is_err() {
            self.counters.refused += 1;
            return admitted;
        }
        self.counters.submitted += 1;
        self.held += 1;
        self.shares.client_mut(ask.client).held += 1;
        if let Some(at) = ask.expires_at {
            self.expiry.set(ask.job, at);
        }
        admitted
    }

    fn check(&self, ask: &Ask, now: Moment) -> Result<(), Refusal> {
        if ask.expires_at.is_some_and(|at| at <= now.wall) {
            return Err(Refusal::Expired);
        }
        let room = self.options.queue_max.saturating_sub(self.held);
        if self.shares.client(ask.client).held >= room.saturating_mul(self.options.client_room_factor) {
            return Err(Refusal::Full { retry_after_ms: self.options.full_retry_after_ms });
        }
        Ok(())
    }

    fn serves(&self, twin: Slot, ask: &Ask, now: Moment) -> bool {
        match self.tasks[twin].state {
            State::Queued | State::Behind | State::Retrying | State::Waiting => true,
            // One for which nobody waits is about to be ended in the journal, which must not hang on a job that is perhaps
            // taken back.
            State::Recovered => self.groups.get(&twin).is_none_or(|group| !group.is_empty()),
            State::Running => self
                .running
                .get(&twin)
                .and_then(|running| running.first_request_at_ms)
                .is_some_and(|at| ask.max_age_ms > 0 && now.mono_ms.saturating_sub(at) <= ask.max_age_ms),
            // The engine has begun to close the task's jobs; another one would be missed.
            // Nor does one whose time has not come; it is nobody's twin.
            State::Committing | State::Delayed => false,
        }
    }

    fn make(&mut self, ask: &Ask, terms: Terms, twin: Option<Slot>, now: Moment) -> Admission {
        let key = StreamKey { lane: ask.lane, client: ask.client, host: ask.host, needs: ask.needs };
        let stream = self.streams.enter(key);
        let task = TaskId(ask.job.0);
        let slot = self.tasks.insert(Entry::new(task, ask.target, stream, State::Behind));
        if let Some(at) = terms.deadline {
            self.deadlines.insert(slot, at);
        }
        if let Some(until) = terms.delay(now) {
            self.delay(slot, until);
            return Admission::Made(task);
        }
        self.twins.set(&self.tasks, slot);
        match twin {
            None => self.enqueue(slot, End::Tail, now),
            Some(leader) => self.follow(leader, slot, now),
        }
        Admission::Made(task)
    }

    /// Lets `follower` wait until `leader` has ended or its attempt has.
    pub(crate) fn follow(&mut self, leader: Slot, follower: Slot, now: Moment) {
        self.follow_ups.insert(leader, follower);
        self.leaders.insert(follower, leader);
        self.lane_changed(leader, now);
    }

    /// The attempt of `leader` is over: its follow-up, if there is one, waits no more.
    pub(crate) fn release_follow_up(&mut self, leader: Slot, now: Moment) {
        if let Some(follower) = self.follow_ups.remove(&leader) {
            self.leaders.remove(&follower);
            self.enqueue(follower, End::Tail, now);
        }
    }

    fn attach(&mut self, slot: Slot, ask: &Ask, terms: Terms, now: Moment) -> Result<Admission, Refusal> {
        let task = self.tasks[slot].task();
        if self.is_crowded(slot, ask.lane) {
            return Err(Refusal::TooManyAttached { task, retry_after_ms: self.options.full_retry_after_ms });
        }
        if self.tasks[slot].state == State::Recovered {
            // What a worker may still hold of it is older than this ask.
            self.leave_limbo(slot, now);
        }
        let deadline = terms.deadline;
        self.add_member(slot, Member { job: ask.job, client: ask.client, lane: ask.lane, deadline }, now);
        self.counters.attached += 1;
        Ok(Admission::Attached(task))
    }

    /// Do as many jobs of this lane wait for the task as may? What is more urgent than all that wait always has room, so
    /// that however many want a package for free, one who pays for it raises the task.
    pub(crate) fn is_crowded(&self, slot: Slot, lane: Lane) -> bool {
        let most = self.options.attached_max;
        let of_lane = |group: &Vec<Member>| group.iter().filter(|member| member.lane == lane).count();
        self.groups.get(&slot).is_some_and(|group| group.len() >= most && of_lane(group) >= most)
    }

    /// Adds a job to those that wait for a task, and raises the task to the job's lane.
    pub(crate) fn add_member(&mut self, slot: Slot, member: Member, now: Moment) {
        let key = self.streams.key_of(&self.tasks, slot);
        let wanted = self.deadlines.get(&slot).copied();
        let maker = self.tasks[slot].task().maker();
        let maker = Member { job: maker, client: key.client, lane: key.lane, deadline: wanted };
        let group = self.groups.entry(slot).or_insert_with(|| vec![maker]);
        // A recovered task whose maker has ended has nobody yet; the first to come decides.
        let raises = group.is_empty() || member.lane < key.lane;
        group.push(member);
        self.attached.insert(member.job, slot);
        if raises {
            self.move_to(slot, member.lane, member.client, now);
            self.ask_anew(slot, now);
        }
        if member.deadline.is_some_and(|at| wanted.is_none_or(|wanted| at < wanted)) {
            self.set_deadline(slot, member.deadline, now);
        }
    }
}
