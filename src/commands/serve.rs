//! `gleaner serve`: a scheduler.

use std::net::SocketAddr;
use std::path::{Path, PathBuf};

use clap::Args;
use clap::builder::FalseyValueParser;
use gleaner_cluster::check_listen;
use gleaner_engine::Clients;
use gleaner_model::Lane;
use serde::Serialize;

use crate::clients_file::ClientsFile;
use crate::data::DataArgs;
use crate::exit::{Exit, Failure};
use crate::node::{SchedulerNode, SchedulerNodeOptions};
use crate::operator::{Door, DoorArgs};
use crate::output::Output;
use crate::registries::RegistryArgs;
use crate::remote::TlsArgs;
use crate::retries::RetryArgs;
use crate::signals::Signals;
use crate::telemetry::Telemetry;

/// Where to keep things, where to listen, what to crawl, for whom.
#[derive(Args, Debug)]
pub(crate) struct ServeArgs {
    /// Where to listen for gRPC.
    #[arg(long, env = "GLEANER_LISTEN", default_value = "127.0.0.1:7077", value_name = "ADDRESS")]
    pub(crate) listen: SocketAddr,
    /// Listen on other than loopback addresses without TLS.
    #[arg(long, env = "GLEANER_INSECURE", value_parser = FalseyValueParser::new())]
    pub(crate) insecure: bool,
    /// The clients file: tokens, lanes, weights, quotas; read again when it changes. Without it everybody is one client
    /// of the free lane.
    #[arg(long, env = "GLEANER_CLIENTS", value_name = "PATH")]
    pub(crate) clients: Option<PathBuf>,
    /// Where documents go; a directory or a URL. Beside the store if not said.
    #[arg(long, env = "GLEANER_DOCUMENTS_STORE", value_name = "PLACE")]
    pub(crate) documents: Option<String>,
    #[command(flatten)]
    pub(crate) door: DoorArgs,
    #[command(flatten)]
    pub(crate) retries: RetryArgs,
    #[command(flatten)]
    pub(crate) registries: RegistryArgs,
    #[command(flatten)]
    pub(crate) data: DataArgs,
    #[command(flatten)]
    pub(crate) tls: TlsArgs,
}

#[derive(Serialize)]
struct Serving<'a> {
    listening: &'a str,
    http: Option<String>,
    recovered: u64,
}

/// Serves until a signal, then drains.
pub(crate) async fn run(
    args: &ServeArgs,
    output: Output,
    config: Option<&Path>,
    telemetry: &Telemetry,
) -> Result<Exit, Failure> {
    let signals = Signals::listen();
    let door = Door::open(&args.door, telemetry).await?;
    let scheduler = start(args, config).await?;
    door.ready(scheduler.failure());
    announce(&scheduler, &door, output)?;
    let until_signal = async {
        signals.drain().await;
        door.drain();
        scheduler.drain().await;
    };
    let failure = tokio::select! {
        () = until_signal => None,
        failure = scheduler.failed() => Some(failure),
    };
    scheduler.stop().await;
    if let Some(failure) = failure {
        return Err(failure);
    }
    door.close().await;
    Ok(Exit::Done)
}

/// Starts the scheduler that the arguments describe.
pub(crate) async fn start(args: &ServeArgs, config: Option<&Path>) -> Result<SchedulerNode, Failure> {
    let tls = args.tls.files().server()?;
    check_listen(args.listen, tls.is_some(), args.insecure).map_err(Failure::usage)?;
    let data = args.data.directory()?;
    let (file, clients) = clients(args.clients.as_deref())?;
    let named = clients.len();
    let mut scheduler = SchedulerNode::start(SchedulerNodeOptions {
        data: &data,
        documents: args.documents.as_deref(),
        registries: args.registries.find_any(config)?,
        clients,
        decisions: args.retries.decisions(),
        listen: args.listen,
        tls,
    })
    .await?;
    if let Some(file) = file {
        scheduler.follow(file, named);
    }
    Ok(scheduler)
}

/// Says where it listens, for people and for programs that started it.
pub(crate) fn announce(scheduler: &SchedulerNode, door: &Door, output: Output) -> Result<(), Failure> {
    let (listening, recovered) = (scheduler.url(), scheduler.recovered());
    output.say(format!("listening on {listening}; {recovered} open jobs were found"))?;
    if let Some(address) = door.address() {
        output.say(format!("health and metrics on http://{address}"))?;
    }
    let http = door.address().map(|address| format!("http://{address}"));
    output.object(&Serving { listening: &listening, http, recovered })
}

fn clients(path: Option<&Path>) -> Result<(Option<ClientsFile>, Clients), Failure> {
    match path {
        None => Ok((None, Clients::everybody_is("anonymous".parse().map_err(Failure::usage)?, Lane::Free))),
        Some(path) => ClientsFile::open(path).map(|(file, clients)| (Some(file), clients)),
    }
}
