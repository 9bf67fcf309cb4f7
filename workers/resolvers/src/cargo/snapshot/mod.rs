//! Crates in the layout that the search wants.
//!
//! Names, requirements and dependencies are pooled: each distinct one has a number, and the search compares numbers. A
//! crate's versions are one shared block, so that a clone of a snapshot costs some thousand pointers and a new state of
//! one crate touches nothing else. What a line of the index gets wrong is found here, once, and not while resolving.

mod reader;
mod versions;

use std::collections::HashMap;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use gleaner_model::{Ecosystem, Package, PackageName, Text};
use semver::VersionReq;

use super::platform::Platform;
use super::pool::Pool;
use crate::{Snapshot, SnapshotSize};
pub(super) use versions::{FeatureTable, VersionData, Versions};

/// A text's number.
pub(super) type TextId = u32;
/// A crate's number; also of one that is only depended on.
pub(super) type CrateId = u32;
/// A requirement's number.
pub(super) type RequirementId = u32;
/// A dependency's number.
pub(super) type DependencyId = u32;

/// A requirement as written, and what it means.
#[derive(Clone, Debug)]
pub(super) struct Requirement {
    pub(super) text: Text,
    pub(super) parsed: VersionReq,
}

/// A dependency as a version states it; two that state it alike have the same.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub(super) struct DependencyData {
    pub(super) target: CrateId,
    pub(super) requirement: RequirementId,
    pub(super) kind: DependencyKind,
    pub(super) optional: bool,
    pub(super) default_features: bool,
    /// Its name in the manifest: the crate's, or a rename.
    pub(super) name: TextId,
    /// In the order of the line.
    pub(super) features: Box<[TextId]>,
    /// Where it applies; everywhere if none.
    pub(super) platform: Option<Arc<Platform>>,
    /// The index of another registry, where it would have to come from.
    pub(super) registry: Option<Arc<str>>,
}

/// When a dependency is needed.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub(super) enum DependencyKind {
    Normal,
    Build,
    Dev,
}

/// What is known of a crate.
#[derive(Clone, Default)]
pub(super) enum Known {
    /// Nothing: it is only depended on.
    #[default]
    Nothing,
    /// That there is none.
    Absent,
    /// Its versions.
    Versions(Arc<Versions>),
}

/// Crates as their index files tell them.
#[derive(Clone)]
pub struct CargoSnapshot {
    /// Changes with every change, and is never the same for two different contents.
    identity: u64,
    pub(super) texts: Pool<Arc<str>>,
    pub(super) requirements: Pool<Requirement>,
    pub(super) dependencies: Pool<DependencyData>,
    /// Names of crates; the number is the crate's.
    names: Pool<Text>,
    /// What is known of each, by its number.
    known: Pool<Known>,
    /// Known crates with capitals in their names, by those in lower case: the index keeps both in one file.
    capitals: Arc<HashMap<Box<str>, CrateId>>,
    size: SnapshotSize,
}

/// What the next identity is.
static NEXT_IDENTITY: AtomicU64 = AtomicU64::new(1);

fn next_identity() -> u64 {
    // Only that no two are the same matters, not which comes first.
    NEXT_IDENTITY.fetch_add(1, Ordering::Relaxed)
}

impl Default for CargoSnapshot {
    fn default() -> Self {
        Self {
            identity: next_identity(),
            texts: Pool::default(),
            requirements: Pool::default(),
            dependencies: Pool::default(),
            names: Pool::default(),
            known: Pool::default(),
            capitals: Arc::default(),
            size: SnapshotSize::default(),
        }
    }
}

impl CargoSnapshot {
    pub(super) const fn identity(&self) -> u64 {
        self.identity
    }

    /// The number of a crate that is known or depended on.
    pub(super) fn crate_id(&self, name: &str) -> Option<CrateId> {
        self.names.find(name, Text::as_str)
    }

    pub(super) fn crate_name(&self, id: CrateId) -> &Text {
        self.names.get(id)
    }

    /// What is known of a crate. A name that differs from a known crate's only in its case is one that there is not:
    /// the index keeps both in one file, and cargo compares names exactly.
    pub(super) fn known(&self, id: CrateId) -> &Known {
        match self.known.get(id) {
            Known::Nothing if self.is_of_other_case(self.names.get(id)) => &Known::Absent,
            known => known,
        }
    }

