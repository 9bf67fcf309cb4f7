//! A million jobs over one submit stream: `cargo bench --bench submit -- --help`.
//!
//! A scheduler and a client as processes of their own, no worker. The client sends numbered jobs, each about another
//! package, and reads an acknowledgement each. What is measured, at intervals of acknowledged jobs: the memory of both
//! processes. The client's must not grow. The scheduler's must grow by what a queued job takes and by nothing else: what is
//! on its way is bounded, so the growth of the second half, when every cache is full, is that of the queue.

mod client;
#[path = "../journal/memory.rs"]
mod memory;
#[allow(dead_code, reason = "shared with another bench, which measures more")]
#[path = "../crawl/processes.rs"]
mod processes;
#[path = "../report.rs"]
mod report;

use std::error::Error;
use std::ffi::OsString;
use std::io::{BufRead, BufReader};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};

use clap::Parser;
use serde::{Deserialize, Serialize};

use crate::processes::Process;
use crate::report::Report;

#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

/// Measures what a long submit stream takes.
#[derive(Parser, Debug)]
struct Args {
    /// Jobs to submit.
    #[arg(long, default_value_t = 1_000_000)]
    jobs: u64,
    /// Samples, evenly over the jobs.
    #[arg(long, default_value_t = 10)]
    samples: u64,
    /// Where the store goes; by default beside what cargo builds.
    #[arg(long, default_value = env!("CARGO_TARGET_TMPDIR"))]
    dir: PathBuf,
    /// Appends one JSON object a measurement to this file.
    #[arg(long, env = "GLEANER_BENCH_JSON")]
    json: Option<PathBuf>,
    /// What a child process does: submit to the scheduler at this address.
    #[arg(long, hide = true, value_name = "URL")]
    child: Option<String>,
    /// Passed by cargo.
    #[arg(long, hide = true)]
    bench: bool,
}

/// What the client tells, one a line.
#[derive(Clone, Copy, Debug, Serialize, Deserialize)]
pub(crate) struct Told {
    /// Jobs that are acknowledged.
    acknowledged: u64,
    /// Its memory.
    resident_bytes: u64,
    /// Since it began.
    seconds: f64,
}

/// Both sides at one moment.
struct Sample {
    told: Told,
    scheduler_bytes: u64,
}

fn main() -> Result<(), Box<dyn Error>> {
    let args = Args::parse();
    let every = (args.jobs / args.samples.max(1)).max(1);
    if let Some(url) = &args.child {
        return client::run(url, args.jobs, every);
    }
    let _ = rustls::crypto::ring::default_provider().install_default();
    let dir = tempfile::tempdir_in(&args.dir)?;
    let (scheduler, url) = scheduler(dir.path())?;
    let samples = samples(&args, &scheduler, &url)?;
    let mut report = Report::open("submit", args.json.as_deref())?;
    tell(&samples, &mut report)?;
    report.show();
    Ok(())
}

/// A scheduler whose registries are never asked, since there is no worker.
fn scheduler(dir: &Path) -> Result<(Process, String), Box<dyn Error>> {
    #[derive(Deserialize)]
    struct Serving {
        listening: String,
    }
    let mut words: Vec<OsString> = ["serve", "--listen", "127.0.0.1:0", "--data"].map(OsString::from).into();
    words.push(dir.join("scheduler").into());
    for name in ["cargo", "npm", "pypi"] {
        words.extend(["--registry".into(), format!("{name}=http://127.0.0.1:1/").into()]);
    }
    let (process, serving): (_, Serving) = Process::start(&[], &words, dir)?;
    Ok((process, serving.listening))
}

/// Has the client submit, and looks at both processes whenever it tells something.
fn samples(args: &Args, scheduler: &Process, url: &str) -> Result<Vec<Sample>, Box<dyn Error>> {
    let mut client = Ended(start(args, url)?);
    let told = client.0.stdout.take().ok_or("the client has no stdout")?;
    let mut samples = Vec::new();
    for line in BufReader::new(told).lines() {
        let told = serde_json::from_str(&line?)?;
        samples.push(Sample { told, scheduler_bytes: memory::resident_bytes_of(scheduler.id())? });
    }
    let status = client.0.wait()?;
    if !status.success() {
        return Err(format!("the client ended with {status}").into());
    }
    Ok(samples)
}

fn start(args: &Args, url: &str) -> Result<Child, Box<dyn Error>> {
    let mut client = Command::new(std::env::current_exe()?);
    client.args(["--child", url, "--jobs", &args.jobs.to_string(), "--samples", &args.samples.to_string()]);
    Ok(client.stdout(Stdio::piped()).stdin(Stdio::null()).spawn()?)
}

/// A child that ends with its parent's interest in it.
struct Ended(Child);

impl Drop for Ended {
    fn drop(&mut self) {
        // It may have ended already.
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

#[allow(clippy::cast_precision_loss, reason = "fewer than a mantissa can count")]
fn tell(samples: &[Sample], report: &mut Report) -> Result<(), Box<dyn Error>> {
    const MIB: f64 = 1_048_576.0;
    for Sample { told, scheduler_bytes } in samples {
        let case = format!("{} acknowledged", told.acknowledged);
        report.add("client", &case, "resident_mib", &[told.resident_bytes as f64 / MIB])?;
        report.add("scheduler", &case, "resident_mib", &[*scheduler_bytes as f64 / MIB])?;
    }
    let (Some(middle), Some(last)) = (samples.get(samples.len() / 2), samples.last()) else {
        return Err("the client told nothing".into());
    };
    let jobs = (last.told.acknowledged - middle.told.acknowledged).max(1) as f64;
    let grown = |of: fn(&Sample) -> u64| (of(last) as f64 - of(middle) as f64) / jobs;
    report.add("client", "second half", "bytes_a_job", &[grown(|sample| sample.told.resident_bytes)])?;
    report.add("scheduler", "second half", "bytes_a_job", &[grown(|sample| sample.scheduler_bytes)])?;
    report.add("stream", "all", "jobs_per_s", &[last.told.acknowledged as f64 / last.told.seconds])?;
    Ok(())
}
