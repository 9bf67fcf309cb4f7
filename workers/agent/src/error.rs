//! Why an agent cannot start, or had to stop.

use std::path::PathBuf;

/// What ends an agent against its owner's will. Everything else (hosts that are down, schedulers that are away) is
/// met by trying again.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum AgentError {
    /// Another process works with the same directory.
    #[error("{} is in use by another process; give each worker its own data directory", path.display())]
    InUse {
        /// The file.
        path: PathBuf,
    },
    /// The directory was written by a later version.
    #[error("{} has format {found} and this version reads up to {known}; use a newer gleaner", path.display())]
    Newer {
        /// The file.
        path: PathBuf,
        /// Its format.
        found: u32,
        /// The newest format that this version reads.
        known: u32,
    },
    /// The worker's own state cannot be read or written: a full or failing disk, a damaged file.
    #[error("the worker's state in {}: {detail}", path.display())]
    State {
        /// The file.
        path: PathBuf,
        /// What happened.
        detail: String,
    },
    /// The options contradict themselves or a limit.
    #[error("the option {option} {detail}")]
    Option {
        /// Which one.
        option: &'static str,
        /// What is wrong with it.
        detail: String,
    },
    /// The HTTP client cannot be made.
    #[error("the HTTP client cannot be made: {0}")]
    Http(String),
    /// The scheduler will have nothing to do with this worker.
    #[error("the scheduler refuses this worker: {0}")]
    Refused(String),
    /// A defect: one of the agent's own parts ended.
    #[error("a part of the agent ended unexpectedly: {0}")]
    Defect(String),
}
