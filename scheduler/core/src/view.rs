//! What operators and queries see.

use gleaner_model::{ClientName, Host, JobState, Lane, TaskId, Timestamp};

use crate::{Budget, HostIndex, HostLimits, Needs, WorkerId};

/// An open job.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct JobView {
    /// Queued or running.
    pub state: JobState,
    /// The task that it waits for.
    pub task: TaskId,
    /// The task's lane, which may be more urgent than the job's own.
    pub lane: Lane,
    /// Attempts that were started.
    pub attempts: u32,
    /// Why it is not further; none while a worker is at it.
    pub waiting_for: Option<Wait>,
}

/// Why a job waits.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Wait {
    /// No connected worker can do this kind of work.
    Worker,
    /// All fitting workers are busy.
    Slot,
    /// The host's budget is spent, or the host wants to be left alone, for this many milliseconds.
    Host {
        /// Which host.
        host: HostIndex,
        /// How long, in milliseconds.
        ms: u64,
    },
    /// The host is paused.
    Paused(HostIndex),
    /// The host has as many requests under way as it may have.
    Crowded(HostIndex),
    /// Other tasks come first.
    Turn,
    /// The pause after a failed attempt.
    Retry,
    /// It is not to begin before this moment.
    Time(Timestamp),
    /// Another task for the same target runs and must end first.
    Task(TaskId),
    /// So many jobs that it needs must end first.
    Children {
        /// How many have not ended.
        left: usize,
    },
    /// After a restart: a worker may still be at it and is given time to say so.
    Recovery,
    /// The outcome is there and is being committed.
    Commit,
}

/// A connected worker.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct WorkerView {
    /// The session.
    pub worker: WorkerId,
    /// Room for attempts.
    pub slots: u16,
    /// Attempts that take a slot.
    pub running: u16,
    /// Attempts that were suspended there.
    pub suspended: u16,
    /// What it can do.
    pub needs: Needs,
    /// Does it get nothing new?
    pub draining: bool,
    /// Has its lease run out without a sign of life?
    pub silent: bool,
    /// When its lease ends, in monotonic milliseconds.
    pub lease_until_ms: u64,
}

/// A host with its budget.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct HostView {
    /// Its number.
    pub index: HostIndex,
    /// Its name.
    pub host: Host,
    /// What it may be asked at most.
    pub budget: Budget,
    /// What operators allow beside that.
    pub limits: HostLimits,
    /// What it is asked now, after throttling: microseconds between requests.
    pub interval_us: u64,
    /// Requests that are under way, if that is counted.
    pub under_way: Option<u32>,
    /// Until when it wants to be left alone, if it does.
    pub blocked_until: Option<Timestamp>,
    /// Permits granted so far.
    pub granted: u64,
    /// How often it throttled.
    pub throttled: u64,
    /// Tasks that wait for their first request to it.
    pub queued: u64,
    /// Requests of running attempts that wait for a permit.
    pub waiting: usize,
}

/// The depth of a lane.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct LaneView {
    /// Tasks that are ready and wait for their turn.
    pub queued: u64,
    /// Tasks at a worker, suspended ones not included.
    pub running: u64,
    /// Tasks whose attempts are suspended.
    pub suspended: u64,
    /// Tasks started so far.
    pub started: u64,
}

/// A client's part of the queue.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ClientView {
    /// Who.
    pub client: ClientName,
    /// Its weight among clients of a lane.
    pub weight: u32,
    /// Its open jobs.
    pub held: u64,
}

/// What happened since the start.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Counters {
    /// Jobs taken in, recovered ones included.
    pub submitted: u64,
    /// Of these, jobs that attached to a task that was there.
    pub attached: u64,
    /// Jobs refused.
    pub refused: u64,
    /// Attempts started.
    pub assigned: u64,
    /// Attempts adopted from workers that came back.
    pub adopted: u64,
    /// Outcomes accepted.
    pub accepted: u64,
    /// Outcomes refused for their token.
    pub stale_outcomes: u64,
    /// Attempts that failed and were followed by another one.
    pub retried: u64,
    /// Times that a task found out that others must end first, and waited.
    pub waited: u64,
    /// Attempts lost with their lease.
    pub lost: u64,
    /// Tasks that failed for good.
    pub dead_lettered: u64,
    /// Jobs cancelled.
    pub cancelled: u64,
    /// Jobs expired.
    pub expired: u64,
    /// Attempts displaced by more urgent work.
    pub preempted: u64,
    /// Suspended attempts that went on.
    pub resumed: u64,
    /// Suspended attempts that went back to their queues.
    pub handed_back: u64,
    /// Slot time of these that no checkpoint saved, in milliseconds.
    pub work_lost_ms: u64,
}

/// What the tables hold, in bytes of the allocations themselves.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Resident {
    /// Jobs held.
    pub jobs: u64,
    /// Tasks held.
    pub tasks: u64,
    /// The tasks' entries without their targets.
    pub entries: usize,
    /// The table from ids to entries.
    pub ids: usize,
    /// The twin index: targets in the entries and the table that finds them.
    pub twins: usize,
    /// Queues, hosts, attached jobs, retries, expiry: the rare things, estimated.
    pub rest: usize,
}
