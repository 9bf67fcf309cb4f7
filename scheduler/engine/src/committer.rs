//! The committer: one thread that makes groups of entries durable.
//!
//! The problem: one commit costs a flush of the disk, whatever it carries, and nobody may be told anything before the
//! flush is over. So the thread takes all that has gathered while it was busy, up to a bound, commits it as one group,
//! and then calls what each entry wants called. An idle committer commits at once; a busy one makes larger groups.

use std::sync::Arc;
use std::sync::mpsc::{Receiver, SyncSender, TryRecvError, sync_channel};
use std::thread::JoinHandle;

use gleaner_model::{ContentHash, Root};
use gleaner_store::{
    Closure, Command, Group, KeyEntry, OrderWrite, PackageWrite, Place, ResolutionWrite, Store, StoreError,
    StreamPosition,
};
use tokio::sync::watch;

use crate::clock::Stopwatch;

/// Entries that may wait. Whoever makes entries holds a credit of the engine's edge or a worker's slot meanwhile, and
/// those together are fewer; so sending never blocks the scheduler, and a stuck disk is felt at the edge.
const INBOX_ENTRIES: usize = 65_536;

/// A group closes at this many records: beyond some thousand a larger group is hardly faster and everybody waits.
const GROUP_RECORDS: usize = 8_192;

/// A group closes at this many bytes of package records and of what was submitted, so that one group of large packages or
/// of large manifests does not hold up the rest. One that is larger by itself is a group of its own.
const GROUP_BYTES: usize = 8 << 20;

/// What is called after an entry was committed, or was not.
pub(crate) type Then = Box<dyn FnOnce(Result<(), CommitError>) + Send>;

/// Why an entry is not durable.
#[derive(Clone, Debug, thiserror::Error)]
pub(crate) enum CommitError {
    /// The package record that it was made from is not the stored one any more; nothing of the entry was written.
    #[error("the package record changed meanwhile")]
    Conflict,
    /// The store failed, and stays so until it is opened anew.
    #[error("{0}")]
    Store(String),
}

/// What becomes durable together, and what happens then.
pub(crate) struct Entry {
    /// New commands, ascending, above all that were sent before.
    pub commands: Vec<(u64, Command)>,
    /// Jobs that end.
    pub closures: Vec<Closure>,
    /// Package records.
    pub packages: Vec<PackageWrite>,
    /// Where documents lie that the records name.
    pub documents: Vec<(ContentHash, Place)>,
    /// Positions of submit streams.
    pub streams: Vec<StreamPosition>,
    /// Clients' keys.
    pub keys: Vec<KeyEntry>,
    /// Batches and standing orders that changed.
    pub orders: Vec<OrderWrite>,
    /// Answers to questions.
    pub resolutions: Vec<ResolutionWrite>,
    /// Called on the committer's thread; must be quick.
    pub then: Then,
}

impl Entry {
    /// An entry that only has something called after the commit.
    #[must_use]
    pub(crate) fn new(then: Then) -> Self {
        let (commands, closures, packages) = (Vec::new(), Vec::new(), Vec::new());
        let (documents, streams, keys, orders) = (Vec::new(), Vec::new(), Vec::new(), Vec::new());
        let resolutions = Vec::new();
        Self { commands, closures, packages, documents, streams, keys, orders, resolutions, then }
    }

    fn records(&self) -> usize {
        self.commands.len()
            + self.closures.len()
            + self.packages.len()
            + self.keys.len()
            + self.orders.len()
            + self.resolutions.len()
    }

    fn bytes(&self) -> usize {
        let packages = self.packages.iter().map(|package| package.encoded.stored_bytes()).sum::<usize>();
        let resolutions = self.resolutions.iter().map(ResolutionWrite::stored_bytes).sum::<usize>();
        packages + resolutions + self.commands.iter().map(|(_, command)| bytes_of(command)).sum::<usize>()
    }
}

/// About as many bytes as a command takes before it is compressed: what clients chose the length of, and what all have.
fn bytes_of(command: &Command) -> usize {
    const OF_ALL: usize = 100;
    let Command::Submit(payload) = command else { return OF_ALL };
    let question = payload.spec.question.as_ref().map_or(0, |question| {
        let manifest = if let Root::Manifest { file, text } = &question.root { file.len() + text.len() } else { 0 };
        manifest + question.environment.iter().map(|(key, value)| key.len() + value.len()).sum::<usize>()
    });
    OF_ALL + payload.spec.purl.name().as_str().len() + question
}

/// The way to a committer.
#[derive(Clone)]
pub(crate) struct Committer {
    inbox: SyncSender<Entry>,
}

impl Committer {
    /// Starts the thread. `failure` is told when the store fails, after which every entry is refused. The thread ends
    /// when every `Committer` is dropped and all that was sent is committed.
    ///
    /// # Errors
    /// The system gives no thread.
    pub(crate) fn start(
        store: Arc<dyn Store>,
        failure: watch::Sender<Option<String>>,
    ) -> std::io::Result<(Self, JoinHandle<()>)> {
        let (inbox, entries) = sync_channel(INBOX_ENTRIES);
        let thread =
            std::thread::Builder::new().name("committer".to_owned()).spawn(move || run(&*store, &entries, &failure))?;
        Ok((Self { inbox }, thread))
    }

    /// Hands over an entry. If the thread is gone, the entry is refused.
    pub(crate) fn send(&self, entry: Entry) {
        if let Err(refused) = self.inbox.send(entry) {
            (refused.0.then)(Err(CommitError::Store("the committer has ended".to_owned())));
        }
    }
}

