//! Where a document lies.

use std::ops::Range;

use gleaner_model::ContentHash;

/// Where a document lies: a range of bytes of a pack. The range is one zstd frame, and a pack is nothing but frames, so
/// any zstd tool unpacks either.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Place {
    /// The pack's name: the SHA-256 of its bytes.
    pub pack: ContentHash,
    /// Bytes of the pack before the document.
    pub offset: u32,
    /// Bytes of the document, compressed.
    pub length: u32,
}

/// The version of the layout below.
const VERSION: u8 = 1;

/// Bytes of a stored place: version, pack, offset, length, the numbers little-endian.
pub(crate) const STORED_BYTES: usize = 1 + 32 + 4 + 4;

impl Place {
    pub(super) fn range(self) -> Range<u64> {
        let begin = u64::from(self.offset);
        begin..begin + u64::from(self.length)
    }

    pub(crate) fn to_bytes(self) -> [u8; STORED_BYTES] {
        let mut bytes = [VERSION; STORED_BYTES];
        bytes[1..33].copy_from_slice(&self.pack.0);
        bytes[33..37].copy_from_slice(&self.offset.to_le_bytes());
        bytes[37..].copy_from_slice(&self.length.to_le_bytes());
        bytes
    }

    pub(crate) fn from_bytes(bytes: &[u8]) -> Result<Self, &'static str> {
        let bytes: &[u8; STORED_BYTES] = bytes.try_into().map_err(|_| "it is of a wrong length")?;
        let [VERSION, rest @ ..] = bytes else { return Err("it is of a version that is not known") };
        let number = |at: usize| rest[at..].first_chunk().map(|number| u32::from_le_bytes(*number)).unwrap_or_default();
        let pack = ContentHash(*rest.first_chunk().unwrap_or(&[0; 32]));
        Ok(Self { pack, offset: number(32), length: number(36) })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_place_comes_back() {
        let place = Place { pack: ContentHash(*b"0123456789abcdef0123456789ABCDEF"), offset: 258, length: u32::MAX };
        let bytes = place.to_bytes();
        assert_eq!(Place::from_bytes(&bytes), Ok(place));
        assert!(Place::from_bytes(&bytes[1..]).is_err());
        let newer: Vec<u8> = [2].into_iter().chain(bytes[1..].iter().copied()).collect();
        assert_eq!(Place::from_bytes(&newer), Err("it is of a version that is not known"));
    }
}
