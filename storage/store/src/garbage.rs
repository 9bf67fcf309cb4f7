//! Packs that nothing refers to: those of outcomes that were never committed, and those of which every document was kept
//! again elsewhere.
//!
//! The problem: a pack is written before the commit that names it, so that one which nothing refers to may be about to be
//! named. Nobody but its age tells the two apart. And there may be millions of packs and of documents, which must not all
//! be in memory. So packs are gathered up to a bound, and only then the store is read through once, as of a commit that
//! is later than the list: what it names is no garbage, and what is left of the list is, if it is old enough.

use std::collections::BTreeMap;
use std::ops::ControlFlow;
use std::pin::pin;

use futures_util::StreamExt;
use tokio::runtime::Handle;

use gleaner_model::{ContentHash, Timestamp};

use crate::{CheckError, Documents, Snapshot, StoreError};

/// Packs that are compared with the store at a time; some 60 MB. For each further million the store's places are read
/// once more, a second or two for ten million documents.
const GATHERED: usize = 1_000_000;

/// What became of packs.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Collected {
    /// Packs that were deleted, for nothing refers to them.
    pub packs: u64,
    /// Their bytes.
    pub bytes: u64,
    /// Packs that something refers to, or that are too young to know.
    pub kept_packs: u64,
    /// Their bytes.
    pub kept_bytes: u64,
}

/// Deletes the packs that nothing refers to, of those that were written before `written_before`, or of all: if somebody
/// may be writing, give a time that lies further back than any outcome needs between its documents and its commit.
/// `snapshot` gives the store as of now, several times if there are very many packs. `tell` hears how far it is, and ends
/// it early by breaking. Blocks.
///
/// # Errors
/// The store failed, or it is not to be relied on: a place is damaged, and so its pack cannot be known. Nothing else was
/// deleted than what is garbage.
pub fn collect_packs(
    documents: &Documents,
    runtime: &Handle,
    written_before: Option<Timestamp>,
    snapshot: &mut dyn FnMut() -> Result<Box<dyn Snapshot>, StoreError>,
    tell: &mut dyn FnMut(Collected) -> ControlFlow<()>,
) -> Result<Collected, CheckError> {
    let mut done = Collected::default();
    let mut packs = pin!(documents.packs());
    loop {
        let (mut lengths, mut ended) = (BTreeMap::new(), false);
        while lengths.len() < GATHERED && !ended {
            match runtime.block_on(packs.next()).transpose()? {
                Some(pack) if written_before.is_none_or(|before| pack.written_at < before) => {
                    lengths.insert(pack.name, pack.length);
                }
                Some(pack) => done.keep(pack.length),
                None => ended = true,
            }
        }
        if !lengths.is_empty() {
            forget_named(&*snapshot()?, &mut lengths, &mut done)?;
        }
        for (name, length) in lengths {
            runtime.block_on(documents.delete_pack(name))?;
            done.packs += 1;
            done.bytes += length;
            if tell(done).is_break() {
                return Ok(done);
            }
        }
        if ended {
            return Ok(done);
        }
    }
}

/// Takes out of `packs` all that the store refers to.
fn forget_named(
    snapshot: &dyn Snapshot,
    packs: &mut BTreeMap<ContentHash, u64>,
    done: &mut Collected,
) -> Result<(), StoreError> {
    snapshot.each_place(&mut |_, place| {
        if let Some(length) = packs.remove(&place.pack) {
            done.keep(length);
        }
        ControlFlow::Continue(())
    })
}

impl Collected {
    fn keep(&mut self, length: u64) {
        self.kept_packs += 1;
        self.kept_bytes += length;
    }
}
