//! What a resolution ends with.

use gleaner_model::PackageName;

use crate::Graph;

/// The answer to "what does this root pull in?".
#[derive(Clone, Debug, PartialEq, Eq)]
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
    /// Whoever asked wants no answer any more ([`Flow::Stop`](crate::Flow::Stop)).
    Stopped,
}

/// A question that was asked of the snapshot on the way: which versions of `name` satisfy `requirement`?
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Read {
    /// The package.
    pub name: PackageName,
    /// The requirement as its resolver can read it again, in the ecosystem's own syntax.
    pub requirement: String,
}

/// What a change of the catalogue must touch in order to change an answer.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Sensitivity {
    /// The first candidate of something that was read: nothing behind the first candidates was ever looked at.
    FirstCandidates,
    /// Any version of any package that was read: the search went behind first candidates.
    Anything,
}

/// An answer and what it was made from.
#[derive(Clone, Debug, PartialEq, Eq)]
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
