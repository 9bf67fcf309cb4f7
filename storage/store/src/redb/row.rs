//! A row of `chunks` or `ended`: consecutive commands, and what is known of their ends.
//!
//! ```text
//! bytes 0-3   length of the notes, little endian; 0 in a chunk that was never rewritten
//! then        notes: a frame with `Notes`, or nothing
//! then        commands: a frame of (offset from the row's key as u16, Command), one after the other
//! ```
//!
//! The commands are packed once, when they arrive, and only moved after that; the notes are written when a row is
//! folded.

use serde::{Deserialize, Serialize};

use gleaner_model::Timestamp;

use crate::Command;
use crate::frame::{self, Flaw};

use super::chunk::SPAN_MAX;
use super::pack;
use super::tables::JOURNAL_LEVEL;

/// Longest commands of one row, in bytes before packing: what a reader must unpack to see one job. Far above what
/// [`SPAN_MAX`] ordinary commands take, so that only unusual ones are split by it.
const BYTES_MAX: usize = 512 * 1024;

/// Commands of a row with their offsets from its key, ascending.
pub(crate) type Commands = Vec<(u16, Command)>;

/// Which jobs of a row have ended, and where their results are.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Ends {
    /// The batches of closures that touched the row, ascending.
    pub(crate) batches: Vec<u64>,
    /// By offset: 0 for a job that is open (or no job), else one more than a position in `batches`. Up to two bytes a
    /// job, and only in rows of which some job has ended.
    pub(crate) by: Vec<u16>,
    /// The latest end among them.
    pub(crate) last_ended: Timestamp,
    /// From this position on, the row relies on `batches` being replayed when the store is opened; what is before, its
    /// notes tell.
    #[serde(skip)]
    pub(crate) relies_from: usize,
}

impl Ends {
    /// The batch that ended the job at `offset`.
    pub(crate) fn batch(&self, offset: usize) -> Option<u64> {
        let by = usize::from(*self.by.get(offset)?);
        self.batches.get(by.checked_sub(1)?).copied()
    }

    /// The batches that the row relies on.
    pub(crate) fn relied_on(&self) -> &[u64] {
        &self.batches[self.relies_from..]
    }

    /// The position of `batch` in `batches`, which is added if it is new. Batches come in ascending order of commits,
    /// those of one commit in any order, so the search from the end is short.
    pub(crate) fn position(&mut self, batch: u64) -> usize {
        let relied = &self.batches[self.relies_from..];
        match relied.iter().rposition(|known| *known == batch) {
            Some(at) => self.relies_from + at,
            None => {
                self.batches.push(batch);
                self.batches.len() - 1
            }
        }
    }

    /// Notes that `batch` ended the job at `offset` of a row of `span` sequence numbers.
    pub(crate) fn close(&mut self, span: usize, offset: usize, batch: u64) {
        self.by.resize(span, 0);
        let position = self.position(batch) + 1;
        self.by[offset] = u16::try_from(position).expect("a row is touched by at most two batches an offset");
    }
}

/// What a rewritten row knows by itself.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Notes {
    /// The jobs that have ended.
    pub(crate) ends: Ends,
    /// Offsets of commands in the row that made a task which has ended.
    pub(crate) tasks_ended: Vec<u16>,
}

/// Packs `commands`, which begin at `first`, as long as they fit into one row; tells how many did.
pub(crate) fn pack_commands(commands: &[(u64, Command)]) -> (usize, Vec<u8>) {
    let first = commands.first().map_or(0, |(sequence, _)| *sequence);
    let mut payload = Vec::with_capacity(commands.len().min(SPAN_MAX) * 96);
    let mut taken = 0;
    for (sequence, command) in commands {
        let Some(offset) = offset_in_row(first, *sequence).filter(|_| payload.len() < BYTES_MAX) else { break };
        pack::append(&mut payload, &(offset, command));
        taken += 1;
    }
    (taken, frame::seal(&payload, JOURNAL_LEVEL))
}

/// Packs commands that were unpacked from a row.
pub(crate) fn repack<'a, C: Serialize + 'a>(commands: impl Iterator<Item = &'a (u16, C)>) -> Vec<u8> {
    let mut payload = Vec::new();
    commands.for_each(|record| pack::append(&mut payload, record));
    frame::seal(&payload, JOURNAL_LEVEL)
}

/// The offset of `sequence` in a row that begins at `first`, if it can lie in it.
pub(crate) fn offset_in_row(first: u64, sequence: u64) -> Option<u16> {
    let offset = sequence.checked_sub(first).filter(|offset| *offset < SPAN_MAX as u64)?;
    u16::try_from(offset).ok()
}

/// A row from its parts.
pub(crate) fn join(notes: Option<&Notes>, commands: &[u8]) -> Vec<u8> {
    let notes = notes.map(|notes| frame::encode(notes, JOURNAL_LEVEL)).unwrap_or_default();
    let length = u32::try_from(notes.len()).expect("notes are a few kilobytes");
    let mut row = Vec::with_capacity(4 + notes.len() + commands.len());
    row.extend_from_slice(&length.to_le_bytes());
    row.extend_from_slice(&notes);
    row.extend_from_slice(commands);
    row
}

/// The parts of a row, still packed: notes and commands.
pub(crate) fn split(row: &[u8]) -> Result<(&[u8], &[u8]), Flaw> {
    let (length, rest) = row.split_first_chunk::<4>().ok_or("it is too short")?;
    usize::try_from(u32::from_le_bytes(*length))
        .ok()
        .and_then(|length| rest.split_at_checked(length))
        .ok_or("it is too short")
}

/// A row's notes, if it has any.
pub(crate) fn notes(packed: &[u8]) -> Result<Option<Notes>, Flaw> {
    if packed.is_empty() {
        return Ok(None);
    }
    let mut notes: Notes = frame::decode(packed)?;
    let known = notes.ends.batches.len();
    if notes.ends.by.len() > SPAN_MAX || notes.ends.by.iter().any(|by| usize::from(*by) > known) {
        return Err("its notes make no sense");
    }
    notes.ends.relies_from = known;
    Ok(Some(notes))
}

/// A row's commands with their offsets, ascending.
pub(crate) fn commands(packed: &[u8]) -> Result<Commands, Flaw> {
    let commands: Commands = pack::unpack(&frame::open(packed)?)?;
    let ascending = commands.is_sorted_by(|(a, _), (b, _)| a < b);
    let within = commands.last().is_none_or(|(offset, _)| usize::from(*offset) < SPAN_MAX);
    if ascending && within { Ok(commands) } else { Err("its commands are out of order") }
}
