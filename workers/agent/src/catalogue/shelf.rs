//! The packages of one registry, in its resolver's layout, at a position in the catalogue's events.
//!
//! The problem: a thousand questions a second want packages that are right as of a moment ago, and all of them together
//! must ask for each package once. So reading goes in *rounds*, one at a time: a round takes all that was asked for while
//! the one before it ran, follows the events to where the most demanding question wants them, reads all that is wanted
//! and all that the events made stale in one stream, and puts a new state in the place of the old one. Whoever asks for
//! what a round is reading waits for that round; whoever asks for nothing new gets the state that is there.
//!
//! A state is never changed: resolutions go on with the one that they began with.

use std::collections::{HashMap, HashSet};
use std::panic::AssertUnwindSafe;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use futures_util::FutureExt as _;
use gleaner_model::{Ecosystem, PackageName, Resolution, Untold};
use gleaner_resolvers::Snapshots;
use tokio::sync::watch;

use super::fault::CatalogueFault;
use super::kept::{Kept, Tenure};
use super::ledger::Ledger;
use super::source::{Mark, Source, Whose};
use super::untold;
use crate::workshop::Workshop;

/// A state of a shelf.
#[derive(Clone)]
pub(crate) struct Stand {
    /// The packages.
    pub(crate) snapshots: Arc<Snapshots>,
    /// All events before this were taken in.
    pub(crate) position: u64,
    /// The mark of the event right before that, if it is known.
    pub(super) mark: Option<Mark>,
    /// Rises with each state that differs.
    pub(super) revision: u64,
}

/// The packages of one registry.
pub(crate) struct Shelf {
    pub(super) whose: Whose,
    /// It stands at this position for ever.
    pub(super) pinned: Option<u64>,
    pub(super) source: Source,
    pub(super) kept: Kept,
    pub(super) workshop: Workshop,
    /// About how much memory it takes, in bytes.
    bytes: AtomicUsize,
    /// Bytes that came in since that was measured.
    pub(super) unmeasured: AtomicUsize,
    /// Was it said that events cannot be followed?
    pub(super) was_refused: AtomicBool,
    inner: Mutex<Inner>,
}

/// What a round changes.
#[derive(Default)]
pub(super) struct Inner {
    /// None before the first round.
    pub(super) stand: Option<Stand>,
    pub(super) ledger: Ledger,
    /// Of a past position: what cannot be told of a package. Only those of which there is anything.
    pub(super) untold: HashMap<PackageName, Vec<Untold>>,
    pub(super) tenure: Option<Tenure>,
    running: Option<Round>,
    waiting: Option<Round>,
    /// Is somebody doing rounds?
    at_work: bool,
}

type Done = Option<Result<(), CatalogueFault>>;

/// What a round is to read, and the way to tell that it is done.
struct Round {
    ask: Ask,
    done: watch::Sender<Done>,
}

/// What is asked of a shelf.
#[derive(Clone, Debug, Default)]
pub(super) struct Ask {
    /// All before this position is to be taken in.
    pub(super) position: u64,
    /// These are to be asked for, known or not.
    pub(super) names: HashSet<PackageName>,
}

impl Shelf {
    pub(super) fn new(whose: Whose, pinned: Option<u64>, source: Source, kept: Kept, workshop: Workshop) -> Self {
        let (bytes, unmeasured, inner) = (AtomicUsize::new(0), AtomicUsize::new(0), Mutex::default());
        let was_refused = AtomicBool::new(false);
        Self { whose, pinned, source, kept, workshop, bytes, unmeasured, was_refused, inner }
    }

    /// A state that has all before `position` taken in, after asking for `names`, which somebody misses in the state `of`;
    /// those that came since are not asked for.
    ///
    /// # Errors
    /// The catalogue gave no answer.
    pub(crate) async fn bring(
        self: &Arc<Self>,
        position: u64,
        names: &[PackageName],
        of: Option<&Stand>,
    ) -> Result<Stand, CatalogueFault> {
        let waits = match self.join(position, names, of) {
            Ok(stand) => return Ok(stand),
            Err(waits) => waits,
        };
        for mut wait in waits {
            let done = wait.wait_for(Option::is_some).await.map(|done| done.clone());
            match done {
                Ok(Some(result)) => result?,
                Ok(None) | Err(_) => return Err(CatalogueFault::wrong("a round ended by a defect")),
            }
        }
        let stand = self.lock().stand.clone();
        stand.ok_or_else(|| CatalogueFault::wrong("a round left no state"))
    }

