//! The recorded documents, as a snapshot.

use std::fs::File;
use std::io::Read;
use std::path::{Path, PathBuf};
use std::sync::OnceLock;

use gleaner_model::{Ecosystem, PackageName};
use gleaner_registries::{CrawlWork, read};
use gleaner_resolvers::cargo::{Cargo, CargoRoot, CargoSnapshot};
use gleaner_resolvers::{Budget, Flow, Graph, Resolution, Resolver, Snapshot, View};

/// The folder of documents: the one that `GLEANER_DOCUMENTS` names, else the repository's own few.
pub(crate) fn folder() -> PathBuf {
    let own = || PathBuf::from(concat!(env!("CARGO_MANIFEST_DIR"), "/../../tests/fixtures/registries"));
    std::env::var_os("GLEANER_DOCUMENTS").map_or_else(own, PathBuf::from)
}

/// All recorded index files: names and texts.
pub(crate) fn documents() -> &'static [(String, Vec<u8>)] {
    static DOCUMENTS: OnceLock<Vec<(String, Vec<u8>)>> = OnceLock::new();
    DOCUMENTS.get_or_init(|| unpack(&folder()))
}

fn unpack(folder: &Path) -> Vec<(String, Vec<u8>)> {
    let file = File::open(folder.join("documents.tar.zst")).unwrap();
    let mut archive = tar::Archive::new(zstd::Decoder::new(file).unwrap());
    let mut documents = Vec::new();
    for entry in archive.entries().unwrap() {
        let mut entry = entry.unwrap();
        let path = entry.path().unwrap().into_owned();
        let is_index = path.components().any(|part| part.as_os_str() == "cargo");
        if is_index && entry.header().entry_type().is_file() {
            let mut text = Vec::new();
            entry.read_to_end(&mut text).unwrap();
            // The file's name is in lower case; its lines have the crate's own.
            let line = text.split(|byte| *byte == b'\n').next().unwrap();
            let name = serde_json::from_slice::<serde_json::Value>(line).unwrap()["name"].as_str().unwrap().to_owned();
            documents.push((name, text));
        }
    }
    documents
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
        let work = CrawlWork::new(format!("pkg:cargo/{name}").parse().unwrap(), "http://registry.invalid/");
        let reading = read(&work, text, None).unwrap();
        snapshot.insert(work.purl.name(), &reading.package);
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
