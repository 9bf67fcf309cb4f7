//! `gleaner lanes`: what waits in each lane, and for what.

use clap::Args;
use gleaner_proto::v1;
use serde::Serialize;

use crate::exit::{Exit, Failure};
use crate::output::{Output, duration_for_people};
use crate::reader::{Reader, ReaderArgs};

/// Which scheduler.
#[derive(Args, Debug)]
pub(crate) struct LanesArgs {
    #[command(flatten)]
    reader: ReaderArgs,
}

#[derive(Serialize)]
struct Row {
    lane: &'static str,
    weight: u32,
    floor_permille: u32,
    queued: u64,
    waits_for_hosts: u64,
    backlog_ms: u64,
    running: u64,
    suspended: u64,
    ended: u64,
    slots: u32,
}

/// Lists the lanes, most urgent first.
pub(crate) async fn run(args: &LanesArgs, output: Output) -> Result<Exit, Failure> {
    let reader = Reader::open(&args.reader).await?;
    let depths = reader.remote.operator().list_lanes(v1::ListLanesRequest {}).await?.into_inner();
    reader.close().await;
    let rows: Vec<Row> = depths.lanes.iter().map(|lane| row(lane, depths.slots)).collect();
    rows.iter().try_for_each(|row| output.object(row))?;
    let head = ["lane", "weight", "floor", "queued", "for hosts", "backlog", "running", "suspended", "ended"];
    let cells = |row: &Row| {
        [
            row.lane.to_owned(),
            row.weight.to_string(),
            format!("{} %", f64::from(row.floor_permille) / 10.0),
            row.queued.to_string(),
            row.waits_for_hosts.to_string(),
            duration_for_people(row.backlog_ms),
            row.running.to_string(),
            row.suspended.to_string(),
            row.ended.to_string(),
        ]
    };
    output.table(head, rows.iter().map(cells))?;
    output.say(format!("{} slots; a lane's backlog is how long all of them would take for it", depths.slots))?;
    Ok(Exit::Done)
}

fn row(lane: &v1::LaneDepth, slots: u32) -> Row {
    Row {
        lane: gleaner_model::Lane::try_from(lane.lane()).map_or("unknown", gleaner_model::Lane::as_str),
        weight: lane.weight,
        floor_permille: lane.floor_permille,
        queued: lane.queued,
        waits_for_hosts: lane.waits_for_hosts,
        backlog_ms: lane.backlog_ms,
        running: lane.running,
        suspended: lane.suspended,
        ended: lane.ended,
        slots,
    }
}
