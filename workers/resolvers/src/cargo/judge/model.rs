//! cargo's rules as PubGrub's: packages of which at most one version is chosen, and what each version needs.
//!
//! | asked for | its versions |
//! |---|---|
//! | a slot: a crate's compatible versions | their positions among the crate's versions |
//! | a feature of a slot | the versions that have it; each needs its slot at the same version |
//! | a need that versions of several slots meet | the slots, by their positions in a list |
//! | a native library | the candidates that link it |
//!
//! More is allowed here than cargo allows, never less: a version that is asked for two features by one dependency may meet
//! that dependency's own needs twice in different ways, features are never turned off, and nothing looks for cycles.

use std::fmt;

use foldhash::fast::FixedState;
use hashbrown::HashMap;
use pubgrub::{Dependencies, Ranges};

use super::super::memo::{ActivationId, Candidate, CandidateId, Info, Known, LinkId, NONE, ROOT, SlotId};
use super::super::prepared::Prepared;
use super::super::snapshot::{CrateId, TextId};

/// Versions, by numbers that mean what their package says.
pub(super) type Set = Ranges<u32>;

/// What is decided about.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub(super) enum Asks {
    Root,
    Slot(SlotId),
    Feature(SlotId, TextId),
    /// A need of this candidate, by its position in the memo's infos.
    Wide(u32),
    Link(LinkId),
}

impl fmt::Display for Asks {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{self:?}")
    }
}

/// Why a version cannot be chosen, whatever else is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Why {
    /// Nothing meets this need, by its position in the memo's infos.
    Nothing(u32),
    /// cargo would refuse at once.
    Fatal,
    /// It needs another version in its own place.
    Itself,
}

impl fmt::Display for Why {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{self:?}")
    }
}

/// The versions of a slot.
pub(super) struct Slot {
    pub(super) of: CrateId,
    /// Those that occur in a list, by their positions among the crate's versions, lowest first.
    pub(super) versions: Vec<(u32, CandidateId)>,
}

/// The world that is asked about.
pub(super) struct Model<'a, 'k> {
    pub(super) known: &'a mut Known<'k>,
    prepared: &'a Prepared,
    /// What is chosen already.
    chosen: &'a [CandidateId],
    slots: HashMap<SlotId, Slot, FixedState>,
    /// Slots that versions of a list are in, and which versions; the best slot first.
    lists: HashMap<u32, Box<[(SlotId, Set)]>, FixedState>,
    /// What was looked at.
    pub(super) asked: Vec<ActivationId>,
}

type Constraints = HashMap<Asks, Set, FixedState>;

impl<'a, 'k> Model<'a, 'k> {
    pub(super) fn new(known: &'a mut Known<'k>, prepared: &'a Prepared, chosen: &'a [CandidateId]) -> Self {
        Self { known, prepared, chosen, slots: HashMap::default(), lists: HashMap::default(), asked: Vec::new() }
    }

    pub(super) fn slot(&self, id: SlotId) -> &Slot {
        &self.slots[&id]
    }

    /// The slots of a list.
    fn list(&mut self, id: u32) -> &[(SlotId, Set)] {
        if !self.lists.contains_key(&id) {
            let slots = self.read_list(id);
            self.lists.insert(id, slots);
        }
        &self.lists[&id]
    }

    fn read_list(&mut self, id: u32) -> Box<[(SlotId, Set)]> {
        let list = self.known.memo.lists[id as usize];
        let candidates = self.known.memo.listed[list.first as usize..list.end as usize].to_vec();
        let mut slots: Vec<(SlotId, Set)> = Vec::new();
        for id in candidates {
            let candidate = self.add(id);
            let one = Set::singleton(candidate.version);
            match slots.iter_mut().find(|(slot, _)| *slot == candidate.slot) {
                Some((_, set)) => *set = set.union(&one),
                None => slots.push((candidate.slot, one)),
            }
        }
        slots.into()
    }

    /// Puts a candidate into its slot.
    fn add(&mut self, id: CandidateId) -> Candidate {
        let candidate = self.known.memo.candidates[id as usize];
        let slot = self.slots.entry(candidate.slot).or_insert_with(|| Slot { of: candidate.of, versions: Vec::new() });
        if let Err(at) = slot.versions.binary_search_by_key(&candidate.version, |(version, _)| *version) {
            slot.versions.insert(at, (candidate.version, id));
        }
        candidate
    }

    /// The candidate of a slot at a position.
    fn candidate(&self, slot: SlotId, at: u32) -> Option<CandidateId> {
        let versions = &self.slots.get(&slot)?.versions;
        versions.binary_search_by_key(&at, |(version, _)| *version).ok().map(|found| versions[found].1)
    }

    /// May this candidate be asked for this feature? `default` always, since a version without it has nothing to turn on.
    fn has_feature(&self, id: CandidateId, feature: TextId) -> bool {
        let candidate = self.known.memo.candidates[id as usize];
        let versions = self.known.snapshot.versions(candidate.of).expect("a candidate is a version of a known crate");
        versions.features(candidate.version as usize).position(feature).is_some() || Some(feature) == self.default()
    }

    fn default(&self) -> Option<TextId> {
        self.known.snapshot.texts.find("default", |one| one)
    }

