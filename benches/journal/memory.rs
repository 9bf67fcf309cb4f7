//! What this process has in memory, as the kernel counts it.

use std::io;

/// Bytes of this process's own that are in memory now, files that are mapped left out.
///
/// # Errors
/// There is no `/proc`, as on systems other than Linux.
pub(crate) fn resident_bytes() -> io::Result<u64> {
    let status = std::fs::read_to_string("/proc/self/status")?;
    let line = status.lines().find_map(|line| line.strip_prefix("RssAnon:"));
    let kilobytes = line.and_then(|rest| rest.trim().strip_suffix("kB")).and_then(|number| number.trim().parse().ok());
    kilobytes.map(|kilobytes: u64| kilobytes * 1024).ok_or_else(|| io::Error::other("/proc/self/status has no RssAnon"))
}
