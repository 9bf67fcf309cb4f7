//! A disk in memory that can fail at a chosen operation, and that knows what a power cut would leave of it.

use std::io;
use std::sync::{Arc, Mutex, MutexGuard};

use redb::StorageBackend;

/// What a power cut leaves of writes that were not synced.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Left {
    Nothing,
    Everything,
    /// Every other write, as a disk that reorders may.
    EveryOther,
}

#[derive(Debug, Default)]
struct Bytes {
    live: Vec<u8>,
    synced: Vec<u8>,
    /// Writes since the last sync.
    unsynced: Vec<(usize, Vec<u8>)>,
    operations: usize,
    /// From this operation on everything fails, with this error of the operating system.
    fails: Option<(usize, i32)>,
}

/// A disk; clones share it.
#[derive(Clone, Debug, Default)]
pub(crate) struct Disk(Arc<Mutex<Bytes>>);

impl Disk {
    fn bytes(&self) -> MutexGuard<'_, Bytes> {
        self.0.lock().unwrap()
    }

    /// A disk with this content, all of it synced.
    pub(crate) fn with(content: Vec<u8>) -> Self {
        Self(Arc::new(Mutex::new(Bytes { live: content.clone(), synced: content, ..Bytes::default() })))
    }

    /// Fails operation `nth` of those that change the disk, counted from now, and all after it.
    pub(crate) fn fail_at(&self, nth: usize, os_error: i32) {
        let mut bytes = self.bytes();
        bytes.operations = 0;
        bytes.fails = Some((nth, os_error));
    }

    /// Has it failed?
    pub(crate) fn has_failed(&self) -> bool {
        let bytes = self.bytes();
        bytes.fails.is_some_and(|(nth, _)| bytes.operations >= nth)
    }

    pub(crate) fn content(&self) -> Vec<u8> {
        self.bytes().live.clone()
    }

    /// What a power cut now would leave.
    pub(crate) fn after_power_cut(&self, left: Left) -> Vec<u8> {
        let bytes = self.bytes();
        let mut content = bytes.synced.clone();
        for (nth, (offset, data)) in bytes.unsynced.iter().enumerate() {
            let survives = match left {
                Left::Nothing => false,
                Left::Everything => true,
                Left::EveryOther => nth % 2 == 0,
            };
            if survives {
                let end = offset + data.len();
                content.resize(content.len().max(end), 0);
                content[*offset..end].copy_from_slice(data);
            }
        }
        content
    }
}

impl Bytes {
    fn operate(&mut self) -> io::Result<()> {
        self.operations += 1;
        match self.fails {
            Some((nth, error)) if self.operations >= nth => Err(io::Error::from_raw_os_error(error)),
            _ => Ok(()),
        }
    }
}

fn place(offset: u64) -> usize {
    usize::try_from(offset).unwrap()
}

impl StorageBackend for Disk {
    fn len(&self) -> Result<u64, io::Error> {
        Ok(self.bytes().live.len() as u64)
    }

    fn read(&self, offset: u64, out: &mut [u8]) -> Result<(), io::Error> {
        let bytes = self.bytes();
        let from = bytes.live.get(place(offset)..place(offset) + out.len());
        out.copy_from_slice(from.ok_or(io::ErrorKind::UnexpectedEof)?);
        Ok(())
    }

    fn set_len(&self, len: u64) -> Result<(), io::Error> {
        let mut bytes = self.bytes();
        bytes.operate()?;
        bytes.live.resize(place(len), 0);
        // A file's length is taken to survive: redb has to bear a file that is longer than it thinks.
        bytes.synced.resize(place(len), 0);
        Ok(())
    }

    fn sync_data(&self) -> Result<(), io::Error> {
        let mut bytes = self.bytes();
        bytes.operate()?;
        bytes.unsynced.clear();
        bytes.synced = bytes.live.clone();
        Ok(())
    }

    fn write(&self, offset: u64, data: &[u8]) -> Result<(), io::Error> {
        let mut bytes = self.bytes();
        bytes.operate()?;
        let from = place(offset);
        bytes.live[from..from + data.len()].copy_from_slice(data);
        bytes.unsynced.push((from, data.to_vec()));
        Ok(())
    }
}
