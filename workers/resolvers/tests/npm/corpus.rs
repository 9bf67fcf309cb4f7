//! The recorded documents, as a snapshot.

use std::fs::File;
use std::io::Read;
use std::path::{Path, PathBuf};
use std::sync::OnceLock;

use gleaner_model::{Package, Purl};
use gleaner_registries::{CrawlWork, read};
use gleaner_resolvers::npm::{Npm, NpmRoot, NpmSnapshot};
use gleaner_resolvers::{Budget, Flow, Resolution, Resolver, Snapshot, View};

/// The folder of documents and cases, if it is on this machine: the one that `GLEANER_DOCUMENTS` names, if it has cases.
pub(crate) fn folder() -> Option<PathBuf> {
    let usual = || PathBuf::from(concat!(env!("CARGO_MANIFEST_DIR"), "/../../../shared/registries"));
    let folder = std::env::var_os("GLEANER_DOCUMENTS").map_or_else(usual, PathBuf::from);
    (folder.join("documents.tar.zst").exists() && folder.join("resolutions").exists()).then_some(folder)
}

/// A packument's package and text.
type Document = (String, Vec<u8>);

/// All recorded packuments.
pub(crate) fn documents() -> Option<&'static [Document]> {
    static DOCUMENTS: OnceLock<Option<Vec<Document>>> = OnceLock::new();
    DOCUMENTS.get_or_init(|| folder().map(|folder| unpack(&folder))).as_deref()
}

fn unpack(folder: &Path) -> Vec<Document> {
    let file = File::open(folder.join("documents.tar.zst")).unwrap();
    let mut archive = tar::Archive::new(zstd::Decoder::new(file).unwrap());
    let mut documents = Vec::new();
    for entry in archive.entries().unwrap() {
        let mut entry = entry.unwrap();
        let path = entry.path().unwrap().into_owned();
        let is_npm = path.components().any(|part| part.as_os_str() == "npm");
        if is_npm && entry.header().entry_type().is_file() {
            let name = path.file_stem().unwrap().to_string_lossy().replace("%2f", "/");
            let mut text = Vec::new();
            entry.read_to_end(&mut text).unwrap();
            documents.push((name, text));
        }
    }
    documents
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
    documents.map(|(name, text)| {
        let purl = format!("pkg:npm/{}", name.replace('@', "%40"));
        let work = CrawlWork::new(purl.parse().unwrap(), "http://registry.invalid/");
        let package = read(&work, text, None).unwrap().package;
        (work.purl, package)
    })
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
