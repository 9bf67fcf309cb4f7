//! Reading jobs, open and ended.

use std::collections::HashMap;

use redb::ReadTransaction;

use gleaner_model::{JobId, JobResult};

use crate::{Command, StoreError, StoredJob};

use super::RedbStore;
use super::chunk::{Chunk, SPAN_MAX};
use super::errors::{damaged, storage, table};
use super::load::closures_of;
use super::row::{self, Commands, Notes};
use super::tables::{CHUNKS, CLOSURES, ENDED, RESULTS};

/// What to tell of a job, when its row is unpacked.
#[derive(Clone, Copy)]
enum End {
    /// It is open.
    Open,
    /// This batch has its result.
    In(u64),
    /// It is no job, or stands in another row.
    Elsewhere,
}

impl RedbStore {
    pub(crate) fn read_job(&self, job: JobId) -> Result<Option<StoredJob>, StoreError> {
        let (reading, index) = self.view()?;
        let located = index.locate(job.0).map(|(first, chunk, offset)| (first, chunk.folded, end_in(chunk, offset)));
        drop(index);
        let mut rows = Rows::new(reading);
        let key = match located {
            Some((first, folded, end)) => {
                let submit = find(rows.chunk(first)?, first, job);
                if submit.is_some() || !folded {
                    return submit.map_or(Ok(None), |submit| rows.stored(job, submit, end));
                }
                Some(first)
            }
            None => rows.ended_before(job.0.saturating_add(1))?,
        };
        let Some(first) = key else { return Ok(None) };
        let Some((notes, commands)) = rows.ended(first)? else { return Ok(None) };
        let end = end_of(&notes, first, job);
        find(commands, first, job).map_or(Ok(None), |submit| rows.stored(job, submit, end))
    }

    pub(crate) fn read_jobs(&self, before: Option<JobId>, limit: usize) -> Result<Vec<StoredJob>, StoreError> {
        let mut before = before.map_or(u64::MAX, |job| job.0);
        let (reading, index) = self.view()?;
        let mut chunks = newest(index.chunks.range(..before).rev(), limit).into_iter().peekable();
        drop(index);
        let mut rows = Rows::new(reading);
        let mut jobs = Vec::new();
        while jobs.len() < limit {
            let live = chunks.peek().map(|(first, _)| *first);
            let Some(first) = live.max(rows.ended_before(before)?) else { break };
            let chunk = chunks.next_if(|(live, _)| *live == first).map(|(_, chunk)| chunk);
            let mut found = rows.jobs_of(first, chunk.as_ref())?;
            found.retain(|(job, ..)| job.0 < before);
            found.sort_by_key(|(job, ..)| std::cmp::Reverse(*job));
            for (job, submit, end) in found {
                if jobs.len() < limit {
                    jobs.extend(rows.stored(job, submit, end)?);
                }
            }
            before = first;
        }
        Ok(jobs)
    }

    pub(crate) fn read_neighbours(&self, job: JobId) -> Result<Vec<(JobId, Command)>, StoreError> {
        let (reading, index) = self.view()?;
        let Some((first, chunk)) = index.locate(job.0).map(|(first, chunk, _)| (first, chunk.clone())) else {
            return Ok(Vec::new());
        };
        drop(index);
        let mut commands = Rows::new(reading).chunk(first)?;
        commands.retain(|(offset, _)| chunk.liveness.is_open(usize::from(*offset)));
        Ok(commands.into_iter().map(|(offset, command)| (JobId(first + u64::from(offset)), command)).collect())
    }
}

/// Copies of the newest chunks, as many as have `limit` open jobs, which is enough whatever else is found between them;
/// copies, so that the committer need not wait for a reader.
fn newest<'a>(chunks: impl Iterator<Item = (&'a u64, &'a Chunk)>, limit: usize) -> Vec<(u64, Chunk)> {
    let mut open = 0;
    let mut newest = Vec::new();
    for (first, chunk) in chunks {
        newest.push((*first, chunk.clone()));
        open += chunk.liveness.count_open();
        if open >= limit.saturating_add(SPAN_MAX) {
            break;
        }
    }
    newest
}

fn end_in(chunk: &Chunk, offset: usize) -> End {
    if chunk.liveness.is_open(offset) {
        return End::Open;
    }
    chunk.ends.as_ref().and_then(|ends| ends.batch(offset)).map_or(End::Elsewhere, End::In)
}

