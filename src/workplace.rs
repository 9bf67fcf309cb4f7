//! Commands that want work done: by the scheduler at `--server`, or by one with a worker in this process.

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};

use clap::Args;
use gleaner_model::{Ecosystem, Purl};
use tempfile::TempDir;

use crate::data::DataArgs;
use crate::exit::Failure;
use crate::node::{Local, LocalOptions, LocalWorker};
use crate::registries::{RegistryArgs, Replayed};
use crate::remote::{Remote, RemoteArgs};
use crate::resolving::ResolvingArgs;
use crate::retries::RetryArgs;
use crate::timeouts::TimeoutArgs;

/// Where it is done, and how.
#[derive(Args, Clone, Debug)]
pub(crate) struct WorkArgs {
    /// Serve these documents on loopback and crawl them, into a temporary store unless --data is given.
    #[arg(long, value_name = "PATH", conflicts_with = "server")]
    replay: Option<PathBuf>,
    /// Attempts at a time.
    #[arg(long, env = "GLEANER_SLOTS", default_value_t = 32, value_name = "N")]
    slots: usize,
    #[command(flatten)]
    retries: RetryArgs,
    #[command(flatten)]
    timeouts: TimeoutArgs,
    #[command(flatten)]
    resolving: ResolvingArgs,
    #[command(flatten)]
    registries: RegistryArgs,
    #[command(flatten)]
    remote: RemoteArgs,
    #[command(flatten)]
    data: DataArgs,
}

/// A scheduler with somebody who works for it.
pub(crate) struct Workplace {
    pub(crate) remote: Remote,
    local: Option<Local>,
    replayed: Option<Replayed>,
    _temporary: Option<TempDir>,
}

impl Workplace {
    /// Connects, or starts what is needed to crawl packages of these ecosystems.
    pub(crate) async fn open(
        args: &WorkArgs,
        ecosystems: &BTreeSet<Ecosystem>,
        config: Option<&Path>,
    ) -> Result<Self, Failure> {
        if let Some(url) = &args.remote.server {
            let remote = Remote::connect(url, &args.remote).await?;
            return Ok(Self { remote, local: None, replayed: None, _temporary: None });
        }
        let replayed = match &args.replay {
            Some(path) => Some(Replayed::start(path).await?),
            None => None,
        };
        let registries = match &replayed {
            Some(replayed) => replayed.registries(),
            None => args.registries.find(ecosystems, config)?,
        };
        let (data, temporary) = place(args)?;
        let contact = args.registries.contact.clone();
        let (timeouts, resolving) = (args.timeouts.timeouts(), args.resolving.bounds());
        let worker = Some(LocalWorker { slots: args.slots, contact, timeouts, resolving });
        let decisions = args.retries.decisions();
        let local = Local::start(LocalOptions { data: &data, registries, decisions, worker }).await?;
        let remote = Remote::connect(&local.url(), &RemoteArgs::default()).await?;
        Ok(Self { remote, local: Some(local), replayed, _temporary: temporary })
    }

    /// Every package that the replayed documents hold; none if nothing is replayed.
    pub(crate) fn replayed(&self) -> Result<Vec<Purl>, Failure> {
        self.replayed.as_ref().map_or_else(|| Ok(Vec::new()), Replayed::purls)
    }

    /// Does something that needs the scheduler, as long as nothing of this process fails meanwhile; then ends what was
    /// started.
    pub(crate) async fn during<T>(self, work: impl Future<Output = Result<T, Failure>>) -> Result<T, Failure> {
        let Some(local) = self.local else { return work.await };
        let result = tokio::select! {
            result = work => result,
            failure = local.failure() => Err(failure),
        };
        local.stop().await;
        if let Some(replayed) = self.replayed {
            replayed.stop().await;
        }
        result
    }
}

/// Where to keep it: with --replay a directory that goes with the process, unless one was named.
fn place(args: &WorkArgs) -> Result<(PathBuf, Option<TempDir>), Failure> {
    if args.replay.is_some() && args.data.data.is_none() {
        let temporary = TempDir::with_prefix("gleaner-")?;
        return Ok((temporary.path().to_owned(), Some(temporary)));
    }
    Ok((args.data.directory()?, None))
}
