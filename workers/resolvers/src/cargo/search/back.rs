//! Going back to a choice that could help.
//!
//! Rules: cargo's `src/cargo/core/resolver/mod.rs` (`find_candidate`, `generalize_conflicting`, and what follows an
//! activation in `activate_deps_loop`). Choices are passed over as long as everything that is to blame still stands.

use std::collections::{BTreeMap, BTreeSet, HashSet};

use super::super::memo::{CandidateId, Known};
use super::super::snapshot::DependencyId;
use super::queue::QueueMark;
use super::state::Mark;
use super::{Attempt, Blame, Conflict, Dead, Remaining, Search, Unmet};

/// A choice that had another candidate.
pub(super) struct Backtrack {
    pub(super) mark: Mark,
    queue: QueueMark,
    parent: CandidateId,
    info: u32,
    remaining: Remaining,
    blame: Conflict,
}

impl Backtrack {
    pub(super) fn new(mark: Mark, queue: QueueMark, attempt: &Attempt) -> Self {
        let Attempt { parent, info, remaining, .. } = *attempt;
        Self { mark, queue, parent, info, remaining, blame: attempt.blame.clone() }
    }
}

/// Parents of each choice, and the dependencies by which they need it.
type Parents = BTreeMap<CandidateId, BTreeMap<CandidateId, BTreeSet<DependencyId>>>;

impl Search {
    /// No candidate is left: returns to the last choice that could help, and its next candidate.
    pub(super) fn go_back(
        &mut self,
        attempt: &mut Attempt,
        known: &mut Known<'_>,
    ) -> Result<(CandidateId, bool), Dead> {
        self.went_behind = true;
        let mut wider = None;
        if !attempt.doomed && !attempt.backtracked {
            let dependency = known.memo.infos[attempt.info as usize].dependency;
            self.conflicts.insert(dependency, &attempt.blame);
            wider = self.generalise(attempt, dependency, known);
        }
        let age = self.age_of_blame(attempt, wider.as_ref().unwrap_or(&attempt.blame), known);
        let Some(choice) = self.pop_choice(age) else {
            let blame = std::mem::take(&mut attempt.blame);
            return Err(Dead::Unmet(Unmet { parent: attempt.parent, info: attempt.info, blame }));
        };
        self.state.restore(choice.mark);
        self.queue.restore(choice.queue, known.memo);
        *attempt = Attempt {
            parent: choice.parent,
            info: choice.info,
            doomed: attempt.doomed,
            remaining: choice.remaining,
            blame: choice.blame,
            backtracked: true,
        };
        Ok(self.next(attempt, known).expect("a choice is kept only if it has another candidate"))
    }

    /// The age of the youngest of what is to blame; none if that does not all stand, or is not the whole reason.
    fn age_of_blame(&self, attempt: &Attempt, blame: &Conflict, known: &Known<'_>) -> Option<u32> {
        if attempt.backtracked {
            return None;
        }
        let ages = std::iter::once(&attempt.parent).chain(blame.keys()).map(|id| self.state.age_of(*id, known.memo));
        ages.collect::<Option<Vec<_>>>().and_then(|ages| ages.into_iter().max())
    }

    fn pop_choice(&mut self, age: Option<u32>) -> Option<Backtrack> {
        let Some(age) = age else { return self.stack.pop() };
        while let Some(choice) = self.stack.pop() {
            if choice.mark.age < age {
                return Some(choice);
            }
        }
        None
    }

    /// Would going back from here lead anywhere?
    pub(super) fn can_go_back(&self, attempt: &Attempt, known: &Known<'_>) -> bool {
        match self.age_of_blame(attempt, &attempt.blame, known) {
            Some(age) => self.stack.iter().any(|choice| choice.mark.age < age),
            None => !self.stack.is_empty(),
        }
    }

