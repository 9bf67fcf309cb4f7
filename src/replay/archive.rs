//! Documents from a `.tar.zst` archive, straight into memory: nothing is written to disk.
//!
//! An archive may come from anywhere. Entry names are taken apart and only looked up in the layout, never joined to a
//! path; links and special files are refused, and every length is counted before it is read.

use std::fs::File;
use std::io::{self, Read};
use std::path::{Component, Path};

use super::documents::{DocumentsError, Reading, place};

/// Nothing longer than this is decoded, whatever the entries claim: padding, headers and long names are not counted
/// as documents, and could go on for ever.
const MAX_DECODED_BYTES: u64 = 5 << 30;

/// The largest window that a frame may ask for, as a power of two: the decoder's own default, 128 MiB.
const MAX_WINDOW_LOG: u32 = 27;

/// Reads every document of the archive at `path`.
pub(super) fn read(path: &Path, reading: &mut Reading<'_>) -> Result<(), DocumentsError> {
    let failed = |error| DocumentsError::Read { path: path.to_owned(), error };
    let file = File::open(path).map_err(failed)?;
    let mut decoder = zstd::Decoder::new(file).map_err(failed)?;
    decoder.window_log_max(MAX_WINDOW_LOG).map_err(failed)?;
    let mut archive = tar::Archive::new(decoder.take(MAX_DECODED_BYTES));
    for entry in archive.entries().map_err(failed)? {
        read_entry(path, entry.map_err(failed)?, reading)?;
    }
    Ok(())
}

fn read_entry(
    path: &Path,
    mut entry: tar::Entry<'_, impl Read>,
    reading: &mut Reading<'_>,
) -> Result<(), DocumentsError> {
    let failed = |error| DocumentsError::Read { path: path.to_owned(), error };
    let name = String::from_utf8_lossy(&entry.path_bytes()).into_owned();
    reading.account(&name, entry.size())?;
    let kind = entry.header().entry_type();
    let refused = || DocumentsError::Entry { path: path.to_owned(), entry: name.clone() };
    let parts = parts_of(&name).ok_or_else(refused)?;
    if kind.is_dir() || kind.is_pax_global_extensions() {
        return Ok(());
    }
    if !kind.is_file() {
        return Err(refused());
    }
    let Some(place) = place(&parts) else { return Ok(()) };
    let length = entry.size();
    let mut body = Vec::new();
    entry.read_to_end(&mut body).map_err(failed)?;
    if body.len() as u64 != length {
        return Err(failed(io::Error::new(io::ErrorKind::UnexpectedEof, format!("`{name}` is cut short"))));
    }
    reading.add(place, body);
    Ok(())
}

/// The parts of a relative path that stays below its root, or nothing.
fn parts_of(name: &str) -> Option<Vec<&str>> {
    let mut parts = Vec::new();
    for component in Path::new(name).components() {
        match component {
            Component::Normal(part) => parts.push(part.to_str()?),
            Component::CurDir => {}
            Component::ParentDir | Component::RootDir | Component::Prefix(_) => return None,
        }
    }
    Some(parts)
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]

    use std::io::Write;

    use gleaner_model::Ecosystem;

    use super::super::documents::Documents;
    use super::*;

    /// An archive whose headers say exactly what the test wants, right or wrong.
    fn pack(entries: &[(&str, tar::EntryType, &[u8])]) -> Vec<u8> {
        let mut builder = tar::Builder::new(Vec::new());
        for (name, kind, body) in entries {
            let mut header = tar::Header::new_gnu();
            header.as_gnu_mut().unwrap().name[..name.len()].copy_from_slice(name.as_bytes());
            header.set_entry_type(*kind);
            header.set_size(body.len() as u64);
            header.set_cksum();
            builder.append(&header, *body).unwrap();
        }
        zstd::encode_all(builder.into_inner().unwrap().as_slice(), 1).unwrap()
    }

    fn open(packed: &[u8]) -> Result<Documents, DocumentsError> {
        let mut file = tempfile::Builder::new().suffix(".tar.zst").tempfile().unwrap();
        file.write_all(packed).unwrap();
        Documents::open(file.path())
    }

    #[test]
    fn reads_documents_and_passes_over_the_rest() {
        let packed = pack(&[
            ("./cargo/", tar::EntryType::Directory, b""),
            ("./cargo/se/rd/serde", tar::EntryType::Regular, b"{}\n"),
            ("npm/@a%2fb.json", tar::EntryType::Regular, b"{}"),
            ("README.md", tar::EntryType::Regular, b"hello"),
        ]);
        let documents = open(&packed).unwrap();
        assert_eq!(documents.len(), 2);
        assert_eq!(documents.names(Ecosystem::Npm), ["@a/b"]);
    }

    #[test]
    fn entries_that_leave_the_root_are_refused() {
        for name in ["../cargo/se/rd/serde", "/etc/passwd", "npm/../../x.json"] {
            let error = open(&pack(&[(name, tar::EntryType::Regular, b"{}")])).unwrap_err();
            assert!(matches!(&error, DocumentsError::Entry { entry, .. } if entry == name), "{error}");
        }
        let error = open(&pack(&[("npm/x.json", tar::EntryType::Symlink, b"")])).unwrap_err();
        assert!(matches!(error, DocumentsError::Entry { .. }));
    }

    #[test]
    fn a_claimed_length_is_refused_before_it_is_read() {
        let mut header = tar::Header::new_gnu();
        header.as_gnu_mut().unwrap().name[..10].copy_from_slice(b"npm/x.json");
        header.set_entry_type(tar::EntryType::Regular);
        header.set_size(1 << 40);
        header.set_cksum();
        let packed = zstd::encode_all(header.as_bytes().as_slice(), 1).unwrap();
        assert!(matches!(open(&packed), Err(DocumentsError::TooLarge { .. })));
    }

    #[test]
    fn damage_is_an_error() {
        let packed = pack(&[("npm/x.json", tar::EntryType::Regular, &[b' '; 9000])]);
        assert!(matches!(open(&packed[..packed.len() / 2]), Err(DocumentsError::Read { .. })));
        assert!(matches!(open(b"not zstd at all"), Err(DocumentsError::Read { .. })));
    }
}
