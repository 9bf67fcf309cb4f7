//! What the journal carries: `cargo bench --bench journal -- --help`.
//!
//! Three questions, each through the port that the scheduler itself uses, on a real file, with every commit on disk
//! before it counts:
//! - `cycles`: how many jobs a second go from submit to complete, at given sizes of a group, beside the floor: a file
//!   to which the same bytes are appended and flushed;
//! - `recovery`: how long until a restarted scheduler knows its queue again, at given lengths of it;
//! - what a queued job takes of memory, index by index.
//!
//! Recovery runs in child processes of this one, so that each measurement begins with a fresh memory.

mod child;
mod cycles;
mod floor;
mod load;
mod memory;
mod recovery;
#[path = "../report.rs"]
mod report;

use std::error::Error;
use std::path::PathBuf;

use clap::Parser;

use crate::report::Report;

/// Measures the journal.
#[derive(Parser, Debug)]
struct Args {
    /// Jobs in a group.
    #[arg(long, value_delimiter = ',', default_values_t = [100, 1_000, 10_000])]
    groups: Vec<u64>,
    /// Jobs in the queue that is recovered.
    #[arg(long, value_delimiter = ',', default_values_t = [1_000_000, 5_000_000])]
    queued: Vec<u64>,
    /// Repetitions; floor and store take turns.
    #[arg(long, default_value_t = 3)]
    reps: usize,
    /// How long one repetition commits.
    #[arg(long, default_value_t = 3.0)]
    seconds: f64,
    /// Where the files go, on the disk that is to be measured; by default beside what cargo builds.
    #[arg(long, default_value = env!("CARGO_TARGET_TMPDIR"))]
    dir: PathBuf,
    /// Appends one JSON object a measurement to this file.
    #[arg(long, env = "GLEANER_BENCH_JSON")]
    json: Option<PathBuf>,
    /// What a child process does.
    #[arg(long, hide = true, num_args = 3, value_names = ["STEP", "DIR", "NUMBER"])]
    child: Option<Vec<String>>,
    /// Passed by cargo.
    #[arg(long, hide = true)]
    bench: bool,
}

fn main() -> Result<(), Box<dyn Error>> {
    let args = Args::parse();
    if let Some(step) = &args.child {
        return child::run(step);
    }
    let mut report = Report::open("journal", args.json.as_deref())?;
    let dir = tempfile::tempdir_in(&args.dir)?;
    cycles::measure(dir.path(), &args.groups, args.reps, args.seconds, &mut report)?;
    for queued in &args.queued {
        recovery::measure(&dir.path().join("recovery"), *queued, args.reps, &mut report)?;
    }
    report.show();
    Ok(())
}
