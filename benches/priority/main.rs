//! Priority that is real, on one machine: `just demo-priority`.
//!
//! A scheduler, two workers and loopback registries with a delay, real processes all. Free and bulk work that is queued
//! for the whole time has every slot; then a paid client asks for some crates now and then. What it shows:
//! - how soon after the asking the registry is asked for a paid crate, beside the same for free and bulk work;
//! - which jobs were displaced for that, and that each went on where it was; the registries' own log says what was asked
//!   for twice.

#![allow(clippy::print_stdout, reason = "the demonstration's table goes to stdout")]

mod clients;
mod documents;
#[allow(dead_code, reason = "shared with another bench, which measures more")]
#[path = "../crawl/processes.rs"]
mod processes;
mod table;

use std::collections::HashMap;
use std::error::Error;
use std::ffi::OsString;
use std::path::{Path, PathBuf};
use std::time::Duration;

use clap::Parser;
use gleaner_model::Ecosystem;
use serde::Deserialize;

use crate::clients::{Asked, Client};
use crate::processes::{Addresses, Process};

/// Shows that paid work starts at once though every slot is busy, and that the work it displaces loses nothing.
#[derive(Parser, Debug)]
struct Args {
    /// Free jobs; of bulk jobs there are half as many. Each makes seven requests.
    #[arg(long, default_value_t = 800)]
    free: usize,
    /// Paid jobs, of one request each.
    #[arg(long, default_value_t = 200)]
    paid: usize,
    /// So many of them at once: a paying client that refreshes what its users look at.
    #[arg(long, default_value_t = 8)]
    burst: usize,
    /// A burst every so many milliseconds.
    #[arg(long, default_value_t = 700)]
    every: u64,
    /// Slots of each of the two workers.
    #[arg(long, default_value_t = 16)]
    slots: u32,
    /// How long the registries take for an answer, in milliseconds.
    #[arg(long, default_value_t = 250)]
    latency: u64,
    /// It fails if more than one in a hundred paid jobs waits longer than this for its first request, in milliseconds.
    #[arg(long, default_value_t = 50)]
    target: u64,
    /// Where the stores go; by default beside what cargo builds.
    #[arg(long, default_value = env!("CARGO_TARGET_TMPDIR"))]
    dir: PathBuf,
    /// Passed by cargo.
    #[arg(long, hide = true)]
    bench: bool,
}

/// A request as the registries noted it.
#[derive(Debug, Deserialize)]
struct Noted {
    path: String,
    at_us: u64,
    status: u16,
}

/// What came of it all.
struct Outcome {
    paid: Vec<Asked>,
    free: Vec<Asked>,
    bulk: Vec<Asked>,
    /// What the registries answered, by path: when each request came.
    answered: HashMap<String, Vec<u64>>,
    journeys: Vec<Journey>,
}

/// What a displaced job went through.
struct Journey {
    package: String,
    displaced: usize,
    attempts: u32,
    suspended_ms: u64,
}

#[tokio::main]
async fn main() -> Result<(), Box<dyn Error>> {
    let args = Args::parse();
    let _ = rustls::crypto::ring::default_provider().install_default();
    let dir = tempfile::tempdir_in(&args.dir)?;
    let outcome = play(&args, dir.path()).await?;
    table::show(&args, &outcome);
    match outcome.broken(&args) {
        None => Ok(()),
        Some(promise) => Err(promise.into()),
    }
}

async fn play(args: &Args, dir: &Path) -> Result<Outcome, Box<dyn Error>> {
    let documents = dir.join("documents");
    documents::projects(&documents, "crowd", args.free)?;
    documents::projects(&documents, "archive", args.free / 2)?;
    documents::crates(&documents, "urgent", args.paid)?;
    let latency = args.latency.to_string();
    let words: Vec<OsString> = ["replay".into(), documents.into()].into();
    let words = words.into_iter().chain(["--remember", "--latency", &latency].map(OsString::from)).collect::<Vec<_>>();
    let (_replay, addresses): (_, Addresses) = Process::start(&[], &words, dir)?;
    let (_scheduler, server) = scheduler(&addresses, dir)?;
    let mut workers = Vec::new();
    for name in ["one", "two"] {
        workers.push(processes::worker(&server, args.slots.try_into()?, &dir.join(name), &[])?);
    }
    let outcome = ask_all(args, &server).await?;
    let answered = log(&addresses).await?;
    Ok(Outcome { answered, ..outcome })
}

fn scheduler(addresses: &Addresses, dir: &Path) -> Result<(Process, String), Box<dyn Error>> {
    #[derive(Deserialize)]
    struct Serving {
        listening: String,
    }
    let clients = dir.join("clients.toml");
    std::fs::write(&clients, clients::FILE)?;
    let mut words: Vec<OsString> = ["serve", "--listen", "127.0.0.1:0", "--data"].map(OsString::from).into();
    words.extend([dir.join("scheduler").into(), "--clients".into(), clients.into()]);
    for ecosystem in Ecosystem::ALL {
        words.extend(["--registry".into(), format!("{ecosystem}={}", addresses.of(ecosystem)).into()]);
    }
    let (process, serving): (_, Serving) = Process::start(&[], &words, dir)?;
    Ok((process, serving.listening))
}

