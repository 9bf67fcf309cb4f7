//! Rows of ended jobs: commands whose jobs are over, kept for as long as their results are.

use redb::{ReadableTable, WriteTransaction};

use crate::StoreError;

use super::errors::{damaged, storage, table};
use super::row::{self, Commands, Ends, Notes};
use super::tables::{ENDED, EXPIRES_ENDED, EXPIRY};

/// Adds `commands`, packed, to the row of ended jobs at `first`; `again` if there may be such a row already.
pub(crate) fn fold(
    transaction: &WriteTransaction,
    first: u64,
    ends: &Ends,
    commands: &[u8],
    again: bool,
) -> Result<(), StoreError> {
    let mut ended = transaction.open_table(ENDED).map_err(table)?;
    let mut expiry = transaction.open_table(EXPIRY).map_err(table)?;
    let earlier = if again { ended.get(first).map_err(storage)?.map(|stored| stored.value().to_vec()) } else { None };
    let merged = match &earlier {
        Some(earlier) => {
            let flawed = |flaw| damaged("ended", first, flaw);
            let (notes, before) = row::split(earlier).map_err(flawed)?;
            if let Some(notes) = row::notes(notes).map_err(flawed)? {
                expiry.remove((notes.ends.last_ended.as_millis(), EXPIRES_ENDED, first)).map_err(storage)?;
            }
            merge(row::commands(before).map_err(flawed)?, row::commands(commands).map_err(flawed)?)
        }
        None => commands.to_vec(),
    };
    let notes = Notes { ends: ends.clone(), tasks_ended: Vec::new() };
    ended.insert(first, row::join(Some(&notes), &merged).as_slice()).map_err(storage)?;
    expiry.insert((ends.last_ended.as_millis(), EXPIRES_ENDED, first), ()).map_err(storage)?;
    Ok(())
}

fn merge(mut commands: Commands, more: Commands) -> Vec<u8> {
    commands.extend(more);
    commands.sort_by_key(|(offset, _)| *offset);
    commands.dedup_by_key(|(offset, _)| *offset);
    row::repack(commands.iter())
}
