//! `gleaner refresh`: submit, watch, show.

mod row;
mod run;

use std::collections::BTreeSet;
use std::path::Path;

use clap::Args;
use gleaner_model::{Ecosystem, Lane, Purl};
use gleaner_proto::v1;
use tracing::Instrument;

use self::run::{Refresh, Wishes};
use crate::exit::{Exit, Failure};
use crate::moment::{self, Moment};
use crate::output::Output;
use crate::signals::Signals;
use crate::workplace::{WorkArgs, Workplace};

/// Which packages, and by whom.
#[derive(Args, Debug)]
pub(crate) struct RefreshArgs {
    /// Package URLs, such as pkg:cargo/serde or pkg:npm/express@4.19.2; `-` reads them from stdin, one a line.
    #[arg(value_name = "PURL", required_unless_present = "all")]
    purls: Vec<String>,
    /// Every package that the replayed documents hold.
    #[arg(long, requires = "replay")]
    all: bool,
    /// A running refresh of the same package serves if it began at most this long ago, in milliseconds.
    #[arg(long, default_value_t = 0, value_name = "MS")]
    max_age_ms: u64,
    /// Do nothing before this time: RFC 3339, or how long from now, such as 15m or 2h30m.
    #[arg(long, value_name = "WHEN")]
    not_before: Option<Moment>,
    /// When they are wanted; orders the client's own jobs, the earliest first.
    #[arg(long, value_name = "WHEN")]
    deadline: Option<Moment>,
    /// Of no use after this time: what is not done by then ends as `expired`.
    #[arg(long, value_name = "WHEN")]
    expires: Option<Moment>,
    /// A key of your own for this refresh: asked again under it, the same jobs answer. Wants times and no durations.
    #[arg(long, value_name = "KEY")]
    idempotency_key: Option<String>,
    /// A less urgent lane than the client's own: internal, free or bulk.
    #[arg(long, requires = "server", value_name = "LANE")]
    lane: Option<Lane>,
    /// Show the receipts and end, instead of waiting for what becomes of it.
    #[arg(long, requires = "server")]
    detach: bool,
    #[command(flatten)]
    work: WorkArgs,
}

impl RefreshArgs {
    /// What all of its jobs say beside their packages; durations count from now.
    fn wishes(&self) -> Wishes {
        Wishes {
            spec: v1::JobSpec {
                kind: v1::JobKind::Crawl.into(),
                max_age_ms: self.max_age_ms,
                not_before_at_ms: moment::at_ms(self.not_before),
                deadline_at_ms: moment::at_ms(self.deadline),
                expires_at_ms: moment::at_ms(self.expires),
                ..v1::JobSpec::default()
            },
            key: self.idempotency_key.clone(),
        }
    }
}

/// Refreshes packages and shows how it ended.
pub(crate) async fn run(args: &RefreshArgs, output: Output, config: Option<&Path>) -> Result<Exit, Failure> {
    let signals = Signals::listen();
    let mut purls = read_purls(&args.purls)?;
    let ecosystems: BTreeSet<Ecosystem> = purls.iter().map(Purl::ecosystem).collect();
    let workplace = Workplace::open(&args.work, &ecosystems, config).await?;
    if args.all {
        purls.extend(workplace.replayed()?);
    }
    let remote = workplace.remote.clone().in_lane(args.lane);
    let refresh = Refresh { remote, output, signals, wishes: args.wishes(), detach: args.detach };
    workplace.during(refresh.run(&purls).instrument(tracing::info_span!("refresh"))).await
}

/// All purls are read before anything is done, so that a typing error costs nothing.
pub(crate) fn read_purls(texts: &[String]) -> Result<Vec<Purl>, Failure> {
    let mut purls = Vec::new();
    for text in texts {
        if text == "-" {
            for line in std::io::read_to_string(std::io::stdin())?.lines() {
                let line = line.trim();
                if !line.is_empty() {
                    purls.push(line.parse().map_err(Failure::usage)?);
                }
            }
        } else {
            purls.push(text.parse().map_err(Failure::usage)?);
        }
    }
    Ok(purls)
}
