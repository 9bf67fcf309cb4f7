//! `gleaner drain`: a worker that is to be stopped.

use std::time::Duration;

use clap::Args;
use gleaner_model::WorkerName;
use gleaner_proto::v1;

use super::workers;
use crate::exit::{Exit, Failure};
use crate::output::Output;
use crate::reader::{Reader, ReaderArgs};
use crate::remote::Remote;

/// Between two looks at a worker that drains.
const GLANCE: Duration = Duration::from_millis(200);

/// Which worker.
#[derive(Args, Debug)]
pub(crate) struct DrainArgs {
    /// The worker, as `gleaner workers` lists it.
    #[arg(value_name = "WORKER", value_parser = str::parse::<WorkerName>)]
    worker: WorkerName,
    /// Return only when it has nothing left and may be stopped.
    #[arg(long)]
    wait: bool,
    #[command(flatten)]
    reader: ReaderArgs,
}

/// Has a worker given nothing new.
pub(crate) async fn run(args: &DrainArgs, output: Output) -> Result<Exit, Failure> {
    let reader = Reader::open(&args.reader).await?;
    let drained = drain(&reader.remote, args).await;
    reader.close().await;
    match drained? {
        Some(worker) => workers::show(&[worker], output)?,
        None => output.say(format!("worker {} has ended", args.worker))?,
    }
    Ok(Exit::Done)
}

/// The worker as it is after that; none if it ended meanwhile.
async fn drain(remote: &Remote, args: &DrainArgs) -> Result<Option<v1::Worker>, Failure> {
    let request = v1::DrainWorkerRequest { name: args.worker.to_string() };
    let mut worker = remote.operator().drain_worker(request).await?.into_inner().worker;
    while args.wait && worker.as_ref().is_some_and(|worker| worker.running + worker.suspended > 0) {
        tokio::time::sleep(GLANCE).await;
        let workers = remote.operator().list_workers(v1::ListWorkersRequest {}).await?.into_inner().workers;
        worker = workers.into_iter().find(|worker| worker.name == args.worker.as_str());
    }
    Ok(worker)
}