fn run(store: &dyn Store, entries: &Receiver<Entry>, failure: &watch::Sender<Option<String>>) {
    while let Some(batch) = gather(entries) {
        commit(store, batch, failure);
    }
}

/// Waits for an entry, then takes what else is there, up to the bounds of a group.
fn gather(entries: &Receiver<Entry>) -> Option<Vec<Entry>> {
    let first = entries.recv().ok()?;
    let (mut records, mut bytes) = (first.records(), first.bytes());
    let mut batch = vec![first];
    while records < GROUP_RECORDS && bytes < GROUP_BYTES {
        match entries.try_recv() {
            Ok(entry) => {
                records += entry.records();
                bytes += entry.bytes();
                batch.push(entry);
            }
            Err(TryRecvError::Empty | TryRecvError::Disconnected) => break,
        }
    }
    Some(batch)
}

/// Commits a batch as one group. Entries whose package changed meanwhile are refused and the rest is tried again;
/// each round refuses at least one entry, so this ends.
fn commit(store: &dyn Store, mut batch: Vec<Entry>, failure: &watch::Sender<Option<String>>) {
    while !batch.is_empty() {
        let merged = Merged::of(batch);
        metrics::histogram!("gleaner_commit_records").record(merged.records());
        let stopwatch = Stopwatch::start();
        let result = store.commit(&merged.group);
        metrics::histogram!("gleaner_commit_seconds").record(stopwatch.seconds());
        batch = match result {
            Ok(_) => return merged.thens.into_iter().for_each(|then| then(Ok(()))),
            Err(StoreError::Conflict(positions)) => refuse_conflicts(merged, &positions),
            Err(error) => return refuse_all(merged, &error, failure),
        };
    }
}

/// A group, and which part of it is whose.
struct Merged {
    group: Group,
    lengths: Vec<Lengths>,
    thens: Vec<Then>,
}

struct Lengths {
    commands: usize,
    closures: usize,
    packages: usize,
    documents: usize,
    streams: usize,
    keys: usize,
    orders: usize,
    resolutions: usize,
}

impl Merged {
    fn of(batch: Vec<Entry>) -> Self {
        let mut merged = Self { group: Group::default(), lengths: Vec::new(), thens: Vec::new() };
        for entry in batch {
            merged.lengths.push(Lengths {
                commands: entry.commands.len(),
                closures: entry.closures.len(),
                packages: entry.packages.len(),
                documents: entry.documents.len(),
                streams: entry.streams.len(),
                keys: entry.keys.len(),
                orders: entry.orders.len(),
                resolutions: entry.resolutions.len(),
            });
            merged.group.commands.extend(entry.commands);
            merged.group.closures.extend(entry.closures);
            merged.group.packages.extend(entry.packages);
            merged.group.documents.extend(entry.documents);
            merged.group.streams.extend(entry.streams);
            merged.group.keys.extend(entry.keys);
            merged.group.orders.extend(entry.orders);
            merged.group.resolutions.extend(entry.resolutions);
            merged.thens.push(entry.then);
        }
        merged
    }

    #[allow(clippy::cast_precision_loss, reason = "a group has some thousand records")]
    fn records(&self) -> f64 {
        (self.group.commands.len() + self.group.closures.len()) as f64
    }

    /// The entries again, each with the positions of its packages in the group.
    fn split(self) -> impl Iterator<Item = (std::ops::Range<usize>, Entry)> {
        let Group { commands, closures, packages, documents, streams, keys, orders, resolutions } = self.group;
        let (mut commands, mut closures) = (commands.into_iter(), closures.into_iter());
        let (mut packages, mut documents) = (packages.into_iter(), documents.into_iter());
        let (mut streams, mut keys, mut orders) = (streams.into_iter(), keys.into_iter(), orders.into_iter());
        let mut resolutions = resolutions.into_iter();
        let mut position = 0;
        self.lengths.into_iter().zip(self.thens).map(move |(lengths, then)| {
            let begin = position;
            position += lengths.packages;
            let entry = Entry {
                commands: commands.by_ref().take(lengths.commands).collect(),
                closures: closures.by_ref().take(lengths.closures).collect(),
                packages: packages.by_ref().take(lengths.packages).collect(),
                documents: documents.by_ref().take(lengths.documents).collect(),
                streams: streams.by_ref().take(lengths.streams).collect(),
                keys: keys.by_ref().take(lengths.keys).collect(),
                orders: orders.by_ref().take(lengths.orders).collect(),
                resolutions: resolutions.by_ref().take(lengths.resolutions).collect(),
                then,
            };
            (begin..position, entry)
        })
    }
}

fn refuse_conflicts(merged: Merged, conflicts: &[usize]) -> Vec<Entry> {
    let mut kept = Vec::new();
    for (packages, entry) in merged.split() {
        if conflicts.iter().any(|conflict| packages.contains(conflict)) {
            (entry.then)(Err(CommitError::Conflict));
        } else {
            kept.push(entry);
        }
    }
    kept
}

fn refuse_all(merged: Merged, error: &StoreError, failure: &watch::Sender<Option<String>>) {
    let reason = error.to_string();
    tracing::error!(%reason, "the store failed; nothing more is accepted");
    failure.send_replace(Some(reason.clone()));
    for then in merged.thens {
        then(Err(CommitError::Store(reason.clone())));
    }
}

#[cfg(test)]
mod tests;
