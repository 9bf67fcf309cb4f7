//! zstd with contexts and buffers that are used again.
//!
//! A context is some hundred kilobytes that zstd allocates and clears, which takes as long as packing 20 KB. Values are
//! packed and unpacked by the thousand, on any thread of a large pool; so contexts wait on a shelf between two uses, and
//! threads that idle hold none.

use std::io;
use std::sync::{Mutex, PoisonError};

use zstd::bulk::{Compressor, Decompressor};
use zstd::zstd_safe;

/// Things of a kind that wait: as many as there are threads at work at once on a large machine. Whoever finds none makes
/// one, which goes if the shelf is full afterwards.
const WAITING_MAX: usize = 16;

/// A buffer waits with at most this many bytes; few values are longer.
const BUFFER_MAX: usize = 2 << 20;

static PACKERS: Shelf<Packer> = Shelf(Mutex::new(Vec::new()));
static UNPACKERS: Shelf<Decompressor<'static>> = Shelf(Mutex::new(Vec::new()));

struct Shelf<T>(Mutex<Vec<T>>);

impl<T> Shelf<T> {
    fn take(&self) -> Option<T> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).pop()
    }

    fn put_back(&self, thing: T) {
        let mut waiting = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if waiting.len() < WAITING_MAX {
            waiting.push(thing);
        }
    }
}

/// A context to pack with, and buffers.
#[derive(Default)]
pub(crate) struct Packer {
    compressor: Compressor<'static>,
    level: Option<i32>,
    packed: Vec<u8>,
    room: Vec<u8>,
}

impl Packer {
    /// Runs `work` with an empty buffer, to write down in it what is to be packed, and a packer.
    pub(crate) fn with<R>(work: impl FnOnce(&mut Vec<u8>, &mut Self) -> R) -> R {
        let mut packer = PACKERS.take().unwrap_or_default();
        let mut room = std::mem::take(&mut packer.room);
        let result = work(&mut room, &mut packer);
        packer.room = room;
        for buffer in [&mut packer.room, &mut packer.packed] {
            buffer.clear();
            buffer.shrink_to(BUFFER_MAX);
        }
        PACKERS.put_back(packer);
        result
    }

    /// `payload` as a zstd frame with its content size, if that is shorter.
    pub(crate) fn pack(&mut self, payload: &[u8], level: i32) -> Option<&[u8]> {
        if self.level.replace(level) != Some(level) {
            self.compressor.set_compression_level(level).ok()?;
        }
        self.packed.clear();
        self.packed.reserve(zstd_safe::compress_bound(payload.len()));
        let length = self.compressor.compress_to_buffer(payload, &mut self.packed).ok()?;
        (length < payload.len()).then_some(&self.packed)
    }
}

/// What is in a zstd frame that says how long its content is, `max` bytes at most.
///
/// # Errors
/// It is no such frame.
pub(crate) fn unpack(frame: &[u8], max: usize) -> io::Result<Vec<u8>> {
    let length = zstd_safe::get_frame_content_size(frame).ok().flatten();
    let length = length.and_then(|length| usize::try_from(length).ok()).filter(|length| *length <= max);
    let length = length.ok_or(io::ErrorKind::InvalidData)?;
    let mut unpacker = match UNPACKERS.take() {
        Some(unpacker) => unpacker,
        None => Decompressor::new()?,
    };
    let unpacked = unpacker.decompress(frame, length);
    UNPACKERS.put_back(unpacker);
    unpacked
}

#[cfg(test)]
mod tests {
    use super::*;

    fn pack(payload: &[u8], level: i32) -> Option<Vec<u8>> {
        Packer::with(|_, packer| packer.pack(payload, level).map(<[u8]>::to_vec))
    }

    #[test]
    fn a_used_context_packs_like_a_new_one() {
        let values = [b"serde ".repeat(5_000), b"tokio ".repeat(90), b"s".repeat(3 * BUFFER_MAX)];
        for level in [1, -1, 1] {
            for value in &values {
                let packed = pack(value, level).expect("it repeats itself");
                assert_eq!(packed, zstd::bulk::compress(value, level).expect("it fits"), "level {level}");
                assert_eq!(unpack(&packed, value.len()).ok().as_ref(), Some(value));
                assert!(unpack(&packed, value.len() - 1).is_err(), "too long");
                assert!(unpack(&packed[..packed.len() - 1], value.len()).is_err(), "cut off");
            }
        }
    }

    #[test]
    fn what_does_not_shrink_is_not_packed() {
        assert_eq!(pack(b"serde", 1), None);
        Packer::with(|room, _| assert!(room.is_empty()));
    }
}
