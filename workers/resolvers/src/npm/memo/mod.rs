//! What resolutions against one snapshot, for one environment and view, have in common.
//!
//! Which version is taken for what is asked, and what that version asks for in turn, does not depend on the root. It is
//! worked out when it is first needed and kept: names, wants (a name and what is asked of it) and releases (a version that
//! was taken) get small numbers, and the building of a tree compares numbers and walks arrays.

mod names;
mod release;
mod wants;

use hashbrown::HashMap;
use std::sync::Arc;

use super::environment::NpmEnvironment;
use super::pick::Picker;
use super::snapshot::NpmSnapshot;
pub(super) use names::{NameData, NameId};
pub(super) use release::{Need, Release, ReleaseId, kind, written};
pub(super) use wants::{Failure, Pick, Want, WantId};

/// Number of nothing.
pub(super) const NONE: u32 = u32::MAX;

type Map<K, V> = HashMap<K, V, foldhash::fast::FixedState>;

/// What the kept answers depend on.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct MemoKey {
    /// The snapshot's identity.
    pub(super) snapshot: u64,
    pub(super) before_ms: Option<i64>,
    pub(super) environment: NpmEnvironment,
}

/// How an edge came to be. The order is that in which edges of a node are made; a later one takes the place of an earlier
/// one of the same name.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(super) enum Kind {
    Peer,
    PeerOptional,
    Normal,
    Optional,
    Dev,
}

impl Kind {
    pub(super) const fn is_peer(self) -> bool {
        matches!(self, Self::Peer | Self::PeerOptional)
    }

    pub(super) const fn is_optional(self) -> bool {
        matches!(self, Self::Optional | Self::PeerOptional)
    }
}

/// Kept answers. See the module.
pub(super) struct Memo {
    pub(super) key: MemoKey,
    picker: Picker,
    pub(super) names: Vec<NameData>,
    name_of: Map<Arc<str>, NameId>,
    pub(super) wants: Vec<Want>,
    want_of: Map<(NameId, Arc<str>), WantId>,
    pub(super) releases: Vec<Release>,
    release_of: Map<(NameId, u32), ReleaseId>,
    /// Needs of all releases, release after release.
    pub(super) needs: Vec<Need>,
}

/// Entries kept at most: some hundred megabytes.
const ENTRIES_MAX: usize = 2_000_000;

impl Memo {
    pub(super) fn new(key: MemoKey) -> Self {
        Self {
            picker: Picker::new(&key.environment, key.before_ms),
            key,
            names: Vec::new(),
            name_of: Map::default(),
            wants: Vec::new(),
            want_of: Map::default(),
            releases: Vec::new(),
            release_of: Map::default(),
            needs: Vec::new(),
        }
    }

    /// Is there so much in it that it had better be made anew?
    pub(super) fn is_full(&self) -> bool {
        self.names.len() + self.wants.len() + self.needs.len() > ENTRIES_MAX
    }
}

/// Memos that are kept: questions of different environments and views come in any order.
const MEMOS: usize = 4;

/// The memos of one scratch, the one in use last.
#[derive(Default)]
pub(super) struct Memos(Vec<Memo>);

impl Memos {
    /// The memo for a snapshot, an environment and a view.
    pub(super) fn get(
        &mut self,
        snapshot: &NpmSnapshot,
        environment: &NpmEnvironment,
        before_ms: Option<i64>,
    ) -> &mut Memo {
        let is_it = |memo: &Memo| {
            let key = &memo.key;
            key.snapshot == snapshot.identity() && key.before_ms == before_ms && key.environment == *environment
        };
        // What was kept for a snapshot that has gone is of no use any more.
        self.0.retain(|memo| memo.key.snapshot == snapshot.identity() && !memo.is_full());
        match self.0.iter().position(is_it) {
            Some(at) => {
                let memo = self.0.remove(at);
                self.0.push(memo);
            }
            None => {
                if self.0.len() >= MEMOS {
                    self.0.remove(0);
                }
                let key = MemoKey { snapshot: snapshot.identity(), before_ms, environment: environment.clone() };
                self.0.push(Memo::new(key));
            }
        }
        self.0.last_mut().expect("it was just put there")
    }
}
