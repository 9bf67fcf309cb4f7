//! One round of a shelf: follow the events, read, put the new state in place.
//!
//! Its order makes the state exact. Events first, since they tell which packages must be read anew; then packages, each
//! with the position at which its answer was exact. An answer may be later than the events that were read, so those up
//! to it are read too, until nothing known is stale at the state's position, or until that has been tried a few times: a
//! catalogue that changes faster than it can be read is followed as well as that goes.
//!
//! Events are read from the last one that was read on. If it is not there any more as it was, the catalogue is another one,
//! or was put back to an earlier state, and nothing that is known of it counts.

use std::collections::{BTreeMap, HashMap};
use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::time::Duration;

use gleaner_model::PackageName;
use gleaner_proto::convert::READ_MAX;
use tokio::time::{Instant, sleep};

use super::draft::Draft;
use super::fault::CatalogueFault;
use super::kept::{Changes, Tenure};
use super::shelf::{Ask, Shelf, Stand};
use super::source::Mark;

/// Events beyond which a shelf begins anew: to read them would take longer than to read the packages that are wanted.
const FOLLOWED_MAX: u64 = 200_000;
/// How often answers are followed by the events up to them.
const PASSES: usize = 3;
/// Answers of one batch: some milliseconds of work, and memory that is given back soon.
const BATCH: usize = 64;
/// About so many bytes a version takes in an answer; says whether a batch is large.
const VERSION_BYTES: usize = 256;
/// How long the catalogue may take to show events that a position speaks of.
const EVENTS_WITHIN: Duration = Duration::from_secs(5);
/// How long to wait between two looks for them.
const EVENTS_PAUSE: Duration = Duration::from_millis(20);

/// What events told.
struct Followed {
    position: u64,
    mark: Option<Mark>,
    touched: BTreeMap<PackageName, u64>,
    /// Too much happened, or nobody tells: nothing that was known counts any more.
    all_is_stale: bool,
}

impl Shelf {
    /// Does what is asked.
    pub(super) async fn round(self: &Arc<Self>, ask: Ask) -> Result<(), CatalogueFault> {
        let (mut stand, tenure) = match self.standing() {
            Some(standing) => standing,
            None => self.begin(ask.position).await,
        };
        let mut target = ask.position;
        let mut names: Vec<PackageName> = ask.names.into_iter().collect();
        for _ in 0..PASSES {
            let followed = self.follow(&stand, target).await?;
            if followed.all_is_stale {
                return self.start_anew(&tenure, followed, names).await;
            }
            names.extend(self.lock().ledger.stale(&followed.touched));
            names.sort_unstable();
            names.dedup();
            let draft = self.read(&stand, &tenure, &followed, std::mem::take(&mut names)).await?;
            target = draft.position;
            stand = self.put_in_place(&tenure, followed, draft).await;
            if target <= stand.position {
                break;
            }
        }
        Ok(())
    }

    fn standing(&self) -> Option<(Stand, Option<Tenure>)> {
        let inner = self.lock();
        Some((inner.stand.clone()?, inner.tenure.clone()))
    }

    /// The first state: empty, where the disk's packages are exact if that is not too long ago, else at `position`.
    async fn begin(&self, position: u64) -> (Stand, Option<Tenure>) {
        let mut stand = Stand { snapshots: Arc::default(), position, mark: None, revision: 0 };
        let mut tenure = None;
        if let Some(pinned) = self.pinned {
            stand.position = pinned;
        } else {
            let (taken, kept) = self.kept.begin(self.whose.registry.clone()).await;
            match kept.filter(|(at, _)| *at <= position && position - at <= FOLLOWED_MAX) {
                Some((at, mark)) => (stand.position, stand.mark) = (at, Some(mark)),
                None => {
                    stand.mark = self.mark(position).await;
                    self.kept.change(&taken, Changes::all_is_stale(position, stand.mark)).await;
                }
            }
            tenure = Some(taken);
        }
        let mut inner = self.lock();
        inner.stand = Some(stand.clone());
        inner.tenure.clone_from(&tenure);
        (stand, tenure)
    }

    /// The mark of the event before a position. Without one nothing is kept for the next start.
    async fn mark(&self, position: u64) -> Option<Mark> {
        self.source.mark(&self.whose, position).await.unwrap_or_else(|error| {
            tracing::debug!(%error, "the catalogue's last event is not known");
            None
        })
    }

    /// Reads the events from a state to a position, and what else is there by then.
    async fn follow(&self, stand: &Stand, to: u64) -> Result<Followed, CatalogueFault> {
        let Stand { position, mark, .. } = *stand;
        let mut followed = Followed { position, mark, touched: BTreeMap::new(), all_is_stale: false };
        if self.pinned.is_some() || to <= position {
            return Ok(followed);
        }
        if to - position > FOLLOWED_MAX {
            return Ok(self.lost(to).await);
        }
        // The last event that was read comes once more, to see that it is still there.
        let mut from = position.saturating_sub(u64::from(mark.is_some()));
        let began = Instant::now();
        while followed.position < to {
            let page = match self.source.page(&self.whose, from).await {
                Ok(page) => page,
                Err(CatalogueFault::Refused(what)) => {
                    self.warn_of_refusal(&what);
                    return Ok(Followed { position: to, mark: None, all_is_stale: true, ..followed });
                }
                Err(error) => return Err(error),
            };
            if from < position && page.first != mark.map(|mark| (position, mark)) {
                tracing::warn!(registry = %self.whose.registry, position, "the catalogue is not the one that was followed");
                return Ok(self.lost(to).await);
            }
            crate::metrics::events(page.events);
            followed.touched.extend(page.touched.into_iter().filter(|(_, after)| *after > position));
            if page.position > followed.position {
                (followed.position, from) = (page.position, page.position);
                followed.mark = page.last.map(|(_, mark)| mark);
            } else if began.elapsed() < EVENTS_WITHIN {
                from = followed.position;
                sleep(EVENTS_PAUSE).await;
            } else {
                let what = format!("its events end at {}, and {to} was spoken of", followed.position);
                return Err(CatalogueFault::Away(what));
            }
        }
        Ok(followed)
    }

