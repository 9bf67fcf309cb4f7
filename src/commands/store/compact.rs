//! `gleaner store compact`: room that is needed no more goes back to the disk.
//!
//! Packs of documents that nothing refers to are deleted from a live and from a stopped store. Shortening the file moves
//! pages about and needs it for itself; a scheduler that has it uses free pages again instead.

use std::ops::ControlFlow;
use std::path::Path;

use clap::Args;
use gleaner_model::Timestamp;
use gleaner_proto::v1;
use gleaner_proto::v1::collect_packs_response::Message as Told;
use gleaner_store::{Collected, Documents, collect_packs, compact};
use indicatif::{HumanBytes, HumanCount};
use serde::Serialize;
use tokio::runtime::Handle;

use super::tell::spinner;
use super::{Which, WhichArgs, blocking, held, look, options, torn, unreadable};
use crate::exit::{Exit, Failure};
use crate::moment;
use crate::output::Output;
use crate::remote::Remote;

/// Packs that are younger stay, as with a live store: whoever gives a place for documents that another scheduler writes
/// to as well would delete what that one is about to commit.
const UNNAMED_MS: i64 = 24 * 60 * 60 * 1_000;

/// Which store.
#[derive(Args, Debug)]
pub(crate) struct CompactArgs {
    #[command(flatten)]
    which: WhichArgs,
}

#[derive(Serialize)]
struct Row {
    before_bytes: Option<u64>,
    after_bytes: Option<u64>,
    deleted_packs: u64,
    deleted_pack_bytes: u64,
    kept_packs: u64,
    kept_pack_bytes: u64,
}

/// Compacts it.
pub(super) async fn run(args: &CompactArgs, output: Output) -> Result<Exit, Failure> {
    let row = match args.which.find().await? {
        Which::Live(remote) => live(&remote, output).await?,
        Which::Stopped { dir, documents } => {
            let runtime = Handle::current();
            blocking(move || stopped(&dir, &documents, &runtime, output)).await?
        }
    };
    show(&row, output)
}

async fn live(remote: &Remote, output: Output) -> Result<Row, Failure> {
    let spinner = spinner(output);
    let mut answers = remote.store().collect_packs(v1::CollectPacksRequest {}).await?.into_inner();
    while let Some(answer) = answers.message().await? {
        match answer.message {
            Some(Told::Progress(so_far)) => {
                spinner.set_message(format!("{} packs deleted", HumanCount(so_far.packs)));
                spinner.tick();
            }
            Some(Told::Done(v1::CollectedPacks { packs, bytes, kept_packs, kept_bytes })) => {
                spinner.finish_and_clear();
                return Ok(Row::new(None, Collected { packs, bytes, kept_packs, kept_bytes }));
            }
            None => {}
        }
    }
    Err(torn())
}

fn stopped(dir: &Path, documents: &Documents, runtime: &Handle, output: Output) -> Result<Row, Failure> {
    let spinner = spinner(output);
    spinner.set_message("the file is read, and its pages are moved");
    spinner.tick();
    let done = compact(dir, &options()).map_err(held)?;
    let store = look(dir).map_err(held)?;
    let before = moment::now().as_millis() - UNNAMED_MS;
    let mut tell = |done: Collected| {
        spinner.set_message(format!("{} packs deleted", HumanCount(done.packs)));
        spinner.tick();
        ControlFlow::Continue(())
    };
    let before = Some(Timestamp::from_millis(before));
    let collected = collect_packs(documents, runtime, before, &mut || store.snapshot(), &mut tell);
    spinner.finish_and_clear();
    Ok(Row::new(Some((done.before, done.after)), collected.map_err(unreadable)?))
}

impl Row {
    fn new(file: Option<(u64, u64)>, collected: Collected) -> Self {
        Self {
            before_bytes: file.map(|(before, _)| before),
            after_bytes: file.map(|(_, after)| after),
            deleted_packs: collected.packs,
            deleted_pack_bytes: collected.bytes,
            kept_packs: collected.kept_packs,
            kept_pack_bytes: collected.kept_bytes,
        }
    }
}

fn show(row: &Row, output: Output) -> Result<Exit, Failure> {
    output.object(row)?;
    match row.before_bytes.zip(row.after_bytes) {
        Some((before, after)) => {
            output.say(format!("the file had {}, and has {}", HumanBytes(before), HumanBytes(after)))?;
        }
        None => output.say("the file is in use: its free pages are used again; stop the scheduler to shorten it")?,
    }
    let (deleted, kept) = (HumanBytes(row.deleted_pack_bytes), HumanBytes(row.kept_pack_bytes));
    output.say(format!("{} packs of documents deleted, {deleted}", HumanCount(row.deleted_packs)))?;
    output.say(format!("{} packs kept, {kept}", HumanCount(row.kept_packs)))?;
    Ok(Exit::Done)
}
