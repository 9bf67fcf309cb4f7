//! Plays the two sides of a scheduler for the comparison with other job systems: who submits, and who works.
//!
//! The harness of the comparison starts this program with a command (`init`, `submit`, `trickle`, `watch`, `worker`)
//! and reads from its output and from files in `BENCH_DIR` what happened when; `benches/peers/run` starts the harness.
//! All of it goes over gRPC as any client's and any worker's words do. The worker is a thin one: it does what the job's
//! payload says (sleep, append to a log, count) where the real one would crawl, and keeps no state of its own.

#![allow(clippy::print_stdout, reason = "the harness reads the answers from stdout")]

mod attempts;
mod clock;
mod payload;
mod session;
mod submit;
mod tally;
mod watch;
mod worker;

use std::error::Error;
use std::path::PathBuf;

use clap::{Args, Parser, Subcommand, ValueEnum};
use gleaner_cluster::ChannelOptions;
use gleaner_proto::v1::job_service_client::JobServiceClient;
use tonic::metadata::{Ascii, MetadataValue};
use tonic::transport::Channel;

use crate::payload::{Mode, Pad};

#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

/// Drives a scheduler.
#[derive(Parser, Debug)]
struct Arguments {
    #[command(flatten)]
    scheduler: Scheduler,
    #[command(subcommand)]
    command: Command,
}

/// Where the scheduler is, and as whom to speak to it.
#[derive(Args, Clone, Debug)]
pub(crate) struct Scheduler {
    /// Its URL.
    #[arg(long, env = "PEER_URL")]
    url: String,
    /// The token of a client of the lane paid.
    #[arg(long, env = "PEER_PAID_TOKEN", hide_env_values = true)]
    paid_token: String,
    /// The token of a client of the lane free.
    #[arg(long, env = "PEER_FREE_TOKEN", hide_env_values = true)]
    free_token: String,
    /// With what payloads are filled up.
    #[arg(long, env = "PEER_PAD", default_value = "letter")]
    pad: Pad,
}

#[derive(Subcommand, Debug)]
enum Command {
    /// Makes sure that the scheduler answers.
    Init,
    /// Submits many jobs, and says how long that took.
    Submit { jobs: u64, priority: Priority, sleep_ms: u64, mode: Mode, first_id: u64 },
    /// Submits single urgent jobs, one every so many milliseconds.
    Trickle { jobs: u64, every_ms: u64, first_id: u64 },
    /// Says when nothing is left to do.
    Watch,
    /// Works until it is killed.
    Worker(WorkerArgs),
}

/// How urgent jobs are.
#[derive(ValueEnum, Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Priority {
    /// Asked for by the paying client.
    High,
    /// Asked for by the other one.
    Low,
}

/// How to work.
#[derive(Args, Debug)]
struct WorkerArgs {
    /// How many jobs at a time.
    slots: u32,
    /// Where counts and logs go.
    #[arg(long, env = "BENCH_DIR", default_value = ".")]
    dir: PathBuf,
    /// What the worker says of each job when it has ended.
    #[arg(long, env = "PEER_OUTCOME", default_value = "not-found")]
    outcome: Said,
}

/// What the worker says of a job that has ended. A worker's outcomes are about packages.
#[derive(ValueEnum, Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Said {
    /// The package is not there: the job is done, and the catalogue gets a record which says so.
    NotFound,
    /// A fault for good: the job ends in the journal, and the catalogue hears nothing of it.
    Fault,
}

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), Box<dyn Error>> {
    let Arguments { scheduler, command } = Arguments::parse();
    match command {
        Command::Init => scheduler.connect().await.map(drop),
        Command::Submit { jobs, priority, sleep_ms, mode, first_id } => {
            submit::bulk(&scheduler, jobs, priority, submit::Body { sleep_ms, mode, first_id }).await
        }
        Command::Trickle { jobs, every_ms, first_id } => submit::trickle(&scheduler, jobs, every_ms, first_id).await,
        Command::Watch => watch::run(&scheduler).await,
        Command::Worker(WorkerArgs { slots, dir, outcome }) => worker::run(&scheduler, slots, &dir, outcome).await,
    }
}

impl Scheduler {
    async fn connect(&self) -> Result<Channel, Box<dyn Error>> {
        Ok(gleaner_cluster::endpoint(&self.url, None, &ChannelOptions::default())?.connect().await?)
    }

    /// The credentials of the client whose jobs are this urgent.
    fn credentials(&self, priority: Priority) -> Result<MetadataValue<Ascii>, Box<dyn Error>> {
        let token = match priority {
            Priority::High => &self.paid_token,
            Priority::Low => &self.free_token,
        };
        Ok(format!("Bearer {token}").parse()?)
    }

    async fn jobs(&self) -> Result<JobServiceClient<Channel>, Box<dyn Error>> {
        Ok(JobServiceClient::new(self.connect().await?))
    }
}
