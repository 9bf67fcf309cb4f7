//! Rewriting rows of commands: what several steps have in common.

use redb::{ReadableTable, TableDefinition, TableHandle, WriteTransaction};
use serde::Serialize;
use serde::de::DeserializeOwned;

use crate::StoreError;
use crate::frame::{self, Flaw};

use super::super::errors::{damaged, storage, table};
use super::super::tables::{CHUNKS, ENDED};
use super::super::{pack, row};

/// Rewrites every row of commands, those of open jobs and those of ended ones; what their notes say stays.
pub(super) fn rewrite_commands<Old, New>(writing: &WriteTransaction) -> Result<(), StoreError>
where
    Old: DeserializeOwned,
    New: From<Old> + Serialize,
{
    let known = writing.list_tables().map_err(storage)?.map(|found| found.name().to_owned()).collect::<Vec<_>>();
    for rows in [CHUNKS, ENDED] {
        if known.iter().any(|name| name == rows.name()) {
            rewrite(writing, rows, row_of::<Old, New>)?;
        }
    }
    Ok(())
}

/// One row at a time, so that a store of any size needs no memory for it. Sequence numbers begin at 1.
fn rewrite(
    writing: &WriteTransaction,
    rows: TableDefinition<'_, u64, &'static [u8]>,
    new: fn(&[u8]) -> Result<Vec<u8>, Flaw>,
) -> Result<(), StoreError> {
    let mut stored = writing.open_table(rows).map_err(table)?;
    let mut after = 0;
    loop {
        let next = stored.range(after + 1..).map_err(storage)?.next().transpose().map_err(storage)?;
        let Some((first, old)) = next.map(|(first, old)| (first.value(), old.value().to_vec())) else { return Ok(()) };
        let new = new(&old).map_err(|flaw| damaged(rows.name(), first, flaw))?;
        stored.insert(first, new.as_slice()).map_err(storage)?;
        after = first;
    }
}

fn row_of<Old, New>(old: &[u8]) -> Result<Vec<u8>, Flaw>
where
    Old: DeserializeOwned,
    New: From<Old> + Serialize,
{
    let (notes, commands) = row::split(old)?;
    let notes = row::notes(notes)?;
    let commands: Vec<(u16, Old)> = pack::unpack(&frame::open(commands)?)?;
    let commands: Vec<(u16, New)> = commands.into_iter().map(|(offset, command)| (offset, command.into())).collect();
    Ok(row::join(notes.as_ref(), &row::repack(commands.iter())))
}
