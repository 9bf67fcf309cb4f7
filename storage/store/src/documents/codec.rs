//! A document's bytes and their names: a plain zstd frame with content size and checksum, named by the SHA-256 of what
//! is inside. Any zstd tool reads it.

use bytes::Bytes;
use sha2::{Digest, Sha256};
use zstd::zstd_safe::{self, CParameter};

use gleaner_model::ContentHash;

use super::DocumentsError;

/// Longest document in bytes, uncompressed. The longest known, npm packuments, are somewhat above 100 MB; a frame that
/// claims more is not unpacked.
pub const DOCUMENT_MAX: usize = 512 * 1024 * 1024;

/// zstd's level. On 247 MB of real documents level 1 packs 800 to 1,600 MB a second to 4.5-16 % of their size; level 3
/// is slower and no smaller, and level 9 takes four to ten times as long for a twentieth.
const LEVEL: i32 = 1;

/// The name of a document: the SHA-256 of its bytes.
#[must_use]
pub fn content_hash(document: &[u8]) -> ContentHash {
    ContentHash(Sha256::digest(document).into())
}

/// A document as it is kept.
#[must_use]
pub fn compress(document: &[u8]) -> Vec<u8> {
    let mut compressor = zstd::bulk::Compressor::new(LEVEL).expect("the level is one of zstd's");
    compressor.set_parameter(CParameter::ChecksumFlag(true)).expect("every zstd has checksums");
    compressor.compress(document).expect("the buffer is as long as zstd says that it must be")
}

/// The document in a frame, as long as it says that it is and at most `max` bytes.
///
/// # Errors
/// What is wrong with the frame.
pub fn decompress(compressed: &[u8], max: usize) -> Result<Vec<u8>, &'static str> {
    let length = length(compressed, max)?;
    let document = zstd::bulk::decompress(compressed, length).map_err(|_| "it does not unpack")?;
    if document.len() == length { Ok(document) } else { Err("it is shorter than it says") }
}

/// The SHA-256 of several pieces, one after the other.
pub(super) fn hash_of_all(pieces: &[Bytes]) -> ContentHash {
    let mut hasher = Sha256::new();
    pieces.iter().for_each(|piece| hasher.update(piece));
    ContentHash(hasher.finalize().into())
}

/// Looks whether `compressed` may be a document, without unpacking it.
pub(super) fn look(compressed: &[u8]) -> Result<usize, &'static str> {
    length(compressed, DOCUMENT_MAX)
}

/// The length that a frame claims for its content.
fn length(compressed: &[u8], max: usize) -> Result<usize, &'static str> {
    let length = zstd_safe::get_frame_content_size(compressed).map_err(|_| "it is not a zstd frame")?;
    let length = length.and_then(|length| usize::try_from(length).ok()).ok_or("it does not say how long it is")?;
    if length > max { Err("it is longer than documents may be") } else { Ok(length) }
}

/// The document named `hash` in `compressed`.
pub(super) fn check(hash: ContentHash, compressed: &[u8]) -> Result<Vec<u8>, DocumentsError> {
    let damaged = |flaw| DocumentsError::Damaged { hash, flaw };
    let document = decompress(compressed, DOCUMENT_MAX).map_err(damaged)?;
    if content_hash(&document) == hash { Ok(document) } else { Err(damaged("its SHA-256 is another one")) }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_document_comes_back_and_damage_is_found() {
        let document = b"{\"name\":\"serde\"}".repeat(1000);
        let hash = content_hash(&document);
        let compressed = compress(&document);
        assert!(compressed.len() < document.len() / 10);
        assert_eq!(check(hash, &compressed).ok(), Some(document));
        for at in 0..compressed.len() {
            let mut bad = compressed.clone();
            bad[at] ^= 0x08;
            assert!(check(hash, &bad).is_err(), "byte {at}");
            assert!(check(hash, &compressed[..at]).is_err(), "cut at {at}");
        }
    }

    #[test]
    fn a_bomb_is_not_unpacked() {
        let compressed = compress(&vec![0; 1 << 20]);
        assert_eq!(decompress(&compressed, (1 << 20) - 1), Err("it is longer than documents may be"));
        assert!(decompress(&compressed, 1 << 20).is_ok());
        assert!(decompress(b"plain text", 100).is_err());
    }

    #[test]
    fn the_empty_document_is_one_too() {
        assert_eq!(decompress(&compress(b""), 10), Ok(Vec::new()));
        assert_eq!(content_hash(b"").to_string(), "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855");
    }
}
