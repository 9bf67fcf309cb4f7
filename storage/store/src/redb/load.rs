//! Rebuilds the index from the file: every chunk's commands, then the closures that chunks rely on, in order.

use redb::{Database, ReadableDatabase, ReadableTable};

use crate::{Closure, Command, StoreError, frame};

use super::chunk::{Chunk, Effect};
use super::errors::{damaged, storage, table, transaction};
use super::index::{Index, Relied, Wish};
use super::plan::{last_ended, touch};
use super::tables::{CHUNKS, CLOSURES, State};
use super::{pack, row};

/// The index of what `database` holds.
pub(crate) fn load(database: &Database, state: State) -> Result<Index, StoreError> {
    let reading = database.begin_read().map_err(transaction)?;
    let mut index = Index { state, ..Index::default() };
    let chunks = reading.open_table(CHUNKS).map_err(table)?;
    for stored in chunks.iter().map_err(storage)? {
        let (first, stored) = stored.map_err(storage)?;
        let first = first.value();
        add_chunk(&mut index, first, stored.value()).map_err(|flaw| damaged("chunks", first, flaw))?;
    }
    hold_wishes(&mut index);
    hold_attempts(&mut index);
    let closures = reading.open_table(CLOSURES).map_err(table)?;
    for stored in closures.iter().map_err(storage)? {
        let (number, stored) = stored.map_err(storage)?;
        let number = number.value();
        let batch = closures_of(stored.value()).map_err(|flaw| damaged("closures", number, flaw))?;
        replay(&mut index, number, &batch);
    }
    release_attempts(&mut index);
    Ok(index)
}

/// The closures of a batch.
pub(crate) fn closures_of(stored: &[u8]) -> Result<Vec<Closure>, frame::Flaw> {
    pack::unpack(&frame::open(stored)?)
}

fn add_chunk(index: &mut Index, first: u64, stored: &[u8]) -> Result<(), frame::Flaw> {
    let (notes, commands) = row::split(stored)?;
    let notes = row::notes(notes)?;
    let commands = row::commands(commands)?;
    for (offset, command) in &commands {
        let sequence = first + u64::from(*offset);
        match command {
            Command::Submit(_) => {}
            Command::AttemptFailed { task, .. } => _ = index.attempts.insert(*task, sequence),
            Command::HostBlocked { host, until } => {
                let latest = index.hosts.get(host).map_or(*until, |before| before.latest.max(*until));
                index.hosts.insert(host.clone(), Wish { sequence, until: *until, latest });
            }
        }
    }
    let commands = commands.iter().map(|(offset, command)| (usize::from(*offset), command));
    index.chunks.insert(first, Chunk::of(first, commands, notes));
    Ok(())
}

fn hold_wishes(index: &mut Index) {
    let held = index.hosts.values().map(|wish| wish.sequence).collect::<Vec<_>>();
    held.into_iter().for_each(|sequence| change(index, sequence, Chunk::hold));
}

fn hold_attempts(index: &mut Index) {
    let held = index.attempts.values().copied().collect::<Vec<_>>();
    held.into_iter().for_each(|sequence| change(index, sequence, Chunk::hold));
}

/// Of tasks that have ended, no attempt matters, even if its command still stands in a chunk with others.
fn release_attempts(index: &mut Index) {
    let over = index.attempts.keys().copied().filter(|task| !index.is_task_open(*task)).collect::<Vec<_>>();
    for task in over {
        if let Some(sequence) = index.attempts.remove(&task) {
            change(index, sequence, Chunk::release);
        }
    }
}

fn change(index: &mut Index, sequence: u64, how: impl FnOnce(&mut Chunk, usize)) {
    if let Some((first, chunk)) = index.chunks.range_mut(..=sequence).next_back()
        && let Some(offset) = chunk.offset(*first, sequence)
    {
        how(chunk, offset);
    }
}

/// Does to the index what the commit of this batch did.
fn replay(index: &mut Index, number: u64, closures: &[Closure]) {
    let mut effects = Vec::with_capacity(closures.len() * 2);
    for closure in closures {
        effects.push((closure.job.0, Effect::Close { batch: number, at: closure.result.ended_at }));
        effects.extend(closure.ends_task.map(|task| (task.0, Effect::EndTask { batch: number })));
    }
    effects.sort_by_key(|(sequence, _)| *sequence);
    let mut relied = Relied { chunks: 0, last_ended: last_ended(closures) };
    let mut rest = effects.as_slice();
    while let Some((sequence, _)) = rest.first() {
        let Some((first, chunk)) = index.chunks.range_mut(..=*sequence).next_back() else {
            rest = &rest[1..];
            continue;
        };
        let (taken, touch) = touch(*first, chunk, rest);
        relied.chunks += u32::from(!touch.relies_on.is_empty());
        chunk.absorb(touch);
        rest = &rest[taken.max(1)..];
    }
    index.relied.insert(number, relied);
}
