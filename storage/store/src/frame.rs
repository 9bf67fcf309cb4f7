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

use std::io;

use serde::Serialize;
use serde::de::DeserializeOwned;

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

/// Wraps `payload`, compressed at `level` if that makes it smaller.
pub(crate) fn seal(payload: &[u8], level: i32) -> Vec<u8> {
    if payload.len() >= WORTH_COMPRESSING {
        let mut framed = vec![0; HEAD + zstd::zstd_safe::compress_bound(payload.len())];
        if let Ok(length) = zstd::bulk::compress_to_buffer(payload, &mut framed[HEAD..], level)
            && length < payload.len()
        {
            framed.truncate(HEAD + length);
            return stamp(framed, ZSTD);
        }
    }
    let mut framed = Vec::with_capacity(HEAD + payload.len());
    framed.resize(HEAD, 0);
    framed.extend_from_slice(payload);
    stamp(framed, PLAIN)
}

/// Fills in the head of `framed`, whose payload is in place.
fn stamp(mut framed: Vec<u8>, how: u8) -> Vec<u8> {
    framed[0] = how;
    let sum = checksum(how, &framed[HEAD..]);
    framed[1..HEAD].copy_from_slice(&sum.to_le_bytes());
    framed
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
        ZSTD => unpack(payload).map(Into::into).map_err(|_| "it does not unpack"),
        _ => Err("it is of an unknown version"),
    }
}

fn unpack(payload: &[u8]) -> io::Result<Vec<u8>> {
    let length = zstd::zstd_safe::get_frame_content_size(payload).ok().flatten();
    let length = length.and_then(|length| usize::try_from(length).ok()).filter(|length| *length <= UNPACKED_MAX);
    zstd::bulk::decompress(payload, length.ok_or(io::ErrorKind::InvalidData)?)
}

/// Encodes and wraps a value.
pub(crate) fn encode<T: Serialize + ?Sized>(value: &T, level: i32) -> Vec<u8> {
    seal(&payload_of(value), level)
}

/// Unwraps and decodes a value.
pub(crate) fn decode<T: DeserializeOwned>(framed: &[u8]) -> Result<T, Flaw> {
    value_of(&open(framed)?)
}

/// A value as postcard's bytes.
pub(crate) fn payload_of<T: Serialize + ?Sized>(value: &T) -> Vec<u8> {
    postcard::to_allocvec(value).expect("plain data of known lengths always encodes")
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
