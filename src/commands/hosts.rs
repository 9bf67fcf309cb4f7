//! `gleaner hosts`.

use clap::Args;
use gleaner_proto::v1;
use serde::Serialize;

use crate::exit::{Exit, Failure};
use crate::output::{Output, time, time_for_people};
use crate::reader::{Reader, ReaderArgs};

/// Which scheduler.
#[derive(Args, Debug)]
pub(crate) struct HostsArgs {
    #[command(flatten)]
    reader: ReaderArgs,
}

#[derive(Serialize)]
struct Row {
    host: String,
    rate_per_s: f64,
    burst: u32,
    granted: u64,
    waiting: u32,
    blocked_until: Option<String>,
}

/// Lists the hosts and their budgets.
pub(crate) async fn run(args: &HostsArgs, output: Output) -> Result<Exit, Failure> {
    let reader = Reader::open(&args.reader).await?;
    let hosts = reader.remote.operator().list_hosts(v1::ListHostsRequest {}).await?.into_inner().hosts;
    reader.close().await;
    for host in &hosts {
        output.object(&row(host))?;
    }
    if hosts.is_empty() {
        output.say("no host is known")?;
    }
    let head = ["host", "rate/s", "burst", "granted", "waiting", "blocked until"];
    output.table(
        head,
        hosts.iter().map(|host| {
            [
                host.name.clone(),
                format!("{:.3}", rate_per_s(host)),
                host.burst.to_string(),
                host.granted.to_string(),
                host.waiting.to_string(),
                time_for_people(host.blocked_until_at_ms),
            ]
        }),
    )?;
    Ok(Exit::Done)
}

#[allow(clippy::cast_precision_loss, reason = "shown with three digits")]
fn rate_per_s(host: &v1::Host) -> f64 {
    host.rate_milli_per_s as f64 / 1_000.0
}

fn row(host: &v1::Host) -> Row {
    Row {
        host: host.name.clone(),
        rate_per_s: rate_per_s(host),
        burst: host.burst,
        granted: host.granted,
        waiting: host.waiting,
        blocked_until: time(host.blocked_until_at_ms),
    }
}
