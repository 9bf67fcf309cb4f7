//! What a process has in memory, as the kernel counts it.

use std::io;

/// Bytes of this process's own that are in memory now, files that are mapped left out.
///
/// # Errors
/// There is no `/proc`, as on systems other than Linux.
pub(crate) fn resident_bytes() -> io::Result<u64> {
    read("/proc/self/status")
}

/// The same of another process.
///
/// # Errors
/// There is no such process, or no `/proc`.
#[allow(dead_code, reason = "not every bench has another process")]
pub(crate) fn resident_bytes_of(process: u32) -> io::Result<u64> {
    read(&format!("/proc/{process}/status"))
}

fn read(file: &str) -> io::Result<u64> {
    let status = std::fs::read_to_string(file)?;
    let line = status.lines().find_map(|line| line.strip_prefix("RssAnon:"));
    let kilobytes = line.and_then(|rest| rest.trim().strip_suffix("kB")).and_then(|number| number.trim().parse().ok());
    kilobytes.map(|kilobytes: u64| kilobytes * 1024).ok_or_else(|| io::Error::other(format!("{file} has no RssAnon")))
}
