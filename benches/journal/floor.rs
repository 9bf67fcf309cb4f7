//! The floor of a journal: the same bytes appended to a file and flushed (`fdatasync`), a group at a time. It keeps no
//! index, checks nothing and finds nothing again; nobody who flushes before the receipt can do less.

use std::fs::File;
use std::io::{self, Write};
use std::path::Path;
use std::time::{Duration, Instant};

use gleaner_store::Group;

use crate::cycles::Run;

/// What a group takes, written down plainly.
pub(crate) fn encoded(group: &Group) -> Vec<u8> {
    let bytes = postcard::to_allocvec(&group.commands).expect("plain data");
    postcard::to_extend(&group.closures, bytes).expect("plain data")
}

/// Appends one group of bytes after another for `budget`; each stands for `size` cycles.
///
/// # Errors
/// The disk failed.
#[allow(clippy::cast_precision_loss, reason = "sizes of groups are small")]
pub(crate) fn run(path: &Path, groups: &[Vec<u8>], size: u64, budget: Duration) -> io::Result<Run> {
    let mut file = File::create_new(path)?;
    let mut commits_ms = Vec::new();
    let begun = Instant::now();
    for group in groups.iter().cycle() {
        let commit = Instant::now();
        file.write_all(group)?;
        file.sync_data()?;
        commits_ms.push(commit.elapsed().as_secs_f64() * 1e3);
        if begun.elapsed() >= budget {
            break;
        }
    }
    let seconds = begun.elapsed().as_secs_f64();
    Ok(Run { cycles_per_s: commits_ms.len() as f64 * size as f64 / seconds, commits_ms })
}
