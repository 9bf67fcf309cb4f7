//! `gleaner store check|backup|compact`: looking after a store.
//!
//! The problem: the same is wanted of a store that a scheduler has open and of one that nobody has, and neither may be
//! touched in the other's way. So `--server` says that it is in use, and the scheduler is asked to read it out; without,
//! it is stopped, and this process works on the directory itself, which it locks meanwhile. It never starts a scheduler,
//! which would upgrade a store that was only to be looked at.

mod backup;
mod check;
mod compact;
mod copied;
mod tell;

use std::path::{Path, PathBuf};

use clap::{Args, Subcommand};
use gleaner_store::{CheckError, Documents, RedbOptions, StoppedStore, StoreError};

use crate::data::DataArgs;
use crate::exit::{Exit, Failure};
use crate::output::Output;
use crate::remote::{Remote, RemoteArgs};

/// What to do.
#[derive(Subcommand, Debug)]
pub(crate) enum StoreCommand {
    /// Read everything and tell what is damaged; changes nothing.
    Check(check::CheckArgs),
    /// Copy the store and its documents into a directory, as of one commit.
    Backup(backup::BackupArgs),
    /// Give back room: delete documents that nothing refers to; of a stopped store also shorten the file.
    Compact(compact::CompactArgs),
}

/// Which store.
#[derive(Args, Clone, Debug)]
pub(super) struct WhichArgs {
    #[command(flatten)]
    remote: RemoteArgs,
    #[command(flatten)]
    data: DataArgs,
    /// Where the documents of a stopped store are; a directory or a URL. Beside the store if not said.
    #[arg(long, env = "GLEANER_DOCUMENTS_STORE", value_name = "PLACE")]
    documents: Option<String>,
}

/// A store, found.
enum Which {
    /// A scheduler has it open.
    Live(Remote),
    /// Nobody has, or else it is refused.
    Stopped { dir: PathBuf, documents: Documents },
}

impl WhichArgs {
    async fn find(&self) -> Result<Which, Failure> {
        if let Some(url) = &self.remote.server {
            return Ok(Which::Live(Remote::connect(url, &self.remote).await?));
        }
        let dir = self.data.existing()?;
        let documents = match &self.documents {
            Some(location) => Documents::open(location).map_err(Failure::failed)?,
            None => beside(&dir)?,
        };
        Ok(Which::Stopped { dir, documents })
    }
}

/// Does it.
pub(crate) async fn run(command: &StoreCommand, output: Output) -> Result<Exit, Failure> {
    match command {
        StoreCommand::Check(args) => check::run(args, output).await,
        StoreCommand::Backup(args) => backup::run(args, output).await,
        StoreCommand::Compact(args) => compact::run(args, output).await,
    }
}

/// The documents where a scheduler looks for them if nothing else is said.
fn beside(dir: &Path) -> Result<Documents, Failure> {
    let beside = dir.join("documents");
    let location = beside.to_str().ok_or_else(|| Failure::usage("the directory's name is not UTF-8"))?;
    Documents::open(location).map_err(Failure::failed)
}

fn options() -> RedbOptions {
    RedbOptions::default()
}

/// Runs what reads and writes disks where it holds up nothing else.
async fn blocking<T: Send + 'static>(work: impl FnOnce() -> Result<T, Failure> + Send + 'static) -> Result<T, Failure> {
    tokio::task::spawn_blocking(work).await.map_err(Failure::failed)?
}

/// A stopped store, locked as long as it is looked at.
fn look(dir: &Path) -> Result<StoppedStore, StoreError> {
    StoppedStore::look(dir, &options())
}

/// Why a stopped store cannot be looked after; perhaps because it is not stopped.
fn held(error: StoreError) -> Failure {
    match error {
        StoreError::InUse { .. } => {
            Failure::in_use(format!("{error}, or name the scheduler that has it with --server URL"))
        }
        other => other.into(),
    }
}

#[allow(clippy::needless_pass_by_value, reason = "for map_err")]
fn unreadable(error: CheckError) -> Failure {
    match error {
        CheckError::Store(error) => error.into(),
        CheckError::Documents(error) => Failure::failed(error),
    }
}

/// A scheduler ended its answer before it was whole.
fn torn() -> Failure {
    Failure::failed("the scheduler ended in the middle of its answer; ask again")
}
