//! What a version needs.

use serde::{Deserialize, Serialize};

/// When a dependency is needed.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub enum DependencyKind {
    /// To run, or to build against.
    Normal,
    /// To run the build script (cargo).
    Build,
    /// To develop or test the package itself.
    Dev,
    /// To be there already, provided by whoever depends on this package (npm).
    Peer,
}

impl DependencyKind {
    /// Every kind.
    pub const ALL: [Self; 4] = [Self::Normal, Self::Build, Self::Dev, Self::Peer];

    /// The kind's name.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Normal => "normal",
            Self::Build => "build",
            Self::Dev => "dev",
            Self::Peer => "peer",
        }
    }
}

/// One requirement of one version, as the registry states it. Shared between the versions that state it alike.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub struct Dependency {
    /// The package depended on, by the ecosystem's own name for it.
    pub name: String,
    /// The name that the depending package uses for it, where that differs (cargo's rename, npm's alias).
    pub alias: Option<String>,
    /// The range of versions, in the ecosystem's own syntax, as written; empty means any (Python).
    pub requirement: String,
    /// When it is needed.
    pub kind: DependencyKind,
    /// May it be left out: cargo's and npm's optional ones, Python's behind an extra.
    pub optional: bool,
    /// Are its default features wanted (cargo; true elsewhere)?
    pub default_features: bool,
    /// Its features (cargo) or extras (Python) that are wanted.
    pub features: Vec<String>,
    /// Where it applies: cargo's target (a triple or `cfg(…)`), Python's environment marker.
    pub target: Option<String>,
    /// The index of another registry that it comes from, if it does (cargo).
    pub registry: Option<String>,
}
