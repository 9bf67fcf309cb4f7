//! The catalogue as it was at an earlier position of its events.
//!
//! The problem: a campaign asks thousands of questions as of one position, each of which reads hundreds of packages, and
//! the log between then and now may be long. So which later events are about which package is found out once for a
//! position, by one scan, and followed as the log grows: a number an event. The events themselves are read when their
//! package is asked for.

use std::collections::VecDeque;
use std::sync::{Arc, Mutex, PoisonError};

use gleaner_core::catalogue::{self, Then};
use gleaner_model::{EventKind, PackageKey};
use gleaner_store::{Store, StoreError};
use hashbrown::HashMap;

use crate::positions::{cursor_at, position_in};
use crate::registries::quarter;

/// Positions that are remembered: as many campaigns and researchers as ask at a time. An index takes some twenty bytes for
/// each later event.
const POSITIONS_MAX: usize = 4;

/// Events that are read at a time.
const PAGE: usize = 1_024;

/// Which later events are about which package, for the positions that were asked for last.
#[derive(Default)]
pub(crate) struct Pasts(Mutex<VecDeque<(u64, Arc<Mutex<Later>>)>>);

/// Of one position.
struct Later {
    /// All events before this are in it.
    until: u64,
    /// By a part of a hash of the package's key: numbers of events, ascending, and perhaps some of another package's.
    by_key: HashMap<u64, Vec<u64>>,
}

impl Pasts {
    /// What was known of a package before event `position`. May take as long as it takes to read the events since.
    ///
    /// # Errors
    /// The store cannot be read.
    pub(crate) fn read(&self, store: &dyn Store, key: &PackageKey, position: u64) -> Result<Then, StoreError> {
        // The record first: whatever is told after it was read is no part of it, and undoing it changes nothing.
        let Some(record) = store.package(key)? else { return Ok(Then::Nothing) };
        let later = self.later(store, key, position)?;
        Ok(catalogue::past(record.head.presence, record.content.package, &later))
    }

    fn later(&self, store: &dyn Store, key: &PackageKey, position: u64) -> Result<Vec<EventKind>, StoreError> {
        let index = self.index(position);
        let mut index = index.lock().unwrap_or_else(PoisonError::into_inner);
        index.follow(store)?;
        let numbers = index.by_key.get(&quarter(&key.to_text())).cloned().unwrap_or_default();
        drop(index);
        let mut kinds = Vec::with_capacity(numbers.len());
        for number in numbers {
            let page = store.events(&cursor_at(number), 1)?;
            kinds.extend(page.events.into_iter().filter(|(_, event)| event.key == *key).map(|(_, event)| event.kind));
        }
        Ok(kinds)
    }

    fn index(&self, position: u64) -> Arc<Mutex<Later>> {
        let mut known = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let found = known.iter().position(|(of, _)| *of == position).and_then(|at| known.remove(at));
        let later = || Arc::new(Mutex::new(Later { until: position, by_key: HashMap::new() }));
        let entry = found.unwrap_or_else(|| (position, later()));
        let index = Arc::clone(&entry.1);
        known.push_front(entry);
        known.truncate(POSITIONS_MAX);
        index
    }
}

impl Later {
    /// Takes in what was told since.
    fn follow(&mut self, store: &dyn Store) -> Result<(), StoreError> {
        let end = store.position();
        while self.until < end {
            let page = store.events(&cursor_at(self.until), PAGE)?;
            if page.events.is_empty() {
                // Numbers at the end were left out.
                self.until = end;
                break;
            }
            for (after, event) in page.events {
                self.until = position_in(&after);
                self.by_key.entry(quarter(&event.key.to_text())).or_default().push(self.until - 1);
            }
        }
        Ok(())
    }
}
