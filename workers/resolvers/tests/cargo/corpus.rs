//! The recorded documents, as a snapshot.

use std::collections::BTreeMap;
use std::sync::OnceLock;

use gleaner_model::{Ecosystem, PackageName};
use gleaner_resolvers::cargo::{Cargo, CargoRoot, CargoSnapshot};
use gleaner_resolvers::{Budget, Flow, Graph, Resolution, Resolver, Snapshot, View};

use crate::recorded;

/// All recorded index files: names and texts.
pub(crate) fn documents() -> &'static [(String, Vec<u8>)] {
    static DOCUMENTS: OnceLock<Vec<(String, Vec<u8>)>> = OnceLock::new();
    let read = || {
        let folder = recorded::folder_or_own().expect("`GLEANER_DOCUMENTS` names a folder of documents");
        recorded::documents(&folder, Ecosystem::Cargo).main
    };
    DOCUMENTS.get_or_init(read)
}

/// A snapshot of all recorded index files.
pub(crate) fn snapshot() -> &'static CargoSnapshot {
    static SNAPSHOT: OnceLock<CargoSnapshot> = OnceLock::new();
    SNAPSHOT.get_or_init(|| snapshot_of(documents().iter().map(|(name, text)| (name.as_str(), &**text))))
}

/// A snapshot of index files.
pub(crate) fn snapshot_of<'a>(documents: impl Iterator<Item = (&'a str, &'a [u8])>) -> CargoSnapshot {
    let mut snapshot = CargoSnapshot::default();
    for (name, text) in documents {
        let (purl, package) = recorded::package(Ecosystem::Cargo, name, text, &BTreeMap::new());
        snapshot.insert(purl.name(), &package);
    }
    snapshot
}

/// Takes in that there is no such crate.
pub(crate) fn insert_absent(snapshot: &mut CargoSnapshot, name: &str) {
    if let Ok(name) = PackageName::new(Ecosystem::Cargo, name) {
        snapshot.insert_absent(&name);
    }
}

/// Resolves with many steps and default everything.
pub(crate) fn resolve(snapshot: &CargoSnapshot, root: &CargoRoot) -> Resolution {
    resolve_with(snapshot, root, &[])
}

/// The same with an environment.
pub(crate) fn resolve_with(snapshot: &CargoSnapshot, root: &CargoRoot, environment: &[(&str, &str)]) -> Resolution {
    let entries: Vec<_> = environment.iter().map(|(key, value)| ((*key).to_owned(), (*value).to_owned())).collect();
    let environment = Cargo::environment(&entries).unwrap();
    let mut pause = || Flow::Continue;
    let mut budget = Budget::new(10_000_000, &mut pause);
    Cargo::resolve(snapshot, root, &environment, &View::default(), &mut Default::default(), &mut budget)
}

/// Every version satisfies the requirements of all edges to it.
pub(crate) fn assert_requirements_hold(graph: &Graph) {
    for edge in &graph.edges {
        let node = &graph.nodes[edge.to as usize];
        let requirement = semver::VersionReq::parse(&edge.requirement).unwrap();
        assert!(requirement.matches(&node.version.parse().unwrap()), "{edge:?} {node:?}");
    }
}
