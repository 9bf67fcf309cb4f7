//! The catalogue's record of a package: its facts, and how and when Gleaner came to know them.

use serde::{Deserialize, Serialize};

use crate::{Document, Package, PackageKey, Timestamp, Validators};

/// Does the package exist? A package without a record was *not fetched*, which is none of these.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum Presence {
    /// Its registry has it; it may have no versions.
    Present,
    /// Its registry says that there is no such package, and there was none before.
    NotFound,
    /// It was there and is not any more, by two answers hours apart.
    Gone,
}

/// What the last accepted facts were made from.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Source {
    /// The documents, the one that names the versions first.
    pub documents: Vec<Document>,
    /// The validators of the first document, for the next conditional request.
    pub validators: Validators,
    /// When the first document was received.
    pub fetched_at: Timestamp,
}

/// One package in the catalogue.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct PackageRecord {
    /// Which package, of which registry.
    pub key: PackageKey,
    /// Rises by one with every write; a write states the revision that it was made from.
    pub revision: u64,
    /// Does it exist?
    pub presence: Presence,
    /// The last good facts; kept when the package is gone.
    pub package: Package,
    /// Where the facts come from; none if no document was ever accepted.
    pub source: Option<Source>,
    /// The last time an attempt ended, however it ended.
    pub last_attempt: Timestamp,
    /// The last time the registry answered, even if only "not modified" or "no such package".
    pub last_success: Option<Timestamp>,
    /// The last time the facts changed.
    pub last_change: Option<Timestamp>,
    /// Since when the registry answers "no such package" for one that was there.
    pub missing_since: Option<Timestamp>,
    /// When it ought to be looked at again.
    pub next_due: Timestamp,
}
