//! What a worker knows of the catalogue, for its resolutions.
//!
//! The problem: a resolution reads hundreds of packages, thousands of resolutions run a second, and each must answer as
//! of a position in the catalogue's events. To ask the scheduler for each package each time is out of the question; to
//! hold all of a registry in memory, before anybody asked, as well.
//!
//! So there is a [`Shelf`] for each registry that anybody asked about: it begins empty (or with what the disk has, see
//! [`kept`]), reads what is missing when it is missing, follows the catalogue's events and reads anew what they touch. One
//! that stands at a past position for ever is pinned: nothing in it goes stale, and there are a few of them at most.
//!
//! Memory is bounded by leaving whole shelves: who is still at one goes on with it, and the next who comes finds an empty
//! one, which fills from the disk.

mod content;
mod cursor;
mod draft;
mod fault;
mod kept;
mod ledger;
mod round;
mod shelf;
mod source;
mod untold;

use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError};

use gleaner_model::Registry;
use tonic::transport::Channel;

use self::source::{Source, Whose};
use crate::workshop::Workshop;
pub(crate) use fault::CatalogueFault;
pub(crate) use kept::{Kept, Where};
pub(crate) use shelf::{Shelf, Stand};

/// Past positions at which packages are held at a time: a campaign or two, and people who look back.
const PINNED_MAX: usize = 4;

/// The shelves.
#[derive(Clone)]
pub(crate) struct Catalogue(Arc<Shared>);

struct Shared {
    source: Source,
    kept: Kept,
    workshop: Workshop,
    bytes_max: usize,
    shelves: Mutex<Shelves>,
}

#[derive(Default)]
struct Shelves {
    all: HashMap<(Whose, Option<u64>), Place>,
    /// Rises with each visit.
    visits: u64,
}

struct Place {
    shelf: Arc<Shelf>,
    visited: u64,
}

impl Catalogue {
    /// What is known of the catalogue at the end of `channel`: nothing yet. All shelves together take about `bytes_max`
    /// bytes.
    pub(crate) fn new(channel: Channel, kept: Kept, workshop: Workshop, bytes_max: usize) -> Self {
        let shelves = Mutex::default();
        Self(Arc::new(Shared { source: Source::new(channel), kept, workshop, bytes_max, shelves }))
    }

    /// The shelf of a registry, as of now or of a position.
    pub(crate) fn shelf(&self, registry: &Registry, pinned: Option<u64>) -> Arc<Shelf> {
        let whose = Whose { registry: registry.name.clone(), ecosystem: registry.ecosystem };
        let mut shelves = self.0.shelves.lock().unwrap_or_else(PoisonError::into_inner);
        shelves.visits += 1;
        let visited = shelves.visits;
        shelves.leave_beyond_bytes(self.0.bytes_max);
        let place = shelves.all.entry((whose.clone(), pinned)).or_insert_with(|| {
            let Shared { source, kept, workshop, .. } = &*self.0;
            let shelf = Shelf::new(whose, pinned, source.clone(), kept.clone(), workshop.clone());
            Place { shelf: Arc::new(shelf), visited }
        });
        place.visited = visited;
        let shelf = Arc::clone(&place.shelf);
        shelves.leave_beyond_pinned();
        shelf
    }
}

impl Shelves {
    /// Leaves shelves, those first that nobody visited for longest, until the rest fits.
    fn leave_beyond_bytes(&mut self, bytes_max: usize) {
        let bytes = |shelves: &Self| shelves.all.values().map(|place| place.shelf.bytes()).sum::<usize>();
        let mut now = bytes(self);
        while now > bytes_max && self.leave_one(|_| true) {
            now = bytes(self);
        }
        crate::metrics::snapshot_bytes(now);
    }

    fn leave_beyond_pinned(&mut self) {
        while self.all.keys().filter(|(_, pinned)| pinned.is_some()).count() > PINNED_MAX {
            self.leave_one(Option::is_some);
        }
    }

    fn leave_one(&mut self, may_go: impl Fn(&Option<u64>) -> bool) -> bool {
        let oldest = self.all.iter().filter(|((_, pinned), _)| may_go(pinned)).min_by_key(|(_, place)| place.visited);
        let Some(key) = oldest.map(|(key, _)| key.clone()) else { return false };
        self.all.remove(&key);
        true
    }
}
