//! The recorded documents, raw and as a snapshot.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::sync::OnceLock;

use gleaner_model::{Ecosystem, Package, Purl};
use gleaner_resolvers::pypi::{Environment, Pypi, PypiRoot, PypiSnapshot, Scratch};
use gleaner_resolvers::{Budget, Flow, Resolution, Resolver, Snapshot, View};

use crate::recorded;

/// Pages by project and core metadata by the name of its wheel.
#[derive(Default)]
pub(crate) struct Documents {
    pub(crate) pages: BTreeMap<String, Vec<u8>>,
    pub(crate) metadata: BTreeMap<String, Vec<u8>>,
}

/// The folder of documents and cases, if it is on this machine.
pub(crate) fn folder() -> Option<PathBuf> {
    recorded::folder_with_cases()
}

/// All recorded documents.
pub(crate) fn documents() -> Option<&'static Documents> {
    static DOCUMENTS: OnceLock<Option<Documents>> = OnceLock::new();
    DOCUMENTS.get_or_init(|| folder().map(|folder| unpack(&folder))).as_ref()
}

/// A snapshot of all recorded projects.
pub(crate) fn snapshot() -> Option<&'static PypiSnapshot> {
    static SNAPSHOT: OnceLock<Option<PypiSnapshot>> = OnceLock::new();
    SNAPSHOT.get_or_init(|| documents().map(snapshot_of)).as_ref()
}

fn unpack(folder: &Path) -> Documents {
    let recorded = recorded::documents(folder, Ecosystem::Pypi);
    Documents { pages: recorded.main.into_iter().collect(), metadata: recorded.metadata }
}

/// What the registries' reader makes of documents.
pub(crate) fn snapshot_of(documents: &Documents) -> PypiSnapshot {
    let mut snapshot = PypiSnapshot::default();
    packages_of(documents).for_each(|(purl, package)| snapshot.insert(purl.name(), &package));
    snapshot
}

/// The same, one project after the other.
pub(crate) fn packages_of(documents: &Documents) -> impl Iterator<Item = (Purl, Package)> {
    let all = documents.pages.iter();
    all.map(|(name, page)| recorded::package(Ecosystem::Pypi, name, page, &documents.metadata))
}

/// Resolves with many steps and default everything.
pub(crate) fn resolve(snapshot: &PypiSnapshot, root: &PypiRoot) -> Resolution {
    resolve_in(snapshot, root, &Environment::default(), &View::default(), 1_000_000)
}

/// Resolves with a scratch of its own.
pub(crate) fn resolve_in(
    snapshot: &PypiSnapshot,
    root: &PypiRoot,
    environment: &Environment,
    view: &View,
    steps: u64,
) -> Resolution {
    let mut pause = || Flow::Continue;
    let mut budget = Budget::new(steps, &mut pause);
    Pypi::resolve(snapshot, root, environment, view, &mut Scratch::default(), &mut budget)
}
