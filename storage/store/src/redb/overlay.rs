//! A store's file that is read as redb reads it, and never written.
//!
//! The problem: redb changes a file by opening it (it notes that it is open, and repairs it if it was not closed), and
//! its own integrity check mends what it finds. Whoever looks whether a store is sound must not change it, and perhaps may
//! not: a backup is kept on read-only media. So what redb writes stays in memory, over the file. That is little: its
//! head, and which pages are in use.
//!
//! The file is locked for sharing meanwhile, so that no scheduler opens it for writing, and refused if one has it open.

use std::collections::HashMap;
use std::fs::File;
use std::io;
use std::ops::Bound;
use std::sync::{Mutex, MutexGuard, PoisonError};

use redb::backends::FileBackend;
use redb::{BackendError, DatabaseError, StorageBackend};

/// What is written is kept in blocks of this many bytes: redb's page.
const BLOCK: u64 = 4096;
const BLOCK_BYTES: usize = 4096;

/// A file, and what was written over it.
#[derive(Debug)]
pub(crate) struct Overlay {
    file: FileBackend,
    over: Mutex<Over>,
}

#[derive(Debug)]
struct Over {
    /// How long the storage seems to be.
    length: u64,
    /// So much of the file still shows; what is behind it was cut off at some time.
    shown: u64,
    /// Written blocks by their numbers.
    blocks: HashMap<u64, Box<[u8]>>,
}

impl Overlay {
    /// Over a file that need only be readable.
    pub(crate) fn new(file: File) -> Result<Self, DatabaseError> {
        let file = FileBackend::new(file)?;
        let length = file.len().map_err(redb::StorageError::Io)?;
        Ok(Self { file, over: Mutex::new(Over { length, shown: length, blocks: HashMap::new() }) })
    }

    fn over(&self) -> MutexGuard<'_, Over> {
        self.over.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// A piece of one block, as it seems to be.
    fn read_piece(&self, over: &Over, block: u64, within: usize, out: &mut [u8]) -> io::Result<()> {
        if let Some(written) = over.blocks.get(&block) {
            out.copy_from_slice(&written[within..within + out.len()]);
            return Ok(());
        }
        let offset = block * BLOCK + within as u64;
        let shown = usize::try_from(over.shown.saturating_sub(offset)).unwrap_or(usize::MAX).min(out.len());
        let (from_file, beyond) = out.split_at_mut(shown);
        beyond.fill(0);
        if from_file.is_empty() { Ok(()) } else { self.file.read(offset, from_file) }
    }
}

/// The pieces of blocks that `length` bytes from `offset` on consist of: block, offset within it, range of the bytes.
fn pieces(offset: u64, length: usize) -> impl Iterator<Item = (u64, usize, std::ops::Range<usize>)> {
    let mut done = 0;
    std::iter::from_fn(move || {
        let at = offset + done as u64;
        let within = usize::try_from(at % BLOCK).expect("it is below a block's length");
        let taken = (BLOCK_BYTES - within).min(length - done);
        let piece = (at / BLOCK, within, done..done + taken);
        done += taken;
        (taken > 0).then_some(piece)
    })
}

impl StorageBackend for Overlay {
    fn len(&self) -> io::Result<u64> {
        Ok(self.over().length)
    }

    fn read(&self, offset: u64, out: &mut [u8]) -> io::Result<()> {
        let over = self.over();
        if offset.checked_add(out.len() as u64).is_none_or(|end| end > over.length) {
            return Err(io::ErrorKind::UnexpectedEof.into());
        }
        if over.blocks.is_empty() && offset + out.len() as u64 <= over.shown {
            return self.file.read(offset, out);
        }
        pieces(offset, out.len()).try_for_each(|(block, within, range)| {
            let out = &mut out[range];
            self.read_piece(&over, block, within, out)
        })
    }

