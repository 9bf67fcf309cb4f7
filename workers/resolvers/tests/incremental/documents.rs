//! The recorded documents of one ecosystem, read by its adapter.

use std::collections::HashMap;
use std::fs::File;
use std::io::Read as _;
use std::path::PathBuf;

use gleaner_model::{Ecosystem, Package, Purl};
use gleaner_registries::{CrawlWork, Extra, read};

/// All packages of an ecosystem, by name; none where there are no documents.
pub(crate) fn packages(ecosystem: Ecosystem) -> Option<Vec<(Purl, Package)>> {
    let usual = || PathBuf::from(concat!(env!("CARGO_MANIFEST_DIR"), "/../../../shared/registries"));
    let archive = std::env::var_os("GLEANER_DOCUMENTS").map_or_else(usual, PathBuf::from).join("documents.tar.zst");
    let mut archive = tar::Archive::new(zstd::Decoder::new(File::open(archive).ok()?).unwrap());
    let (mut main, mut more) = (Vec::new(), HashMap::new());
    for entry in archive.entries().unwrap() {
        let mut entry = entry.unwrap();
        let path = entry.path().unwrap().to_string_lossy().trim_start_matches("./").to_owned();
        let Some(path) = path.strip_prefix(&format!("{ecosystem}/")) else { continue };
        let mut text = Vec::new();
        entry.read_to_end(&mut text).unwrap();
        if let Some(name) = path.strip_prefix("metadata/") {
            more.insert(name.to_owned(), text);
        } else if entry.header().entry_type().is_file() {
            main.push((name_of(ecosystem, path, &text), text));
        }
    }
    let mut packages: Vec<_> =
        main.iter().map(|(name, text)| package(&format!("pkg:{ecosystem}/{name}"), text, &more)).collect();
    packages.sort_by_cached_key(|(purl, _)| purl.to_string());
    Some(packages)
}

/// cargo's files are named in lower case, and their lines have the crate's own name.
fn name_of(ecosystem: Ecosystem, path: &str, text: &[u8]) -> String {
    let file = path.rsplit('/').next().unwrap();
    match ecosystem {
        Ecosystem::Cargo => {
            let line = text.split(|byte| *byte == b'\n').next().unwrap();
            serde_json::from_slice::<serde_json::Value>(line).unwrap()["name"].as_str().unwrap().to_owned()
        }
        Ecosystem::Npm => file.trim_end_matches(".json").replace("%2f", "/").replacen('@', "%40", 1),
        Ecosystem::Pypi => file.trim_end_matches(".json").to_owned(),
    }
}

fn package(purl: &str, text: &[u8], more: &HashMap<String, Vec<u8>>) -> (Purl, Package) {
    let mut work = CrawlWork::new(purl.parse().unwrap(), "http://registry.invalid/");
    work.newest = usize::MAX;
    let mut reading = read(&work, text, None).unwrap();
    for request in std::mem::take(&mut reading.more) {
        let found = more.get(request.url.rsplit('/').next().unwrap());
        if let (Some(document), Some(version)) = (found, request.version) {
            reading.read_more(&version, Extra::Document(document));
        }
    }
    (work.purl, reading.package)
}
