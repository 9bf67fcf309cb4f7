//! `gleaner up`: a scheduler and a worker, for one machine.

use std::path::Path;

use clap::Args;

use super::serve::{ServeArgs, announce, start};
use super::worker::finish;
use crate::admission::knock;
use crate::egress::EgressArgs;
use crate::exit::{Exit, Failure};
use crate::node::{WorkerNodeOptions, start_worker, worker_data};
use crate::operator::Door;
use crate::output::Output;
use crate::remote::endpoint;
use crate::resolving::ResolvingArgs;
use crate::signals::Signals;
use crate::telemetry::Telemetry;
use crate::timeouts::TimeoutArgs;

/// As for `serve`, and how large the worker is.
#[derive(Args, Debug)]
pub(crate) struct UpArgs {
    /// Attempts at a time, 1 to 4096.
    #[arg(long, env = "GLEANER_SLOTS", default_value_t = 32, value_name = "N")]
    slots: usize,
    #[command(flatten)]
    timeouts: TimeoutArgs,
    #[command(flatten)]
    egress: EgressArgs,
    #[command(flatten)]
    resolving: ResolvingArgs,
    #[command(flatten)]
    serve: ServeArgs,
}

/// Runs both until a signal, then drains: first the worker, so that everything it has is committed.
pub(crate) async fn run(
    args: &UpArgs,
    output: Output,
    config: Option<&Path>,
    telemetry: &Telemetry,
) -> Result<Exit, Failure> {
    let signals = Signals::listen();
    let door = Door::open(&args.serve.door, telemetry).await?;
    let scheduler = start(&args.serve, config).await?;
    door.ready(scheduler.failure());
    announce(&scheduler, &door, output)?;
    let (url, endpoint) = (scheduler.url(), endpoint(&scheduler.url(), &args.serve.tls)?);
    // Its own worker comes through the same door as any other, so it must find the certificate good.
    knock(&url, &endpoint).await?;
    let worker = start_worker(WorkerNodeOptions {
        data: worker_data(&args.serve.data.directory()?),
        name: None,
        slots: args.slots,
        contact: args.serve.registries.contact.clone(),
        timeouts: args.timeouts.timeouts(),
        egress: args.egress.limit(),
        resolving: args.resolving.bounds(),
        endpoint,
    })
    .await?;
    let result = tokio::select! {
        result = finish(&worker, &signals) => result,
        failure = scheduler.failed() => Err(failure),
    };
    door.drain();
    scheduler.stop().await;
    door.close().await;
    result
}
