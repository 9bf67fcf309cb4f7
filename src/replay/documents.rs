//! The recorded documents in memory, by what asks for them.
//!
//! The layout on disk is that of `tests/fixtures/registries/README.md`: `cargo/se/rd/serde`, `npm/@scope%2fname.json`,
//! `pypi/simple/flask.json`, `pypi/metadata/<wheel>.metadata`. Whatever else lies there is passed over.

use std::collections::HashMap;
use std::io;
use std::path::{Path, PathBuf};

use axum::body::Bytes;
use axum::http::HeaderValue;
use gleaner_model::Ecosystem;
use sha2::{Digest, Sha256};

use super::{archive, folder};

/// The host that recorded documents name wherever the registry named itself.
const RECORDED_ORIGIN: &str = "http://registry.invalid";

/// The archive that a directory may hold instead of the documents themselves.
const ARCHIVE_NAME: &str = "documents.tar.zst";

/// One document of at most this many bytes: ten times the largest packument known.
const MAX_DOCUMENT_BYTES: u64 = 1 << 28;

/// All documents together, since they are kept in memory: many times the sets in use, and less than a small machine has.
const MAX_TOTAL_BYTES: u64 = 4 << 30;

/// As many documents as the largest registry has packages, so that names alone cannot fill the memory either.
const MAX_DOCUMENTS: usize = 5_000_000;

/// What kind of request a document answers.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(super) enum Shelf {
    /// A sparse-index file, by its path in the index.
    Index,
    /// A packument, by the package's name.
    Packument,
    /// A project page, by the normalised name.
    Page,
    /// A wheel's core metadata, by the wheel's file name and `.metadata`.
    Metadata,
}

/// A document as it is served.
#[derive(Clone, Debug)]
pub(super) struct Document {
    pub(super) body: Bytes,
    /// A strong ETag made from the recorded bytes, so that it is the same whichever port serves them.
    pub(super) etag: HeaderValue,
}

/// A set of recorded documents.
#[derive(Debug, Default)]
pub(crate) struct Documents {
    shelves: HashMap<Shelf, HashMap<String, Document>>,
}

/// Why there are no documents to serve.
#[derive(Debug, thiserror::Error)]
pub(crate) enum DocumentsError {
    /// The path names neither a directory of documents nor an archive.
    #[error(
        "`{}` holds no registry documents: name a directory with cargo/, npm/ or pypi/ in it, one with {ARCHIVE_NAME}, \
         or a .tar.zst file",
        path.display()
    )]
    NoDocuments {
        /// What was named.
        path: PathBuf,
    },
    /// The operating system, or the decoder, would not.
    #[error("cannot read `{}`: {error}", path.display())]
    Read {
        /// Which file or directory.
        path: PathBuf,
        /// Why not.
        error: io::Error,
    },
    /// An archive entry that wants to be somewhere else.
    #[error("`{}` has an entry `{entry}` that is not a plain file or directory below the archive's root", path.display())]
    Entry {
        /// The archive.
        path: PathBuf,
        /// The entry's name.
        entry: String,
    },
    /// More than a set of documents may be.
    #[error("`{}` is too large to serve from memory: {what}", path.display())]
    TooLarge {
        /// What was being read.
        path: PathBuf,
        /// Which limit it passed.
        what: String,
    },
}

impl Documents {
    /// Reads the documents at `path`: a directory with `cargo/`, `npm/` or `pypi/`, a directory with
    /// `documents.tar.zst`, or such an archive. Blocks; takes about a second for 250 MB.
    ///
    /// # Errors
    /// Nothing of the kind is there, it cannot be read, it is unsafe or it is too large.
    pub(crate) fn open(path: &Path) -> Result<Self, DocumentsError> {
        let mut reading = Reading::new(path);
        let archive = path.join(ARCHIVE_NAME);
        if path.is_file() && path.to_string_lossy().ends_with(".tar.zst") {
            archive::read(path, &mut reading)?;
        } else if ["cargo", "npm", "pypi"].iter().any(|folder| path.join(folder).is_dir()) {
            folder::read(path, &mut reading)?;
        } else if archive.is_file() {
            archive::read(&archive, &mut reading)?;
        }
        if reading.found.is_empty() {
            return Err(DocumentsError::NoDocuments { path: path.to_owned() });
        }
        Ok(reading.finish())
    }

    /// How many documents there are.
    pub(crate) fn len(&self) -> usize {
        self.shelves.values().map(HashMap::len).sum()
    }

