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
    for worker in &workers {
        output.object(&row(worker))?;
    }
    if workers.is_empty() {
        output.say("no worker is connected")?;
    }
    let head = ["worker", "version", "slots", "running", "accepted", "last seen"];
    output.table(
        head,
        workers.into_iter().map(|worker| {
            let state = if worker.draining { " (draining)" } else { "" };
            [
                format!("{}{state}", worker.name),
                worker.version,
                worker.slots.to_string(),
                worker.running.to_string(),
                worker.accepted.to_string(),
                time_for_people(worker.last_seen_at_ms),
            ]
        }),
    )?;
    Ok(Exit::Done)
}

fn row(worker: &v1::Worker) -> Row {
    Row {
        worker: worker.name.clone(),
        version: worker.version.clone(),
        slots: worker.slots,
        running: worker.running,
        draining: worker.draining,
        connected_at: time(worker.connected_at_ms),
        last_seen_at: time(worker.last_seen_at_ms),
        accepted: worker.accepted,
    }
}
