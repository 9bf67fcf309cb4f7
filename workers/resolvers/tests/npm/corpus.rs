//! The recorded documents, as a snapshot.

use std::collections::BTreeMap;
use std::path::PathBuf;
use std::sync::OnceLock;

use gleaner_model::{Ecosystem, Package, Purl};
use gleaner_resolvers::npm::{Npm, NpmRoot, NpmSnapshot};
use gleaner_resolvers::{Budget, Flow, Resolution, Resolver, Snapshot, View};

use crate::recorded::{self, Document};

/// The folder of documents and cases, if it is on this machine.
pub(crate) fn folder() -> Option<PathBuf> {
    recorded::folder_with_cases()
}

/// All recorded packuments.
pub(crate) fn documents() -> Option<&'static [Document]> {
    static DOCUMENTS: OnceLock<Option<Vec<Document>>> = OnceLock::new();
    DOCUMENTS.get_or_init(|| folder().map(|folder| recorded::documents(&folder, Ecosystem::Npm).main)).as_deref()
}

/// A snapshot of all recorded packuments.
pub(crate) fn snapshot() -> Option<&'static NpmSnapshot> {
    static SNAPSHOT: OnceLock<Option<NpmSnapshot>> = OnceLock::new();
    let all =
        || documents().map(|documents| snapshot_of(documents.iter().map(|(name, text)| (name.as_str(), &**text))));
    SNAPSHOT.get_or_init(all).as_ref()
}

/// A snapshot of packuments.
pub(crate) fn snapshot_of<'a>(documents: impl Iterator<Item = (&'a str, &'a [u8])>) -> NpmSnapshot {
    let mut snapshot = NpmSnapshot::default();
    packages_of(documents).for_each(|(purl, package)| snapshot.insert(purl.name(), &package));
    snapshot
}

/// What the registries' reader makes of packuments, one after the other.
pub(crate) fn packages_of<'a>(
    documents: impl Iterator<Item = (&'a str, &'a [u8])>,
) -> impl Iterator<Item = (Purl, Package)> {
    let none = BTreeMap::new();
    documents.map(move |(name, text)| recorded::package(Ecosystem::Npm, name, text, &none))
}

/// Resolves with many steps and default everything.
pub(crate) fn resolve(snapshot: &NpmSnapshot, root: &NpmRoot) -> Resolution {
    resolve_at(snapshot, root, View::default())
}

/// The same at a date.
pub(crate) fn resolve_at(snapshot: &NpmSnapshot, root: &NpmRoot, view: View) -> Resolution {
    let mut pause = || Flow::Continue;
    let mut budget = Budget::new(10_000_000, &mut pause);
    Npm::resolve(snapshot, root, &Default::default(), &view, &mut Default::default(), &mut budget)
}
