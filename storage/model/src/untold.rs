//! What cannot be told of a package's past: the catalogue keeps the last reading and the events since, and an event does
//! not tell everything of the state before it.

use serde::{Deserialize, Serialize};

/// One fact of an earlier state that cannot be brought back.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub struct Untold {
    /// What it is.
    pub fact: UntoldFact,
    /// The version that it is about; empty if it is about the whole package.
    pub version: String,
}

/// What can be lost.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub enum UntoldFact {
    /// The version was there, was removed since, and is missing.
    Version,
    /// The version's dependencies were others; they are those of the last reading.
    Dependencies,
    /// The version was yanked, and nobody knows any more why.
    YankReason,
    /// The version was deprecated, and nobody knows any more in which words.
    DeprecationWords,
    /// Files, features or licences of some version were others; they are those of the last reading.
    Facts,
}
