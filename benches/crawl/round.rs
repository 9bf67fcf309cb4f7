//! One repetition: the floor, then a crawl of everything into a new store, then the same crawl again.

use std::error::Error;
use std::io;
use std::path::Path;
use std::time::Instant;

use tonic::transport::Channel;

use crate::client;
use crate::floor::{self, Pass};
use crate::packages::Package;
use crate::processes::{self, Process, Replay};
use crate::report::Report;

/// What a repetition is made of.
pub(crate) struct Setup<'a> {
    pub(crate) packages: &'a [Package],
    pub(crate) replay: &'a Replay,
    pub(crate) slots: usize,
    pub(crate) around_scheduler: &'a [String],
    pub(crate) around_worker: &'a [String],
}

/// What a repetition gave.
pub(crate) struct Crawl {
    packages: f64,
    floor: Pass,
    first: Lap,
    /// From the end of the last job that was asked for to the end of the last that the scheduler gave itself.
    rest_s: f64,
    second: Lap,
}

/// What one crawl of everything took.
struct Lap {
    seconds: f64,
    scheduler_cpu_s: f64,
    worker_cpu_s: f64,
    replay_cpu_s: f64,
    client_cpu_s: f64,
    requests: f64,
    not_modified: f64,
}

/// One of the two crawls of a repetition.
type Which = fn(&Crawl) -> &Lap;

/// The processes of a repetition.
struct Running<'a> {
    replay: &'a Replay,
    scheduler: Process,
    worker: Process,
    channel: Channel,
}

/// Runs one repetition with its data in `dir`.
///
/// # Errors
/// Something does not start, or a job does not end well.
pub(crate) async fn run(setup: &Setup<'_>, dir: &Path) -> Result<Crawl, Box<dyn Error>> {
    let floor = floor::run(setup.packages, &setup.replay.addresses, setup.slots).await?;
    std::fs::create_dir_all(dir)?;
    let (scheduler, server) = processes::scheduler(&setup.replay.addresses, dir, setup.around_scheduler)?;
    let worker = processes::worker(&server, setup.slots, dir, setup.around_worker)?;
    let channel = client::connect(&server).await?;
    let running = Running { replay: setup.replay, scheduler, worker, channel };
    let first = running.lap(setup.packages).await?;
    let begun = Instant::now();
    client::idle(&running.channel).await?;
    let rest_s = begun.elapsed().as_secs_f64();
    let second = running.lap(setup.packages).await?;
    let Running { scheduler, worker, channel, .. } = running;
    drop(channel);
    worker.end()?;
    scheduler.end()?;
    // The data stays until the end of the bench: ext4 searches long for a new inode where many were freed of late, and
    // a repetition would pay for the one before it.
    Ok(Crawl { packages: count(setup.packages.len() as u64), floor, first, rest_s, second })
}

impl Running<'_> {
    async fn lap(&self, packages: &[Package]) -> Result<Lap, Box<dyn Error>> {
        let (answered, cpu) = (self.replay.answered().await?, self.cpu()?);
        let seconds = client::crawl(&self.channel, packages).await?;
        let (answered_after, cpu_after) = (self.replay.answered().await?, self.cpu()?);
        let [scheduler_cpu_s, worker_cpu_s, replay_cpu_s, client_cpu_s] =
            [0, 1, 2, 3].map(|process| cpu_after[process] - cpu[process]);
        Ok(Lap {
            seconds,
            scheduler_cpu_s,
            worker_cpu_s,
            replay_cpu_s,
            client_cpu_s,
            requests: count(answered_after.requests - answered.requests),
            not_modified: count(answered_after.not_modified - answered.not_modified),
        })
    }

    fn cpu(&self) -> io::Result<[f64; 4]> {
        let client = processes::cpu_seconds(std::process::id())?;
        Ok([self.scheduler.cpu_seconds()?, self.worker.cpu_seconds()?, self.replay.process.cpu_seconds()?, client])
    }
}

#[allow(clippy::cast_precision_loss, reason = "documents and requests of one bench")]
fn count(number: u64) -> f64 {
    number as f64
}

/// Tells what all repetitions gave.
///
/// # Errors
/// The report cannot be written.
pub(crate) fn tell(crawls: &[Crawl], report: &mut Report) -> io::Result<()> {
    let all = |of: &dyn Fn(&Crawl) -> f64| crawls.iter().map(of).collect::<Vec<_>>();
    let floor_rate = all(&|crawl| crawl.packages / crawl.floor.seconds);
    let megabytes = |crawl: &Crawl| count(crawl.floor.bytes) / 1e6;
    let floor_megabytes = all(&|crawl| megabytes(crawl) / crawl.floor.seconds);
    report.add("documents", "-", "packages", &all(&|crawl| crawl.packages))?;
    report.add("documents", "-", "megabytes", &all(&megabytes))?;
    report.add("documents", "-", "versions", &all(&|crawl| count(crawl.floor.versions as u64)))?;
    report.add("floor", "-", "packages_per_s", &floor_rate)?;
    report.add("floor", "-", "cpu_s", &all(&|crawl| crawl.floor.cpu_s))?;
    let laps: [(&str, Which); 2] = [("first", |crawl| &crawl.first), ("second", |crawl| &crawl.second)];
    for (case, lap) in laps {
        let rate = all(&|crawl| crawl.packages / lap(crawl).seconds);
        report.add_beside("crawl", case, "packages_per_s", &rate, &floor_rate)?;
        if case == "first" {
            let rate = all(&|crawl| megabytes(crawl) / lap(crawl).seconds);
            report.add_beside("crawl", case, "megabytes_per_s", &rate, &floor_megabytes)?;
        }
        report.add("crawl", case, "requests_per_s", &all(&|crawl| lap(crawl).requests / lap(crawl).seconds))?;
        report.add("crawl", case, "seconds", &all(&|crawl| lap(crawl).seconds))?;
        report.add("crawl", case, "scheduler_cpu_s", &all(&|crawl| lap(crawl).scheduler_cpu_s))?;
        report.add("crawl", case, "worker_cpu_s", &all(&|crawl| lap(crawl).worker_cpu_s))?;
        report.add("crawl", case, "replay_cpu_s", &all(&|crawl| lap(crawl).replay_cpu_s))?;
        report.add("crawl", case, "client_cpu_s", &all(&|crawl| lap(crawl).client_cpu_s))?;
        report.add("crawl", case, "requests", &all(&|crawl| lap(crawl).requests))?;
        report.add("crawl", case, "not_modified", &all(&|crawl| lap(crawl).not_modified))?;
    }
    report.add("crawl", "first", "rest_s", &all(&|crawl| crawl.rest_s))
}
