//! In which order packages are decided, and what conflicts do to it.
//!
//! Whichever order finds a solution, and which solution is found depends on it: so it must be uv's
//! (`crates/uv-resolver/src/pubgrub/priority.rs`, `resolver/mod.rs`). Projects are decided in the order in which they
//! were first asked for, pinned ones before the others. A package that was rejected five times moves in front of those
//! that are not pinned, and one whose choice rejected others five times moves behind it, where its choice is taken back
//! at once.

use std::cmp::Reverse;

use foldhash::fast::FixedState;
use hashbrown::HashMap;
use pubgrub::{ConflictId, Id, State};

use super::asks::Asks;
use super::solver::Uv;

/// Conflicts after which a package moves.
const CONFLICTS: u32 = 5;

/// When a project is decided: the greatest first.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
enum Urgency {
    Usual,
    /// It often stood in the way of others.
    Culprit,
    /// It was often rejected.
    Affected,
    Pinned,
    First,
}

/// When a package is decided: by urgency, then by when its project, then when it itself was first asked for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(in crate::pypi) struct Priority(Urgency, Reverse<u32>, Reverse<u32>);

/// The order, as far as packages were asked for.
#[derive(Debug, Default)]
pub(super) struct Order {
    projects: HashMap<u32, (Urgency, u32), FixedState>,
    packages: HashMap<Asks, u32, FixedState>,
}

impl Order {
    /// Notes that a package was asked for, perhaps at just one version.
    pub(super) fn asked(&mut self, asks: Asks, is_pin: bool) {
        let place = number(self.packages.len());
        self.packages.entry(asks).or_insert(place);
        let Some(project) = asks.project() else { return };
        let place = number(self.projects.len());
        let urgency = if is_pin { Urgency::Pinned } else { Urgency::Usual };
        let known = self.projects.entry(project).or_insert((urgency, place));
        known.0 = known.0.max(urgency);
    }

    pub(super) fn priority(&self, asks: Asks) -> Priority {
        let Some(project) = asks.project() else {
            let place = if asks == Asks::Root { 0 } else { 1 };
            return Priority(Urgency::First, Reverse(0), Reverse(place));
        };
        let (urgency, place) = self.projects.get(&project).copied().unwrap_or((Urgency::Usual, u32::MAX));
        Priority(urgency, Reverse(place), Reverse(self.packages.get(&asks).copied().unwrap_or(u32::MAX)))
    }

    /// A package that was rejected too often: even a pinned one loses its place in front.
    fn move_forward(&mut self, asks: Asks) {
        if let Some(known) = asks.project().and_then(|project| self.projects.get_mut(&project)) {
            known.0 = Urgency::Affected;
        }
    }

    /// A package that stood in the way too often; did that change anything?
    fn move_behind(&mut self, asks: Asks) -> bool {
        let Some(known) = asks.project().and_then(|project| self.projects.get_mut(&project)) else { return false };
        if matches!(known.0, Urgency::Culprit | Urgency::Affected) {
            return false;
        }
        known.0 = Urgency::Culprit;
        true
    }
}

fn number(count: usize) -> u32 {
    u32::try_from(count).unwrap_or(u32::MAX)
}

type Package = Id<Asks>;

/// Who conflicted how often.
#[derive(Debug, Default)]
pub(super) struct Conflicts {
    affected: HashMap<Package, u32, FixedState>,
    culprits: HashMap<Package, u32, FixedState>,
    to_move_forward: Vec<Package>,
    to_move_behind: Vec<Package>,
    pub(super) any: bool,
}

impl Conflicts {
    /// Notes a conflict that rejected `affected` while `next` was looked at.
    pub(super) fn note(&mut self, state: &State<Uv>, affected: Package, next: Package, conflict: &ConflictId<Uv>) {
        self.any = true;
        let project_of = |package: Package| state.package_store[package].project();
        let mut has_culprit = false;
        for culprit in state.conflict_packages(conflict) {
            // That a project and its stand-ins must be at one version is no conflict of two.
            if culprit == affected || project_of(culprit) == project_of(affected) {
                continue;
            }
            has_culprit = true;
            if counted(&mut self.culprits, culprit) == CONFLICTS {
                self.to_move_behind.push(culprit);
            }
        }
        if has_culprit && counted(&mut self.affected, next) == CONFLICTS {
            self.to_move_forward.push(next);
        }
    }

    /// Moves who has to be moved.
    pub(super) fn reorder(&mut self, state: &mut State<Uv>, order: &mut Order) {
        for package in self.to_move_forward.drain(..) {
            order.move_forward(state.package_store[package]);
        }
        for package in self.to_move_behind.drain(..) {
            if order.move_behind(state.package_store[package]) {
                state.backtrack_package(package);
            }
        }
    }
}

fn counted(counts: &mut HashMap<Package, u32, FixedState>, package: Package) -> u32 {
    let count = counts.entry(package).or_insert(0);
    *count += 1;
    *count
}
