//! The scheduler: actors around the decisions of [`gleaner_core`], the committer, and the gRPC services.
//!
//! The way of a job: a service checks who asks and what for, and hands it to the scheduler actor; that asks the core,
//! and sends an entry to the committer; after the commit the service gets its receipt. Meanwhile the core has perhaps
//! given the task to a worker already, through that worker's session. Its outcome comes back the same way: documents
//! are stored, the catalogue's change is worked out, one commit writes it all, and only then the worker may forget.
//!
//! What is never done here: deciding (the core does), waiting for a disk or a network in an actor, acknowledging
//! before a commit.

mod clients;
mod clock;
mod committer;
mod engine;
mod fingerprint;
mod gauges;
mod options;
mod past;
mod payloads;
mod positions;
mod registries;
mod scheduler;
mod server;
mod services;
mod session;
mod views;
mod watch;

pub use clients::{Client, Clients, ClientsChange, ClientsError, LaneTerms, QuotaTerms};
pub use engine::{ClientsHandle, Engine, EngineError};
pub use options::{EngineOptions, RegistryOptions};
pub use registries::RegistryError;
pub use server::ServeError;
