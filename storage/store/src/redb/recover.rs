//! Hands over what has not ended, in ascending order of sequence.

use redb::ReadTransaction;

use gleaner_model::JobId;

use crate::{Command, Recovered, StoreError};

use super::RedbStore;
use super::chunk::Chunk;
use super::errors::{damaged, storage, table};
use super::row;
use super::tables::CHUNKS;

impl RedbStore {
    /// One pass over the chunks that were there when it began. `take` must not call back into a commit.
    pub(crate) fn recover_all(&self, take: &mut dyn FnMut(Recovered)) -> Result<(), StoreError> {
        let (reading, index) = self.view()?;
        for (first, chunk) in &index.chunks {
            recover_chunk(&reading, *first, chunk, take)?;
        }
        Ok(())
    }
}

fn recover_chunk(
    reading: &ReadTransaction,
    first: u64,
    chunk: &Chunk,
    take: &mut dyn FnMut(Recovered),
) -> Result<(), StoreError> {
    let chunks = reading.open_table(CHUNKS).map_err(table)?;
    let flawed = |flaw| damaged("chunks", first, flaw);
    let Some(stored) = chunks.get(first).map_err(storage)? else { return Err(flawed("it is missing")) };
    let commands = row::split(stored.value()).and_then(|(_, commands)| row::commands(commands)).map_err(flawed)?;
    for (offset, command) in commands {
        let at = usize::from(offset);
        if chunk.liveness.is_live(at) {
            take(recovered(JobId(first + u64::from(offset)), chunk.liveness.is_open(at), command));
        }
    }
    Ok(())
}

fn recovered(job: JobId, open: bool, command: Command) -> Recovered {
    match command {
        Command::AttemptFailed { task, attempts, retry_at, fault: _ } => {
            Recovered::AttemptFailed { task, attempts, retry_at }
        }
        Command::HostBlocked { host, until } => Recovered::HostBlocked { host, until },
        submit @ Command::Submit(_) => Recovered::Job { job, open, submit },
    }
}
