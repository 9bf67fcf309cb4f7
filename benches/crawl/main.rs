//! What a crawl of recorded packages takes: `cargo bench --bench crawl -- --help`.
//!
//! `gleaner replay` serves the documents on loopback; `gleaner serve` and one `gleaner worker` crawl all of them into
//! a new store: submitted over gRPC, leased, fetched, parsed, made durable, watched to the end. `first` knows nothing
//! of any package; `second` asks for all of them again, and nothing has changed.
//!
//! Beside it the floor, from the same server in the same run: `reqwest` fetches the same documents and serde reads of
//! them what a crawler must read. It keeps nothing. Floor and crawl take turns.
//!
//! All of it shares the machine's cores: this program, the replay, the scheduler, the worker. CPU seconds of each are
//! measured too, since they tell more than the wall clock where there are more cores.

mod client;
mod floor;
mod packages;
mod processes;
#[path = "../report.rs"]
mod report;
mod round;

use std::error::Error;
use std::path::PathBuf;

use clap::Parser;

use crate::packages::Package;
use crate::processes::Replay;
use crate::report::Report;
use crate::round::Crawl;

/// Measures crawls.
#[derive(Parser, Debug)]
struct Args {
    /// Recorded documents: a folder with cargo/, npm/ and pypi/ or with documents.tar.zst. By default the fixtures.
    #[arg(long, env = "GLEANER_DOCUMENTS")]
    documents: Option<PathBuf>,
    /// Repetitions, each into a new store; floor and crawl take turns.
    #[arg(long, default_value_t = 3)]
    reps: usize,
    /// Attempts at a time, and requests at a time of the floor.
    #[arg(long, default_value_t = 64)]
    slots: usize,
    /// Where the stores go; by default beside what cargo builds.
    #[arg(long, default_value = env!("CARGO_TARGET_TMPDIR"))]
    dir: PathBuf,
    /// Appends one JSON object a measurement to this file.
    #[arg(long, env = "GLEANER_BENCH_JSON")]
    json: Option<PathBuf>,
    /// Keeps this command between the worker and its arguments, such as a profiler: `perf record -g -o FILE --`.
    #[arg(long, value_delimiter = ' ')]
    around_worker: Vec<String>,
    /// The same for the scheduler.
    #[arg(long, value_delimiter = ' ')]
    around_scheduler: Vec<String>,
    /// Passed by cargo.
    #[arg(long, hide = true)]
    bench: bool,
}

#[tokio::main]
async fn main() -> Result<(), Box<dyn Error>> {
    let args = Args::parse();
    // The client of the floor speaks no TLS here, and yet is not made without a provider of it.
    let _ = rustls::crypto::ring::default_provider().install_default();
    let fixtures = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("tests/fixtures/registries");
    let documents = args.documents.clone().unwrap_or(fixtures);
    let packages = packages::list(&documents)?;
    let mut report = Report::open("crawl", args.json.as_deref())?;
    let dir = tempfile::tempdir_in(&args.dir)?;
    let replay = Replay::start(&documents, dir.path())?;
    let crawls = repeat(&args, &packages, &replay, dir.path()).await?;
    round::tell(&crawls, &mut report)?;
    report.show();
    Ok(())
}

async fn repeat(
    args: &Args,
    packages: &[Package],
    replay: &Replay,
    dir: &std::path::Path,
) -> Result<Vec<Crawl>, Box<dyn Error>> {
    let mut crawls = Vec::new();
    // Once unmeasured: the server's pages and the connections are warm for all that follows.
    floor::run(packages, &replay.addresses, args.slots).await?;
    for rep in 0..args.reps {
        let setup = round::Setup {
            packages,
            replay,
            slots: args.slots,
            around_scheduler: &args.around_scheduler,
            around_worker: &args.around_worker,
        };
        crawls.push(round::run(&setup, &dir.join(rep.to_string())).await?);
    }
    Ok(crawls)
}
