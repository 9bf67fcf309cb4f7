//! `gleaner`: the one binary. This file reads the command line and says how it ended; everything else has a file of its
//! own.

mod addresses;
mod admission;
mod chance;
mod cli;
mod clients_file;
mod commands;
mod data;
mod egress;
mod ended;
mod exit;
mod job_row;
mod moment;
mod node;
mod operator;
mod output;
mod patience;
mod reader;
mod registries;
mod remote;
mod replay;
mod resolution;
mod resolving;
mod retries;
mod settings;
mod signals;
mod submit;
mod telemetry;
mod timeouts;
mod workplace;

use std::io::Write;
use std::process::ExitCode;

use clap::Parser;
use serde::Serialize;

use crate::cli::{Cli, Command};
use crate::exit::{Exit, Failure};
use crate::output::Output;
use crate::telemetry::{Telemetry, TelemetryOptions};

/// Reading a packument makes and drops hundreds of thousands of small texts, made on one thread and dropped on another;
/// the system's allocator takes a tenth of a crawl for that.
#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

fn main() -> ExitCode {
    let cli = Cli::parse();
    let output = Output { json: cli.common.json };
    let runtime = match tokio::runtime::Builder::new_multi_thread().enable_all().build() {
        Ok(runtime) => runtime,
        Err(error) => return end(Err(error.into()), output),
    };
    let result = runtime.block_on(run(cli, output));
    // Threads that still read or compress something must not hold up the end.
    runtime.shutdown_background();
    end(result, output)
}

async fn run(cli: Cli, output: Output) -> Result<Exit, Failure> {
    let common = cli.common;
    let telemetry = Telemetry::start(TelemetryOptions {
        json: common.log_format == "json",
        filter: common.log,
        otlp_endpoint: common.otlp_endpoint,
    })
    .map_err(Failure::usage)?;
    let config = common.config.as_deref();
    match cli.command {
        Command::Refresh(args) => commands::refresh::run(&args, output, config).await,
        Command::Show(args) => commands::show::run(&args, output).await,
        Command::Resolve(args) => commands::resolve::run(&args, output, config).await,
        Command::Why(args) => commands::why::run(&args, output, config).await,
        Command::Diff(args) => commands::diff::run(&args, output, config).await,
        Command::Recompute(args) => commands::recompute::run(&args, output, config).await,
        Command::Serve(args) => commands::serve::run(&args, output, config, &telemetry).await,
        Command::Worker(args) => commands::worker::run(&args, output).await,
        Command::Up(args) => commands::up::run(&args, output, config, &telemetry).await,
        Command::Replay(args) => commands::replay::run(&args, output).await,
        Command::Jobs(command) => commands::jobs::run(&command, output).await,
        Command::Batches(command) => commands::batches::run(&command, output).await,
        Command::Schedules(command) => commands::schedules::run(&command, output).await,
        Command::Campaigns(command) => commands::campaigns::run(&command, output).await,
        Command::Workers(args) => commands::workers::run(&args, output).await,
        Command::Drain(args) => commands::drain::run(&args, output).await,
        Command::Lanes(args) => commands::lanes::run(&args, output).await,
        Command::Hosts(args) => commands::hosts::run(&args, output).await,
        Command::Events(args) => commands::events::run(&args, output).await,
        Command::Store(command) => commands::store::run(&command, output).await,
        Command::Completions(args) => commands::completions::run(&args),
        Command::Man => commands::completions::man(),
    }
}

#[derive(Serialize)]
struct ErrorRow<'a> {
    error: &'a str,
    exit_code: u8,
}

/// Says what went wrong, on stderr, in the form that the rest of the output has.
fn end(result: Result<Exit, Failure>, output: Output) -> ExitCode {
    let failure = match result {
        Ok(exit) => return exit.into(),
        Err(failure) => failure,
    };
    let exit_code = failure.exit as u8;
    let text = match serde_json::to_string(&ErrorRow { error: &failure.message, exit_code }) {
        Ok(row) if output.json => row,
        _ => format!("gleaner: {failure}"),
    };
    // If stderr is gone there is nobody left to tell.
    let _ = writeln!(std::io::stderr(), "{text}");
    failure.exit.into()
}