/// Fills every slot, asks for paid work meanwhile, and waits until all of it is done.
async fn ask_all(args: &Args, server: &str) -> Result<Outcome, Box<dyn Error>> {
    let acme = Client::connect("acme", server).await?;
    let (crowd, archive) = (Client::connect("crowd", server).await?, Client::connect("archive", server).await?);
    let names = |kind, count| (0..count).map(|number| documents::name(kind, number)).collect();
    let free = crowd.ask("pypi", names("crowd", args.free)).await?;
    let bulk = archive.ask("pypi", names("archive", args.free / 2)).await?;
    while acme.running().await? < 2 * args.slots {
        tokio::time::sleep(Duration::from_millis(10)).await;
    }
    let waiting = free.len() + bulk.len();
    println!("every slot of two workers is busy, and {waiting} jobs are open");
    println!("now {} paid jobs, {} at once every {} ms", args.paid, args.burst, args.every);
    let mut pace = tokio::time::interval(Duration::from_millis(args.every));
    let mut asking = Vec::new();
    for number in 0..args.paid {
        if number % args.burst.max(1) == 0 {
            pace.tick().await;
        }
        let acme = acme.clone();
        asking.push(tokio::spawn(async move { acme.ask("cargo", vec![documents::name("urgent", number)]).await }));
    }
    let mut paid = Vec::new();
    for asked in asking {
        paid.extend(asked.await??);
    }
    acme.until_done(&paid).await?;
    println!("all paid jobs are done; waiting for the others");
    crowd.until_done(&free).await?;
    archive.until_done(&bulk).await?;
    let mut journeys = Vec::new();
    for (client, jobs) in [(&crowd, &free), (&archive, &bulk)] {
        for asked in jobs {
            journeys.extend(journey(client, asked).await?);
        }
    }
    Ok(Outcome { paid, free, bulk, answered: HashMap::new(), journeys })
}

/// What a job went through, if it was displaced.
async fn journey(client: &Client, asked: &Asked) -> Result<Option<Journey>, Box<dyn Error>> {
    let told = client.explain(&asked.job).await?;
    let attempts = told.job.map(|job| job.attempts).unwrap_or_default();
    let journey = told.journey.ok_or("a job ended and nobody noted what it went through")?;
    Ok(Some(journey).filter(|journey| !journey.displaced_by.is_empty()).map(|journey| Journey {
        package: asked.package.clone(),
        displaced: journey.displaced_by.len(),
        attempts,
        suspended_ms: journey.suspended_ms,
    }))
}

async fn log(addresses: &Addresses) -> Result<HashMap<String, Vec<u64>>, Box<dyn Error>> {
    let body = reqwest::get(addresses.stats.replace("/stats", "/requests")).await?.bytes().await?;
    let mut answered: HashMap<String, Vec<u64>> = HashMap::new();
    for noted in serde_json::from_slice::<Vec<Noted>>(&body)?.into_iter().filter(|noted| noted.status == 200) {
        answered.entry(noted.path).or_default().push(noted.at_us);
    }
    Ok(answered)
}

impl Outcome {
    /// The first promise that did not hold, if one did not.
    fn broken(&self, args: &Args) -> Option<String> {
        if !self.repeated().is_empty() {
            return Some("a request that was answered was made again".to_owned());
        }
        if self.journeys.is_empty() {
            return Some("nobody was displaced, so this shows nothing: ask for more free work".to_owned());
        }
        let started = self.paid_starts();
        if started.len() < self.paid.len() {
            return Some(format!(
                "{} of {} paid jobs were never asked for",
                self.paid.len() - started.len(),
                args.paid
            ));
        }
        let p99_us = table::quantile(&started, 99);
        let is_late = p99_us > args.target * 1_000;
        is_late.then(|| {
            format!("paid work began {} us after the asking at p99, {} ms are the target", p99_us, args.target)
        })
    }

    /// How long after the asking the registry was first asked for each paid crate, in microseconds, ascending.
    fn paid_starts(&self) -> Vec<u64> {
        let first = |asked: &Asked| self.answered.get(&documents::index_path(&asked.package))?.iter().min().copied();
        let started = self.paid.iter().filter_map(|asked| Some(first(asked)?.saturating_sub(asked.asked_us)));
        let mut started: Vec<u64> = started.collect();
        started.sort_unstable();
        started
    }

    /// Paths that were answered more than once.
    fn repeated(&self) -> Vec<&str> {
        let often = self.answered.iter().filter(|(_, times)| times.len() > 1);
        often.map(|(path, _)| path.as_str()).collect()
    }
}
