//! Why a job is not further, what it has waited for, and when it will probably start.

use crate::{JobView, Journey};

/// What stops a job now.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum WaitCause {
    /// No connected worker can do it.
    Worker,
    /// All fitting slots are busy.
    Slot,
    /// The host's budget is spent, or the host wants to be left alone.
    Host,
    /// Other work comes first: of other lanes, of other clients, or of its own client.
    Turn,
    /// The pause after a failed attempt.
    Retry,
    /// Another task for the same target must end first.
    Task,
    /// After a restart: a worker may still be at it.
    Recovery,
    /// Its outcome is being committed.
    Commit,
    /// It is not to begin before its time.
    Time,
}

/// How long a job waited for what, in milliseconds. Told by what its task's lane, host and needs waited for since it came:
/// exact to a quarter of a second for the last two seconds, to about an eighth of how long ago it was before that.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Waited {
    /// No connected worker could do it.
    pub worker_ms: u64,
    /// All fitting slots were busy, and none came free.
    pub slot_ms: u64,
    /// Slots that came free went to other lanes.
    pub lane_ms: u64,
    /// Slots that came free went to its own lane: to other clients, or to earlier jobs of its own client.
    pub share_ms: u64,
    /// There was room, and the host's budget was spent or the host wanted to be left alone.
    pub host_ms: u64,
    /// Another task for the same target had to end first.
    pub task_ms: u64,
    /// Between attempts: pauses after failures, and the queue once more.
    pub again_ms: u64,
    /// Not known: before this scheduler started, or too long ago.
    pub untold_ms: u64,
}

/// When a job will probably start.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Forecast {
    /// Ready tasks of the same client, lane, host and needs that come before it.
    pub ahead: u64,
    /// Were these counted, or estimated since they are too many?
    pub is_counted: bool,
    /// In how many milliseconds; none if that hangs on something that cannot be foreseen: a worker that can do it, the
    /// end of another task.
    pub starts_in_ms: Option<u64>,
}

/// All that there is to say of a job's way.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Explanation {
    /// The job as of now.
    pub job: JobView,
    /// What stops it; none if nothing does, or if it has ended.
    pub waits_for: Option<WaitCause>,
    /// What it waited for so far; none of a job that has ended.
    pub waited: Option<Waited>,
    /// What its task went through; none of an ended job of which nobody noted it down.
    pub journey: Option<Journey>,
    /// When it will probably start; none if it has.
    pub forecast: Option<Forecast>,
}
