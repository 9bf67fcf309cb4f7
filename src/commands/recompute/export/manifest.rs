//! What is in a directory of Parquet files, for those who find it a year later.

use std::collections::BTreeMap;
use std::fs::File;
use std::io::{self, Read};
use std::path::Path;

use gleaner_model::{ContentHash, ResolutionRecord};
use serde::Serialize;
use sha2::{Digest, Sha256};

use super::Counts;
use crate::resolution::as_of;

/// What is read of a file at a time.
const PIECE_BYTES: usize = 1 << 16;

/// The manifest's keys.
#[derive(Serialize)]
pub(super) struct Manifest {
    format: &'static str,
    made_by: &'static str,
    made_at: String,
    /// The one position in the catalogue's events that all answers are as of; null if they are as of several.
    position: Option<u64>,
    as_of: Option<String>,
    /// By ecosystem, since a list may have roots of several.
    environments: BTreeMap<String, BTreeMap<String, String>>,
    counts: Counts,
    files: Vec<FileRow>,
}

/// One file.
#[derive(Serialize)]
pub(super) struct FileRow {
    pub(super) file: &'static str,
    pub(super) rows: u64,
    pub(super) bytes: u64,
    pub(super) sha256: String,
}

/// What all answers of an export have in common, noted down while they pass.
#[derive(Default)]
pub(super) struct Common {
    as_of: Option<String>,
    environments: BTreeMap<String, BTreeMap<String, String>>,
}

impl Common {
    pub(super) fn note(&mut self, record: &ResolutionRecord) {
        let ecosystem = record.resolved.ecosystem.as_str();
        if !self.environments.contains_key(ecosystem) {
            let environment = record.resolved.environment.iter().cloned().collect();
            self.environments.insert(ecosystem.to_owned(), environment);
            self.as_of = as_of(record.question.as_of);
        }
    }

    pub(super) fn manifest(self, files: Vec<FileRow>, counts: Counts, position: Option<u64>) -> Manifest {
        Manifest {
            format: "gleaner-resolutions 1",
            made_by: concat!("gleaner ", env!("CARGO_PKG_VERSION")),
            made_at: crate::moment::now().to_string(),
            position,
            as_of: self.as_of,
            environments: self.environments,
            counts,
            files,
        }
    }
}

impl FileRow {
    /// Of a file that is whole.
    pub(super) fn of(folder: &Path, file: &'static str, rows: u64) -> io::Result<Self> {
        let (mut from, mut hash) = (File::open(folder.join(file))?, Sha256::new());
        let (mut piece, mut bytes) = (vec![0; PIECE_BYTES], 0);
        loop {
            let read = from.read(&mut piece)?;
            if read == 0 {
                let sha256 = ContentHash(hash.finalize().into()).to_string();
                return Ok(Self { file, rows, bytes, sha256 });
            }
            hash.update(&piece[..read]);
            bytes += read as u64;
        }
    }
}
