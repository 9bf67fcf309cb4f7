//! What the scheduler wants done.

use gleaner_model::{Attempt, Fault, JobId, JobState, Journey, Lane, TaskId, Timestamp};

use crate::{HostIndex, WorkerId};

/// A decision, for the engine to carry out.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Effect {
    /// Give this attempt to the worker, with leave for its first request. Its jobs are running from now on.
    Assign {
        /// The worker.
        worker: WorkerId,
        /// The attempt.
        attempt: Attempt,
        /// The host that the first permit is for.
        host: HostIndex,
        /// The permit is void this long after it reached the worker, on the worker's monotonic clock.
        use_before_ms: u64,
        /// The task's lane.
        lane: Lane,
    },
    /// Leave for one more request.
    Permit {
        /// The worker.
        worker: WorkerId,
        /// The attempt.
        attempt: Attempt,
        /// The host.
        host: HostIndex,
        /// The permit is void this long after it reached the worker, on the worker's monotonic clock.
        use_before_ms: u64,
    },
    /// Tell the worker to stop the attempt; nobody wants its outcome. Its slot counts as free already.
    CancelAttempt {
        /// The worker.
        worker: WorkerId,
        /// The attempt.
        attempt: Attempt,
    },
    /// Tell the worker to free the attempt's slot at once and to wait: no further requests, a request under way drains.
    /// The slot counts as free already. The attempt keeps its lease, and its outcome is accepted if it comes all the
    /// same. May come twice; the second one changes nothing.
    Suspend {
        /// The worker.
        worker: WorkerId,
        /// The attempt.
        attempt: Attempt,
    },
    /// Tell the worker to go on with a suspended attempt, in a slot. Permits that it waited for before will not come:
    /// it asks anew. Also said of adopted attempts of which the scheduler cannot know whether their worker has them
    /// suspended; it changes nothing for one that runs.
    Resume {
        /// The worker.
        worker: WorkerId,
        /// The attempt.
        attempt: Attempt,
    },
    /// For the journal: an attempt ended badly and another one follows. Its jobs are queued again.
    AttemptFailed {
        /// The task.
        task: TaskId,
        /// Failed attempts so far, this one included.
        attempts: u32,
        /// What went wrong.
        fault: Fault,
        /// No earlier than this.
        retry_at: Timestamp,
    },
    /// For the journal: a host wants to be left alone.
    HostBlocked {
        /// The host.
        host: HostIndex,
        /// Until when.
        until: Timestamp,
    },
    /// For the journal: these jobs have ended, and perhaps their task with them.
    Close {
        /// The jobs, ascending. None of a recovered task for which nobody waits any more.
        jobs: Vec<JobId>,
        /// The task, if it ended with them.
        task_ended: Option<TaskId>,
        /// Tasks of some of these jobs, each of its own maker, that went over into that one: they end as well.
        merged: Vec<TaskId>,
        /// How they ended.
        state: JobState,
        /// Attempts that were started.
        attempts: u32,
        /// Why they did not end well.
        fault: Option<Fault>,
        /// What the task went through.
        journey: Journey,
    },
    /// For those who watch: the task's jobs are queued again without a failure (its worker handed it back, or it
    /// was suspended for too long and goes to the head of its queue).
    Requeued {
        /// The task.
        task: TaskId,
    },
}
