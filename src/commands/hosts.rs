//! `gleaner hosts`: which hosts have which budgets.

use clap::{Args, Subcommand};
use gleaner_proto::v1;
use serde::Serialize;

use super::set_host::{self, NameArgs, SetArgs};
use crate::exit::{Exit, Failure};
use crate::output::{Output, time, time_for_people};
use crate::reader::{Reader, ReaderArgs};

/// Lists hosts, or changes what one may be asked.
#[derive(Args, Debug)]
#[command(args_conflicts_with_subcommands = true)]
pub(crate) struct HostsArgs {
    #[command(subcommand)]
    command: Option<HostsCommand>,
    #[command(flatten)]
    reader: ReaderArgs,
}

/// What to do about a host.
#[derive(Subcommand, Debug)]
enum HostsCommand {
    /// Change what a host may be asked. What is not named stays as it is; restarts keep it.
    Set(SetArgs),
    /// Give nobody leave to ask a host, until it is resumed. What is under way goes on.
    Pause(NameArgs),
    /// Take a pause back.
    Resume(NameArgs),
    /// Forget what was set for a host: the scheduler's configuration holds again.
    Reset(NameArgs),
}

#[derive(Serialize)]
struct Row {
    host: String,
    rate_per_s: f64,
    budget_rate_per_s: f64,
    burst: u32,
    concurrency: Option<u32>,
    reserve_permille: u32,
    paused: bool,
    granted: u64,
    under_way: Option<u32>,
    waiting: u32,
    queued: u64,
    throttled: u64,
    blocked_until: Option<String>,
}

/// Lists the hosts and their budgets, or changes one.
pub(crate) async fn run(args: &HostsArgs, output: Output) -> Result<Exit, Failure> {
    let one = |host| show(&[host], output);
    match &args.command {
        None => {
            let reader = Reader::open(&args.reader).await?;
            let hosts = reader.remote.operator().list_hosts(v1::ListHostsRequest {}).await?.into_inner().hosts;
            reader.close().await;
            show(&hosts, output)
        }
        Some(HostsCommand::Set(args)) => one(set_host::set(args).await?),
        Some(HostsCommand::Pause(args)) => one(set_host::pause(args, true).await?),
        Some(HostsCommand::Resume(args)) => one(set_host::pause(args, false).await?),
        Some(HostsCommand::Reset(args)) => one(set_host::reset(args).await?),
    }
}

fn show(hosts: &[v1::Host], output: Output) -> Result<Exit, Failure> {
    for host in hosts {
        output.object(&row(host))?;
    }
    if hosts.is_empty() {
        output.say("no host is known")?;
    }
    let head = ["host", "rate/s", "burst", "at once", "reserve", "granted", "under way", "waiting", "until"];
    output.table(head, hosts.iter().map(cells))?;
    Ok(Exit::Done)
}

fn cells(host: &v1::Host) -> [String; 9] {
    let rate = match (per_s(host.rate_milli_per_s), per_s(host.budget_rate_milli_per_s)) {
        (now, budget) if host.rate_milli_per_s < host.budget_rate_milli_per_s => format!("{now:.3} of {budget:.3}"),
        (_, budget) => format!("{budget:.3}"),
    };
    let or_dash = |number: Option<u32>| number.map_or_else(|| "-".to_owned(), |number| number.to_string());
    [
        host.name.clone(),
        rate,
        host.burst.to_string(),
        or_dash(bound(host)),
        format!("{:.1} %", f64::from(host.reserve_permille) / 10.0),
        host.granted.to_string(),
        or_dash(host.under_way),
        host.waiting.to_string(),
        if host.paused { "paused".to_owned() } else { time_for_people(host.blocked_until_at_ms) },
    ]
}

#[allow(clippy::cast_precision_loss, reason = "shown with three digits")]
fn per_s(milli_per_s: u64) -> f64 {
    milli_per_s as f64 / 1_000.0
}

fn bound(host: &v1::Host) -> Option<u32> {
    (host.concurrency > 0).then_some(host.concurrency)
}

fn row(host: &v1::Host) -> Row {
    Row {
        host: host.name.clone(),
        rate_per_s: per_s(host.rate_milli_per_s),
        budget_rate_per_s: per_s(host.budget_rate_milli_per_s),
        burst: host.burst,
        concurrency: bound(host),
        reserve_permille: host.reserve_permille,
        paused: host.paused,
        granted: host.granted,
        under_way: host.under_way,
        waiting: host.waiting,
        queued: host.queued,
        throttled: host.throttled,
        blocked_until: time(host.blocked_until_at_ms),
    }
}
