//! What a resolution ends with.

use serde::{Deserialize, Serialize};

use crate::{Ecosystem, Graph, PackageKey, PackageName, Question, Text, Timestamp};

/// The answer to "what does this root pull in?".
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum Answer {
    /// This.
    Graph(Graph),
    /// Nothing can satisfy what is asked: the tool would refuse too.
    Unsatisfiable {
        /// Why, in sentences that a person can act on: which requirements contradict each other, and who makes them.
        reason: String,
    },
    /// The snapshot lacks packages, or their metadata, that the answer depends on.
    Incomplete {
        /// Which, sorted and each once. As many as could be found out at once, so that one round of crawls serves many.
        names: Vec<PackageName>,
    },
    /// The budget was used up.
    GaveUp {
        /// How many steps were taken.
        steps: u64,
    },
    /// Whoever asked wants no answer any more. Never stored, nor sent.
    Stopped,
}

/// A question that was asked of the snapshot on the way: which versions of `name` satisfy `requirement`?
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub struct Read {
    /// The package.
    pub name: PackageName,
    /// The requirement as its resolver can read it again, in the ecosystem's own syntax.
    pub requirement: Text,
}

/// What a change of the catalogue must touch in order to change an answer.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum Sensitivity {
    /// The first candidate of something that was read: nothing behind the first candidates was ever looked at.
    FirstCandidates,
    /// Any version of any package that was read: the search went behind first candidates.
    Anything,
}

/// An answer and what it was made from.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Resolution {
    /// The answer.
    pub answer: Answer,
    /// All that was asked on the way, sorted and each once. The same snapshot, where these are concerned, gives the same
    /// answer.
    pub read: Vec<Read>,
    /// Which changes of what was read can change the answer.
    pub sensitivity: Sensitivity,
    /// What the tool would warn of beside its answer (a requirement that is none, an engine that does not fit, a
    /// deprecated version), in sentences; in the order of the graph's nodes.
    pub warnings: Vec<String>,
    /// How many steps were taken.
    pub steps: u64,
}

/// A resolution as a worker reports it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Resolved {
    /// Whose rules answered.
    pub ecosystem: Ecosystem,
    /// The answer and what it was made from.
    pub resolution: Resolution,
    /// All keys and values of the environment, defaults included.
    pub environment: Vec<(String, String)>,
    /// The position in the catalogue's events that the worker's snapshot stood at, or that was asked for: all events
    /// before it were taken in.
    pub position: u64,
    /// How long the resolution itself took, in microseconds.
    pub elapsed_us: u64,
    /// The lock file that the tool would write, if one was asked for and the answer is a graph.
    pub lock: Option<String>,
}

/// The answer to a question, as the catalogue keeps it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct ResolutionRecord {
    /// Which package was asked about (its registry and purl, the version included); of a manifest, see
    /// [`Root`](crate::Root).
    pub key: PackageKey,
    /// The version that was asked for, if one was.
    pub version: Option<String>,
    /// What was asked.
    pub question: Question,
    /// What was answered.
    pub resolved: Resolved,
    /// When it was answered first.
    pub answered_at: Timestamp,
    /// The last position in the catalogue's events at which the same answer was given; it is valid from
    /// `resolved.position` to here.
    pub confirmed_position: u64,
    /// When that was.
    pub confirmed_at: Timestamp,
}
