//! A document on its way: hashed, compressed, cut into pieces.
//!
//! Documents are named by the SHA-256 of their plain bytes and travel and rest as zstd frames. The frame holds the
//! content's size and a checksum, so that whoever unpacks it can set aside the room and notice damage.

use std::cell::RefCell;

use bytes::Bytes;
use gleaner_model::{ContentHash, Document, Fault, FaultKind};
use sha2::{Digest, Sha256};
use zstd::bulk::Compressor;
use zstd::zstd_safe::CParameter;

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

/// The level that [`WINDOW_LOG`] and [`HASH_LOG`] are for.
const TUNED_LEVEL: i32 = 1;
/// A window of 1 MiB where level 1 has half of one, and a table of 4,096 places where it has 16,384, which then stays in
/// the processor's nearest cache. On 249 MB of real documents (index files, packuments, project pages) level 1 as it
/// comes takes 180 ms and makes 24.6 MB; with these 152 ms and 24.5 MB. `--fast=1` takes 136 ms and makes 35.9 MB.
const WINDOW_LOG: u32 = 20;
const HASH_LOG: u32 = 12;

/// Room for a frame that a thread keeps for the next one. What a frame may take at worst is as much as its document
/// has, and nearly all documents have less than this; a larger one's room is given back.
const ROOM_BYTES: usize = 1 << 20;

/// What a thread keeps between documents: a compressor's tables are a few hundred KiB, and making them anew would cost
/// as much as a small document.
struct Press {
    made_for: i32,
    compressor: Compressor<'static>,
    room: Vec<u8>,
}

impl Press {
    fn new(level: i32) -> std::io::Result<Self> {
        let mut compressor = Compressor::new(level)?;
        compressor.include_checksum(true)?;
        if level == TUNED_LEVEL {
            compressor.set_parameter(CParameter::WindowLog(WINDOW_LOG))?;
            compressor.set_parameter(CParameter::HashLog(HASH_LOG))?;
        }
        Ok(Self { made_for: level, compressor, room: Vec::new() })
    }

    /// The frame, in as many bytes as it has: it may wait long for its acknowledgement.
    fn compress(&mut self, plain: &[u8]) -> std::io::Result<Bytes> {
        self.room.clear();
        self.room.reserve(zstd::zstd_safe::compress_bound(plain.len()));
        self.compressor.compress_to_buffer(plain, &mut self.room)?;
        let frame = Bytes::copy_from_slice(&self.room);
        if self.room.capacity() > ROOM_BYTES {
            self.room = Vec::new();
        }
        Ok(frame)
    }
}

thread_local! {
    static PRESS: RefCell<Option<Press>> = const { RefCell::new(None) };
}

/// The zstd frame of a document, with its size and a checksum.
pub(crate) fn compress(plain: &[u8], level: i32) -> Result<Bytes, Fault> {
    let broken = |error| Fault::new(FaultKind::Internal, format!("compressing a document failed: {error}"));
    PRESS.with_borrow_mut(|slot| {
        let press = match slot.take_if(|press| press.made_for == level) {
            Some(press) => press,
            None => Press::new(level).map_err(broken)?,
        };
        slot.insert(press).compress(plain).map_err(broken)
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
    fn every_level_gives_frames_that_state_their_length() {
        let plain = b"{\"name\":\"a\"}".repeat(1000);
        for level in [-5, 1, 3, 1] {
            let frame = compress(&plain, level).expect("compresses");
            let stated = zstd::zstd_safe::get_frame_content_size(&frame).expect("a frame");
            assert_eq!(stated, Some(plain.len() as u64), "{level}");
            assert_eq!(decompress(&frame, plain.len() as u64).expect("a frame"), plain, "{level}");
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