fn end_of(notes: &Notes, first: u64, job: JobId) -> End {
    let offset = row::offset_in_row(first, job.0).map(usize::from);
    offset.and_then(|offset| notes.ends.batch(offset)).map_or(End::Elsewhere, End::In)
}

fn find(commands: Commands, first: u64, job: JobId) -> Option<Command> {
    let offset = row::offset_in_row(first, job.0)?;
    let (_, command) = commands.into_iter().find(|(at, _)| *at == offset)?;
    matches!(command, Command::Submit(_)).then_some(command)
}

/// Rows and batches as one read transaction sees them; batches are unpacked once.
struct Rows {
    reading: ReadTransaction,
    results: HashMap<u64, HashMap<JobId, JobResult>>,
}

impl Rows {
    fn new(reading: ReadTransaction) -> Self {
        Self { reading, results: HashMap::new() }
    }

    /// The commands of a chunk.
    fn chunk(&self, first: u64) -> Result<Commands, StoreError> {
        let chunks = self.reading.open_table(CHUNKS).map_err(table)?;
        let flawed = |flaw| damaged("chunks", first, flaw);
        let Some(stored) = chunks.get(first).map_err(storage)? else { return Err(flawed("it is missing")) };
        row::split(stored.value()).and_then(|(_, commands)| row::commands(commands)).map_err(flawed)
    }

    /// A row of ended jobs, if it is there and not forgotten.
    fn ended(&self, first: u64) -> Result<Option<(Notes, Commands)>, StoreError> {
        let ended = self.reading.open_table(ENDED).map_err(table)?;
        let Some(stored) = ended.get(first).map_err(storage)? else { return Ok(None) };
        let parts = row::split(stored.value())
            .and_then(|(notes, commands)| Ok((row::notes(notes)?.unwrap_or_default(), row::commands(commands)?)));
        parts.map(Some).map_err(|flaw| damaged("ended", first, flaw))
    }

    /// The greatest key of a row of ended jobs below `before`.
    fn ended_before(&self, before: u64) -> Result<Option<u64>, StoreError> {
        let ended = self.reading.open_table(ENDED).map_err(table)?;
        let last = ended.range(..before).map_err(storage)?.next_back().transpose().map_err(storage)?;
        Ok(last.map(|(first, _)| first.value()))
    }

    /// The jobs of the rows at `first`: of the chunk, if it is one, and of the row of ended ones.
    fn jobs_of(&self, first: u64, chunk: Option<&Chunk>) -> Result<Vec<(JobId, Command, End)>, StoreError> {
        let mut jobs = Vec::new();
        let submits = |(_, command): &(u16, Command)| matches!(command, Command::Submit(_));
        if let Some(chunk) = chunk {
            for (offset, command) in self.chunk(first)?.into_iter().filter(submits) {
                jobs.push((JobId(first + u64::from(offset)), command, end_in(chunk, usize::from(offset))));
            }
        }
        if chunk.is_none_or(|chunk| chunk.folded)
            && let Some((notes, commands)) = self.ended(first)?
        {
            for (offset, command) in commands.into_iter().filter(submits) {
                let job = JobId(first + u64::from(offset));
                jobs.push((job, command, end_of(&notes, first, job)));
            }
        }
        Ok(jobs)
    }

    /// The job with its result; none if the result is forgotten, and the job with it.
    fn stored(&mut self, job: JobId, submit: Command, end: End) -> Result<Option<StoredJob>, StoreError> {
        match end {
            End::Open => Ok(Some(StoredJob { job, submit, result: None })),
            End::Elsewhere => Ok(None),
            End::In(batch) => {
                let result = self.result(batch, job)?;
                Ok(result.map(|result| StoredJob { job, submit, result: Some(result) }))
            }
        }
    }

    fn result(&mut self, batch: u64, job: JobId) -> Result<Option<JobResult>, StoreError> {
        if !self.results.contains_key(&batch) {
            let mut results = HashMap::new();
            for closure in self.batch(batch)?.into_iter().rev() {
                results.insert(closure.job, closure.result);
            }
            self.results.insert(batch, results);
        }
        Ok(self.results.get(&batch).and_then(|results| results.get(&job)).cloned())
    }

    fn batch(&self, number: u64) -> Result<Vec<crate::Closure>, StoreError> {
        for (name, definition) in [("closures", CLOSURES), ("results", RESULTS)] {
            let batches = self.reading.open_table(definition).map_err(table)?;
            if let Some(stored) = batches.get(number).map_err(storage)? {
                return closures_of(stored.value()).map_err(|flaw| damaged(name, number, flaw));
            }
        }
        Ok(Vec::new())
    }
}
