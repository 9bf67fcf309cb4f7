//! What every engine of the port must do, and what the redb engine must do when its disk does not.
#![allow(clippy::unwrap_used)]

mod backup;
mod build;
mod crash;
mod damage;
mod disk;
mod documents;
mod model;
mod orders;
mod random;
mod resolutions;
mod suite;
mod upkeep;

use gleaner_store::{RedbOptions, RedbStore, Store};

/// Opens one place again and again.
pub(crate) type Open = Box<dyn Fn() -> Box<dyn Store>>;

/// A small cache, so that tests read the file and not the memory.
pub(crate) fn options() -> RedbOptions {
    RedbOptions { cache_bytes: 1 << 20, quick_repair: false }
}

/// A redb store in a directory of its own.
pub(crate) fn redb_place() -> Open {
    let dir = tempfile::tempdir().unwrap();
    Box::new(move || Box::new(RedbStore::open(dir.path(), options()).unwrap()))
}

#[test]
fn redb_passes_the_suite() {
    suite::run(redb_place);
}
