//! Jobs from submit to complete, a second.
//!
//! A commit of a group of N makes N new jobs durable and the ends of N earlier ones: N cycles. In `fifo` jobs end in
//! the commit after their own and in their order; in `mixed` they end some commits later and in any order, as jobs
//! of different length do. Groups are made outside the measured time, as clients would make them.

use std::error::Error;
use std::path::Path;
use std::time::{Duration, Instant};

use gleaner_store::{Group, RedbOptions, RedbStore, Store};

use crate::report::Report;
use crate::{floor, load};

/// Groups among which jobs of `mixed` end.
const MIXED_GROUPS: u64 = 8;

/// Cycles to prepare at a time: some hundred megabytes of groups.
const PREPARED: u64 = 160_000;

/// What one repetition gave.
pub(crate) struct Run {
    pub(crate) cycles_per_s: f64,
    pub(crate) commits_ms: Vec<f64>,
}

/// All repetitions of one kind.
#[derive(Default)]
struct Runs {
    cycles_per_s: Vec<f64>,
    p50_ms: Vec<f64>,
    p99_ms: Vec<f64>,
}

impl Runs {
    fn add(&mut self, run: &Run) {
        self.cycles_per_s.push(run.cycles_per_s);
        self.p50_ms.extend(quantile(&run.commits_ms, 0.5));
        self.p99_ms.extend(quantile(&run.commits_ms, 0.99));
    }
}

/// Measures each size of group, floor and store taking turns.
///
/// # Errors
/// The disk failed.
pub(crate) fn measure(
    dir: &Path,
    sizes: &[u64],
    reps: usize,
    seconds: f64,
    report: &mut Report,
) -> Result<(), Box<dyn Error>> {
    let budget = Duration::from_secs_f64(seconds);
    for &size in sizes {
        let [mut floor, mut fifo, mut mixed] = [(); 3].map(|()| Runs::default());
        for rep in 0..reps {
            let path = |kind| dir.join(format!("{kind}-{size}-{rep}"));
            let raw: Vec<Vec<u8>> = wave(0, size, (PREPARED / size).max(2), 1).iter().map(floor::encoded).collect();
            floor.add(&floor::run(&path("floor"), &raw, size, budget)?);
            fifo.add(&store(&path("fifo"), size, 1, budget)?);
            mixed.add(&store(&path("mixed"), size, MIXED_GROUPS, budget)?);
            std::fs::remove_file(path("floor"))?;
            std::fs::remove_dir_all(path("fifo"))?;
            std::fs::remove_dir_all(path("mixed"))?;
        }
        for (kind, runs) in [("fifo", &fifo), ("mixed", &mixed)] {
            let case = format!("groups of {size}, {kind}");
            report.add_beside("cycles", &case, "cycles_per_s", &runs.cycles_per_s, &floor.cycles_per_s)?;
            report.add_beside("cycles", &case, "commit_p50_ms", &runs.p50_ms, &floor.p50_ms)?;
            report.add_beside("cycles", &case, "commit_p99_ms", &runs.p99_ms, &floor.p99_ms)?;
        }
    }
    report.add("cycles", "-", "submit_bytes", &[mean_submit_bytes()])?;
    Ok(())
}

/// `count` groups from `first` on, after `first` has been committed up to; the jobs of each `mixing` groups end in the
/// `mixing` groups after them. The first `mixing` groups of a store (`first` is its beginning) end nothing.
fn wave(first: u64, size: u64, count: u64, mixing: u64) -> Vec<Group> {
    let span = size * mixing;
    let mut groups = Vec::new();
    for wave in 0..count.div_ceil(mixing) {
        let begin = first + wave * span;
        let mut ended: Vec<u64> = if wave == 0 { Vec::new() } else { (begin - span..begin).collect() };
        if mixing > 1 {
            load::shuffle(&mut ended);
        }
        for nth in 0..mixing {
            let from = begin + nth * size;
            let commands = (from..from + size).map(load::submit).collect();
            let share = usize::try_from(size).expect("a group fits in memory");
            let closures = ended.drain(..share.min(ended.len())).map(load::close).collect();
            groups.push(Group { commands, closures, ..Group::default() });
        }
    }
    groups
}

/// Commits groups to a new store until `budget` is spent on it.
#[allow(clippy::cast_precision_loss, reason = "a repetition has fewer cycles than a mantissa can count")]
fn store(dir: &Path, size: u64, mixing: u64, budget: Duration) -> Result<Run, Box<dyn Error>> {
    let store = RedbStore::open(dir, RedbOptions::default())?;
    let (mut next, mut spent, mut ended, mut commits_ms) =
        (store.opened().next_sequence, Duration::ZERO, 0, Vec::new());
    while spent < budget {
        // At least two waves, of which the first ends nothing: it is committed, and not measured.
        let groups = wave(next, size, (PREPARED / size).max(2 * mixing), mixing);
        let unmeasured = usize::try_from(mixing)?;
        next += size * u64::try_from(groups.len())?;
        for (nth, group) in groups.iter().enumerate() {
            let begun = Instant::now();
            store.commit(group)?;
            let took = begun.elapsed();
            if nth >= unmeasured && spent < budget {
                spent += took;
                ended += group.closures.len();
                commits_ms.push(took.as_secs_f64() * 1e3);
            }
        }
        // The last wave of these groups ends, so that nothing piles up; not measured either.
        let last = (next - size * mixing..next).map(load::close).collect();
        store.commit(&Group { closures: last, ..Group::default() })?;
    }
    Ok(Run { cycles_per_s: ended as f64 / spent.as_secs_f64(), commits_ms })
}

/// What one job of the load takes, written down plainly.
#[allow(clippy::cast_precision_loss, reason = "some hundred bytes")]
fn mean_submit_bytes() -> f64 {
    let jobs = 1_000;
    let bytes: usize =
        (0..jobs).map(|nth| postcard::to_allocvec(&load::submit(nth).1).expect("plain data").len()).sum();
    bytes as f64 / jobs as f64
}

/// The value below which `share` of `values` lie; none of none.
#[allow(clippy::cast_precision_loss, clippy::cast_possible_truncation, clippy::cast_sign_loss)]
fn quantile(values: &[f64], share: f64) -> Option<f64> {
    let mut sorted = values.to_vec();
    sorted.sort_by(f64::total_cmp);
    let last = sorted.len().checked_sub(1)?;
    sorted.get((share * last as f64).round() as usize).copied()
}
