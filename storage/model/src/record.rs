//! The catalogue's record of a package: its facts, and how and when Gleaner came to know them.
//!
//! Packages are looked at far more often than they change. So a record is in two parts: a small head, which every look
//! reads and writes, and the content, which may be megabytes and is only read and written when there is something new.

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
    /// The document that names the versions; the others are in [`PackageContent::more_documents`].
    pub document: Document,
    /// Its validators, for the next conditional request.
    pub validators: Validators,
    /// When it was received.
    pub fetched_at: Timestamp,
}

/// What is asked of the facts at every look, so that the facts themselves need not be read.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Outline {
    /// How many versions there are.
    pub versions: u32,
    /// The version that the registry offers by default.
    pub latest: Option<String>,
    /// When the newest version was published, as far as the registry says.
    pub last_published: Option<Timestamp>,
    /// Do some versions wait for a document of their own?
    pub pending: bool,
    /// The versions whose dependencies came from documents of their own (Python) and need not be fetched again.
    pub settled: Vec<String>,
}

/// The part of a record that every look at a package reads and writes.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct PackageHead {
    /// Which package, of which registry.
    pub key: PackageKey,
    /// Rises by one with every write; a write states the revision that it was made from.
    pub revision: u64,
    /// The revision that wrote the content last; 0 if none did and the content is empty.
    pub content_revision: u64,
    /// Does it exist?
    pub presence: Presence,
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
    /// The facts in outline.
    pub outline: Outline,
}

/// The part of a record that is written when there is something new.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct PackageContent {
    /// The last good facts; kept when the package is gone.
    pub package: Package,
    /// The documents that the facts were made from beside the first one.
    pub more_documents: Vec<Document>,
}

/// One package in the catalogue.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PackageRecord {
    /// What every look needs.
    pub head: PackageHead,
    /// The facts.
    pub content: PackageContent,
}
