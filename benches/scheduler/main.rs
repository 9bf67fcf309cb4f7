//! What the decisions take: `cargo bench --bench scheduler -- --help`.
//!
//! `gleaner_core::Scheduler` alone, in one thread, without a store, a wire or a runtime around it, with a backlog of a
//! given length kept as it is: whatever is started ends at once and is replaced by a new job.
//! - `dispatch`: decisions to start a task, a second of time spent in them;
//! - `cycle`: whole ways of a job (taken in, started, ended, forgotten), a second;
//! - what a queued job takes of memory, index by index, and as the kernel counts it.
//!
//! On one host, on many, and on many whose budgets bind, so that most are closed most of the time (there the clock of
//! the decisions is moved to when the next host opens). Each measurement runs in a child process of this one, so that
//! it begins with a fresh memory.
//!
//! And how soon paid work starts in a whole scheduler under load: see [`start`].

mod child;
#[allow(dead_code, reason = "shared with the demonstration of priority, which asks more")]
#[path = "../priority/clients.rs"]
mod clients;
mod load;
#[path = "../journal/memory.rs"]
mod memory;
#[allow(dead_code, reason = "shared with another bench, which measures more")]
#[path = "../crawl/processes.rs"]
mod processes;
#[path = "../report.rs"]
mod report;
mod start;

use std::error::Error;
use std::io;
use std::process::Command;

use clap::{Parser, ValueEnum};
use serde::{Deserialize, Serialize};

use crate::report::Report;

#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

/// Measures the decisions.
#[derive(Parser, Debug)]
struct Args {
    /// Lengths of the backlog.
    #[arg(long, num_args = 0.., value_delimiter = ',', default_values_t = [1_000, 10_000, 100_000, 1_000_000, 10_000_000])]
    backlogs: Vec<u64>,
    /// How many hosts, and whether their budgets bind.
    #[arg(long, value_delimiter = ',', default_values = ["one", "many", "paced"])]
    hosts: Vec<Hosts>,
    /// Repetitions.
    #[arg(long, default_value_t = 3)]
    reps: usize,
    /// How long one repetition decides.
    #[arg(long, default_value_t = 1.0)]
    seconds: f64,
    /// Paid jobs whose start is measured beside each kind of victims; 0 for none.
    #[arg(long, default_value_t = 1_000)]
    starts: usize,
    /// Where the stores go; by default beside what cargo builds.
    #[arg(long, default_value = env!("CARGO_TARGET_TMPDIR"))]
    dir: std::path::PathBuf,
    /// Appends one JSON object a measurement to this file.
    #[arg(long, env = "GLEANER_BENCH_JSON")]
    json: Option<std::path::PathBuf>,
    /// What a child process does: one repetition.
    #[arg(long, hide = true, requires = "backlog")]
    child: Option<Hosts>,
    /// Its backlog.
    #[arg(long, hide = true)]
    backlog: Option<u64>,
    /// Passed by cargo.
    #[arg(long, hide = true)]
    bench: bool,
}

/// The hosts of the jobs.
#[derive(ValueEnum, Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Hosts {
    /// One, which may be asked without end.
    One,
    /// A thousand, each of which may be asked without end.
    Many,
    /// A thousand, each of which may be asked a hundred times a second.
    Paced,
}

impl Hosts {
    fn flag(self) -> &'static str {
        match self {
            Self::One => "one",
            Self::Many => "many",
            Self::Paced => "paced",
        }
    }

    fn name(self) -> &'static str {
        match self {
            Self::One => "1 host",
            Self::Many => "1,000 hosts",
            Self::Paced => "1,000 hosts, paced",
        }
    }
}

/// What one repetition gave.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub(crate) struct Run {
    /// Decisions to start a task, a second of time spent in them.
    dispatched_per_s: f64,
    /// The longest call that decided, up to some hundred decisions.
    dispatch_max_ms: f64,
    /// Whole ways of a job, a second.
    cycles_per_s: f64,
    /// Jobs taken in while the backlog was filled, a second.
    submitted_per_s: f64,
    /// Bytes of each queued job, as the kernel counts them.
    resident_bytes: f64,
    /// As the tables count themselves.
    entry_bytes: f64,
    id_bytes: f64,
    twin_bytes: f64,
    rest_bytes: f64,
}

/// One figure of a repetition, and its name.
type Figure = (&'static str, &'static str, fn(&Run) -> f64);

const FIGURES: [Figure; 9] = [
    ("dispatch", "decisions_per_s", |run| run.dispatched_per_s),
    ("dispatch", "longest_call_ms", |run| run.dispatch_max_ms),
    ("cycle", "jobs_per_s", |run| run.cycles_per_s),
    ("submit", "jobs_per_s", |run| run.submitted_per_s),
    ("memory", "resident_bytes", |run| run.resident_bytes),
    ("memory", "entry_bytes", |run| run.entry_bytes),
    ("memory", "id_bytes", |run| run.id_bytes),
    ("memory", "twin_bytes", |run| run.twin_bytes),
    ("memory", "rest_bytes", |run| run.rest_bytes),
];

#[allow(clippy::print_stdout, reason = "the parent reads the result from stdout")]
fn main() -> Result<(), Box<dyn Error>> {
    let args = Args::parse();
    if let (Some(hosts), Some(backlog)) = (args.child, args.backlog) {
        println!("{}", serde_json::to_string(&child::run(hosts, backlog, args.seconds)?)?);
        return Ok(());
    }
    let mut report = Report::open("scheduler", args.json.as_deref())?;
    for hosts in &args.hosts {
        for backlog in &args.backlogs {
            let runs =
                (0..args.reps).map(|_| repetition(*hosts, *backlog, args.seconds)).collect::<Result<Vec<_>, _>>()?;
            tell(&runs, &format!("{}, {backlog} queued", hosts.name()), &mut report)?;
        }
    }
    if args.starts > 0 {
        start::run(args.starts, &args.dir, &mut report)?;
    }
    report.show();
    Ok(())
}

fn repetition(hosts: Hosts, backlog: u64, seconds: f64) -> Result<Run, Box<dyn Error>> {
    let mut child = Command::new(std::env::current_exe()?);
    child.args(["--child", hosts.flag(), "--backlog", &backlog.to_string(), "--seconds", &seconds.to_string()]);
    let output = child.stderr(std::process::Stdio::inherit()).output()?;
    if !output.status.success() {
        return Err(format!("{child:?} ended with {}", output.status).into());
    }
    Ok(serde_json::from_slice(&output.stdout)?)
}

fn tell(runs: &[Run], case: &str, report: &mut Report) -> io::Result<()> {
    FIGURES.iter().try_for_each(|(test, metric, of)| {
        let values: Vec<f64> = runs.iter().map(of).collect();
        report.add(test, case, metric, &values)
    })
}
