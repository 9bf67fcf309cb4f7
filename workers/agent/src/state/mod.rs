//! What a worker remembers: who it is, outcomes that nobody acknowledged yet, and documents that it will want again.
//!
//! The problem: an outcome is the result of requests that a host will not answer twice for free, so it must survive
//! the worker's death from the moment that the worker says it has it. There are a thousand outcomes a second, and a
//! flush to the disk takes milliseconds. The death of the whole machine is another matter: then the leases of all that
//! it held end, and others do the work again. So commits stop at the kernel (ADR 0018), and a file that a machine went
//! down with is set aside ([`boot`]).
//!
//! One thread owns the file. Outcomes come to it through a bounded queue, and whatever has gathered during one commit
//! goes into the next one, so that the number of commits adapts to the load. Forgetting and renaming are remarks on the
//! side: nobody waits for them, and they ride along with the next outcomes, or go alone when many have gathered.
//!
//! The file (`worker.redb`), tables by name:
//! - `meta`: `format`, `worker`, `known_bytes`;
//! - `outbox`: number of the outcome -> its attempt and documents; `outbox_outcomes`: number -> outcome;
//!   `outbox_frames`: (number, position) -> zstd frame of a document;
//! - `known`: package key -> head of its main document; `known_frames`: package key -> its zstd frame; `known_order`:
//!   ascending number -> package key, oldest first.
//!
//! Values are in postcard; the format's number stands for all of them.

mod boot;
mod deposit;
mod edit;
mod file;
mod known;
mod open;
mod outbox;
mod tables;
mod writer;

use std::sync::{Arc, Mutex, PoisonError};

use gleaner_model::{Attempt, ContentHash, Outcome, PackageKey, WorkerName};
use tokio::sync::{mpsc, oneshot};

use crate::document::Packed;
pub(crate) use boot::of_system as boot_of_system;
pub(crate) use deposit::Deposit;
use edit::Edit;
pub(crate) use file::Unflushed;
pub(crate) use known::KnownDocument;
pub(crate) use open::{Ended, open};
use writer::Command;

/// The number of an outcome in the outbox; rises.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(crate) struct OutboxId(pub(crate) u64);

/// An outcome and the documents that it names.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Parcel {
    pub(crate) outcome: Outcome,
    pub(crate) documents: Vec<Packed>,
}

/// The worker's own state cannot be written or read any more.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{0}")]
pub(crate) struct StateFailed(pub(crate) String);

/// What was found in the file.
#[derive(Debug)]
pub(crate) struct Found {
    pub(crate) worker: WorkerName,
    pub(crate) outbox: Vec<(OutboxId, Attempt)>,
}

/// The way to the thread that owns the file. When the last one is gone, the thread writes what is left and ends.
#[derive(Clone, Debug)]
pub(crate) struct State {
    inbox: mpsc::Sender<Command>,
    // Two remarks an outcome at most, one of them its last: bounded by the outbox, hence by what a hello may hold.
    edits: Arc<Mutex<Vec<Edit>>>,
}

impl State {
    /// Puts an outcome into the outbox. It survives the worker's death when this returns; the parcel comes back.
    pub(crate) async fn put(&self, deposit: Deposit) -> Result<(OutboxId, Parcel), StateFailed> {
        self.call(|reply| Command::Put(Box::new(deposit), reply)).await
    }

    /// Takes an outcome out of the outbox to send it again; none if it was forgotten.
    pub(crate) async fn load(&self, id: OutboxId) -> Result<Option<Parcel>, StateFailed> {
        self.call(|reply| Command::Load(id, reply)).await?
    }

    /// The main document of a package, if its copy here has this hash.
    pub(crate) async fn known(&self, key: PackageKey, hash: ContentHash) -> Result<Option<KnownDocument>, StateFailed> {
        self.call(|reply| Command::Known(key.to_text(), hash, reply)).await?
    }

    /// An outcome was acknowledged. Should that be lost, it is announced once more and closed then.
    pub(crate) fn forget(&self, id: OutboxId) {
        self.edit(Edit::Forget(id));
    }

    /// An outcome goes on under another token.
    pub(crate) fn adopt(&self, id: OutboxId, attempt: Attempt) {
        self.edit(Edit::Adopt(id, attempt));
    }

    fn edit(&self, edit: Edit) {
        let mut edits = self.edits.lock().unwrap_or_else(PoisonError::into_inner);
        edits.push(edit);
        let many = edits.len() >= writer::EDITS_ALONE;
        drop(edits);
        if many {
            // If the inbox is full, its thread is awake anyway.
            let _ = self.inbox.try_send(Command::Wake);
        }
    }

    async fn call<T>(&self, command: impl FnOnce(oneshot::Sender<T>) -> Command) -> Result<T, StateFailed> {
        let ended = || StateFailed("an earlier write failed".to_owned());
        let (reply, answer) = oneshot::channel();
        self.inbox.send(command(reply)).await.map_err(|_| ended())?;
        answer.await.map_err(|_| ended())
    }
}

#[cfg(test)]
mod tests;
