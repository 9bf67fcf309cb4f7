//! How every value is wrapped: a byte that says how to read it, a checksum, and the payload.
//!
//! A disk may hand back what was never written. redb checks its own pages only when it repairs a file, so each value
//! carries its own checksum, and a reader learns of damage instead of believing it.
//!
//! ```text
//! byte 0      1 = payload as it is, 2 = payload is a zstd frame with its content size
//! bytes 1-4   CRC-32 (IEEE) of byte 0 and the payload, little endian
//! bytes 5-    payload
//! ```

use postcard::ser_flavors::Flavor;
use serde::Serialize;
use serde::de::DeserializeOwned;

use crate::zip::{self, Packer};

const PLAIN: u8 = 1;
const ZSTD: u8 = 2;
const HEAD: usize = 5;

/// A payload shorter than this is not compressed: a zstd frame costs some 10 µs and 13 bytes however little it holds.
const WORTH_COMPRESSING: usize = 512;

/// No value unpacks to more than this. The largest are package records; the biggest npm documents known are some
/// 100 MB of text, and their records a tenth of that.
const UNPACKED_MAX: usize = 512 * 1024 * 1024;

/// What is wrong with a value, without saying which; the caller knows its place.
pub(crate) type Flaw = &'static str;

/// A payload on its way into a frame.
pub(crate) struct Ready<'a> {
    how: u8,
    payload: &'a [u8],
}

impl<'a> Ready<'a> {
    /// As it is.
    pub(crate) const fn plain(payload: &'a [u8]) -> Self {
        Self { how: PLAIN, payload }
    }

    /// Compressed at `level` if that makes it smaller.
    pub(crate) fn packed(packer: &'a mut Packer, payload: &'a [u8], level: i32) -> Self {
        let packed = if payload.len() >= WORTH_COMPRESSING { packer.pack(payload, level) } else { None };
        packed.map_or(Self::plain(payload), |payload| Self { how: ZSTD, payload })
    }

    /// How long its frame is, in bytes.
    pub(crate) const fn framed_bytes(&self) -> usize {
        HEAD + self.payload.len()
    }

    /// Appends its frame to `bytes`.
    pub(crate) fn wrap_onto(&self, bytes: &mut Vec<u8>) {
        bytes.push(self.how);
        bytes.extend_from_slice(&checksum(self.how, self.payload).to_le_bytes());
        bytes.extend_from_slice(self.payload);
    }

    fn wrap(&self) -> Vec<u8> {
        let mut framed = Vec::with_capacity(self.framed_bytes());
        self.wrap_onto(&mut framed);
        framed
    }
}

/// Wraps `payload`, compressed at `level` if that makes it smaller.
pub(crate) fn seal(payload: &[u8], level: i32) -> Vec<u8> {
    Packer::with(|_, packer| Ready::packed(packer, payload, level).wrap())
}

/// Encodes and wraps a value.
pub(crate) fn encode<T: Serialize + ?Sized>(value: &T, level: i32) -> Vec<u8> {
    Packer::with(|payload, packer| {
        append(payload, value);
        Ready::packed(packer, payload, level).wrap()
    })
}

fn checksum(how: u8, payload: &[u8]) -> u32 {
    let mut hasher = crc32fast::Hasher::new();
    hasher.update(&[how]);
    hasher.update(payload);
    hasher.finalize()
}

/// The payload of a wrapped value.
pub(crate) fn open(framed: &[u8]) -> Result<std::borrow::Cow<'_, [u8]>, Flaw> {
    let (head, payload) = framed.split_first_chunk::<HEAD>().ok_or("it is too short")?;
    let [how, sum @ ..] = *head;
    if u32::from_le_bytes(sum) != checksum(how, payload) {
        return Err("its checksum does not match");
    }
    match how {
        PLAIN => Ok(payload.into()),
        ZSTD => zip::unpack(payload, UNPACKED_MAX).map(Into::into).map_err(|_| "it does not unpack"),
        _ => Err("it is of an unknown version"),
    }
}

/// Unwraps and decodes a value.
pub(crate) fn decode<T: DeserializeOwned>(framed: &[u8]) -> Result<T, Flaw> {
    value_of(&open(framed)?)
}

/// Writes postcard's bytes to the end of a buffer that may hold others already.
struct Append<'a>(&'a mut Vec<u8>);

impl Flavor for Append<'_> {
    type Output = ();

    fn try_push(&mut self, byte: u8) -> postcard::Result<()> {
        self.0.push(byte);
        Ok(())
    }

    fn try_extend(&mut self, bytes: &[u8]) -> postcard::Result<()> {
        self.0.extend_from_slice(bytes);
        Ok(())
    }

    fn finalize(self) -> postcard::Result<()> {
        Ok(())
    }
}

/// Appends `value` to `payload`.
pub(crate) fn append<T: Serialize + ?Sized>(payload: &mut Vec<u8>, value: &T) {
    postcard::serialize_with_flavor(value, Append(payload)).expect("plain data of known lengths always encodes");
}

/// A value from postcard's bytes, all of them.
pub(crate) fn value_of<T: DeserializeOwned>(payload: &[u8]) -> Result<T, Flaw> {
    match postcard::take_from_bytes(payload) {
        Ok((value, [])) => Ok(value),
        Ok(_) => Err("something follows it"),
        Err(_) => Err("it does not decode"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn long_values_shrink_and_all_come_back() {
        for length in [0, 1, WORTH_COMPRESSING - 1, WORTH_COMPRESSING, 100_000] {
            let payload = b"gleaner".iter().copied().cycle().take(length).collect::<Vec<_>>();
            let framed = seal(&payload, 1);
            assert_eq!(open(&framed).as_deref(), Ok(payload.as_slice()));
            assert!(length < WORTH_COMPRESSING || framed.len() < length);
        }
    }

    #[test]
    fn any_flipped_byte_is_found() {
        let framed = seal(&b"journal ".repeat(100), 1);
        for at in 0..framed.len() {
            let mut bad = framed.clone();
            bad[at] ^= 0x10;
            assert!(open(&bad).is_err(), "byte {at}");
        }
        assert!(open(&framed[..3]).is_err());
    }
}
