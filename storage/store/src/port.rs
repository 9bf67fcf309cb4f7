//! The port: all that the scheduler asks of a store. Engines behind it pass one suite.
//!
//! The port is synchronous. One committer thread a store calls [`Store::commit`]; readers call the rest from any
//! thread, and see whole commits only.

use std::fmt;
use std::str::FromStr;

use gleaner_model::{
    Batch, BatchId, Campaign, ContentHash, Event, Host, HostSettings, JobId, JobResult, PackageHead, PackageKey,
    PackageRecord, RegistryName, ResolutionRecord, Schedule, TaskId, Timestamp,
};

use crate::command::{Closure, Command, KeyEntry, OrderWrite, StreamPosition};
use crate::documents::Place;
use crate::record::PackageWrite;
use crate::resolution::ResolutionWrite;
use crate::upkeep::Snapshot;

/// What one commit makes durable, all or nothing.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Group {
    /// New commands with their sequence numbers, ascending, all above every committed one.
    pub commands: Vec<(u64, Command)>,
    /// Jobs that end; each was submitted in this group or an earlier one.
    pub closures: Vec<Closure>,
    /// Package records, whole or their heads alone, with their events.
    pub packages: Vec<PackageWrite>,
    /// Where documents lie; of several places of one document the last holds.
    pub documents: Vec<(ContentHash, Place)>,
    /// Positions of submit streams; of several for one stream the last holds.
    pub streams: Vec<StreamPosition>,
    /// Clients' keys and what they name; of several for one key the last holds.
    pub keys: Vec<KeyEntry>,
    /// Batches, standing orders and operators' settings that changed; of several changes of one the last holds.
    pub orders: Vec<OrderWrite>,
    /// Answers to questions. One that is the same as the newest to its question before its position prolongs that one;
    /// another one supersedes it.
    pub resolutions: Vec<ResolutionWrite>,
}

/// What opening a store told: the new epoch is committed before this is returned.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Opened {
    /// Higher than in any earlier opening.
    pub epoch: u64,
    /// The lowest sequence number that was never used.
    pub next_sequence: u64,
}

/// What recovery hands over, each exactly once, in ascending order of sequence.
#[derive(Clone, Debug, PartialEq, Eq)]
#[allow(clippy::large_enum_variant, reason = "handed over one at a time; nearly all are jobs")]
pub enum Recovered {
    /// A job that has not ended, or one that has but made a task that has not (`open` tells which).
    Job {
        /// Its id.
        job: JobId,
        /// Has the job itself not ended?
        open: bool,
        /// The [`Command::Submit`] that made it.
        submit: Command,
    },
    /// The last failed attempt of a task that has not ended. Comes after the job that made the task.
    AttemptFailed {
        /// The task.
        task: TaskId,
        /// Attempts so far.
        attempts: u32,
        /// No earlier than this.
        retry_at: Timestamp,
    },
    /// A host's last wish to be left alone.
    HostBlocked {
        /// Which host.
        host: Host,
        /// Until when.
        until: Timestamp,
    },
}

/// A job as stored.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct StoredJob {
    /// Its id.
    pub job: JobId,
    /// The [`Command::Submit`] that made it; kept with the result for as long as the result is.
    pub submit: Command,
    /// How it ended, if it has.
    pub result: Option<JobResult>,
}

/// A reader's place in the events: one position a shard, opaque to the reader. Shown as `e1.` and text that is safe in
/// a URL and on a command line.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Cursor {
    /// The next sequence to read, by shard; shards that are not named stand at their beginning.
    pub positions: Vec<(u16, u64)>,
}

/// The text is not a cursor.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("`{0}` is not a cursor of events; pass one as it was printed, or `start`")]
pub struct InvalidCursor(pub String);

impl fmt::Display for Cursor {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("e1")?;
        self.positions.iter().try_for_each(|(shard, sequence)| write!(f, ".{shard:x}-{sequence:x}"))
    }
}

impl FromStr for Cursor {
    type Err = InvalidCursor;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let invalid = || InvalidCursor(text.to_owned());
        if text == "start" {
            return Ok(Self::default());
        }
        let rest = text.strip_prefix("e1").ok_or_else(invalid)?;
        let mut positions = Vec::new();
        for part in rest.split('.').skip(1) {
            let (shard, sequence) = part.split_once('-').ok_or_else(invalid)?;
            let shard = u16::from_str_radix(shard, 16).map_err(|_| invalid())?;
            let sequence = u64::from_str_radix(sequence, 16).map_err(|_| invalid())?;
            positions.push((shard, sequence));
        }
        let canonical = Self { positions };
        if canonical.to_string() == text { Ok(canonical) } else { Err(invalid()) }
    }
}

