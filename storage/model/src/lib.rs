//! The nouns of Gleaner: what a package, a job, a lane or an event *is*.
//!
//! Pure data: no I/O, no clock, no randomness, no wire format. Every other crate may see this one and this one
//! sees none of ours. Words are used as `docs/glossary.md` defines them.

mod assignment;
mod batch;
mod client;
mod dependency;
mod details;
mod document;
mod event;
mod explanation;
mod fault;
mod graph;
mod host;
mod host_settings;
mod job;
mod job_view;
mod journey;
mod lane;
mod order;
mod package;
mod pool;
mod purl;
mod question;
mod record;
mod registry;
mod resolution;
mod submission;
mod text;
mod time;
mod untold;
mod version;
mod worker;

pub use assignment::{Assignment, Outcome, Permit};
pub use batch::{Batch, BatchId, InvalidBatchId, Tally};
pub use client::{ClientName, InvalidClientName};
pub use dependency::{Dependency, DependencyKind};
pub use details::Details;
pub use document::{ContentHash, Document, InvalidContentHash, Validators};
pub use event::{Event, EventKind};
pub use explanation::{Explanation, Forecast, WaitCause, Waited};
pub use fault::{Fault, FaultKind};
pub use graph::{Edge, EdgeKind, Graph, Node, ROOT};
pub use host::{Host, InvalidHost};
pub use host_settings::{HostChange, HostSettings};
pub use job::{Attempt, CrawlPart, InvalidId, JobId, JobKind, JobResult, JobSpec, JobState, TaskId, Token, Trace};
pub use job_view::JobView;
pub use journey::{Displacement, Journey};
pub use lane::{InvalidLane, Lane};
pub use order::{Campaign, CampaignState, InvalidOrderName, OrderName, Schedule, ScheduleRun};
pub use package::{CrawlFacts, Package};
pub use pool::{Pool, PoolIndex};
pub use purl::{Ecosystem, InvalidPurl, PackageName, Purl};
pub use question::{AsOf, Question, Root};
pub use record::{Outline, PackageContent, PackageHead, PackageRecord, Presence, Source};
pub use registry::{InvalidRegistryName, PackageKey, Registry, RegistryName};
pub use resolution::{Answer, Read, Resolution, ResolutionRecord, Resolved, Sensitivity};
pub use submission::{IdempotencyKey, InvalidIdempotencyKey, Origin};
pub use text::Text;
pub use time::{InvalidTimestamp, Timestamp};
pub use untold::{Untold, UntoldFact};
pub use version::{Artifact, Dependencies, Feature, Version, Yank};
pub use worker::{Capability, InvalidWorkerName, WorkerName};
