//! Whether `worker.redb` can be believed.
//!
//! The problem: commits are not flushed to the disk, because what the worker remembers must survive its own death and
//! nothing more (ADR 0018). After a kill the kernel has all that was written. After a power cut the file may hold any
//! mixture of old and new pages, and redb notices that only in parts: it may refuse the file, or panic, or serve it.
//!
//! So `worker.boot` lies beside the file. While the file is open it holds the id that the kernel drew when it started,
//! and it is emptied when the file was closed and flushed. Whoever finds the id of another start in it knows that the
//! machine went down while the file was open, and sets the file aside without looking into it. The mark is on the disk
//! before the first page that is not flushed. Its lock tells a second worker that the directory is in use.

use std::fs::{File, OpenOptions, TryLockError};
use std::io::{self, Read as _, Seek as _, Write as _};
use std::path::Path;

/// The mark's name in the data directory.
pub(super) const FILE: &str = "worker.boot";

/// The id of this start of the kernel; none where there is no such thing, and then every commit is flushed instead.
pub(crate) fn of_system() -> Option<String> {
    let id = std::fs::read_to_string("/proc/sys/kernel/random/boot_id").ok()?;
    Some(id.trim().to_owned()).filter(|id| !id.is_empty())
}

/// The mark beside the file, locked for as long as this lives.
#[derive(Debug)]
pub(super) struct Mark {
    file: File,
    found: String,
}

impl Mark {
    /// Takes hold of the mark in `dir`; none if another process has it.
    pub(super) fn take(dir: &Path) -> io::Result<Option<Self>> {
        let options = OpenOptions::new().read(true).write(true).create(true).truncate(false).clone();
        let mut file = options.open(dir.join(FILE))?;
        match file.try_lock() {
            Ok(()) => {}
            Err(TryLockError::WouldBlock) => return Ok(None),
            Err(TryLockError::Error(error)) => return Err(error),
        }
        let mut found = Vec::new();
        file.read_to_end(&mut found)?;
        // A mark that was torn itself is no start's id, and so is that of another one.
        Ok(Some(Self { file, found: String::from_utf8_lossy(&found).into_owned() }))
    }

    /// Did the machine go down while the file was open? `boot` is the id of this start.
    pub(super) fn is_of_another(&self, boot: Option<&str>) -> bool {
        !self.found.is_empty() && Some(self.found.as_str()) != boot
    }

    /// Marks the file in `dir` as open in the start `boot`. The mark is on the disk when this returns.
    pub(super) fn set(&mut self, dir: &Path, boot: &str) -> io::Result<()> {
        self.write(boot)?;
        sync_directory(dir)
    }

    /// Removes the mark: the file was closed and flushed, or was never written without flushing.
    pub(super) fn clear(&mut self) -> io::Result<()> {
        self.write("")
    }

    fn write(&mut self, text: &str) -> io::Result<()> {
        self.file.rewind()?;
        // The new text first: a mark that is cut in the middle of this is still the mark of a file that was open.
        self.file.write_all(text.as_bytes())?;
        self.file.set_len(text.len() as u64)?;
        self.file.sync_all()
    }
}

/// Makes names in `dir` outlive a power cut, where directories can be flushed.
fn sync_directory(dir: &Path) -> io::Result<()> {
    if cfg!(unix) { File::open(dir)?.sync_all() } else { Ok(()) }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]

    use super::*;

    #[test]
    fn a_mark_is_of_another_start_until_it_is_cleared() {
        let dir = tempfile::tempdir().unwrap();
        let mut mark = Mark::take(dir.path()).unwrap().unwrap();
        assert!(!mark.is_of_another(Some("one")), "there was no mark");
        mark.set(dir.path(), "one").unwrap();
        assert!(Mark::take(dir.path()).unwrap().is_none(), "another has it");
        drop(mark);
        let mark = Mark::take(dir.path()).unwrap().unwrap();
        assert!(!mark.is_of_another(Some("one")));
        assert!(mark.is_of_another(Some("two")));
        assert!(mark.is_of_another(Some("on")));
        assert!(mark.is_of_another(None), "written without flushing on a system that can tell");
        drop(mark);
        Mark::take(dir.path()).unwrap().unwrap().clear().unwrap();
        assert!(!Mark::take(dir.path()).unwrap().unwrap().is_of_another(Some("two")));
    }

    #[test]
    fn a_torn_mark_is_of_another_start() {
        let dir = tempfile::tempdir().unwrap();
        for torn in [b"\0\0\0".as_slice(), b"\xff\xfe", b"one\0"] {
            std::fs::write(dir.path().join(FILE), torn).unwrap();
            assert!(Mark::take(dir.path()).unwrap().unwrap().is_of_another(Some("one")), "{torn:?}");
        }
    }

    #[test]
    fn the_system_has_the_same_id_each_time() {
        assert_eq!(of_system(), of_system());
    }
}
