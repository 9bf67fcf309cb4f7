//! Jobs, tasks and attempts: one ask, the work that it waits for, and one try at that work.

use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Serialize};

use crate::{ContentHash, Fault, IdempotencyKey, Journey, Purl, Question, RegistryName, Timestamp};

/// The text is not an id.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("`{0}` is not a job id; job ids look like j-1042")]
pub struct InvalidId(pub String);

/// The id of a job: the sequence number of the command that submitted it. Shown as `j-1042`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub struct JobId(pub u64);

impl fmt::Display for JobId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "j-{}", self.0)
    }
}

impl FromStr for JobId {
    type Err = InvalidId;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        text.strip_prefix("j-")
            .and_then(|digits| digits.parse().ok())
            .map(Self)
            .ok_or_else(|| InvalidId(text.to_owned()))
    }
}

/// The id of a task: the sequence number of the job that made it. Shown as `t-1042`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub struct TaskId(pub u64);

impl TaskId {
    /// The job whose submission made this task.
    #[must_use]
    pub const fn maker(self) -> JobId {
        JobId(self.0)
    }
}

impl fmt::Display for TaskId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "t-{}", self.0)
    }
}

/// The fencing token of a lease. Tokens are ordered; of two for one task, only the higher one can be current.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub struct Token {
    /// The epoch of the shard when the lease was given; rises whenever the shard is opened.
    pub epoch: u64,
    /// Counts the leases given in that epoch.
    pub sequence: u64,
}

impl fmt::Display for Token {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}.{}", self.epoch, self.sequence)
    }
}

/// One try at a task by one worker.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub struct Attempt {
    /// The task that is tried.
    pub task: TaskId,
    /// The lease under which it is tried.
    pub token: Token,
}

/// The kinds of work.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub enum JobKind {
    /// Fetch a package's documents and bring its record up to date.
    Crawl,
    /// Resolve a package's dependency graph.
    Resolve,
}

impl JobKind {
    /// The kind's name.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Crawl => "crawl",
            Self::Resolve => "resolve",
        }
    }
}

/// Which part of a package a crawl is about.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub enum CrawlPart {
    /// Its document, and what belongs to its newest versions.
    #[default]
    Newest,
    /// What belongs to its older versions and was left for later (Python's core metadata).
    Older,
}

/// What one job asks for.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct JobSpec {
    /// What to do.
    pub kind: JobKind,
    /// Which part of the package.
    pub part: CrawlPart,
    /// The package; for a resolution perhaps with a version.
    pub purl: Purl,
    /// The registry that is asked.
    pub registry: RegistryName,
    /// A finished or running task serves if its first request is at most this old, in milliseconds. Zero: only work
    /// that starts after the ask.
    pub max_age_ms: u64,
    /// The job is of no use after this moment, and ends as `expired` if it has not ended by then.
    pub expires_at: Option<Timestamp>,
    /// Nothing is done for the job before this moment.
    pub not_before: Option<Timestamp>,
    /// When the client wants it done. Orders the client's own jobs; one that comes too late is done all the same.
    pub deadline: Option<Timestamp>,
    /// The client's own key for this ask.
    pub key: Option<IdempotencyKey>,
    /// What a resolution is asked beside its package; none means the plain question. Of no crawl.
    pub question: Option<Box<Question>>,
}

impl JobSpec {
    /// A crawl of a package, without any wishes.
    #[must_use]
    pub fn crawl(purl: Purl, registry: RegistryName) -> Self {
        Self {
            kind: JobKind::Crawl,
            part: CrawlPart::Newest,
            purl,
            registry,
            max_age_ms: 0,
            expires_at: None,
            not_before: None,
            deadline: None,
            key: None,
            question: None,
        }
    }

    /// A resolution, without any wishes but its question's.
    #[must_use]
    pub fn resolve(purl: Purl, registry: RegistryName, question: Question) -> Self {
        Self { kind: JobKind::Resolve, question: Some(Box::new(question)), ..Self::crawl(purl, registry) }
    }
}

/// The state of a job.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub enum JobState {
    /// Waits for a slot, a permit, or the next try.
    Queued,
    /// A worker is at it.
    Running,
    /// Ended well; changed or not.
    Done,
    /// Ended: the registry has no such package.
    NotFound,
    /// Ended: the package was there and is gone.
    Gone,
    /// Ended in the dead letter state: all tries failed, or more are pointless. The reason stands beside it.
    Failed,
    /// Ended: its time was over.
    Expired,
    /// Ended: cancelled by who asked.
    Cancelled,
}

impl JobState {
    /// Every state.
    pub const ALL: [Self; 8] = [
        Self::Queued,
        Self::Running,
        Self::Done,
        Self::NotFound,
        Self::Gone,
        Self::Failed,
        Self::Expired,
        Self::Cancelled,
    ];

    /// Will it never change again?
    #[must_use]
    pub const fn is_terminal(self) -> bool {
        !matches!(self, Self::Queued | Self::Running)
    }

    /// The state's name.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Queued => "queued",
            Self::Running => "running",
            Self::Done => "done",
            Self::NotFound => "not_found",
            Self::Gone => "gone",
            Self::Failed => "failed",
            Self::Expired => "expired",
            Self::Cancelled => "cancelled",
        }
    }
}

impl fmt::Display for JobState {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

/// How a job ended.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct JobResult {
    /// A terminal state.
    pub state: JobState,
    /// When it ended.
    pub ended_at: Timestamp,
    /// Tries that were started for it.
    pub attempts: u32,
    /// Did the package's facts change? None if nobody looked.
    pub changed: Option<bool>,
    /// How many versions the package has.
    pub versions: Option<u32>,
    /// The version that the registry offers by default.
    pub latest: Option<String>,
    /// When the facts were fetched or confirmed.
    pub fetched_at: Option<Timestamp>,
    /// The document that the facts come from.
    pub document: Option<ContentHash>,
    /// Why it did not end well.
    pub error: Option<Fault>,
    /// What its task went through; none if nobody noted it down.
    pub journey: Option<Journey>,
}

impl JobResult {
    /// A result that tells nothing of the package.
    #[must_use]
    pub fn bare(state: JobState, ended_at: Timestamp, attempts: u32) -> Self {
        Self {
            state,
            ended_at,
            attempts,
            changed: None,
            versions: None,
            latest: None,
            fetched_at: None,
            document: None,
            error: None,
            journey: None,
        }
    }
}

/// The W3C trace context that a job was submitted under (`traceparent`), so that one trace spans its whole life.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Trace(pub Option<Box<str>>);
