//! The recorded documents, raw and as a snapshot.

use std::collections::BTreeMap;
use std::fs::File;
use std::io::Read;
use std::path::{Path, PathBuf};
use std::sync::OnceLock;

use gleaner_model::{Package, Purl};
use gleaner_registries::{CrawlWork, Extra, read};
use gleaner_resolvers::pypi::{Environment, Pypi, PypiRoot, PypiSnapshot, Scratch};
use gleaner_resolvers::{Budget, Flow, Resolution, Resolver, Snapshot, View};

/// Pages by project and core metadata by the name of its wheel.
#[derive(Default)]
pub(crate) struct Documents {
    pub(crate) pages: BTreeMap<String, Vec<u8>>,
    pub(crate) metadata: BTreeMap<String, Vec<u8>>,
}

/// The folder of documents and cases, if it is on this machine: the one that `GLEANER_DOCUMENTS` names, if it has cases.
pub(crate) fn folder() -> Option<PathBuf> {
    let usual = || PathBuf::from(concat!(env!("CARGO_MANIFEST_DIR"), "/../../../shared/registries"));
    let folder = std::env::var_os("GLEANER_DOCUMENTS").map_or_else(usual, PathBuf::from);
    (folder.join("documents.tar.zst").exists() && folder.join("resolutions").exists()).then_some(folder)
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
    let file = File::open(folder.join("documents.tar.zst")).unwrap();
    let mut archive = tar::Archive::new(zstd::Decoder::new(file).unwrap());
    let mut documents = Documents::default();
    for entry in archive.entries().unwrap() {
        let mut entry = entry.unwrap();
        let path = entry.path().unwrap().to_string_lossy().into_owned();
        let Some((_, path)) = path.split_once("pypi/") else { continue };
        let mut text = Vec::new();
        entry.read_to_end(&mut text).unwrap();
        if let Some(page) = path.strip_prefix("simple/").and_then(|name| name.strip_suffix(".json")) {
            documents.pages.insert(page.to_owned(), text);
        } else if let Some(name) = path.strip_prefix("metadata/").filter(|name| name.ends_with(".metadata")) {
            documents.metadata.insert(name.to_owned(), text);
        }
    }
    documents
}

/// What the registries' reader makes of documents.
pub(crate) fn snapshot_of(documents: &Documents) -> PypiSnapshot {
    let mut snapshot = PypiSnapshot::default();
    packages_of(documents).for_each(|(purl, package)| snapshot.insert(purl.name(), &package));
    snapshot
}

/// The same, one project after the other.
pub(crate) fn packages_of(documents: &Documents) -> impl Iterator<Item = (Purl, Package)> {
    documents.pages.iter().map(|(name, page)| {
        let mut work = CrawlWork::new(format!("pkg:pypi/{name}").parse().unwrap(), "http://registry.invalid/");
        work.newest = usize::MAX;
        let mut reading = read(&work, page, None).unwrap();
        for request in std::mem::take(&mut reading.more) {
            let file = request.url.rsplit('/').next().unwrap();
            let version = request.version.unwrap();
            if let Some(document) = documents.metadata.get(file) {
                reading.read_more(&version, Extra::Document(document));
            }
        }
        (work.purl, reading.package)
    })
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