    /// Is a need of this candidate known to fail, or does it make another need fail? Then the blame is the attempt's too.
    pub(super) fn will_fail(
        &self,
        id: CandidateId,
        (first, end): (u32, u32),
        attempt: &mut Attempt,
        known: &Known<'_>,
    ) -> bool {
        let age_of = |id| self.state.age_of(id, known.memo);
        let others = |conflict: &Conflict| -> Vec<(CandidateId, Blame)> {
            conflict.iter().filter(|(other, _)| **other != id).map(|(other, blame)| (*other, *blame)).collect()
        };
        let of_its_own = known.memo.infos[first as usize..end as usize]
            .iter()
            .find_map(|info| self.conflicts.find(info.dependency, &age_of, None, u32::MAX));
        if let Some(conflict) = of_its_own {
            attempt.blame.extend(others(conflict));
            return true;
        }
        let Some(mentioning) = self.conflicts.mentioning(id) else { return false };
        let of_another = self.queue.left().find_map(|(parent, info)| {
            let dependency = known.memo.infos[info as usize].dependency;
            let conflict = mentioning
                .contains(&dependency)
                .then_some(())
                .and_then(|()| self.conflicts.find(dependency, &age_of, Some(id), u32::MAX))?;
            Some((parent, conflict))
        });
        let Some((parent, conflict)) = of_another else { return false };
        attempt.blame.extend(others(conflict));
        attempt.blame.insert(parent, conflict[&id]);
        true
    }

    /// Looks for an older reason: if nothing that could stand in place of the youngest choice to blame would help either,
    /// whoever needs that choice is to blame.
    fn generalise(&mut self, attempt: &Attempt, dependency: DependencyId, known: &mut Known<'_>) -> Option<Conflict> {
        let age_of = |id| self.state.age_of(id, known.memo);
        let ages = attempt.blame.keys().map(|id| Some((age_of(*id)?, *id))).collect::<Option<Vec<_>>>()?;
        let (age, youngest) = ages.into_iter().max()?;
        let why = attempt.blame[&youngest];
        let parents = self.parents();
        if is_path(&parents, attempt.parent, youngest) {
            // It will find out by itself when this bubbles up.
            return None;
        }
        for (parent, by) in parents.get(&youngest)? {
            if self.state.age_of(*parent, known.memo)? >= age {
                continue;
            }
            for need in by {
                let data = known.dependency(*need);
                let (target, requirement) = (data.target, data.requirement);
                let list = known.list(target, requirement);
                let Some(wider) = self.without(list, age, dependency, attempt, known) else { continue };
                let mut wider = wider;
                wider.insert(*parent, why);
                self.conflicts.insert(dependency, &wider);
                return Some(wider);
            }
        }
        None
    }

    /// The blame with all candidates of a list taken out, if each of them is known to be in the way.
    fn without(
        &self,
        list: u32,
        age: u32,
        dependency: DependencyId,
        attempt: &Attempt,
        known: &Known<'_>,
    ) -> Option<Conflict> {
        let list = known.memo.lists[list as usize];
        let candidates = &known.memo.listed[list.first as usize..list.end as usize];
        let mut blame = attempt.blame.clone();
        for other in candidates.iter().rev() {
            let age_of = |id| if id == *other { Some(age) } else { self.state.age_of(id, known.memo) };
            let conflict = self.conflicts.find(dependency, &age_of, Some(*other), age)?;
            blame.extend(conflict.iter().map(|(id, why)| (*id, *why)));
        }
        for other in candidates {
            blame.remove(other);
        }
        Some(blame)
    }

    fn parents(&self) -> Parents {
        let mut parents = Parents::new();
        for met in &self.state.met {
            parents.entry(met.child).or_default().entry(met.parent).or_default().insert(met.dependency);
        }
        parents
    }
}

/// Does the way from a choice to its parents, and theirs, lead to another?
fn is_path(parents: &Parents, from: CandidateId, to: CandidateId) -> bool {
    let (mut stack, mut seen) = (vec![from], HashSet::from([from]));
    while let Some(at) = stack.pop() {
        for parent in parents.get(&at).into_iter().flat_map(BTreeMap::keys) {
            if *parent == to {
                return true;
            }
            if seen.insert(*parent) {
                stack.push(*parent);
            }
        }
    }
    false
}
