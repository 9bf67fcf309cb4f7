//! `gleaner worker`: a worker.

use std::path::PathBuf;

use clap::Args;
use gleaner_agent::Handle;
use gleaner_model::WorkerName;
use serde::Serialize;

use crate::admission::{knock, refused};
use crate::data::DataArgs;
use crate::egress::EgressArgs;
use crate::exit::{Exit, Failure};
use crate::node::{WorkerNodeOptions, start_worker, worker_data};
use crate::output::Output;
use crate::remote::{TlsArgs, endpoint};
use crate::resolving::ResolvingArgs;
use crate::signals::Signals;
use crate::timeouts::TimeoutArgs;

/// Whose worker, and how large.
#[derive(Args, Debug)]
pub(crate) struct WorkerArgs {
    /// The scheduler's address, such as http://127.0.0.1:7077.
    #[arg(long, env = "GLEANER_SERVER", value_name = "URL")]
    server: String,
    /// Attempts at a time, 1 to 4096.
    #[arg(long, env = "GLEANER_SLOTS", default_value_t = 32, value_name = "N")]
    slots: usize,
    /// The worker's name; otherwise one is made up at the first start and kept with its state.
    #[arg(long, env = "GLEANER_WORKER_NAME", value_name = "NAME", value_parser = str::parse::<WorkerName>)]
    name: Option<WorkerName>,
    /// How registries can reach who crawls: an address or a URL, sent with every request.
    #[arg(long, env = "GLEANER_CONTACT", value_name = "TEXT")]
    contact: Option<String>,
    #[command(flatten)]
    timeouts: TimeoutArgs,
    #[command(flatten)]
    egress: EgressArgs,
    #[command(flatten)]
    resolving: ResolvingArgs,
    #[command(flatten)]
    data: DataArgs,
    #[command(flatten)]
    tls: TlsArgs,
}

#[derive(Serialize)]
struct Working<'a> {
    worker: &'a str,
    server: &'a str,
    slots: usize,
}

/// Works until a signal, then drains.
pub(crate) async fn run(args: &WorkerArgs, output: Output) -> Result<Exit, Failure> {
    let signals = Signals::listen();
    let data: PathBuf = worker_data(&args.data.directory()?);
    let endpoint = endpoint(&args.server, &args.tls)?;
    let admission = tokio::select! {
        admission = knock(&args.server, &endpoint) => admission?,
        () = signals.drain() => return Ok(Exit::Done),
    };
    let options = WorkerNodeOptions {
        data,
        name: args.name.clone(),
        slots: args.slots,
        contact: args.contact.clone(),
        timeouts: args.timeouts.timeouts(),
        egress: args.egress.limit(),
        resolving: args.resolving.bounds(),
        endpoint: endpoint.clone(),
    };
    let worker = start_worker(options).await?;
    let name = worker.name().to_string();
    output.say(format!("worker {name} works for {} with {} slots", args.server, args.slots))?;
    output.object(&Working { worker: &name, server: &args.server, slots: args.slots })?;
    tokio::select! {
        finished = finish(&worker, &signals) => finished,
        failure = refused(&args.server, &endpoint, admission) => {
            worker.stop();
            worker.wait().await?;
            Err(failure)
        }
    }
}

/// Lets a worker work until a signal, then finishes what has begun.
pub(crate) async fn finish(worker: &Handle, signals: &Signals) -> Result<Exit, Failure> {
    tokio::select! {
        ended = worker.wait() => ended?,
        () = signals.drain() => {
            worker.drain();
            worker.wait().await?;
        }
    }
    Ok(Exit::Done)
}