/// Some events and the place after them.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct EventPage {
    /// The events, those of one package in order, each with the place right after it.
    pub events: Vec<(Cursor, Event)>,
    /// Where to go on; equal to where the page began if there is nothing new.
    pub next: Cursor,
}

/// Some answers, and where to go on.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct ResolutionPage {
    /// In the order of their purls.
    pub records: Vec<ResolutionRecord>,
    /// For the next page, opaque; none if there is nothing more.
    pub next: Option<Vec<u8>>,
}

/// Why a store could not do as asked. None of these leaves a group half written.
#[derive(Debug, thiserror::Error)]
pub enum StoreError {
    /// Another process has it open.
    #[error("the data directory {path} is in use by another process; stop that one, or give another --data")]
    InUse {
        /// The directory or file.
        path: String,
    },
    /// Written by a newer Gleaner.
    #[error("the store in {path} has format {found}, and this version reads up to {known}; use a newer gleaner")]
    Newer {
        /// The directory or file.
        path: String,
        /// The format that it has.
        found: u32,
        /// The newest format known here.
        known: u32,
    },
    /// Written by an older Gleaner, by something that only looks at it.
    #[error(
        "the store in {path} has format {found}, and this version reads {known}; start a scheduler on it once, which \
         upgrades it, or use the gleaner that wrote it"
    )]
    Older {
        /// The directory or file.
        path: String,
        /// The format that it has.
        found: u32,
        /// The format known here.
        known: u32,
    },
    /// There is a store already where a backup was to go.
    #[error("{path} holds a store {why}; back up into another directory, or remove what is there")]
    Occupied {
        /// The directory.
        path: String,
        /// What kind of store, for people.
        why: String,
    },
    /// A backup began here and came to no end.
    #[error("the backup in {path} is not whole: its making was interrupted; make it again, or use another one")]
    Unfinished {
        /// The directory.
        path: String,
    },
    /// The disk is full, or failed.
    #[error("the store cannot write: {0}")]
    Io(#[source] std::io::Error),
    /// The records at these positions of [`Group::packages`] were made from another revision than the stored one.
    #[error("package records changed meanwhile: positions {0:?}")]
    Conflict(Vec<usize>),
    /// What is stored does not match its checksum, or makes no sense.
    #[error("the store is damaged: {0}")]
    Damaged(String),
}

