//! Recorded registry documents as plain bytes: what the program's answers are compared with.

#![allow(clippy::disallowed_methods, reason = "GLEANER_DOCUMENTS names a larger set")]

use std::collections::BTreeMap;
use std::fs::File;
use std::io::Read;
use std::path::{Path, PathBuf};

/// The documents that are in the repository.
pub(crate) fn fixtures() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/fixtures/registries")
}

/// The larger set that `GLEANER_DOCUMENTS` names, if it names one.
pub(crate) fn named() -> Option<PathBuf> {
    let path = PathBuf::from(std::env::var_os("GLEANER_DOCUMENTS").filter(|path| !path.is_empty())?);
    assert!(path.is_dir(), "GLEANER_DOCUMENTS names {}, which is no folder", path.display());
    // Cargo runs tests in the package's folder, and the program under test runs elsewhere.
    Some(path.canonicalize().unwrap())
}

/// All documents of a set.
#[derive(Default)]
pub(crate) struct Documents {
    /// Index files by the crate's name.
    pub(crate) cargo: BTreeMap<String, Vec<u8>>,
    /// Packuments by the package's name, such as `@babel/core`.
    pub(crate) npm: BTreeMap<String, Vec<u8>>,
    /// Project pages by the project's normalised name.
    pub(crate) pages: BTreeMap<String, Vec<u8>>,
    /// Core metadata by the wheel's file name.
    pub(crate) metadata: BTreeMap<String, Vec<u8>>,
}

impl Documents {
    /// Reads a folder with `cargo/`, `npm/` and `pypi/`, or one with `documents.tar.zst`.
    pub(crate) fn read(folder: &Path) -> Self {
        let mut documents = Self::default();
        let archive = folder.join("documents.tar.zst");
        if archive.is_file() {
            documents.unpack(&archive);
        } else {
            documents.walk(folder, folder);
        }
        assert!(!documents.cargo.is_empty() && !documents.npm.is_empty() && !documents.pages.is_empty());
        documents
    }

    /// The purls of all packages.
    pub(crate) fn purls(&self) -> Vec<String> {
        let cargo = self.cargo.keys().map(|name| format!("pkg:cargo/{name}"));
        let npm = self.npm.keys().map(|name| npm_purl(name));
        cargo.chain(npm).chain(self.pages.keys().map(|name| format!("pkg:pypi/{name}"))).collect()
    }

    fn unpack(&mut self, archive: &Path) {
        let mut decoder = zstd::Decoder::new(File::open(archive).unwrap()).unwrap();
        decoder.window_log_max(31).unwrap();
        for entry in tar::Archive::new(decoder).entries().unwrap() {
            let mut entry = entry.unwrap();
            if entry.header().entry_type().is_file() {
                let path = entry.path().unwrap().to_string_lossy().into_owned();
                let mut bytes = Vec::new();
                entry.read_to_end(&mut bytes).unwrap();
                self.put(&path, bytes);
            }
        }
    }

    fn walk(&mut self, root: &Path, folder: &Path) {
        for entry in std::fs::read_dir(folder).unwrap() {
            let path = entry.unwrap().path();
            if path.is_dir() {
                self.walk(root, &path);
            } else {
                let name = path.strip_prefix(root).unwrap().to_string_lossy().into_owned();
                self.put(&name, std::fs::read(&path).unwrap());
            }
        }
    }

    fn put(&mut self, path: &str, bytes: Vec<u8>) {
        let path = path.trim_start_matches("./");
        let (shelf, name) = if let Some(path) = path.strip_prefix("cargo/") {
            (&mut self.cargo, path.rsplit('/').next().unwrap().to_owned())
        } else if let Some(name) = path.strip_prefix("npm/").and_then(|name| name.strip_suffix(".json")) {
            (&mut self.npm, name.replace("%2f", "/"))
        } else if let Some(name) = path.strip_prefix("pypi/simple/").and_then(|name| name.strip_suffix(".json")) {
            (&mut self.pages, name.to_owned())
        } else if let Some(name) = path.strip_prefix("pypi/metadata/").and_then(|name| name.strip_suffix(".metadata")) {
            (&mut self.metadata, name.to_owned())
        } else {
            return;
        };
        shelf.insert(name, bytes);
    }
}

/// The purl of an npm package.
pub(crate) fn npm_purl(name: &str) -> String {
    format!("pkg:npm/{}", name.replace('@', "%40"))
}
