//! `gleaner store backup DIRECTORY`: a copy on which a scheduler can be started.
//!
//! Rows first, then the packs that they name, then the name of a store: whatever interrupts it, the directory holds the
//! backup before or none. Packs that are there from an earlier backup are not copied again.

use std::collections::BTreeSet;
use std::ops::ControlFlow;
use std::path::{Path, PathBuf};

use clap::Args;
use futures_util::{StreamExt, TryStreamExt, stream};
use gleaner_model::{ContentHash, Timestamp};
use gleaner_store::{Documents, WrittenBackup, collect_packs};
use indicatif::{HumanBytes, HumanCount};
use serde::Serialize;
use tokio::runtime::Handle;

use super::tell::spinner;
use super::{Which, WhichArgs, beside, blocking, look, unreadable};
use crate::exit::{Exit, Failure};
use crate::moment;
use crate::output::Output;

/// Packs that are copied at a time, so that the way to the one hides behind the way of others. Each is held up to five
/// megabytes at a time.
const AT_ONCE: usize = 4;

/// What to copy, and where to.
#[derive(Args, Debug)]
pub(crate) struct BackupArgs {
    /// The directory that the backup goes to; one that is there already is brought up to date.
    #[arg(value_name = "DIRECTORY")]
    to: PathBuf,
    #[command(flatten)]
    which: WhichArgs,
}

#[derive(Serialize)]
struct Row {
    to: String,
    rows: u64,
    file_bytes: u64,
    packs: u64,
    copied_packs: u64,
    copied_pack_bytes: u64,
    deleted_packs: u64,
}

/// Copies it.
pub(super) async fn run(args: &BackupArgs, output: Output) -> Result<Exit, Failure> {
    let from = args.which.find().await?;
    if let Which::Stopped { dir, .. } = &from
        && args.to.canonicalize().is_ok_and(|to| dir.canonicalize().is_ok_and(|dir| dir == to))
    {
        return Err(Failure::usage(format!(
            "{} is the store itself; back up into another directory",
            args.to.display()
        )));
    }
    let row = back_up(&from, &args.to, output).await?;
    output.object(&row)?;
    let Row { to, rows, file_bytes, packs, copied_packs, copied_pack_bytes, .. } = row;
    output.say(format!("{to}: {} rows, {}", HumanCount(rows), HumanBytes(file_bytes)))?;
    let (copied, bytes) = (HumanCount(copied_packs), HumanBytes(copied_pack_bytes));
    output.say(format!("{} packs of documents, {copied} of them copied now, {bytes}", HumanCount(packs)))?;
    Ok(Exit::Done)
}

async fn back_up(from: &Which, to: &Path, output: Output) -> Result<Row, Failure> {
    let begun = moment::now();
    let spinner = spinner(output);
    spinner.set_message("rows");
    spinner.tick();
    let backup = from.rows(to).await?;
    let (written, packs) = blocking(move || {
        let written = backup.written()?;
        let packs = named(&written)?;
        Ok((written, packs))
    })
    .await?;
    let (rows, named) = (written.rows(), packs.len() as u64);
    let documents = beside(to)?;
    let (mut copied_packs, mut copied_pack_bytes) = (0, 0);
    let mut copying = stream::iter(packs).map(|name| copy(from, &documents, name)).buffer_unordered(AT_ONCE);
    while let Some(copied) = copying.try_next().await? {
        copied_packs += u64::from(copied.is_some());
        copied_pack_bytes += copied.unwrap_or(0);
        spinner.set_message(format!("packs copied: {} of {}", HumanCount(copied_packs), HumanCount(named)));
        spinner.tick();
    }
    drop(copying);
    let file_bytes = blocking(move || Ok(written.publish()?)).await?;
    let (at, runtime) = (to.to_owned(), Handle::current());
    let deleted_packs = blocking(move || clear(&at, &documents, begun, &runtime)).await?;
    spinner.finish_and_clear();
    let to = to.display().to_string();
    Ok(Row { to, rows, file_bytes, packs: named, copied_packs, copied_pack_bytes, deleted_packs })
}

/// The packs that the rows name; 32 bytes each, and a pack holds many documents.
fn named(written: &WrittenBackup) -> Result<BTreeSet<ContentHash>, Failure> {
    let mut packs = BTreeSet::new();
    written.store().snapshot()?.each_place(&mut |_, place| {
        packs.insert(place.pack);
        ControlFlow::Continue(())
    })?;
    Ok(packs)
}

/// Copies a pack, unless it is there; tells its bytes if it was copied.
async fn copy(from: &Which, to: &Documents, name: ContentHash) -> Result<Option<u64>, Failure> {
    if to.pack_length(name).await?.is_some() {
        return Ok(None);
    }
    Ok(Some(to.keep_pack(name, from.pack(name).await?).await?))
}

/// Deletes what the backup before needed and this one does not. Nothing else is lost if that cannot be done now.
fn clear(to: &Path, documents: &Documents, begun: Timestamp, runtime: &Handle) -> Result<u64, Failure> {
    let Ok(store) = look(to) else { return Ok(0) };
    if !store.is_untouched_copy()? {
        return Ok(0);
    }
    let mut go_on = |_| ControlFlow::Continue(());
    let cleared = collect_packs(documents, runtime, Some(begun), &mut || store.snapshot(), &mut go_on);
    Ok(cleared.map_err(unreadable)?.packs)
}