    /// Nothing that was known counts any more.
    async fn lost(&self, position: u64) -> Followed {
        Followed { position, mark: self.mark(position).await, touched: BTreeMap::new(), all_is_stale: true }
    }

    fn warn_of_refusal(&self, what: &str) {
        if !self.was_refused.swap(true, Ordering::Relaxed) {
            tracing::warn!(what, "the catalogue's events cannot be followed; packages are read anew instead");
        }
    }

    /// Reads packages: from the disk what is there and was not known, from the catalogue the rest.
    async fn read(
        &self,
        stand: &Stand,
        tenure: &Option<Tenure>,
        followed: &Followed,
        mut names: Vec<PackageName>,
    ) -> Result<Draft, CatalogueFault> {
        let before: HashMap<_, _> = {
            let inner = self.lock();
            names.iter().filter_map(|name| Some((name.clone(), *inner.ledger.get(name)?))).collect()
        };
        let mut draft =
            Draft::new(self.whose.clone(), Arc::clone(&stand.snapshots), stand.revision + 1, before.clone());
        if let Some(tenure) = tenure {
            let on_disk = |name: &&PackageName| !before.contains_key(*name) && !followed.touched.contains_key(*name);
            let kept = self.kept.load(tenure, names.iter().filter(on_disk).cloned().collect()).await;
            if !kept.is_empty() {
                crate::metrics::packages("disk", kept.len());
                names.retain(|name| !kept.contains_key(name));
                let (bytes, position) = (kept.values().map(Vec::len).sum(), followed.position);
                let (back, unreadable) = self.do_work(bytes, move || draft.take_kept(kept, position)).await?;
                draft = back;
                names.extend(unreadable);
            }
        }
        for part in names.chunks(READ_MAX) {
            draft = self.ask(draft, part.to_vec(), tenure.is_some()).await?;
        }
        Ok(draft)
    }

    async fn ask(&self, mut draft: Draft, names: Vec<PackageName>, keep: bool) -> Result<Draft, CatalogueFault> {
        crate::metrics::packages("catalogue", names.len());
        let mut answers = self.source.packages(&self.whose, names.clone(), self.pinned).await?;
        let mut names = names.into_iter();
        loop {
            let (mut batch, mut bytes) = (Vec::new(), 0);
            while batch.len() < BATCH {
                let Some(answer) = answers.next().await? else { break };
                let Some(name) = names.next() else { break };
                if let Some(gleaner_proto::v1::read_packages_response::Known::Package(package)) = &answer.known {
                    bytes += package.versions.len() * VERSION_BYTES;
                }
                batch.push((name, answer));
            }
            if batch.is_empty() {
                return Ok(draft);
            }
            draft = self.do_work(bytes, move || draft.take_answers(batch, keep)).await??;
        }
    }

    /// Puts the new state in the place of the old one.
    async fn put_in_place(&self, tenure: &Option<Tenure>, followed: Followed, mut draft: Draft) -> Stand {
        let put = std::mem::take(&mut draft.put);
        let is_new = draft.bytes > 0;
        let stand = {
            let mut inner = self.lock();
            let revision = inner.stand.as_ref().map_or(0, |stand| stand.revision) + u64::from(is_new);
            let Followed { position, mark, .. } = followed;
            let stand = Stand { snapshots: Arc::clone(draft.snapshots()), position, mark, revision };
            inner.ledger.take_in(std::mem::take(&mut draft.entries));
            inner.untold.extend(std::mem::take(&mut draft.untold));
            inner.stand = Some(stand.clone());
            stand
        };
        if is_new {
            self.unmeasured.fetch_add(draft.bytes, Ordering::Relaxed);
            self.measure(&stand.snapshots);
        }
        if let Some(tenure) = tenure {
            let forget = followed.touched.into_keys().collect();
            let changes = Changes { position: stand.position, mark: stand.mark, all_is_stale: false, forget, put };
            self.kept.change(tenure, changes).await;
        }
        stand
    }

    /// Forgets all that was known, then reads what is asked for.
    async fn start_anew(
        self: &Arc<Self>,
        tenure: &Option<Tenure>,
        lost: Followed,
        names: Vec<PackageName>,
    ) -> Result<(), CatalogueFault> {
        let (position, mark) = (lost.position, lost.mark);
        let revision = {
            let mut inner = self.lock();
            inner.ledger = super::ledger::Ledger::default();
            inner.stand.as_ref().map_or(0, |stand| stand.revision) + 1
        };
        if let Some(tenure) = tenure {
            self.kept.change(tenure, Changes::all_is_stale(position, mark)).await;
        }
        let stand = Stand { snapshots: Arc::default(), position, mark, revision };
        self.lock().stand = Some(stand.clone());
        let followed = Followed { all_is_stale: false, ..lost };
        let draft = self.read(&stand, tenure, &followed, names).await?;
        self.put_in_place(tenure, followed, draft).await;
        Ok(())
    }

    async fn do_work<T: Send + 'static>(
        &self,
        bytes: usize,
        work: impl FnOnce() -> T + Send + 'static,
    ) -> Result<T, CatalogueFault> {
        self.workshop.run(bytes, work).await.map_err(CatalogueFault::wrong)
    }
}
