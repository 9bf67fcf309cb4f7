//! One published version of a package.

use serde::{Deserialize, Serialize};

use crate::{PoolIndex, Timestamp};

/// A version as its registry tells it. Positions point into the pools of the [`Package`](crate::Package) around it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Version {
    /// The version number, as the registry writes it.
    pub number: String,
    /// When it was published, if the registry says.
    pub published_at: Option<Timestamp>,
    /// Is it withdrawn from new resolutions?
    pub yank: Option<Yank>,
    /// The publisher's advice against it (npm), in their words.
    pub deprecated: Option<String>,
    /// Its licence as stated, into [`Package::licences`](crate::Package::licences).
    pub licence: Option<PoolIndex>,
    /// The language runtime that it asks for: `rust-version`, `engines.node`, `Requires-Python`.
    pub runtime: Option<String>,
    /// What it needs, as far as known.
    pub dependencies: Dependencies,
    /// Its features (cargo) or extras (Python), into [`Package::features`](crate::Package::features).
    pub features: Vec<PoolIndex>,
    /// What only its own ecosystem says, into [`Package::details`](crate::Package::details).
    pub details: Option<PoolIndex>,
    /// The files that make it up.
    pub artifacts: Vec<Artifact>,
}

/// A version that the registry asks not to be newly chosen.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Yank {
    /// The reason that was given, if any.
    pub reason: Option<String>,
}

/// What is known of a version's dependencies: "nobody looked" and "it has none" are different things.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum Dependencies {
    /// Not fetched: the registry offers no document that would say.
    NotFetched,
    /// Not fetched yet: there is a document, and it is due.
    Pending,
    /// Fetched; positions in [`Package::dependencies`](crate::Package::dependencies), perhaps none.
    Fetched(Vec<PoolIndex>),
    /// The document that the registry advertises is not there.
    NotFound,
    /// The document is there and cannot be understood.
    Malformed,
}

impl Dependencies {
    /// The positions, if the dependencies were fetched.
    #[must_use]
    pub fn fetched(&self) -> Option<&[PoolIndex]> {
        match self {
            Self::Fetched(positions) => Some(positions),
            _ => None,
        }
    }

    /// Was the question settled, so that nobody need fetch again?
    #[must_use]
    pub const fn is_settled(&self) -> bool {
        matches!(self, Self::Fetched(_) | Self::NotFound | Self::Malformed)
    }
}

/// A feature (cargo) with what it turns on, or an extra (Python), which turns on nothing by itself.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub struct Feature {
    /// Its name.
    pub name: String,
    /// Features and optional dependencies that it enables, in cargo's syntax.
    pub enables: Vec<String>,
}

/// A file of a version.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Artifact {
    /// The file's name; empty where the ecosystem has exactly one a version (cargo, npm).
    pub name: String,
    /// The algorithm of the checksum: `sha256`, `sha512`, `sha1`; empty if the registry states none.
    pub algorithm: String,
    /// The checksum's bytes.
    pub checksum: Vec<u8>,
    /// When it was published, where files of one version have moments of their own (Python).
    pub published_at: Option<Timestamp>,
    /// Is it withdrawn from new resolutions, where files are withdrawn one by one (Python)?
    pub yank: Option<Yank>,
    /// The language runtime that it asks for, where each file says so (Python).
    pub runtime: Option<String>,
}
