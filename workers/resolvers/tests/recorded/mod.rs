//! The recorded documents, read by their adapters.
//!
//! Every ecosystem's tests, the replay of publish times and the bench read the same archive; where it lies and how its
//! paths name packages is written once, here.

#![allow(dead_code, reason = "each of those who share it uses a part")]

use std::collections::BTreeMap;
use std::fs::File;
use std::io::Read as _;
use std::path::{Path, PathBuf};

use gleaner_model::{Ecosystem, Package, Purl};
use gleaner_registries::{CrawlWork, Extra, read};

/// A package's name and the text of its main document.
pub(crate) type Document = (String, Vec<u8>);

/// The documents of one ecosystem.
#[derive(Default)]
pub(crate) struct Recorded {
    /// One a package, in the order of the archive.
    pub(crate) main: Vec<Document>,
    /// Python's core metadata by the name of its wheel.
    pub(crate) metadata: BTreeMap<String, Vec<u8>>,
}

/// The folder that `GLEANER_DOCUMENTS` names, else `usual`, seen from this crate's folder; if it has documents.
fn folder_or(usual: &str) -> Option<PathBuf> {
    let usual = || Path::new(env!("CARGO_MANIFEST_DIR")).join(usual);
    let folder = std::env::var_os("GLEANER_DOCUMENTS").map_or_else(usual, PathBuf::from);
    folder.join("documents.tar.zst").exists().then_some(folder)
}

/// The folder of documents: the one that the variable names, else the repository's own few.
pub(crate) fn folder_or_own() -> Option<PathBuf> {
    folder_or("../../tests/fixtures/registries")
}

/// The folder of many documents, if it is on this machine.
pub(crate) fn folder() -> Option<PathBuf> {
    folder_or("../../../shared/registries")
}

/// The same, if it has cases too.
pub(crate) fn folder_with_cases() -> Option<PathBuf> {
    folder().filter(|folder| folder.join("resolutions").exists())
}

/// The documents of an ecosystem in a folder.
pub(crate) fn documents(folder: &Path, ecosystem: Ecosystem) -> Recorded {
    let file = File::open(folder.join("documents.tar.zst")).unwrap();
    let mut archive = tar::Archive::new(zstd::Decoder::new(file).unwrap());
    let mut recorded = Recorded::default();
    for entry in archive.entries().unwrap() {
        let mut entry = entry.unwrap();
        let path = entry.path().unwrap().to_string_lossy().trim_start_matches("./").to_owned();
        let Some(path) = path.strip_prefix(&format!("{ecosystem}/")) else { continue };
        if !entry.header().entry_type().is_file() {
            continue;
        }
        let mut text = Vec::new();
        entry.read_to_end(&mut text).unwrap();
        match path.strip_prefix("metadata/") {
            Some(wheel) => drop(recorded.metadata.insert(wheel.to_owned(), text)),
            None => recorded.main.push((name(ecosystem, path, &text), text)),
        }
    }
    recorded
}

/// cargo's files are named in lower case, and their lines have the crate's own name.
fn name(ecosystem: Ecosystem, path: &str, text: &[u8]) -> String {
    let file = path.rsplit('/').next().unwrap().trim_end_matches(".json");
    match ecosystem {
        Ecosystem::Cargo => {
            let line = text.split(|byte| *byte == b'\n').next().unwrap();
            serde_json::from_slice::<serde_json::Value>(line).unwrap()["name"].as_str().unwrap().to_owned()
        }
        Ecosystem::Npm => file.replace("%2f", "/"),
        Ecosystem::Pypi => file.to_owned(),
    }
}

/// What the adapter makes of a package's documents; all that is there of its core metadata is read.
pub(crate) fn package(
    ecosystem: Ecosystem,
    name: &str,
    text: &[u8],
    metadata: &BTreeMap<String, Vec<u8>>,
) -> (Purl, Package) {
    let purl = format!("pkg:{ecosystem}/{}", name.replace('@', "%40"));
    let mut work = CrawlWork::new(purl.parse().unwrap(), "http://registry.invalid/");
    work.newest = usize::MAX;
    let mut reading = read(&work, text, None).unwrap();
    for request in std::mem::take(&mut reading.more) {
        let found = metadata.get(request.url.rsplit('/').next().unwrap());
        if let (Some(document), Some(version)) = (found, request.version) {
            reading.read_more(&version, Extra::Document(document));
        }
    }
    (work.purl, reading.package)
}
