//! How long a restart takes with a long queue, and what the queue takes of memory: fills a store in one process, and
//! recovers it in others (see `child`).

use std::error::Error;
use std::path::Path;
use std::process::Command;

use serde::{Deserialize, Serialize};

use crate::report::Report;

/// Megabytes of redb's own cache: what the scheduler gives it, and so little that memory is the indexes' alone.
const CACHES_MB: [u64; 2] = [128, 1];

/// What a child that recovers tells its parent.
#[derive(Debug, Serialize, Deserialize)]
pub(crate) struct Recovery {
    /// Jobs found.
    pub(crate) jobs: u64,
    /// Until the store was open, its index loaded.
    pub(crate) open_ms: f64,
    /// From there until the core held every job again.
    pub(crate) recover_ms: f64,
    /// By how much the process's memory grew, store and core together.
    pub(crate) resident: u64,
    /// By how much it grew while the store was opened.
    pub(crate) resident_store: u64,
    /// The store's own account of its index.
    pub(crate) store_index: u64,
    /// The core's account of its entries, without targets.
    pub(crate) core_entries: u64,
    /// Of the table from ids to entries.
    pub(crate) core_ids: u64,
    /// Of the twin index, targets included.
    pub(crate) core_twins: u64,
    /// Of the rest.
    pub(crate) core_rest: u64,
}

/// One part of what is in memory.
type Part = fn(&Recovery) -> u64;

/// Queues `jobs` in `dir` and recovers them, each repetition in a fresh process: after the store was closed, and after
/// its process went away without closing it.
///
/// # Errors
/// The disk failed, or a child did.
pub(crate) fn measure(dir: &Path, jobs: u64, reps: usize, report: &mut Report) -> Result<(), Box<dyn Error>> {
    child(&["fill", text(dir)?, &jobs.to_string()])?;
    let [closed, lean] = CACHES_MB.map(|cache| repeat(dir, cache, reps, false));
    let (closed, lean, killed) = (closed?, lean?, repeat(dir, CACHES_MB[0], reps, true)?);
    std::fs::remove_dir_all(dir)?;
    for (how, runs) in [("closed", &closed), ("killed", &killed)] {
        let case = format!("{jobs} queued, {how}");
        let all = |of: fn(&Recovery) -> f64| runs.iter().map(of).collect::<Vec<_>>();
        report.add("recovery", &case, "open_ms", &all(|run| run.open_ms))?;
        report.add("recovery", &case, "recover_ms", &all(|run| run.recover_ms))?;
        report.add("recovery", &case, "total_ms", &all(|run| run.open_ms + run.recover_ms))?;
    }
    for (cache, runs) in CACHES_MB.iter().zip([&closed, &lean]) {
        let case = format!("{jobs} queued, cache {cache} MB");
        report.add("memory", &case, "resident_bytes_per_job", &per_job(runs, |run| run.resident))?;
        report.add("memory", &case, "resident_store_bytes_per_job", &per_job(runs, |run| run.resident_store))?;
    }
    let case = format!("{jobs} queued, as accounted");
    let parts: [(_, Part); 5] = [
        ("store_index_bytes_per_job", |run| run.store_index),
        ("core_entries_bytes_per_job", |run| run.core_entries),
        ("core_ids_bytes_per_job", |run| run.core_ids),
        ("core_twins_bytes_per_job", |run| run.core_twins),
        ("core_rest_bytes_per_job", |run| run.core_rest),
    ];
    for (metric, of) in parts {
        report.add("memory", &case, metric, &per_job(&lean, of))?;
    }
    Ok(())
}

fn repeat(dir: &Path, cache_mb: u64, reps: usize, killed: bool) -> Result<Vec<Recovery>, Box<dyn Error>> {
    let mut runs = Vec::new();
    for _ in 0..reps {
        if killed {
            child(&["soil", text(dir)?, "0"])?;
        }
        runs.push(serde_json::from_str(&child(&["recover", text(dir)?, &cache_mb.to_string()])?)?);
    }
    Ok(runs)
}

#[allow(clippy::cast_precision_loss, reason = "bytes of memory fit in a mantissa")]
fn per_job(runs: &[Recovery], of: Part) -> Vec<f64> {
    runs.iter().map(|run| of(run) as f64 / run.jobs.max(1) as f64).collect()
}

fn text(path: &Path) -> Result<&str, Box<dyn Error>> {
    path.to_str().ok_or_else(|| "the directory's name is not UTF-8".into())
}

/// Runs this program as a child that takes one step, and returns what it printed.
fn child(step: &[&str]) -> Result<String, Box<dyn Error>> {
    let output = Command::new(std::env::current_exe()?).arg("--child").args(step).output()?;
    if !output.status.success() {
        let said = String::from_utf8_lossy(&output.stderr).into_owned();
        return Err(format!("the child that should {} failed: {said}", step.join(" ")).into());
    }
    Ok(String::from_utf8(output.stdout)?)
}
