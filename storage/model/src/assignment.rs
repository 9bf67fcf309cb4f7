//! What a scheduler hands to a worker, and what it gets back.

use std::sync::Arc;

use serde::{Deserialize, Serialize};

use crate::{
    Attempt, CrawlFacts, CrawlPart, Document, Fault, Host, JobKind, Lane, Purl, Question, Registry, Resolved,
    Timestamp, Trace, Validators,
};

/// One attempt, with all that a worker needs for it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Assignment {
    /// Which attempt.
    pub attempt: Attempt,
    /// What to do.
    pub kind: JobKind,
    /// Which part of the package.
    pub part: CrawlPart,
    /// The package.
    pub purl: Purl,
    /// The registry that is asked.
    pub registry: Arc<Registry>,
    /// The validators of the last accepted record; empty if there is none.
    pub validators: Validators,
    /// The first document of the last accepted record. A local copy counts only if its hash is this one's.
    pub document: Option<Document>,
    /// Versions whose dependencies are known and must not be fetched again.
    pub settled: Vec<String>,
    /// How urgent it is.
    pub lane: Lane,
    /// Leave for the first request.
    pub permit: Permit,
    /// The trace that it belongs to.
    pub trace: Trace,
    /// What a resolution is asked; of no crawl.
    pub question: Option<Box<Question>>,
    /// Where the catalogue's events stand: a resolution as of now takes in at least all before this, one as of some past
    /// moment exactly these. Zero with a crawl.
    pub position: u64,
    /// What an earlier attempt at the task left for this one, in that worker's words; empty if there is nothing. Whoever
    /// does not understand it begins anew.
    pub checkpoint: Vec<u8>,
}

/// Leave for one request to one host.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Permit {
    /// Which host.
    pub host: Host,
    /// The request must begin within this many milliseconds of the permit's receipt; after that it is void.
    pub use_within_ms: u64,
}

/// How an attempt ended, as its worker tells it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum Outcome {
    /// Documents were fetched and understood.
    Fetched(Box<CrawlFacts>),
    /// Nothing changed since the validators of the assignment.
    NotModified {
        /// When the registry said so.
        at: Timestamp,
    },
    /// There is no such package.
    NotFound {
        /// When the registry said so.
        at: Timestamp,
    },
    /// The registry says that the package was removed.
    Gone {
        /// When the registry said so.
        at: Timestamp,
    },
    /// A question was answered, or what its answer needs is not in the catalogue
    /// ([`Answer::Incomplete`](crate::Answer::Incomplete)); then the task waits until that was fetched.
    Resolved(Box<Resolved>),
    /// It failed.
    Failed(Fault),
    /// The worker is going away and gives it back untouched.
    HandedBack,
}
