//! The thread that owns the file.

use std::fmt::Display;
use std::sync::{Arc, Mutex, PoisonError};

use gleaner_model::ContentHash;
use redb::Database;
use tokio::sync::{mpsc, oneshot};

use super::edit::Edit;
use super::known::{self, KnownDocument};
use super::outbox::{self, Outbox};
use super::{Deposit, OutboxId, Parcel, StateFailed};

/// Orders that wait for the thread. More than gather during one commit at several thousand outcomes a second, so that
/// only a disk that stands still makes attempts wait.
pub(super) const INBOX: usize = 256;
/// Bytes after which a commit takes no further outcomes, so that a group of giants does not pile up in memory twice.
const GROUP_BYTES: usize = 16 << 20;
/// Remarks that are written without an outcome to ride along with. What a kill makes a worker forget of them it
/// announces once more and is told again, so this bounds how much, and how many documents rest that nobody wants.
pub(super) const EDITS_ALONE: usize = 64;

type Reply<T> = oneshot::Sender<T>;

/// An order to the thread.
#[derive(Debug)]
pub(super) enum Command {
    /// Put an outcome into the outbox.
    Put(Box<Deposit>, Reply<(OutboxId, Parcel)>),
    /// Read an outcome.
    Load(OutboxId, Reply<Result<Option<Parcel>, StateFailed>>),
    /// Read a known document.
    Known(String, ContentHash, Reply<Result<Option<KnownDocument>, StateFailed>>),
    /// Look at the remarks on the side.
    Wake,
}

/// Any error of the store, as ours.
pub(super) fn failed(error: impl Display) -> StateFailed {
    StateFailed(error.to_string())
}

/// The thread's own side.
pub(super) struct Writer {
    pub(super) database: Database,
    pub(super) inbox: mpsc::Receiver<Command>,
    pub(super) edits: Arc<Mutex<Vec<Edit>>>,
    pub(super) next: u64,
    pub(super) known_max_bytes: u64,
}

/// Outcomes of one commit, each with who waits for it.
type Group = Vec<(Box<Deposit>, Reply<(OutboxId, Parcel)>)>;

impl Writer {
    /// Works until nobody can send any more, or until the disk fails. Whoever waits then is told by the loss of the
    /// reply, and every later order by the loss of the inbox.
    pub(super) fn run(mut self) -> Result<(), StateFailed> {
        let mut group = Group::new();
        while let Some(command) = self.inbox.blocking_recv() {
            let mut bytes = self.take(command, &mut group);
            while group.len() < INBOX && bytes < GROUP_BYTES {
                let Ok(command) = self.inbox.try_recv() else { break };
                bytes += self.take(command, &mut group);
            }
            self.commit(&mut group, EDITS_ALONE)?;
        }
        self.commit(&mut group, 1)?;
        self.database.close().map_err(failed)
    }

    /// Answers what can be answered at once, and collects outcomes; tells how many bytes came in.
    fn take(&self, command: Command, group: &mut Group) -> usize {
        match command {
            Command::Put(deposit, reply) => {
                let bytes = deposit.bytes();
                group.push((deposit, reply));
                return bytes;
            }
            Command::Load(id, reply) => drop(reply.send(self.load(id))),
            Command::Known(key, hash, reply) => drop(reply.send(known::find(&self.database, &key, hash))),
            Command::Wake => {}
        }
        0
    }

    /// Reads an outcome, unless a remark that is not written yet says that it is of no interest.
    fn load(&self, id: OutboxId) -> Result<Option<Parcel>, StateFailed> {
        let forgotten = self.edits.lock().unwrap_or_else(PoisonError::into_inner).contains(&Edit::Forget(id));
        if forgotten { Ok(None) } else { outbox::load(&self.database, id) }
    }

    /// The remarks to write now; none if there is nothing worth a commit.
    fn edits_for(&self, group: &Group, edits_min: usize) -> Option<Vec<Edit>> {
        let mut edits = self.edits.lock().unwrap_or_else(PoisonError::into_inner);
        (!group.is_empty() || edits.len() >= edits_min).then(|| std::mem::take(&mut *edits))
    }

    /// Writes a group and the remarks so far; without a group only if there are at least `edits_min` of them.
    fn commit(&mut self, group: &mut Group, edits_min: usize) -> Result<(), StateFailed> {
        let Some(edits) = self.edits_for(group, edits_min) else { return Ok(()) };
        let transaction = self.database.begin_write().map_err(failed)?;
        let mut outbox = Outbox::open(&transaction)?;
        let first = self.next;
        for (deposit, _) in &*group {
            outbox.insert(OutboxId(self.next), deposit)?;
            if let Some(known) = &deposit.known {
                known::keep(&transaction, known, self.known_max_bytes)?;
            }
            self.next += 1;
        }
        for edit in edits {
            edit.apply(&mut outbox)?;
        }
        drop(outbox);
        transaction.commit().map_err(failed)?;
        if !group.is_empty() {
            crate::metrics::commit(group.len());
        }
        for (id, (deposit, reply)) in (first..).zip(group.drain(..)) {
            let id = OutboxId(id);
            // Nobody waits if the attempt was cancelled meanwhile, and then nobody wants the outcome either.
            if reply.send((id, deposit.parcel)).is_err() {
                self.edits.lock().unwrap_or_else(PoisonError::into_inner).push(Edit::Forget(id));
            }
        }
        Ok(())
    }
}
