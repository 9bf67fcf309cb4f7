//! What resolutions against one snapshot have in common.
//!
//! Which versions satisfy a requirement, in which order they are tried, and what a version with certain features needs
//! next: all of this depends on the snapshot, the view and the order of preference, and not on the root. It is worked out
//! when it is first asked for and kept, with everything named by small numbers, so that the search itself walks arrays.
//!
//! Rules: cargo's `src/cargo/core/resolver/dep_cache.rs` and `version_prefs.rs`, which keep the same for one run.

mod activation;
mod candidates;
mod names;
mod ranks;

use hashbrown::HashMap;

use super::rust_version::RustVersion;
use super::snapshot::{CargoSnapshot, CrateId, DependencyId, RequirementId, TextId};
use crate::Read;
pub(super) use activation::{Activation, ActivationId, Failure, Info, RequestId, Summary};
pub(super) use candidates::{Candidate, CandidateId, List, ListId, ROOT, is_offered, matching};
pub(super) use names::{Local, LocalDependency};
use ranks::Ranks;

/// In which order versions that satisfy a requirement are tried.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(super) enum Preference {
    /// The highest first.
    Highest,
    /// Those that the environment's Rust can build first, then the others; the highest of each first.
    Compiler(RustVersion),
    /// The same with the Rust that the root asks for.
    Rust(RustVersion),
}

impl Preference {
    /// The Rust whose versions come first, if any do.
    pub(super) const fn rust(self) -> Option<RustVersion> {
        match self {
            Self::Highest => None,
            Self::Compiler(rust) | Self::Rust(rust) => Some(rust),
        }
    }
}

/// What the kept answers depend on.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct MemoKey {
    /// The snapshot's identity.
    pub(super) snapshot: u64,
    /// What was published at or after this does not count.
    pub(super) before_ms: Option<i64>,
    pub(super) preference: Preference,
}

/// Number of nothing.
pub(super) const NONE: u32 = u32::MAX;

/// A slot holds at most one version: a crate and its compatible versions.
pub(super) type SlotId = u32;
/// A native library that at most one version links.
pub(super) type LinkId = u32;

type Map<K, V> = HashMap<K, V, foldhash::fast::FixedState>;

/// Kept answers. See the module.
#[derive(Default)]
pub(super) struct Memo {
    pub(super) candidates: Vec<Candidate>,
    /// Candidates in the order of an answer's nodes.
    pub(super) candidate_ranks: Ranks,
    candidate_of: Map<(CrateId, u32), CandidateId>,
    pub(super) slots: u32,
    slot_of: Map<(CrateId, u8, u64), SlotId>,
    pub(super) links: u32,
    link_of: Map<TextId, LinkId>,
    pub(super) lists: Vec<List>,
    /// The candidates of all lists, list after list.
    pub(super) listed: Vec<CandidateId>,
    list_of: Map<(CrateId, RequirementId), ListId>,
    /// What an answer says of each list that was asked for; nothing of a crate that cannot be.
    pub(super) reads: Vec<Option<Read>>,
    /// Lists in the order of an answer's reads.
    pub(super) list_ranks: Ranks,
    requests: Vec<activation::Request>,
    request_of: Map<activation::Request, RequestId>,
    pub(super) activations: Vec<Activation>,
    activation_of: Map<(CandidateId, RequestId), ActivationId>,
    pub(super) infos: Vec<Info>,
    /// Words of the sets of features.
    pub(super) words: Vec<u64>,
    /// Crates that nothing is known of, activation after activation.
    pub(super) unknown: Vec<CrateId>,
    /// What the features of an activation were found to need; kept for its room.
    needs: activation::Needs,
    /// Roots that were resolved, by their ids.
    pub(super) roots: Map<u64, super::prepared::Prepared>,
    pub(super) local: Local,
    pub(super) key: Option<MemoKey>,
}

/// Answers kept at most, in entries: some hundred megabytes, and more than any one ecosystem's everyday roots need.
const ENTRIES_MAX: usize = 8_000_000;

impl Memo {
    /// Makes the memo one for `key`: what was kept for another is forgotten, as it is when there is too much of it.
    pub(super) fn prepare(&mut self, key: MemoKey) {
        if self.key != Some(key) || self.infos.len() + self.listed.len() + self.local.len() > ENTRIES_MAX {
            *self = Self { key: Some(key), ..Self::default() };
        }
    }
}

/// A memo together with the snapshot that it is about.
pub(super) struct Known<'a> {
    pub(super) memo: &'a mut Memo,
    pub(super) snapshot: &'a CargoSnapshot,
}

impl Known<'_> {
    /// A dependency's target, requirement and so on, be it the snapshot's or the root's.
    pub(super) fn dependency(&self, id: DependencyId) -> &super::snapshot::DependencyData {
        self.memo.local.dependency(id).unwrap_or_else(|| self.snapshot.dependencies.get(id))
    }
}
