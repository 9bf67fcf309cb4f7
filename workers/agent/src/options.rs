//! What the owner of an agent decides.

use std::num::NonZeroU32;
use std::path::PathBuf;
use std::sync::Arc;
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use gleaner_model::{Capability, Ecosystem, JobKind, Timestamp, WorkerName};
use gleaner_registries::{NEWEST_DEFAULT, OLDER_DEFAULT};

use crate::AgentError;
use crate::catalogue::Where;

/// Most attempts at a time that the protocol allows.
pub const SLOTS_MAX: usize = 4096;

/// The wall clock, as a value, so that tests can set it. Used for what is written down (when a document was fetched)
/// and for `Retry-After` dates; waiting goes by the runtime's monotonic clock.
pub type Clock = Arc<dyn Fn() -> Timestamp + Send + Sync>;

/// How an agent works. [`Options::new`] gives sensible values for all but where it keeps its state and how it
/// presents itself.
#[derive(Clone)]
pub struct Options {
    /// The worker's name; if none, the one that its state remembers, made up at the first start.
    pub name: Option<WorkerName>,
    /// How many attempts run at a time, 1 to [`SLOTS_MAX`].
    pub slots: usize,
    /// Where `worker.redb` lives. Each worker needs its own.
    pub data_dir: PathBuf,
    /// The `User-Agent` of requests to registries: who crawls, and a contact.
    pub user_agent: String,
    /// How long hosts may take.
    pub timeouts: Timeouts,
    /// How fast requests may leave at most, whatever the scheduler permits; none is no limit of its own.
    pub egress: Option<EgressLimit>,
    /// How many redirects one document may take.
    pub redirects_max: usize,
    /// How long an attempt waits for one permit, in milliseconds, while it is connected and not suspended.
    pub permit_wait_max_ms: u64,
    /// Requests that one attempt has under way at the same time.
    pub requests_max: usize,
    /// For how many of a package's newest versions to fetch their own documents at once.
    pub newest: usize,
    /// For how many older versions one crawl of the older part fetches documents.
    pub older: usize,
    /// A document that is longer after decompression is not read, even if its ecosystem allows more; in bytes.
    pub document_max_bytes: u64,
    /// Attempts that wait suspended at a time; beyond that they are given back. Twice what schedulers ask for by default;
    /// each holds what it has fetched so far.
    pub suspended_max: usize,
    /// Bytes that all suspended attempts together may still receive of requests that were under way. Most documents fit
    /// many times; what does not would take memory and network from the work that they made room for, and is cut off
    /// and asked for again when its attempt goes on.
    pub drain_max_bytes: u64,
    /// Bytes of compressed main documents that are kept for crawls of older parts; the oldest go first.
    pub known_max_bytes: u64,
    /// Steps that a resolution may take, each some hundred nanoseconds: a minute at most. Few take more than a thousandth
    /// of that, and what takes all of it has no answer that anybody waits for.
    pub resolution_steps_max: u64,
    /// Memory for snapshots of packages that resolutions read, in bytes, about: all of cargo's packages, or what tens of
    /// thousands of different npm or Python roots read. Beyond it, a registry's packages are left and read anew.
    pub snapshot_max_bytes: usize,
    /// Bytes of compressed packages that are kept on the disk, so that a worker that starts again reads them from there;
    /// the oldest go first. Zero keeps none.
    pub packages_max_bytes: u64,
    /// Memory that redb may use for its pages, in bytes.
    pub cache_bytes: usize,
    /// The level of zstd for documents. 1 is what measurements favour; lower is faster.
    pub compression_level: i32,
    /// What it can do: by default everything in every ecosystem. See [`capabilities`].
    pub capabilities: Vec<Capability>,
    /// Where chance comes from: the incarnation, a new name, the jitter of reconnects. Must differ at each start.
    pub seed: u64,
    /// The wall clock.
    pub clock: Clock,
}

/// How long a host may take before it counts as out.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Timeouts {
    /// To accept a connection, the TLS handshake included.
    pub connect: Duration,
    /// To send its answer's head, and between any two pieces of its body.
    pub idle: Duration,
    /// For one request from start to end.
    pub whole: Duration,
}

/// A worker's own bound on the requests that leave it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct EgressLimit {
    /// Requests a second, to all hosts together, redirects counted.
    pub per_second: NonZeroU32,
    /// Requests that may leave at once after a pause.
    pub burst: NonZeroU32,
}

impl Default for Timeouts {
    fn default() -> Self {
        Self { connect: Duration::from_secs(10), idle: Duration::from_secs(30), whole: Duration::from_secs(300) }
    }
}

impl Options {
    /// Sensible options for a worker that keeps its state in `data_dir` and presents itself as `user_agent`.
    ///
    /// Chance and wall time come from the system; set [`Options::seed`] and [`Options::clock`] to have it otherwise.
    #[must_use]
    pub fn new(data_dir: impl Into<PathBuf>, user_agent: impl Into<String>) -> Self {
        Self {
            name: None,
            slots: 32,
            data_dir: data_dir.into(),
            user_agent: user_agent.into(),
            timeouts: Timeouts::default(),
            egress: None,
            redirects_max: 5,
            permit_wait_max_ms: 60_000,
            requests_max: 4,
            newest: NEWEST_DEFAULT,
            older: OLDER_DEFAULT,
            document_max_bytes: 256 << 20,
            suspended_max: 16,
            drain_max_bytes: 16 << 20,
            known_max_bytes: 256 << 20,
            resolution_steps_max: 20_000_000,
            snapshot_max_bytes: 1 << 30,
            packages_max_bytes: 512 << 20,
            cache_bytes: 32 << 20,
            compression_level: 1,
            capabilities: capabilities(&[JobKind::Crawl, JobKind::Resolve]),
            seed: system_chance(),
            clock: Arc::new(system_clock),
        }
    }

    /// Where packages are kept on the disk.
    pub(crate) fn packages(&self) -> Where {
        Where {
            dir: self.data_dir.clone(),
            bytes_max: self.packages_max_bytes,
            cache_bytes: self.cache_bytes,
            level: self.compression_level,
        }
    }

    /// Checks what a value can be checked for without touching anything.
    pub(crate) fn check(&self) -> Result<(), AgentError> {
        let wrong = |option, detail: &str| Err(AgentError::Option { option, detail: detail.to_owned() });
        if !(1..=SLOTS_MAX).contains(&self.slots) {
            return wrong("slots", "must be 1 to 4,096");
        }
        if self.capabilities.is_empty() {
            return wrong("capabilities", "must name at least one kind of work");
        }
        if self.requests_max == 0 {
            return wrong("requests_max", "must be at least 1");
        }
        if self.user_agent.is_empty() || !self.user_agent.bytes().all(|b| (b' '..=b'~').contains(&b)) {
            return wrong("user_agent", "must be printable ASCII text");
        }
        Ok(())
    }
}

/// These kinds of work in every ecosystem.
#[must_use]
pub fn capabilities(kinds: &[JobKind]) -> Vec<Capability> {
    let in_each = |kind: &JobKind| Ecosystem::ALL.map(|ecosystem| Capability { kind: *kind, ecosystem });
    kinds.iter().flat_map(in_each).collect()
}

/// Wall time from the system.
fn system_clock() -> Timestamp {
    let since_epoch = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
    Timestamp::from_millis(i64::try_from(since_epoch.as_millis()).unwrap_or(i64::MAX))
}

/// A number that differs at each start: the standard library keys its hash maps with the system's randomness.
fn system_chance() -> u64 {
    use std::hash::{BuildHasher, Hasher};
    std::hash::RandomState::new().build_hasher().finish()
}
