//! Rewrites chunks of which little is left.
//!
//! One job that waits for weeks would keep a thousand ended ones of its chunk, and the closures that ended them, where
//! every restart reads them. So when less than a quarter of a chunk matters, the rest moves to `ended`, and what stays
//! is written anew under the same key, with notes of what is known of it. Each rewriting leaves at most a quarter, so
//! a command is rewritten a few times in its life at most.

use std::collections::BTreeMap;
use std::sync::PoisonError;

use redb::{ReadableTable, WriteTransaction};

use crate::{Command, StoreError};

use super::chunk::Chunk;
use super::errors::{damaged, storage, table};
use super::fold::fold;
use super::index::Index;
use super::row::{self, Notes};
use super::tables::CHUNKS;
use super::{RedbStore, Writer, write};

/// Most chunks that one call rewrites: some milliseconds of work, for which the committer waits.
const CHUNKS_MAX: usize = 16;

/// A chunk after its rewriting.
struct Rewritten {
    first: u64,
    records: usize,
}

impl RedbStore {
    /// Rewrites some chunks of which less than a quarter still matters; tells whether there are more. Called by
    /// `forget_before`; calling it more often does no harm.
    ///
    /// # Errors
    /// The disk failed, or a value is damaged.
    pub fn tidy(&self) -> Result<bool, StoreError> {
        let mut writer = self.writer();
        let index = self.index.read().unwrap_or_else(PoisonError::into_inner);
        let mut sparse = index.chunks.iter().filter(|(_, chunk)| chunk.is_sparse());
        let chosen = sparse.by_ref().take(CHUNKS_MAX).map(|(first, _)| *first).collect::<Vec<_>>();
        let more = sparse.next().is_some();
        if chosen.is_empty() {
            return Ok(false);
        }
        let mut state = index.state;
        state.commits += 1;
        let released = released(&index, &chosen);
        let rewritten = self.transact(&mut writer, |transaction, _: &mut Writer| {
            let rewrite = |first: &u64| rewrite(transaction, *first, &index.chunks[first]);
            let rewritten = chosen.iter().map(rewrite).collect::<Result<Vec<_>, _>>()?;
            write::move_batches(transaction, &index.freed(&released))?;
            write::write_state(transaction, state)?;
            Ok(rewritten)
        })?;
        drop(index);
        let mut index = self.index.write().unwrap_or_else(PoisonError::into_inner);
        index.state = state;
        index.rely(&released);
        rewritten.into_iter().for_each(|rewritten| take_over(&mut index, &rewritten));
        Ok(more)
    }
}

/// The batches that these chunks rely on until they are rewritten.
fn released(index: &Index, chosen: &[u64]) -> BTreeMap<u64, u32> {
    let mut released = BTreeMap::new();
    for batch in chosen.iter().filter_map(|first| index.chunks.get(first)).flat_map(Chunk::relied_on) {
        *released.entry(*batch).or_default() += 1;
    }
    released
}

fn rewrite(transaction: &WriteTransaction, first: u64, chunk: &Chunk) -> Result<Rewritten, StoreError> {
    let flawed = |flaw| damaged("chunks", first, flaw);
    let mut chunks = transaction.open_table(CHUNKS).map_err(table)?;
    let stored = chunks.get(first).map_err(storage)?.map(|stored| stored.value().to_vec());
    let stored = stored.ok_or("it is missing").map_err(flawed)?;
    let commands = row::split(&stored).and_then(|(_, commands)| row::commands(commands)).map_err(flawed)?;
    let lives = |(offset, _): &(u16, Command)| chunk.liveness.is_live(usize::from(*offset));
    let (living, over): (Vec<_>, Vec<_>) = commands.into_iter().partition(lives);
    let ends = chunk.ends.as_deref().cloned().unwrap_or_default();
    let jobs = over.iter().filter(|(_, command)| matches!(command, Command::Submit(_)));
    let jobs = jobs.collect::<Vec<_>>();
    if !jobs.is_empty() {
        fold(transaction, first, &ends, &row::repack(jobs.into_iter()), chunk.folded)?;
    }
    if living.is_empty() {
        chunks.remove(first).map_err(storage)?;
    } else {
        let notes = Notes { ends, tasks_ended: tasks_ended(first, chunk, &living) };
        let row = row::join(Some(&notes), &row::repack(living.iter()));
        chunks.insert(first, row.as_slice()).map_err(storage)?;
    }
    Ok(Rewritten { first, records: living.len() })
}

/// Offsets of those that made a task which has ended, while their own jobs have not.
fn tasks_ended(first: u64, chunk: &Chunk, living: &[(u16, Command)]) -> Vec<u16> {
    let ended = living.iter().filter(|(offset, command)| {
        let made = matches!(command, Command::Submit(payload) if payload.task.0 == first + u64::from(*offset));
        made && !chunk.liveness.is_held(usize::from(*offset))
    });
    ended.map(|(offset, _)| *offset).collect()
}

fn take_over(index: &mut Index, rewritten: &Rewritten) {
    if rewritten.records == 0 {
        index.chunks.remove(&rewritten.first);
    } else if let Some(chunk) = index.chunks.get_mut(&rewritten.first) {
        chunk.records = rewritten.records;
        chunk.folded = true;
        if let Some(ends) = &mut chunk.ends {
            ends.relies_from = ends.batches.len();
        }
    }
}
