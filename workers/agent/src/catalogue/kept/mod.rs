//! Packages that were read from the catalogue, kept on the worker's own disk, so that a worker that starts again begins
//! warm.
//!
//! The problem: a worker that joins knows nothing, and the first thousand questions ask the catalogue for ten thousand
//! packages. One that starts again needs that no more than once: what it had read is still right, but for what events have
//! told since.
//!
//! So what is read is kept in a file of its own, with the position in the events at which all of one registry's packages
//! in it were exact. Whoever takes it up reads the events from there on and forgets what they touch; the position moves
//! together with that, in one commit. The file may be lost at any moment: whatever is wrong with it, it is removed, and
//! the catalogue is asked. Values carry checksums. Commits are not flushed to the disk (ADR 0018): the file has the id of
//! this start of the machine in its name, and one of another start is removed unread, since after a power cut it may hold
//! any mixture of pages.
//!
//! One thread owns the file; orders come to it through a bounded queue and are done in turn, so that whoever loads after
//! a write sees it.

mod file;
mod keeper;
mod tables;
#[cfg(test)]
mod tests;

use std::collections::HashMap;

use gleaner_model::{PackageName, RegistryName};
use tokio::sync::{mpsc, oneshot};

pub(crate) use self::file::Where;
use self::keeper::Keeper;
use super::source::Mark;

/// Orders that wait for the thread. Each carries what one round read; beyond this a round waits for the disk.
const ORDERS: usize = 8;

/// The right to read and change what is kept of one registry: whoever took it up last has it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Tenure {
    registry: RegistryName,
    number: u64,
}

/// What a round changes.
#[derive(Debug, Default)]
pub(crate) struct Changes {
    /// All that is kept of the registry is exact at this position afterwards.
    pub(crate) position: u64,
    /// The mark of the event before it; without one what is kept is of no use to the next start.
    pub(crate) mark: Option<Mark>,
    /// Is nothing of what was kept exact any more?
    pub(crate) all_is_stale: bool,
    /// Packages that events told of.
    pub(crate) forget: Vec<PackageName>,
    /// Packages that were read, as [`Content`](super::content::Content) writes them.
    pub(crate) put: Vec<(PackageName, Vec<u8>)>,
}

impl Changes {
    /// Nothing is kept any more; what comes now is exact at `position`.
    pub(super) fn all_is_stale(position: u64, mark: Option<Mark>) -> Self {
        Self { position, mark, all_is_stale: true, ..Self::default() }
    }
}

/// An order to the thread.
enum Order {
    Begin(RegistryName, oneshot::Sender<(Tenure, Option<(u64, Mark)>)>),
    Load(Tenure, Vec<PackageName>, oneshot::Sender<HashMap<PackageName, Vec<u8>>>),
    Change(Tenure, Changes),
}

/// The way to what is kept. When the last one is gone, the thread ends.
#[derive(Clone, Debug)]
pub(crate) struct Kept(Option<mpsc::Sender<Order>>);

impl Kept {
    /// Opens the file, or makes it. Without one nothing is kept, and the log says why.
    pub(crate) fn open(place: Where) -> Self {
        if place.bytes_max == 0 {
            return Self(None);
        }
        let (sender, orders) = mpsc::channel(ORDERS);
        let thread = std::thread::Builder::new().name("worker-packages".to_owned());
        match thread.spawn(move || Keeper::new(place).run(orders)) {
            Ok(_) => Self(Some(sender)),
            Err(error) => {
                tracing::warn!(%error, "no thread for packages on the disk; the worker begins cold at each start");
                Self(None)
            }
        }
    }

    /// Takes up what is kept of a registry, and tells the position at which it is exact and the mark of the event before
    /// it; none if nothing is kept.
    pub(super) async fn begin(&self, registry: RegistryName) -> (Tenure, Option<(u64, Mark)>) {
        let nobody = (Tenure { registry: registry.clone(), number: 0 }, None);
        self.call(|reply| Order::Begin(registry, reply)).await.unwrap_or(nobody)
    }

    /// What is kept of packages, of those of which anything is.
    pub(super) async fn load(&self, tenure: &Tenure, names: Vec<PackageName>) -> HashMap<PackageName, Vec<u8>> {
        if names.is_empty() {
            return HashMap::new();
        }
        self.call(|reply| Order::Load(tenure.clone(), names, reply)).await.unwrap_or_default()
    }

    /// Changes what is kept.
    pub(super) async fn change(&self, tenure: &Tenure, changes: Changes) {
        if let Some(orders) = &self.0 {
            // If the thread has ended, nothing is kept any more.
            let _ = orders.send(Order::Change(tenure.clone(), changes)).await;
        }
    }

    async fn call<T>(&self, order: impl FnOnce(oneshot::Sender<T>) -> Order) -> Option<T> {
        let (reply, answer) = oneshot::channel();
        self.0.as_ref()?.send(order(reply)).await.ok()?;
        answer.await.ok()
    }
}
