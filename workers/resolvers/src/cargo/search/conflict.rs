//! What is known never to work.
//!
//! Each time that a dependency cannot be met, the choices that are to blame are kept: as long as all of them stand, the
//! dependency need not be tried again, whoever has it. Without that, some inputs would be searched for years.
//!
//! Rules: cargo's `src/cargo/core/resolver/conflict_cache.rs`. The key is a dependency with all that it says, as there.

use std::collections::{BTreeMap, HashMap, HashSet};

use super::super::memo::{CandidateId, Failure};
use super::super::snapshot::{DependencyId, TextId};

/// Why a choice stands in the way.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(in super::super) enum Blame {
    /// It takes the place of a compatible version.
    Compatible,
    /// It links the same native library.
    Links(TextId),
    /// It asks for a feature that cannot be had.
    Feature(Failure),
}

/// Choices that are to blame, and why; sorted.
pub(in super::super) type Conflict = BTreeMap<CandidateId, Blame>;

/// Sets of choices, so laid out that one whose choices all stand is found quickly.
enum Trie {
    Leaf(Conflict),
    Node(BTreeMap<CandidateId, Trie>),
}

impl Trie {
    /// Of the sets whose choices all stand, and that contain `must`, the one that allows the longest way back.
    fn find(
        &self,
        age_of: &impl Fn(CandidateId) -> Option<u32>,
        must: Option<CandidateId>,
        mut oldest: u32,
    ) -> Option<(&Conflict, u32)> {
        let node = match self {
            Self::Leaf(conflict) => return must.is_none().then_some((conflict, 0)),
            Self::Node(node) => node,
        };
        let mut found = None;
        // Sets are stored in the order of their choices: beyond `must` none contains it.
        for (id, below) in node.range(..=must.unwrap_or(CandidateId::MAX)) {
            let Some(age) = age_of(*id) else { continue };
            let is_must = must == Some(*id);
            if age >= oldest && !is_must {
                continue;
            }
            if let Some((conflict, age_below)) = below.find(age_of, must.filter(|m| m != id), oldest) {
                let age = if is_must { age_below } else { age.max(age_below) };
                if age < oldest {
                    (found, oldest) = (Some((conflict, age)), age);
                }
            }
        }
        found
    }

    fn insert(&mut self, mut rest: impl Iterator<Item = CandidateId>, conflict: Conflict) {
        match (rest.next(), self) {
            (Some(id), Self::Node(node)) => {
                node.entry(id).or_insert_with(|| Self::Node(BTreeMap::new())).insert(rest, conflict);
            }
            // A part of this set is known to be enough.
            (Some(_), Self::Leaf(_)) => {}
            (None, place) => *place = Self::Leaf(conflict),
        }
    }
}

/// Choices in a set that is kept, at most: the sets are walked recursively, and one of this size helps nobody.
const CHOICES_MAX: usize = 256;

/// Conflicts of one resolution.
#[derive(Default)]
pub(super) struct Conflicts {
    of: HashMap<DependencyId, Trie>,
    /// The dependencies whose conflicts mention a choice.
    mentioning: HashMap<CandidateId, HashSet<DependencyId>>,
}

impl Conflicts {
    pub(super) fn clear(&mut self) {
        if !self.of.is_empty() {
            self.of.clear();
            self.mentioning.clear();
        }
    }

    pub(super) fn is_empty(&self) -> bool {
        self.of.is_empty()
    }

    /// See [`Trie::find`].
    pub(super) fn find(
        &self,
        dependency: DependencyId,
        age_of: &impl Fn(CandidateId) -> Option<u32>,
        must: Option<CandidateId>,
        oldest: u32,
    ) -> Option<&Conflict> {
        self.of.get(&dependency)?.find(age_of, must, oldest).map(|(conflict, _)| conflict)
    }

    /// Keeps that `dependency` cannot be met as long as these choices stand.
    pub(super) fn insert(&mut self, dependency: DependencyId, conflict: &Conflict) {
        if conflict.len() > CHOICES_MAX {
            return;
        }
        let trie = self.of.entry(dependency).or_insert_with(|| Trie::Node(BTreeMap::new()));
        trie.insert(conflict.keys().copied(), conflict.clone());
        for id in conflict.keys() {
            self.mentioning.entry(*id).or_default().insert(dependency);
        }
    }

    /// The dependencies that are known to fail with this choice and perhaps others.
    pub(super) fn mentioning(&self, id: CandidateId) -> Option<&HashSet<DependencyId>> {
        self.mentioning.get(&id)
    }
}