    /// The state that is there, or the rounds to wait for.
    fn join(
        self: &Arc<Self>,
        position: u64,
        names: &[PackageName],
        of: Option<&Stand>,
    ) -> Result<Stand, Vec<watch::Receiver<Done>>> {
        let mut inner = self.lock();
        let since = of.map_or(u64::MAX, |stand| stand.revision);
        let is_wanted = |name: &&PackageName| !inner.ledger.has_news(std::slice::from_ref(*name), since);
        let mut names: HashSet<PackageName> = names.iter().filter(is_wanted).cloned().collect();
        let there = inner.stand.clone().filter(|stand| stand.position >= position);
        if let Some(stand) = there.filter(|_| names.is_empty()) {
            return Ok(stand);
        }
        let mut waits = Vec::new();
        let mut is_covered = false;
        if let Some(running) = inner.running.as_ref().filter(|running| running.ask.position >= position) {
            is_covered = true;
            names.retain(|name| !running.ask.names.contains(name));
            waits.push(running.done.subscribe());
        }
        if !is_covered || !names.is_empty() {
            let waiting =
                inner.waiting.get_or_insert_with(|| Round { ask: Ask::default(), done: watch::Sender::new(None) });
            waiting.ask.position = waiting.ask.position.max(position);
            waiting.ask.names.extend(names);
            waits.push(waiting.done.subscribe());
            if !inner.at_work {
                inner.at_work = true;
                tokio::spawn(Arc::clone(self).work());
            }
        }
        Err(waits)
    }

    /// Does rounds until nothing waits.
    async fn work(self: Arc<Self>) {
        while let Some(ask) = self.next() {
            let round = AssertUnwindSafe(self.round(ask)).catch_unwind().await;
            let result = round.unwrap_or_else(|_| Err(CatalogueFault::wrong("a round ended by a defect")));
            if let Err(error) = &result {
                tracing::warn!(registry = %self.whose.registry, %error, "packages could not be read");
            }
            let done = self.lock().running.take();
            if let Some(round) = done {
                round.done.send_replace(Some(result));
            }
        }
    }

    fn next(&self) -> Option<Ask> {
        let mut inner = self.lock();
        inner.running = inner.waiting.take();
        inner.at_work = inner.running.is_some();
        inner.running.as_ref().map(|round| round.ask.clone())
    }

    /// Did anything new come of one of these since `stand`?
    pub(crate) fn has_news(&self, names: &[PackageName], stand: &Stand) -> bool {
        self.lock().ledger.has_news(names, stand.revision)
    }

    /// Is what is known of this package from the disk alone?
    pub(crate) fn is_from_disk(&self, name: &PackageName) -> bool {
        self.lock().ledger.get(name).is_some_and(|entry| entry.from_disk)
    }

    /// What cannot be told of the past of the packages that a resolution read, and may have changed its answer: a sentence
    /// each.
    pub(crate) fn warnings(&self, resolution: &Resolution) -> Vec<String> {
        if self.pinned.is_none() {
            return Vec::new();
        }
        let inner = self.lock();
        untold::warnings(resolution, |name| inner.untold.get(name).map_or(&[], Vec::as_slice))
    }

    /// About how much memory it takes, in bytes.
    pub(super) fn bytes(&self) -> usize {
        self.bytes.load(Ordering::Relaxed) + self.unmeasured.load(Ordering::Relaxed)
    }

    /// Measures that anew if enough came in meanwhile; to measure it goes through all packages.
    pub(super) fn measure(&self, snapshots: &Snapshots) {
        let (measured, since) = (self.bytes.load(Ordering::Relaxed), self.unmeasured.load(Ordering::Relaxed));
        if since > measured / 8 {
            self.bytes.store(snapshots.size(self.ecosystem()).bytes, Ordering::Relaxed);
            self.unmeasured.store(0, Ordering::Relaxed);
        }
    }

    pub(super) fn ecosystem(&self) -> Ecosystem {
        self.whose.ecosystem
    }

    pub(super) fn lock(&self) -> MutexGuard<'_, Inner> {
        self.inner.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
