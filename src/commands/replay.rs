//! `gleaner replay`: the loopback registries alone.

use std::net::SocketAddr;
use std::num::NonZeroU32;
use std::path::PathBuf;
use std::time::Duration;

use clap::Args;
use gleaner_model::Ecosystem;
use serde::Serialize;

use crate::exit::{Exit, Failure};
use crate::output::Output;
use crate::registries::open;
use crate::replay::{ReplayOptions, serve};
use crate::signals::Signals;

/// Which documents, and how the registries behave.
#[derive(Args, Debug)]
pub(crate) struct ReplayArgs {
    /// A folder with cargo/, npm/ and pypi/, a folder with documents.tar.zst, or a .tar.zst file.
    #[arg(value_name = "PATH")]
    path: PathBuf,
    /// Where to listen; loopback only.
    #[arg(long, default_value = "127.0.0.1:0", value_name = "ADDRESS")]
    listen: SocketAddr,
    /// Delay every answer by this many milliseconds.
    #[arg(long, default_value_t = 0, value_name = "MS")]
    latency: u64,
    /// The part of requests that fail, 0 to 1.
    #[arg(long, default_value_t = 0.0, value_name = "P")]
    error_rate: f64,
    /// Answer 429 with Retry-After beyond this many requests a second, such as 50 or 50/s.
    #[arg(long, value_name = "N/s", value_parser = per_second)]
    throttle: Option<NonZeroU32>,
    /// Which requests fail.
    #[arg(long, default_value_t = 0, value_name = "N")]
    seed: u64,
    /// Remember what was asked when, a million requests at most; `GET /replay/requests` tells.
    #[arg(long)]
    remember: bool,
}

fn per_second(text: &str) -> Result<NonZeroU32, String> {
    text.trim_end_matches("/s").parse().map_err(|_| "give requests a second, such as 50/s".to_owned())
}

#[derive(Serialize)]
struct Addresses {
    cargo: String,
    npm: String,
    pypi: String,
    stats: String,
    documents: usize,
}

/// Serves until a signal.
pub(crate) async fn run(args: &ReplayArgs, output: Output) -> Result<Exit, Failure> {
    let signals = Signals::listen();
    let documents = open(&args.path).await?;
    let count = documents.len();
    let options = ReplayOptions {
        listen: args.listen,
        latency: Duration::from_millis(args.latency),
        error_rate: args.error_rate,
        throttle_per_s: args.throttle,
        seed: args.seed,
        log: args.remember,
    };
    let replay = serve(documents, options).await.map_err(Failure::usage)?;
    let [cargo, npm, pypi] = Ecosystem::ALL.map(|ecosystem| replay.base_url(ecosystem));
    output.say(format!("serving {count} documents; crawl them with"))?;
    output.say(format!("  --registry cargo={cargo} --registry npm={npm} --registry pypi={pypi}"))?;
    let stats = format!("http://{}/replay/stats", replay.address());
    output.object(&Addresses { cargo, npm, pypi, stats, documents: count })?;
    signals.drain().await;
    let stats = replay.stats();
    replay.shutdown().await;
    output.say(format!("answered {} requests, {} of them 304", stats.requests, stats.not_modified))?;
    Ok(Exit::Done)
}