    /// How many versions are left, or about as many.
    pub(super) fn count(&self, asks: Asks, range: &Set) -> u32 {
        let of_slot = |slot: &SlotId| self.slots[slot].versions.iter().filter(|(at, _)| range.contains(at)).count();
        let count = match asks {
            Asks::Root => 0,
            Asks::Link(_) => 1,
            Asks::Slot(slot) => of_slot(&slot),
            Asks::Feature(slot, _) => of_slot(&slot) + 1,
            Asks::Wide(info) => {
                let list = self.known.memo.infos[info as usize].list;
                let sets = self.lists.get(&list).map_or(&[][..], |slots| &**slots);
                sets.iter().map(|(slot, _)| self.slots[slot].versions.len()).sum()
            }
        };
        u32::try_from(count).unwrap_or(u32::MAX)
    }

    /// The version to try first: the highest.
    pub(super) fn best(&mut self, asks: Asks, range: &Set) -> Option<u32> {
        match asks {
            Asks::Root => Some(0),
            Asks::Slot(slot) => {
                self.slots[&slot].versions.iter().rev().map(|(at, _)| *at).find(|at| range.contains(at))
            }
            Asks::Feature(slot, feature) => {
                let versions = self.slots[&slot].versions.iter().rev();
                let fitting = versions.filter(|(at, id)| range.contains(at) && self.has_feature(*id, feature));
                fitting.map(|(at, _)| *at).next()
            }
            Asks::Wide(info) => {
                let list = self.known.memo.infos[info as usize].list;
                let count = u32::try_from(self.list(list).len()).unwrap_or(u32::MAX);
                (0..count).find(|at| range.contains(at))
            }
            // Whoever asks for a library names one version.
            Asks::Link(_) => range.as_singleton().copied(),
        }
    }

    pub(super) fn dependencies(&mut self, asks: Asks, at: u32) -> Dependencies<Asks, Set, Why> {
        let mut all = Constraints::default();
        let found = match asks {
            Asks::Root => self.root(&mut all),
            Asks::Slot(slot) => self.version(slot, at, &mut all),
            Asks::Feature(slot, feature) => self.feature(slot, feature, at, &mut all),
            Asks::Wide(info) => {
                let need = self.known.memo.infos[info as usize];
                let (slot, set) = self.list(need.list)[at as usize].clone();
                self.meet(need, slot, &set, &mut all);
                Ok(())
            }
            Asks::Link(_) => Ok(()),
        };
        if let Err(why) = found {
            return Dependencies::Unavailable(why);
        }
        // That a version needs itself says nothing, unless it needs another in its place.
        match all.remove(&asks) {
            Some(set) if !set.contains(&at) => Dependencies::Unavailable(Why::Itself),
            _ => Dependencies::Available(all.into_iter().collect()),
        }
    }

    fn root(&mut self, all: &mut Constraints) -> Result<(), Why> {
        if let Some(link) = self.prepared.link {
            require(all, Asks::Link(link), &Set::singleton(ROOT));
        }
        for id in self.chosen {
            let candidate = self.add(*id);
            require(all, Asks::Slot(candidate.slot), &Set::singleton(candidate.version));
        }
        self.activation(self.prepared.activation, all)
    }

    fn version(&mut self, slot: SlotId, at: u32, all: &mut Constraints) -> Result<(), Why> {
        let id = self.candidate(slot, at).ok_or(Why::Fatal)?;
        let link = self.known.memo.candidates[id as usize].link;
        if link != NONE {
            require(all, Asks::Link(link), &Set::singleton(id));
        }
        let nothing = self.known.request(Vec::new(), false);
        let activation = self.known.activation(id, nothing);
        self.activation(activation, all)
    }

    fn feature(&mut self, slot: SlotId, feature: TextId, at: u32, all: &mut Constraints) -> Result<(), Why> {
        let id = self.candidate(slot, at).ok_or(Why::Fatal)?;
        require(all, Asks::Slot(slot), &Set::singleton(at));
        let request = if Some(feature) == self.default() {
            self.known.request(Vec::new(), true)
        } else {
            self.known.request(vec![feature], false)
        };
        let activation = self.known.activation(id, request);
        self.activation(activation, all)
    }

    /// Adds all needs of an activation.
    fn activation(&mut self, id: ActivationId, all: &mut Constraints) -> Result<(), Why> {
        self.asked.push(id);
        let activation = &self.known.memo.activations[id as usize];
        if activation.failure.is_some() {
            return Err(Why::Fatal);
        }
        let (first, end) = activation.infos;
        for at in first..end {
            let need = self.known.memo.infos[at as usize];
            match self.list(need.list) {
                [] => return Err(Why::Nothing(at)),
                [(slot, set)] => {
                    let (slot, set) = (*slot, set.clone());
                    self.meet(need, slot, &set, all);
                }
                _ => require(all, Asks::Wide(at), &Set::full()),
            }
        }
        Ok(())
    }

    /// One of these versions is needed, with the features that are asked for.
    fn meet(&self, need: Info, slot: SlotId, set: &Set, all: &mut Constraints) {
        require(all, Asks::Slot(slot), set);
        let (features, default) = self.known.features_of(need.request);
        let default = self.default().filter(|_| default);
        for feature in features.iter().copied().chain(default) {
            require(all, Asks::Feature(slot, feature), set);
        }
    }
}

fn require(all: &mut Constraints, asks: Asks, set: &Set) {
    let together = all.get(&asks).map_or_else(|| set.clone(), |known| known.intersection(set));
    all.insert(asks, together);
}
