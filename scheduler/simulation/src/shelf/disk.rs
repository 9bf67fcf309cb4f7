//! A disk in memory that can fail at a chosen operation and that loses power.
//!
//! Writes are durable after a sync. Of those that were not synced a power cut leaves nothing, everything, or any part:
//! each write by itself, as a disk that reorders may.

use std::io;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use redb::StorageBackend;

use crate::chance::Chance;

/// What a write replaced, and what it wrote.
#[derive(Debug)]
struct Change {
    offset: usize,
    before: Vec<u8>,
    after: Vec<u8>,
}

#[derive(Debug, Default)]
struct Bytes {
    live: Vec<u8>,
    unsynced: Vec<Change>,
    /// So many more operations that change something go well; none means no end.
    fails_after: Option<u64>,
}

/// A disk; clones share it.
#[derive(Clone, Debug, Default)]
pub(crate) struct Disk(Arc<Mutex<Bytes>>);

impl Disk {
    fn bytes(&self) -> MutexGuard<'_, Bytes> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// After so many more operations everything fails, until the power is cut.
    pub(crate) fn fail_after(&self, operations: u64) {
        self.bytes().fails_after = Some(operations);
    }

    /// Whether every operation will go well from now on.
    pub(crate) fn heal(&self) {
        self.bytes().fails_after = None;
    }

    /// What is left after a power cut: a disk of its own, so that who still holds the old one does no harm.
    pub(crate) fn after_power_cut(&self, chance: &mut Chance) -> Self {
        let mut bytes = self.bytes();
        let mut live = std::mem::take(&mut bytes.live);
        let unsynced = std::mem::take(&mut bytes.unsynced);
        for change in unsynced.iter().rev() {
            live[change.offset..change.offset + change.before.len()].copy_from_slice(&change.before);
        }
        let kept = chance.pick(&[0, 50, 50, 100]);
        for change in unsynced.iter().filter(|_| chance.percent(kept)) {
            live[change.offset..change.offset + change.after.len()].copy_from_slice(&change.after);
        }
        Self(Arc::new(Mutex::new(Bytes { live, ..Bytes::default() })))
    }

    /// What a killed process leaves: everything, since the kernel has it.
    pub(crate) fn after_kill(&self) -> Self {
        let mut bytes = self.bytes();
        let live = std::mem::take(&mut bytes.live);
        Self(Arc::new(Mutex::new(Bytes { live, ..Bytes::default() })))
    }
}

impl Bytes {
    fn operate(&mut self) -> io::Result<()> {
        match &mut self.fails_after {
            None => Ok(()),
            Some(0) => Err(io::Error::other("the disk has failed")),
            Some(left) => {
                *left -= 1;
                Ok(())
            }
        }
    }
}

fn place(offset: u64) -> io::Result<usize> {
    usize::try_from(offset).map_err(io::Error::other)
}

impl StorageBackend for Disk {
    fn len(&self) -> Result<u64, io::Error> {
        Ok(self.bytes().live.len() as u64)
    }

    fn read(&self, offset: u64, out: &mut [u8]) -> Result<(), io::Error> {
        let bytes = self.bytes();
        let from = place(offset)?;
        out.copy_from_slice(bytes.live.get(from..from + out.len()).ok_or(io::ErrorKind::UnexpectedEof)?);
        Ok(())
    }

    fn set_len(&self, len: u64) -> Result<(), io::Error> {
        let mut bytes = self.bytes();
        bytes.operate()?;
        let len = place(len)?;
        // A file's length is taken to survive; a change beyond it does not.
        bytes.live.resize(len, 0);
        for change in &mut bytes.unsynced {
            let room = len.saturating_sub(change.offset);
            change.offset = change.offset.min(len);
            change.before.truncate(room);
            change.after.truncate(room);
        }
        Ok(())
    }

    fn sync_data(&self) -> Result<(), io::Error> {
        let mut bytes = self.bytes();
        bytes.operate()?;
        bytes.unsynced.clear();
        Ok(())
    }

    fn write(&self, offset: u64, data: &[u8]) -> Result<(), io::Error> {
        let mut bytes = self.bytes();
        bytes.operate()?;
        let from = place(offset)?;
        let before = bytes.live.get(from..from + data.len()).ok_or(io::ErrorKind::UnexpectedEof)?.to_vec();
        bytes.live[from..from + data.len()].copy_from_slice(data);
        bytes.unsynced.push(Change { offset: from, before, after: data.to_vec() });
        Ok(())
    }
}