    fn set_len(&self, length: u64) -> io::Result<()> {
        let mut over = self.over();
        if length < over.length {
            over.shown = over.shown.min(length);
            over.blocks.retain(|block, _| block * BLOCK < length);
            let within = usize::try_from(length % BLOCK).expect("it is below a block's length");
            if let Some(last) = over.blocks.get_mut(&(length / BLOCK)) {
                last[within..].fill(0);
            }
        }
        over.length = length;
        Ok(())
    }

    fn sync_data(&self) -> io::Result<()> {
        Ok(())
    }

    fn write(&self, offset: u64, data: &[u8]) -> io::Result<()> {
        let mut over = self.over();
        if offset.checked_add(data.len() as u64).is_none_or(|end| end > over.length) {
            return Err(io::ErrorKind::UnexpectedEof.into());
        }
        for (block, within, range) in pieces(offset, data.len()) {
            let mut written = match over.blocks.remove(&block) {
                Some(written) => written,
                None => {
                    let mut fresh = vec![0; BLOCK_BYTES].into_boxed_slice();
                    self.read_piece(&over, block, 0, &mut fresh)?;
                    fresh
                }
            };
            let data = &data[range];
            written[within..within + data.len()].copy_from_slice(data);
            over.blocks.insert(block, written);
        }
        Ok(())
    }

    fn close(&self) -> io::Result<()> {
        self.file.close()
    }

    /// Shared, whatever redb asks for: several may look at once, and an exclusive lock wants a file that can be written.
    fn try_lock_range(&self, start: Bound<u64>, end: Bound<u64>) -> Result<bool, BackendError> {
        self.file.try_lock_shared_range(start, end)
    }

    fn try_lock_shared_range(&self, start: Bound<u64>, end: Bound<u64>) -> Result<bool, BackendError> {
        self.file.try_lock_shared_range(start, end)
    }

    fn unlock_range(&self, start: Bound<u64>, end: Bound<u64>) -> Result<(), BackendError> {
        self.file.unlock_range(start, end)
    }

    fn query_lock_range(&self, start: Bound<u64>, end: Bound<u64>) -> Result<bool, BackendError> {
        self.file.query_lock_range(start, end)
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]

    use proptest::prelude::*;

    use super::*;

    #[derive(Clone, Debug)]
    enum Change {
        Write(usize, Vec<u8>),
        Length(usize),
    }

    fn change() -> impl Strategy<Value = Change> {
        let write = (0..20_000_usize, 1..9_000_usize, 1..=255_u8);
        prop_oneof![
            3 => write.prop_map(|(at, length, byte)| Change::Write(at, vec![byte; length])),
            1 => (0..30_000_usize).prop_map(Change::Length),
        ]
    }

    proptest! {
        /// It reads like a file that is written, while the file below stays as it is.
        #[test]
        fn it_is_like_a_file_and_leaves_the_file_alone(changes in prop::collection::vec(change(), 1..20)) {
            let below: Vec<u8> = (1..=250).cycle().take(10_000).collect();
            let dir = tempfile::tempdir().unwrap();
            let path = dir.path().join("file");
            std::fs::write(&path, &below).unwrap();
            let overlay = Overlay::new(File::open(&path).unwrap()).unwrap();
            let mut model = below.clone();
            for change in changes {
                match change {
                    Change::Length(length) => {
                        model.resize(length, 0);
                        overlay.set_len(length as u64).unwrap();
                    }
                    Change::Write(at, data) => {
                        let written = overlay.write(at as u64, &data);
                        match model.get_mut(at..at + data.len()) {
                            Some(slice) => slice.copy_from_slice(&data),
                            None => prop_assert!(written.is_err()),
                        }
                    }
                }
                let mut read = vec![0; model.len()];
                prop_assert_eq!(overlay.len().unwrap(), model.len() as u64);
                overlay.read(0, &mut read).unwrap();
                prop_assert!(read == model);
                prop_assert!(overlay.read(1, &mut read).is_err() || read.is_empty());
            }
            prop_assert!(std::fs::read(&path).unwrap() == below);
        }
    }
}
