//! Outcomes that wait for their acknowledgement.

use bytes::Bytes;
use gleaner_model::Attempt;
use redb::{Database, ReadableDatabase, ReadableTable, Table, WriteTransaction};

use super::tables::{OUTBOX, OUTBOX_FRAMES, OUTBOX_OUTCOMES, OutboxHead};
use super::writer::failed;
use super::{Deposit, OutboxId, Parcel, StateFailed};
use crate::document::Packed;

/// The tables of the outbox, open for one commit: to open one means to look it up by its name, which a group of
/// outcomes need not do for each.
pub(super) struct Outbox<'a> {
    heads: Table<'a, u64, &'static [u8]>,
    outcomes: Table<'a, u64, &'static [u8]>,
    frames: Table<'a, (u64, u32), &'static [u8]>,
}

impl<'a> Outbox<'a> {
    pub(super) fn open(transaction: &'a WriteTransaction) -> Result<Self, StateFailed> {
        Ok(Self {
            heads: transaction.open_table(OUTBOX).map_err(failed)?,
            outcomes: transaction.open_table(OUTBOX_OUTCOMES).map_err(failed)?,
            frames: transaction.open_table(OUTBOX_FRAMES).map_err(failed)?,
        })
    }

    /// Writes an outcome and its documents.
    pub(super) fn insert(&mut self, id: OutboxId, deposit: &Deposit) -> Result<(), StateFailed> {
        let documents = deposit.parcel.documents.iter().map(|packed| packed.document.clone()).collect();
        self.put_head(id, &OutboxHead { attempt: deposit.attempt, documents })?;
        self.outcomes.insert(id.0, deposit.encoded.as_ref()).map_err(failed)?;
        for (at, packed) in (0..).zip(&deposit.parcel.documents) {
            self.frames.insert((id.0, at), packed.frame.as_ref()).map_err(failed)?;
        }
        Ok(())
    }

    /// Removes an outcome and its documents.
    pub(super) fn remove(&mut self, id: OutboxId) -> Result<(), StateFailed> {
        let documents = match self.heads.remove(id.0).map_err(failed)? {
            Some(head) => head_of(head.value())?.documents.len(),
            None => return Ok(()),
        };
        self.outcomes.remove(id.0).map_err(failed)?;
        for at in (0..).take(documents) {
            self.frames.remove((id.0, at)).map_err(failed)?;
        }
        Ok(())
    }

    /// Gives an outcome to another attempt at the same task.
    pub(super) fn rename(&mut self, id: OutboxId, attempt: Attempt) -> Result<(), StateFailed> {
        let head = match self.heads.get(id.0).map_err(failed)? {
            Some(head) => head_of(head.value())?,
            None => return Ok(()),
        };
        self.put_head(id, &OutboxHead { attempt, ..head })
    }

    fn put_head(&mut self, id: OutboxId, head: &OutboxHead) -> Result<(), StateFailed> {
        let bytes = postcard::to_allocvec(head).map_err(failed)?;
        self.heads.insert(id.0, bytes.as_slice()).map_err(failed)?;
        Ok(())
    }
}

/// Reads an outcome and its documents; none if it is not there.
pub(super) fn load(database: &Database, id: OutboxId) -> Result<Option<Parcel>, StateFailed> {
    let transaction = database.begin_read().map_err(failed)?;
    let Some(head) = transaction.open_table(OUTBOX).map_err(failed)?.get(id.0).map_err(failed)? else {
        return Ok(None);
    };
    let head = head_of(head.value())?;
    let missing = || StateFailed(format!("outcome {} is not whole", id.0));
    let outcomes = transaction.open_table(OUTBOX_OUTCOMES).map_err(failed)?;
    let outcome = outcomes.get(id.0).map_err(failed)?.ok_or_else(missing)?;
    let outcome = postcard::from_bytes(outcome.value()).map_err(failed)?;
    let frames = transaction.open_table(OUTBOX_FRAMES).map_err(failed)?;
    let mut documents = Vec::with_capacity(head.documents.len());
    for (at, document) in (0..).zip(head.documents) {
        let frame = frames.get((id.0, at)).map_err(failed)?.ok_or_else(missing)?;
        documents.push(Packed { document, frame: Bytes::copy_from_slice(frame.value()) });
    }
    Ok(Some(Parcel { outcome, documents }))
}

/// What is there, in ascending order.
pub(super) fn list(database: &Database) -> Result<Vec<(OutboxId, Attempt)>, StateFailed> {
    let transaction = database.begin_read().map_err(failed)?;
    let table = transaction.open_table(OUTBOX).map_err(failed)?;
    let mut found = Vec::new();
    for row in table.iter().map_err(failed)? {
        let (id, head) = row.map_err(failed)?;
        found.push((OutboxId(id.value()), head_of(head.value())?.attempt));
    }
    Ok(found)
}

fn head_of(bytes: &[u8]) -> Result<OutboxHead, StateFailed> {
    postcard::from_bytes(bytes).map_err(failed)
}