    /// The packages of `ecosystem` in alphabetical order, each by the name that its registry asks for.
    pub(crate) fn names(&self, ecosystem: Ecosystem) -> Vec<&str> {
        let shelf = match ecosystem {
            Ecosystem::Cargo => Shelf::Index,
            Ecosystem::Npm => Shelf::Packument,
            Ecosystem::Pypi => Shelf::Page,
        };
        let keys = self.shelves.get(&shelf).into_iter().flat_map(HashMap::keys);
        let name = |key: &'_ String| match ecosystem {
            Ecosystem::Cargo => key.rfind('/').map_or(0, |slash| slash + 1),
            Ecosystem::Npm | Ecosystem::Pypi => 0,
        };
        let mut names: Vec<&str> = keys.map(|key| &key[name(key)..]).collect();
        names.sort_unstable();
        names
    }

    pub(super) fn get(&self, shelf: Shelf, key: &str) -> Option<&Document> {
        self.shelves.get(&shelf)?.get(key)
    }

    /// The same documents with their links to the recorded host turned to `origin`. Core metadata and index files are
    /// left as recorded: no client follows links from them.
    pub(super) fn addressed_to(mut self, origin: &str) -> Self {
        for (shelf, base) in [(Shelf::Packument, format!("{origin}/npm")), (Shelf::Page, origin.to_owned())] {
            let Some(documents) = self.shelves.get_mut(&shelf) else { continue };
            in_parallel(documents.values_mut().collect(), |document| readdress(document, &base));
        }
        self
    }
}

/// Replaces the recorded origin, if it occurs. What is not UTF-8 is served as it is: it is there to be malformed.
fn readdress(document: &mut Document, base: &str) {
    let Ok(text) = std::str::from_utf8(&document.body) else { return };
    if text.contains(RECORDED_ORIGIN) {
        document.body = text.replace(RECORDED_ORIGIN, base).into();
    }
}

/// The documents while they are read, and what was read so far.
pub(super) struct Reading<'a> {
    source: &'a Path,
    found: Vec<(Shelf, String, Document)>,
    bytes: u64,
}

impl<'a> Reading<'a> {
    fn new(source: &'a Path) -> Self {
        Self { source, found: Vec::new(), bytes: 0 }
    }

    /// Counts `length` bytes about to be read from `name`.
    pub(super) fn account(&mut self, name: &str, length: u64) -> Result<(), DocumentsError> {
        self.bytes = self.bytes.saturating_add(length);
        let what = if length > MAX_DOCUMENT_BYTES {
            format!("`{name}` has {length} bytes and a document may have {MAX_DOCUMENT_BYTES}")
        } else if self.bytes > MAX_TOTAL_BYTES {
            format!("it has more than {MAX_TOTAL_BYTES} bytes")
        } else if self.found.len() >= MAX_DOCUMENTS {
            format!("it has more than {MAX_DOCUMENTS} documents")
        } else {
            return Ok(());
        };
        Err(DocumentsError::TooLarge { path: self.source.to_owned(), what })
    }

    pub(super) fn add(&mut self, (shelf, key): (Shelf, String), body: Vec<u8>) {
        let document = Document { body: body.into(), etag: HeaderValue::from_static("\"\"") };
        self.found.push((shelf, key, document));
    }

    fn finish(mut self) -> Documents {
        in_parallel(self.found.iter_mut().collect(), |(_, _, document)| document.etag = etag_of(&document.body));
        let mut documents = Documents::default();
        for (shelf, key, document) in self.found {
            documents.shelves.entry(shelf).or_default().insert(key, document);
        }
        documents
    }
}

/// The place of the file at `parts`, seen from the root of the layout, or nothing if it is no document.
pub(super) fn place(parts: &[&str]) -> Option<(Shelf, String)> {
    let (shelf, key) = match parts {
        ["cargo", "config.json"] => return None,
        ["cargo", path @ ..] if (2..=3).contains(&path.len()) => (Shelf::Index, path.join("/")),
        ["npm", file] => (Shelf::Packument, file.strip_suffix(".json")?.replace("%2f", "/").replace("%2F", "/")),
        ["pypi", "simple", file] => (Shelf::Page, file.strip_suffix(".json")?.to_owned()),
        ["pypi", "metadata", file] => (Shelf::Metadata, file.ends_with(".metadata").then(|| (*file).to_owned())?),
        _ => return None,
    };
    Some((shelf, key))
}

fn etag_of(body: &[u8]) -> HeaderValue {
    let hash = gleaner_model::ContentHash(Sha256::digest(body).into());
    HeaderValue::from_str(&format!("\"{hash}\"")).expect("hexadecimal digits and quotes make a header")
}

/// Does `work` on every item, on as many threads as there are cores; a few large items do not end up together.
fn in_parallel<T: Send>(items: Vec<T>, work: impl Fn(T) + Sync) {
    let threads = std::thread::available_parallelism().map_or(1, usize::from).min(8);
    let mut heaps: Vec<Vec<T>> = (0..threads).map(|_| Vec::new()).collect();
    for (index, item) in items.into_iter().enumerate() {
        heaps[index % threads].push(item);
    }
    std::thread::scope(|scope| {
        for heap in heaps {
            scope.spawn(|| heap.into_iter().for_each(&work));
        }
    });
}

#[cfg(test)]
pub(super) mod tests;