    /// The versions of a crate, if it exists.
    pub(super) fn versions(&self, id: CrateId) -> Option<&Arc<Versions>> {
        match self.known.get(id) {
            Known::Versions(versions) => Some(versions),
            Known::Nothing | Known::Absent => None,
        }
    }

    /// May a crate of this name exist, though nothing is known of it?
    pub(super) fn may_exist(&self, name: &str) -> bool {
        match self.crate_id(name) {
            Some(id) => matches!(self.known(id), Known::Nothing) && is_name(name),
            None => is_name(name) && !self.is_of_other_case(name),
        }
    }

    /// A known crate whose name is this one but for its case, or for `-` and `_`.
    pub(super) fn similar(&self, name: &str) -> Option<&str> {
        let exists = |text: &str| self.crate_id(text).filter(|id| self.versions(*id).is_some());
        [name.replace('-', "_"), name.replace('_', "-"), name.to_ascii_lowercase()]
            .iter()
            .find_map(|text| exists(text))
            .or_else(|| self.capitals.get(name.to_ascii_lowercase().as_str()).copied())
            .map(|id| &**self.names.get(id))
            .filter(|other| *other != name)
    }

    fn is_of_other_case(&self, name: &str) -> bool {
        let lower = name.to_ascii_lowercase();
        let exists = |id: &CrateId| matches!(self.known.get(*id), Known::Versions(_)) && &**self.names.get(*id) != name;
        self.capitals.get(lower.as_str()).is_some_and(exists)
            || (lower != name && self.crate_id(&lower).as_ref().is_some_and(exists))
    }

    /// The number of a crate, known or not.
    fn intern_crate(&mut self, name: &str) -> CrateId {
        let id = self.names.intern(name, Text::as_str, || name.into());
        if id as usize == self.known.len() {
            self.known.push(Known::Nothing);
        }
        id
    }

    fn put(&mut self, name: &PackageName, known: Known) {
        self.identity = next_identity();
        let id = self.intern_crate(name.as_str());
        self.subtract(id);
        if let Known::Versions(versions) = &known {
            self.size.packages += 1;
            self.size.versions += versions.all.len();
            self.size.bytes += versions.bytes();
            if name.as_str().bytes().any(|b| b.is_ascii_uppercase()) {
                Arc::make_mut(&mut self.capitals).insert(name.as_str().to_ascii_lowercase().into(), id);
            }
        }
        self.known.set(id, known);
    }

    fn subtract(&mut self, id: CrateId) {
        if let Known::Versions(versions) = self.known.get(id) {
            self.size.packages -= 1;
            self.size.versions -= versions.all.len();
            self.size.bytes -= versions.bytes();
        }
    }
}

/// Can a crate be called so? Anything else is depended on by mistake.
fn is_name(name: &str) -> bool {
    PackageName::new(Ecosystem::Cargo, name).is_ok_and(|normal| normal.as_str() == name)
}

impl Snapshot for CargoSnapshot {
    fn insert(&mut self, name: &PackageName, package: &Package) {
        let versions = self.read(name.as_str(), package);
        self.put(name, Known::Versions(Arc::new(versions)));
    }

    fn insert_absent(&mut self, name: &PackageName) {
        self.put(name, Known::Absent);
    }

    fn knows(&self, name: &PackageName) -> bool {
        self.crate_id(name.as_str()).is_some_and(|id| !matches!(self.known(id), Known::Nothing))
    }

    fn size(&self) -> SnapshotSize {
        let texts: usize = self.texts.iter().map(|text| text.len() + 32).sum();
        let names: usize = self.names.iter().map(|name| name.len() + 32).sum();
        let requirements: usize =
            self.requirements.iter().map(|r| r.text.len() + 64 + 56 * r.parsed.comparators.len()).sum();
        let dependencies: usize = self.dependencies.iter().map(|d| size_of_val(d) + 4 * d.features.len()).sum();
        SnapshotSize { bytes: self.size.bytes + texts + names + requirements + dependencies, ..self.size }
    }
}
