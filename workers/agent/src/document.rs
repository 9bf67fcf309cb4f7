//! A document on its way: hashed, compressed, cut into pieces.
//!
//! Documents are named by the SHA-256 of their plain bytes and travel and rest as zstd frames. The frame holds the
//! content's size and a checksum, so that whoever unpacks it can set aside the room and notice damage.

use std::cell::RefCell;

use bytes::Bytes;
use gleaner_model::{ContentHash, Document, Fault, FaultKind};
use sha2::{Digest, Sha256};

/// Longest piece of a frame in one message: the protocol's limit.
pub(crate) const PIECE_BYTES: usize = 256 << 10;

/// A document and the zstd frame that holds it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Packed {
    pub(crate) document: Document,
    pub(crate) frame: Bytes,
}

impl Packed {
    /// The pieces of the frame, in order; each with whether it is the last. At least one.
    pub(crate) fn pieces(&self) -> impl Iterator<Item = (Bytes, bool)> + '_ {
        let count = self.frame.len().div_ceil(PIECE_BYTES).max(1);
        (0..count).map(move |at| {
            let from = at * PIECE_BYTES;
            let to = (from + PIECE_BYTES).min(self.frame.len());
            (self.frame.slice(from..to), at + 1 == count)
        })
    }
}

/// The name of a document.
pub(crate) fn hash(plain: &[u8]) -> ContentHash {
    ContentHash(Sha256::digest(plain).into())
}

thread_local! {
    // A compressor's tables are a few hundred KiB, and making them anew would cost as much as a small document.
    static COMPRESSOR: RefCell<Option<(i32, zstd::bulk::Compressor<'static>)>> = const { RefCell::new(None) };
}

/// The zstd frame of a document, with its size and a checksum.
pub(crate) fn compress(plain: &[u8], level: i32) -> Result<Bytes, Fault> {
    let broken = |error| Fault::new(FaultKind::Internal, format!("compressing a document failed: {error}"));
    COMPRESSOR.with_borrow_mut(|slot| {
        if slot.as_ref().is_none_or(|(made_for, _)| *made_for != level) {
            let mut compressor = zstd::bulk::Compressor::new(level).map_err(broken)?;
            compressor.include_checksum(true).map_err(broken)?;
            *slot = Some((level, compressor));
        }
        let (_, compressor) = slot.as_mut().expect("set above");
        compressor.compress(plain).map(Bytes::from).map_err(broken)
    })
}

/// What a frame of a document of `length` bytes holds.
pub(crate) fn decompress(frame: &[u8], length: u64) -> Result<Bytes, Fault> {
    let broken = |error| Fault::new(FaultKind::Internal, format!("unpacking a kept document failed: {error}"));
    let capacity = usize::try_from(length).unwrap_or(usize::MAX);
    zstd::bulk::decompress(frame, capacity).map(Bytes::from).map_err(broken)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn packed(length: usize) -> (Vec<u8>, Packed) {
        // Incompressible enough to need several pieces.
        let mut chance = crate::chance::Chance::new(1);
        let plain: Vec<u8> = (0..length).map(|_| chance.next().to_le_bytes()[0]).collect();
        let frame = compress(&plain, 1).expect("compresses");
        let document = Document { hash: hash(&plain), length: length as u64, url: String::new() };
        (plain, Packed { document, frame })
    }

    #[test]
    fn pieces_put_together_are_the_document() {
        for length in [0, 1, PIECE_BYTES, 3 * PIECE_BYTES + 17] {
            let (plain, packed) = packed(length);
            let pieces: Vec<(Bytes, bool)> = packed.pieces().collect();
            assert!(pieces.iter().all(|(piece, _)| piece.len() <= PIECE_BYTES));
            let lasts: Vec<bool> = pieces.iter().map(|(_, last)| *last).collect();
            assert_eq!(lasts.iter().filter(|last| **last).count(), 1);
            assert_eq!(lasts.last(), Some(&true));
            let whole: Vec<u8> = pieces.iter().flat_map(|(piece, _)| piece.to_vec()).collect();
            assert_eq!(decompress(&whole, length as u64).expect("a frame"), plain);
        }
    }

    #[test]
    fn a_damaged_frame_is_noticed() {
        let (plain, packed) = packed(1000);
        let mut frame = packed.frame.to_vec();
        frame[500] ^= 1;
        assert!(decompress(&frame, plain.len() as u64).is_err());
    }

    #[test]
    fn the_hash_is_sha_256() {
        let expected = "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad";
        assert_eq!(hash(b"abc").to_string(), expected);
    }
}
