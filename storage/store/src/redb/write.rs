//! Carries a plan out in a write transaction.

use redb::WriteTransaction;

use gleaner_model::Timestamp;

use crate::StoreError;

use super::chunk::{Chunk, Touch};
use super::errors::{storage, table};
use super::fold::fold;
use super::index::Index;
use super::plan::{Batch, Fresh, Plan};
use super::row;
use super::tables::{CHUNKS, CLOSURES, EXPIRES_RESULTS, EXPIRY, META, RESULTS, State};

/// Writes all that `plan` says, the counters included.
pub(crate) fn write(transaction: &WriteTransaction, index: &Index, plan: &Plan) -> Result<(), StoreError> {
    write_fresh(transaction, &plan.fresh)?;
    for (first, touch) in plan.touched.iter().filter(|(_, touch)| touch.ends_chunk()) {
        if let Some(chunk) = index.chunks.get(first) {
            retire(transaction, *first, chunk, touch)?;
        }
    }
    write_batches(transaction, &plan.batches)?;
    move_batches(transaction, &index.freed(&plan.released))?;
    write_state(transaction, plan.state)
}

/// Writes new chunks; those that are over already go where ended ones are.
fn write_fresh(transaction: &WriteTransaction, fresh: &[Fresh]) -> Result<(), StoreError> {
    for Fresh { first, chunk, commands } in fresh {
        if chunk.liveness.count() > 0 {
            let mut chunks = transaction.open_table(CHUNKS).map_err(table)?;
            chunks.insert(first, row::join(None, commands).as_slice()).map_err(storage)?;
        } else if let Some(ends) = &chunk.ends {
            fold(transaction, *first, ends, commands, false)?;
        }
    }
    Ok(())
}

/// Moves a chunk of which nothing matters any more to where ended ones are.
fn retire(transaction: &WriteTransaction, first: u64, chunk: &Chunk, touch: &Touch) -> Result<(), StoreError> {
    let mut chunks = transaction.open_table(CHUNKS).map_err(table)?;
    let Some(stored) = chunks.remove(first).map_err(storage)? else {
        return Err(super::errors::damaged("chunks", first, "it is missing"));
    };
    let mut after = Chunk { liveness: touch.liveness.clone(), ..chunk.clone() };
    after.absorb(touch.clone());
    let Some(ends) = after.ends else { return Ok(()) };
    let (_, commands) = row::split(stored.value()).map_err(|flaw| super::errors::damaged("chunks", first, flaw))?;
    fold(transaction, first, &ends, commands, chunk.folded)
}

/// Writes new batches: to `closures` if a chunk relies on them, else to `results` at once.
fn write_batches(transaction: &WriteTransaction, batches: &[Batch]) -> Result<(), StoreError> {
    for batch in batches {
        if batch.chunks > 0 {
            let mut closures = transaction.open_table(CLOSURES).map_err(table)?;
            closures.insert(batch.number, batch.closures.as_slice()).map_err(storage)?;
        } else {
            write_result(transaction, batch.number, &batch.closures, batch.last_ended)?;
        }
    }
    Ok(())
}

fn write_result(
    transaction: &WriteTransaction,
    number: u64,
    packed: &[u8],
    last_ended: Timestamp,
) -> Result<(), StoreError> {
    let mut results = transaction.open_table(RESULTS).map_err(table)?;
    results.insert(number, packed).map_err(storage)?;
    let mut expiry = transaction.open_table(EXPIRY).map_err(table)?;
    expiry.insert((last_ended.as_millis(), EXPIRES_RESULTS, number), ()).map_err(storage)?;
    Ok(())
}

/// Moves batches that nothing relies on any more from `closures` to `results`.
pub(crate) fn move_batches(transaction: &WriteTransaction, freed: &[(u64, Timestamp)]) -> Result<(), StoreError> {
    for (number, last_ended) in freed {
        let mut closures = transaction.open_table(CLOSURES).map_err(table)?;
        if let Some(packed) = closures.remove(*number).map_err(storage)? {
            write_result(transaction, *number, packed.value(), *last_ended)?;
        }
    }
    Ok(())
}

/// Writes the counters.
pub(crate) fn write_state(transaction: &WriteTransaction, state: State) -> Result<(), StoreError> {
    let mut meta = transaction.open_table(META).map_err(table)?;
    meta.insert("state", state.to_bytes().as_slice()).map_err(storage)?;
    Ok(())
}
