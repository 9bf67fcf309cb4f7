//! The sense of the journal: rows of commands, batches of closures, and when they are to be forgotten.

use redb::{TableDefinition, TableHandle};

use crate::Command;
use crate::frame::Flaw;

use super::super::errors::storage;
use super::super::load::closures_of;
use super::super::plan::last_ended;
use super::super::row::{self, Commands, Notes};
use super::super::tables::{
    BATCHES, CHUNKS, CLOSURES, ENDED, EXPIRES_BATCH, EXPIRES_ENDED, EXPIRES_RESULTS, EXPIRY, RESULTS,
};
use super::{Checker, Halt, Looked, Wrong, ensure};

type RowTable = redb::ReadOnlyTable<u64, &'static [u8]>;

impl Checker<'_> {
    pub(super) fn chunks(&mut self) -> Result<(), Halt> {
        let ended = self.open(ENDED)?;
        let (next, mut reached) = (self.state.next_sequence, 0);
        self.table(CHUNKS, u64::to_string, |first, stored| {
            let (_, commands) = unpack(stored)?;
            look_at_row(first, &commands, next, &mut reached, &ended)
        })
    }

    pub(super) fn ended(&mut self) -> Result<(), Halt> {
        let (chunks, expiry) = (self.open(CHUNKS)?, self.open(EXPIRY)?);
        let (next, mut reached) = (self.state.next_sequence, 0);
        self.table(ENDED, u64::to_string, |first, stored| {
            let (notes, commands) = unpack(stored)?;
            look_at_row(first, &commands, next, &mut reached, &chunks)?;
            let notes = notes.ok_or("it does not say how its jobs ended")?;
            for (offset, command) in &commands {
                let is_job = matches!(command, Command::Submit(_));
                if is_job && notes.ends.batch(usize::from(*offset)).is_none() {
                    return Err(format!("it does not say how job {} ended", first + u64::from(*offset)).into());
                }
            }
            let key = (notes.ends.last_ended.as_millis(), EXPIRES_ENDED, first);
            ensure(expiry.get(key).map_err(storage)?.is_some(), "it will never be forgotten: `expiry` does not name it")
        })
    }

    /// `closures` or `results`.
    pub(super) fn batches(&mut self, table: TableDefinition<'static, u64, &'static [u8]>) -> Result<(), Halt> {
        let is_results = table.name() == RESULTS.name();
        let other = self.open(if is_results { CLOSURES } else { RESULTS })?;
        let expiry = self.open(EXPIRY)?;
        let (next_batch, next_sequence) = (self.state.next_batch, self.state.next_sequence);
        self.table(table, u64::to_string, |number, stored| {
            let closures = closures_of(stored)?;
            ensure(!closures.is_empty(), "it is empty")?;
            ensure(number < next_batch, "no batch has this number yet")?;
            ensure(other.get(number).map_err(storage)?.is_none(), "it is in `closures` and in `results`")?;
            for closure in &closures {
                let highest = closure.job.0.max(closure.ends_task.map_or(0, |task| task.0));
                if highest >= next_sequence {
                    return Err(format!("it ends {highest}, which was never submitted").into());
                }
            }
            let key = (last_ended(&closures).as_millis(), EXPIRES_RESULTS, number);
            let expires = !is_results || expiry.get(key).map_err(storage)?.is_some();
            ensure(expires, "it will never be forgotten: `expiry` does not name it")
        })
    }

    pub(super) fn expiry(&mut self) -> Result<(), Halt> {
        let (ended, results, batches) = (self.open(ENDED)?, self.open(RESULTS)?, self.open(BATCHES)?);
        let shown = |(at, kind, key): &(i64, u8, u64)| format!("{at} {kind} {key}");
        self.table(EXPIRY, shown, |(_, kind, key), ()| {
            let table = match kind {
                EXPIRES_ENDED => &ended,
                EXPIRES_RESULTS => &results,
                EXPIRES_BATCH => &batches,
                _ => return Err("it is of a kind that is not known".into()),
            };
            ensure(table.get(key).map_err(storage)?.is_some(), "what it names is not there")
        })
    }
}

fn unpack(stored: &[u8]) -> Result<(Option<Notes>, Commands), Flaw> {
    let (notes, commands) = row::split(stored)?;
    Ok((row::notes(notes)?, row::commands(commands)?))
}

/// What holds of every row: its numbers were given out, and no other row reaches into it. `reached` is the last number
/// of the row before it; `other` is the table that rows move to or from, in which the same key is no other row.
fn look_at_row(first: u64, commands: &Commands, next: u64, reached: &mut u64, other: &RowTable) -> Looked {
    let offset = commands.last().map(|(offset, _)| u64::from(*offset)).ok_or("it is empty")?;
    let last =
        first.checked_add(offset).filter(|last| *last < next).ok_or("it has numbers that were never given out")?;
    let before = std::mem::replace(reached, last);
    ensure(first > before, "the row before it has the same numbers")?;
    let within = other.range(first.saturating_add(1)..=last).map_err(storage)?.next();
    ensure(within.is_none(), "a row of the other table begins within it")?;
    commands.iter().try_for_each(|(offset, command)| look_at_command(first + u64::from(*offset), command))
}

fn look_at_command(sequence: u64, command: &Command) -> Looked {
    let task = match command {
        Command::Submit(payload) => payload.task.0,
        Command::AttemptFailed { task, .. } => task.0,
        Command::HostBlocked { .. } => return Ok(()),
    };
    let sensible = (1..=sequence).contains(&task);
    let wrong = || Wrong::from(format!("command {sequence} is about task {task}, which it cannot know"));
    sensible.then_some(()).ok_or_else(wrong)
}

impl From<redb::StorageError> for Wrong {
    fn from(error: redb::StorageError) -> Self {
        storage(error).into()
    }
}
