//! The command line: one variant a subcommand, each in a file of its own.

use std::path::PathBuf;

use clap::builder::FalseyValueParser;
use clap::{Args, Parser, Subcommand};

use crate::commands;

/// Keeps an accurate, fresh picture of the world's open-source packages.
#[derive(Parser, Debug)]
#[command(name = "gleaner", version, about, after_help = AFTER_HELP, max_term_width = 100)]
pub(crate) struct Cli {
    #[command(flatten)]
    pub(crate) common: Common,
    #[command(subcommand)]
    pub(crate) command: Command,
}

const AFTER_HELP: &str = "\
Exit codes: 0 done; 1 the answer is no; 2 wrong use; 3 failed (disk, network, scheduler away);
4 credentials missing or refused; 5 another process is in the way; 130 stopped by a signal.";

/// What every command takes.
#[derive(Args, Clone, Debug)]
pub(crate) struct Common {
    /// One JSON object a line on stdout, with stable keys.
    #[arg(long, global = true, env = "GLEANER_JSON", value_parser = FalseyValueParser::new())]
    pub(crate) json: bool,
    /// What to log to stderr, in tracing's syntax, such as `info` or `gleaner_engine=debug`.
    #[arg(long, global = true, env = "GLEANER_LOG", default_value = "warn", value_name = "FILTER")]
    pub(crate) log: String,
    /// How to log.
    #[arg(long, global = true, env = "GLEANER_LOG_FORMAT", default_value = "pretty", value_parser = ["pretty", "json"])]
    pub(crate) log_format: String,
    /// Where to send traces, over OTLP and gRPC.
    #[arg(long, global = true, env = "GLEANER_OTLP_ENDPOINT", value_name = "URL")]
    pub(crate) otlp_endpoint: Option<String>,
    /// A TOML file with settings; by default gleaner.toml in the user's configuration directory, if it is there.
    #[arg(long, global = true, env = "GLEANER_CONFIG", value_name = "PATH")]
    pub(crate) config: Option<PathBuf>,
}

/// The commands.
#[derive(Subcommand, Debug)]
pub(crate) enum Command {
    /// Refresh packages: submit, watch, and show how it ended.
    Refresh(commands::refresh::RefreshArgs),
    /// Show a stored package, or the dependencies of one of its versions.
    Show(commands::show::ShowArgs),
    /// Resolve what a package, or a project with a manifest, pulls in, as its ecosystem's tool would.
    Resolve(commands::resolve::ResolveArgs),
    /// Show the paths that bring a package into a graph.
    Why(commands::why::WhyArgs),
    /// Show what changed between two resolutions of one root.
    Diff(commands::diff::DiffArgs),
    /// Resolve very many roots at one position in the catalogue's events, and export the graphs.
    Recompute(commands::recompute::RecomputeArgs),
    /// Run a scheduler.
    Serve(commands::serve::ServeArgs),
    /// Run a worker.
    Worker(commands::worker::WorkerArgs),
    /// Run a scheduler and a worker, for one machine.
    Up(commands::up::UpArgs),
    /// Serve stored documents on loopback as the registries would.
    Replay(commands::replay::ReplayArgs),
    /// List, look at, explain, cancel and watch jobs.
    #[command(subcommand)]
    Jobs(commands::jobs::JobsCommand),
    /// Submit, list, look at, cancel and watch batches: many packages as one.
    #[command(subcommand)]
    Batches(commands::batches::BatchesCommand),
    /// Refresh packages again and again, at certain times.
    #[command(subcommand)]
    Schedules(commands::schedules::SchedulesCommand),
    /// Refresh every known package of a range, a few at a time.
    #[command(subcommand)]
    Campaigns(commands::campaigns::CampaignsCommand),
    /// List workers.
    Workers(commands::workers::WorkersArgs),
    /// Give a worker nothing new, so that it can be stopped.
    Drain(commands::drain::DrainArgs),
    /// List lanes: what waits in each, and for what.
    Lanes(commands::lanes::LanesArgs),
    /// List hosts and their budgets, or change one.
    Hosts(commands::hosts::HostsArgs),
    /// List what changed, from a cursor on.
    Events(commands::events::EventsArgs),
    /// Check, back up or compact a store, in use or not.
    #[command(subcommand)]
    Store(commands::store::StoreCommand),
    /// Print the completions for a shell.
    Completions(commands::completions::CompletionsArgs),
    /// Print the manual page.
    Man,
}
