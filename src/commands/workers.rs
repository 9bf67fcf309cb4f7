//! `gleaner workers`.

use clap::Args;
use gleaner_proto::v1;
use serde::Serialize;

use crate::exit::{Exit, Failure};
use crate::output::{Output, time, time_for_people};
use crate::reader::{Reader, ReaderArgs};

/// Which scheduler.
#[derive(Args, Debug)]
pub(crate) struct WorkersArgs {
    #[command(flatten)]
    reader: ReaderArgs,
}

#[derive(Serialize)]
struct Row {
    worker: String,
    version: String,
    slots: u32,
    running: u32,
    suspended: u32,
    draining: bool,
    connected_at: Option<String>,
    last_seen_at: Option<String>,
    accepted: u64,
}

/// Lists the workers that are connected.
pub(crate) async fn run(args: &WorkersArgs, output: Output) -> Result<Exit, Failure> {
    let reader = Reader::open(&args.reader).await?;
    let workers = reader.remote.operator().list_workers(v1::ListWorkersRequest {}).await?.into_inner().workers;
    reader.close().await;
    show(&workers, output)?;
    Ok(Exit::Done)
}

/// Shows workers.
pub(super) fn show(workers: &[v1::Worker], output: Output) -> Result<(), Failure> {
    for worker in workers {
        output.object(&row(worker))?;
    }
    if workers.is_empty() {
        output.say("no worker is connected")?;
    }
    let head = ["worker", "version", "slots", "running", "suspended", "accepted", "last seen"];
    let cells = |worker: &v1::Worker| {
        [
            format!("{}{}", worker.name, state(worker)),
            worker.version.clone(),
            worker.slots.to_string(),
            worker.running.to_string(),
            worker.suspended.to_string(),
            worker.accepted.to_string(),
            time_for_people(worker.last_seen_at_ms),
        ]
    };
    output.table(head, workers.iter().map(cells))
}

fn state(worker: &v1::Worker) -> &'static str {
    match (worker.draining, worker.running + worker.suspended) {
        (false, _) => "",
        (true, 0) => " (drained)",
        (true, _) => " (draining)",
    }
}

fn row(worker: &v1::Worker) -> Row {
    Row {
        worker: worker.name.clone(),
        version: worker.version.clone(),
        slots: worker.slots,
        running: worker.running,
        suspended: worker.suspended,
        draining: worker.draining,
        connected_at: time(worker.connected_at_ms),
        last_seen_at: time(worker.last_seen_at_ms),
        accepted: worker.accepted,
    }
}
