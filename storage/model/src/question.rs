//! What a resolution is asked, beside the package that its job names.

use serde::{Deserialize, Serialize};

use crate::Timestamp;

/// What a job of the kind [`Resolve`](crate::JobKind::Resolve) asks. Two jobs that ask the same question of the same
/// package are twins.
#[derive(Clone, Debug, Default, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct Question {
    /// What is resolved.
    pub root: Root,
    /// Keys and values of the environment as they were asked for, sorted by key; the resolver's defaults stand for the
    /// rest. At most [`Question::ENVIRONMENT_MAX`].
    pub environment: Vec<(String, String)>,
    /// As of when.
    pub as_of: AsOf,
    /// Is the lock file wanted that the tool would write?
    pub lock: bool,
}

impl Question {
    /// Most keys of an environment: each ecosystem has fewer than ten.
    pub const ENVIRONMENT_MAX: usize = 32;

    /// Longest manifest, in bytes: far above what people write, and small enough to stand in a journal.
    pub const MANIFEST_BYTES_MAX: usize = 256 << 10;
}

/// What is resolved.
#[derive(Clone, Debug, Default, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub enum Root {
    /// A project that depends on nothing but the job's package: at its version, if its purl has one, else as the tool
    /// would add it.
    #[default]
    Package,
    /// A project with this manifest. The job's purl names no package then: see [`Root::MANIFEST_NAME`].
    Manifest {
        /// The last part of its path, which tells its kind: `Cargo.toml`.
        file: String,
        /// Its text.
        text: String,
    },
}

impl Root {
    /// The name in the purl of a job that resolves a manifest (`pkg:cargo/manifest`): only its ecosystem counts.
    pub const MANIFEST_NAME: &'static str = "manifest";
}

/// As of when a question is answered.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub enum AsOf {
    /// As of now: of all that the catalogue knows.
    #[default]
    Now,
    /// As the tools' own options have it: of what is known now, versions published at or after this do not count.
    Published(Timestamp),
    /// As Gleaner had observed it by then: the catalogue without what its events told later.
    Observed(Timestamp),
    /// The same, by a position in the catalogue's events.
    Position(u64),
    /// Of what was known at a position in the catalogue's events, versions published at or after a moment do not count.
    PublishedAt {
        /// The moment.
        before: Timestamp,
        /// The position.
        position: u64,
    },
}

impl AsOf {
    /// The position in the catalogue's events that it names, if it names one.
    #[must_use]
    pub const fn position(self) -> Option<u64> {
        match self {
            Self::Position(position) | Self::PublishedAt { position, .. } => Some(position),
            Self::Now | Self::Published(_) | Self::Observed(_) => None,
        }
    }

    /// Versions published at this moment or after it do not count.
    #[must_use]
    pub const fn before(self) -> Option<Timestamp> {
        match self {
            Self::Published(before) | Self::PublishedAt { before, .. } => Some(before),
            Self::Now | Self::Observed(_) | Self::Position(_) => None,
        }
    }

    /// The same of what was known at a position, if it is about what is known now.
    #[must_use]
    pub const fn pinned(self, position: u64) -> Self {
        match self {
            Self::Now => Self::Position(position),
            Self::Published(before) => Self::PublishedAt { before, position },
            Self::Observed(_) | Self::Position(_) | Self::PublishedAt { .. } => self,
        }
    }

    /// Is it about what is known now, so that the answer to it may change?
    #[must_use]
    pub const fn is_of_now(self) -> bool {
        matches!(self, Self::Now | Self::Published(_))
    }
}
