//! What a root pulls in.

use serde::{Deserialize, Serialize};

use crate::Text;

/// Stands for the root, which is no node, at the beginning of an edge (and, for a cycle back to it, at the end).
pub const ROOT: u32 = u32::MAX;

/// Packages and what made each of them necessary. Nodes are sorted by name, version (in the ecosystem's own order) and
/// path; edges by beginning, end, kind and requirement.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Graph {
    /// The packages; the root is none of them.
    pub nodes: Vec<Node>,
    /// Who needs whom.
    pub edges: Vec<Edge>,
}

/// A package in a graph.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub struct Node {
    /// Its name.
    pub name: Text,
    /// Its version, as the registry writes it.
    pub version: Text,
    /// Where it stands in the tree (npm): `node_modules/a/node_modules/b`.
    pub path: Option<Text>,
}

/// A need that is met.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub struct Edge {
    /// Position of the node that needs, or [`ROOT`].
    pub from: u32,
    /// Position of the node that is needed.
    pub to: u32,
    /// When it is needed.
    pub kind: EdgeKind,
    /// What was asked for, as written.
    pub requirement: Text,
}

/// When a dependency is needed.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub enum EdgeKind {
    /// To run, or to build against.
    Normal,
    /// To run the build script (cargo).
    Build,
    /// To develop or test the root.
    Dev,
    /// If it can be had (npm).
    Optional,
    /// To be there beside the package that needs it (npm).
    Peer,
    /// As a peer, if it is there (npm).
    PeerOptional,
}

impl EdgeKind {
    /// Every kind.
    pub const ALL: [Self; 6] = [Self::Normal, Self::Build, Self::Dev, Self::Optional, Self::Peer, Self::PeerOptional];

    /// The kind's name.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Normal => "normal",
            Self::Build => "build",
            Self::Dev => "dev",
            Self::Optional => "optional",
            Self::Peer => "peer",
            Self::PeerOptional => "peer-optional",
        }
    }
}
