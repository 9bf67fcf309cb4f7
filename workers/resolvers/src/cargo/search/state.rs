//! What is chosen so far.
//!
//! cargo clones its context at every choice, to return to it. Here each change is written on a trail, and returning is
//! walking the trail backwards: choices are made a thousand times more often than they are taken back.
//!
//! Rules: cargo's `src/cargo/core/resolver/context.rs`.

use super::super::memo::{Activation, Candidate, CandidateId, Memo, NONE, ROOT};
use super::super::snapshot::DependencyId;

/// A crate's compatible versions, of which one may be chosen.
#[derive(Clone, Copy)]
struct Slot {
    /// The chosen one, or [`NONE`].
    candidate: CandidateId,
    /// How many decisions there had been.
    age: u32,
    /// Where its features stand.
    features: u32,
}

const EMPTY: Slot = Slot { candidate: NONE, age: 0, features: 0 };

/// How to take a change back.
#[derive(Clone, Copy)]
enum Undo {
    Slot(u32),
    Link(u32),
    Word(u32, u64),
}

/// That a candidate meets a dependency of another, or of the root.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(in super::super) struct Met {
    pub(in super::super) parent: CandidateId,
    pub(in super::super) child: CandidateId,
    pub(in super::super) dependency: DependencyId,
}

/// A moment to return to.
#[derive(Clone, Copy, Default)]
pub(super) struct Mark {
    trail: u32,
    met: u32,
    pub(super) age: u32,
}

/// The choices.
#[derive(Default)]
pub(in super::super) struct State {
    slots: Vec<Slot>,
    links: Vec<CandidateId>,
    features: Vec<u64>,
    trail: Vec<Undo>,
    pub(in super::super) met: Vec<Met>,
    age: u32,
}

fn number(length: usize) -> u32 {
    u32::try_from(length).expect("a budget ends long before")
}

impl State {
    /// Forgets everything; only what was changed is touched.
    pub(super) fn clear(&mut self) {
        self.restore(Mark::default());
    }

    /// Makes room for what the memo has numbered meanwhile.
    #[inline]
    pub(super) fn fit(&mut self, memo: &Memo) {
        if self.slots.len() < memo.slots as usize {
            self.slots.resize(memo.slots as usize, EMPTY);
        }
        if self.links.len() < memo.links as usize {
            self.links.resize(memo.links as usize, NONE);
        }
    }

    pub(super) fn mark(&self) -> Mark {
        Mark { trail: number(self.trail.len()), met: number(self.met.len()), age: self.age }
    }

    pub(super) fn restore(&mut self, mark: Mark) {
        while self.trail.len() > mark.trail as usize {
            match self.trail.pop().expect("it is longer than the mark") {
                Undo::Slot(slot) => {
                    self.features.truncate(self.slots[slot as usize].features as usize);
                    self.slots[slot as usize] = EMPTY;
                }
                Undo::Link(link) => self.links[link as usize] = NONE,
                Undo::Word(at, word) => self.features[at as usize] = word,
            }
        }
        self.met.truncate(mark.met as usize);
        self.age = mark.age;
    }

    /// The version that is chosen for a slot.
    #[inline]
    pub(in super::super) fn chosen(&self, slot: u32) -> Option<CandidateId> {
        self.slots.get(slot as usize).map(|slot| slot.candidate).filter(|candidate| *candidate != NONE)
    }

    /// Who links a library.
    #[inline]
    pub(super) fn linked(&self, link: u32) -> Option<CandidateId> {
        self.links.get(link as usize).copied().filter(|candidate| *candidate != NONE)
    }

    /// The age of a candidate that is chosen; the root always is.
    pub(super) fn age_of(&self, id: CandidateId, memo: &Memo) -> Option<u32> {
        if id == ROOT {
            return Some(1);
        }
        let slot = self.slots.get(memo.candidates[id as usize].slot as usize)?;
        (slot.candidate == id).then_some(slot.age)
    }

    /// The candidates that are chosen, in the order in which they were.
    pub(in super::super) fn all_chosen(&self) -> impl Iterator<Item = CandidateId> {
        self.trail.iter().filter_map(|undo| match undo {
            Undo::Slot(slot) => Some(self.slots[*slot as usize].candidate),
            _ => None,
        })
    }

    /// The candidates that had been chosen at a moment.
    pub(super) fn chosen_at(&self, mark: Mark) -> impl Iterator<Item = CandidateId> {
        self.trail[..mark.trail as usize].iter().filter_map(|undo| match undo {
            Undo::Slot(slot) => Some(self.slots[*slot as usize].candidate),
            _ => None,
        })
    }

    /// The root takes its place, and its library.
    pub(super) fn begin(&mut self, link: Option<u32>) {
        self.age = 1;
        if let Some(link) = link {
            self.links[link as usize] = ROOT;
            self.trail.push(Undo::Link(link));
        }
    }

    /// Notes that a candidate is tried for a dependency.
    #[inline]
    pub(super) fn meet(&mut self, met: Met) {
        self.age += 1;
        self.met.push(met);
    }

    /// Chooses a candidate, unless it is chosen already. Returns whether it is there with all features that are asked for.
    #[inline]
    pub(super) fn choose(
        &mut self,
        id: CandidateId,
        candidate: Candidate,
        activation: &Activation,
        words: &[u64],
    ) -> bool {
        let slot = self.slots[candidate.slot as usize];
        if slot.candidate == NONE {
            let features = number(self.features.len());
            self.slots[candidate.slot as usize] = Slot { candidate: id, age: self.age, features };
            self.features.resize(self.features.len() + candidate.words as usize, 0);
            self.trail.push(Undo::Slot(candidate.slot));
            if candidate.link != NONE {
                self.links[candidate.link as usize] = id;
                self.trail.push(Undo::Link(candidate.link));
            }
            return false;
        }
        if activation.failure.is_some() {
            return false;
        }
        let asked = &words[activation.asked as usize..][..candidate.words as usize];
        let there = &self.features[slot.features as usize..][..candidate.words as usize];
        asked.iter().zip(there).all(|(asked, there)| asked & !there == 0)
    }

    /// Adds the features that an activation turns on.
    #[inline]
    pub(super) fn add_features(&mut self, candidate: Candidate, activation: &Activation, words: &[u64]) {
        let first = self.slots[candidate.slot as usize].features;
        for (n, used) in words[activation.used as usize..][..candidate.words as usize].iter().enumerate() {
            let at = first as usize + n;
            let old = self.features[at];
            if used & !old != 0 {
                self.features[at] |= used;
                self.trail.push(Undo::Word(number(at), old));
            }
        }
    }
}