/// A durable home for jobs, packages and events. See the module for who calls what.
pub trait Store: Send + Sync + 'static {
    /// The epoch and the next sequence number, as of opening.
    fn opened(&self) -> Opened;

    /// Makes `group` durable. When this returns, it is on disk.
    ///
    /// # Errors
    /// Nothing of the group was written. After an [`StoreError::Io`] every later commit fails as well until the store
    /// is opened anew, since nobody can know what the disk did.
    fn commit(&self, group: &Group) -> Result<(), StoreError>;

    /// Hands over everything that has not ended, by one scan. `take` must not commit: the store is being read meanwhile.
    ///
    /// # Errors
    /// The disk failed, or a value is damaged.
    fn recover(&self, take: &mut dyn FnMut(Recovered)) -> Result<(), StoreError>;

    /// One job, if it is known: open, or ended and not yet forgotten.
    ///
    /// # Errors
    /// The disk failed, or a value is damaged.
    fn job(&self, job: JobId) -> Result<Option<StoredJob>, StoreError>;

    /// Up to `limit` jobs below `before` (or the newest ones), newest first.
    ///
    /// # Errors
    /// The disk failed, or a value is damaged.
    fn jobs(&self, before: Option<JobId>, limit: usize) -> Result<Vec<StoredJob>, StoreError>;

    /// The open jobs that were submitted together with `job` (one chunk of the journal), itself included, ascending;
    /// so that whoever takes tasks in order reads each chunk once.
    ///
    /// # Errors
    /// The disk failed, or a value is damaged.
    fn neighbours(&self, job: JobId) -> Result<Vec<(JobId, Command)>, StoreError>;

    /// The record of a package; none means *not fetched*.
    ///
    /// # Errors
    /// The disk failed, or a value is damaged.
    fn package(&self, key: &PackageKey) -> Result<Option<PackageRecord>, StoreError>;

    /// The head of that record alone, which is a small part of it.
    ///
    /// # Errors
    /// The disk failed, or a value is damaged.
    fn package_head(&self, key: &PackageKey) -> Result<Option<PackageHead>, StoreError>;

    /// The heads of many records, in the order of `keys`; one that is damaged leaves the others as they are.
    ///
    /// # Errors
    /// The disk failed.
    fn package_heads(&self, keys: &[PackageKey]) -> Result<Vec<Result<Option<PackageHead>, StoreError>>, StoreError>;

    /// Where a document lies; none if no accepted record ever named it.
    ///
    /// # Errors
    /// The disk failed, or a value is damaged.
    fn place(&self, document: ContentHash) -> Result<Option<Place>, StoreError>;

    /// Up to `limit` events from `cursor` on.
    ///
    /// # Errors
    /// The disk failed, or a value is damaged.
    fn events(&self, cursor: &Cursor, limit: usize) -> Result<EventPage, StoreError>;

    /// Where the events stand: the number of the next one to come. Whoever reads anything after this sees at least what
    /// the events before it told.
    fn position(&self) -> u64;

    /// How far a client's submit stream has got, if it is known.
    ///
    /// # Errors
    /// The disk failed, or a value is damaged.
    fn stream(&self, client: &str, stream: &str) -> Result<Option<StreamPosition>, StoreError>;

    /// What became of an ask under a client's key, if that is known.
    ///
    /// # Errors
    /// The disk failed, or a value is damaged.
    fn key(&self, client: &str, key: &str) -> Result<Option<KeyEntry>, StoreError>;

    /// One batch, if it is known.
    ///
    /// # Errors
    /// The disk failed, or a value is damaged.
    fn batch(&self, batch: BatchId) -> Result<Option<Batch>, StoreError>;

    /// Up to `limit` batches below `before` (or the newest ones), newest first.
    ///
    /// # Errors
    /// The disk failed, or a value is damaged.
    fn batches(&self, before: Option<BatchId>, limit: usize) -> Result<Vec<Batch>, StoreError>;

    /// All schedules, by client and name. There are some thousand at most.
    ///
    /// # Errors
    /// The disk failed, or a value is damaged.
    fn schedules(&self) -> Result<Vec<Schedule>, StoreError>;

    /// All campaigns, by client and name. There are some thousand at most.
    ///
    /// # Errors
    /// The disk failed, or a value is damaged.
    fn campaigns(&self) -> Result<Vec<Campaign>, StoreError>;

    /// What operators have set for hosts, by host. There are some hundred at most.
    ///
    /// # Errors
    /// The disk failed, or a value is damaged.
    fn host_settings(&self) -> Result<Vec<HostSettings>, StoreError>;

    /// Up to `limit` packages of a registry whose purls begin with `beginning`, in the order of their keys' texts, those
    /// up to `after` (such a text) left out.
    ///
    /// # Errors
    /// The disk failed, or a value is damaged.
    fn package_keys(
        &self,
        registry: &RegistryName,
        beginning: &str,
        after: Option<&str>,
        limit: usize,
    ) -> Result<Vec<PackageKey>, StoreError>;

    /// The newest answer to a question (see [`fingerprint_of_question`](crate::fingerprint_of_question)) about a package,
    /// of a version if one was asked for, that was given first at or before `not_after`.
    ///
    /// # Errors
    /// The disk failed, or a value is damaged.
    fn resolution(
        &self,
        key: &PackageKey,
        version: Option<&str>,
        fingerprint: &[u8; 16],
        not_after: Option<Timestamp>,
    ) -> Result<Option<ResolutionRecord>, StoreError>;

    /// The newest answers about packages of a registry whose purls begin with `beginning`, to one question or to all, in
    /// the order of the purls, those up to `after` (a page's `next`) left out: `most` of them, in number and, but for the
    /// last, in bytes. Fewer if few of many are wanted.
    ///
    /// # Errors
    /// The disk failed, or a value is damaged.
    fn resolutions(
        &self,
        registry: &RegistryName,
        beginning: &str,
        fingerprint: Option<&[u8; 16]>,
        after: Option<&[u8]>,
        most: (usize, usize),
    ) -> Result<ResolutionPage, StoreError>;

    /// The store as of its last commit, for upkeep. Commits go on meanwhile.
    ///
    /// # Errors
    /// The disk failed, or this engine is looked after by tools of its own (the default).
    fn snapshot(&self) -> Result<Box<dyn Snapshot>, StoreError> {
        Err(StoreError::Io(std::io::ErrorKind::Unsupported.into()))
    }

    /// Forgets results, with their keys, batches and campaigns that were over, superseded answers, and stream positions from before `moment`. Bounded work a call; true if there is more to do.
    ///
    /// # Errors
    /// The disk failed.
    fn forget_before(&self, moment: Timestamp) -> Result<bool, StoreError>;
}
