//! The search: PubGrub (<https://nex3.medium.com/pubgrub-2fb6470504f>), driven step by step as uv drives it
//! (`crates/uv-resolver/src/resolver/mod.rs`).
//!
//! The problem: several sets of versions satisfy most manifests, and which one comes out depends on what is decided
//! first, which version is tried first, and what is done about conflicts. So every step here is one of uv's, down to
//! versions that cannot be used, which are looked at and set aside one by one.

pub(super) mod asks;
pub(super) mod needs;
mod order;
mod solver;
pub(super) mod world;

use std::sync::Arc;

use foldhash::fast::FixedState;
use hashbrown::HashSet;
use pep440_rs::Version;
use pubgrub::{DerivationTree, Id, State as Solver};

use self::asks::{ALWAYS, Asks, NO_EXTRA, Why};
use self::needs::{Need, Needs};
use self::order::{Conflicts, Order};
use self::solver::Uv;
use self::world::World;
use super::candidates::State;
use super::manifest::PypiRoot;
use super::requirement::applies;
use super::snapshot::PypiSnapshot;
use super::versions::line::{Versions, place, position};
use crate::{Budget, Stopped};

/// The proof that there is no solution.
pub(super) type Proof = DerivationTree<Asks, Versions, Why>;

/// What a search ends with.
pub(super) enum End {
    /// Packages and the positions of their releases, in the order in which they were decided.
    Solved(Vec<(Asks, usize)>),
    Contradiction(Box<Proof>),
    /// Something needs what is in no registry: who, and what.
    Elsewhere(Asks, usize, String),
    Stopped(Stopped),
    /// The snapshot is another one than what is remembered.
    Outdated,
}

/// A search, and what it found out on the way.
pub(super) struct Search<'a, 'b> {
    pub(super) world: &'a mut World,
    pub(super) snapshot: &'a PypiSnapshot,
    pub(super) root: &'a PypiRoot,
    budget: &'a mut Budget<'b>,
    solver: Solver<Uv>,
    order: Order,
    conflicts: Conflicts,
    /// What the manifest needs.
    pub(super) root_needs: Arc<Needs>,
    constraints: Vec<Need>,
    /// What the manifest pins, and what may therefore be chosen though it is withdrawn.
    pins: Vec<(u32, Version)>,
    /// The package that is looked at.
    next: Id<Asks>,
    decided: HashSet<(Id<Asks>, usize), FixedState>,
    /// Projects of which something must be known and is not.
    pub(super) missing: HashSet<u32, FixedState>,
    /// Questions that were asked.
    pub(super) reads: HashSet<u32, FixedState>,
}

/// What is to be done about the package that is looked at.
enum Choice {
    Nothing(Option<Why>),
    Unusable(usize, Why),
    NeedsPython(usize, u32),
    Take(usize),
}

impl<'a, 'b> Search<'a, 'b> {
    pub(super) fn new(
        world: &'a mut World,
        snapshot: &'a PypiSnapshot,
        root: &'a PypiRoot,
        budget: &'a mut Budget<'b>,
    ) -> Self {
        let solver = Solver::init(Asks::Root, place(0));
        let constraints = match world.needs_of_manifest(&root.constraints, snapshot) {
            Needs::These(needs) => needs,
            _ => Vec::new(),
        };
        let pins = root.requirements.iter().chain(&root.constraints).filter_map(|requirement| {
            let counts = applies(&requirement.marker.condition(None), world.markers());
            let pin = requirement.pin().filter(|_| counts)?.clone();
            Some((world.number(&requirement.name, snapshot), pin))
        });
        let pins = pins.collect();
        Self {
            root_needs: Arc::new(world.needs_of_manifest(&root.requirements, snapshot)),
            pins,
            world,
            snapshot,
            root,
            budget,
            next: solver.root_package,
            solver,
            order: Order::default(),
            conflicts: Conflicts::default(),
            constraints,
            decided: HashSet::default(),
            missing: HashSet::default(),
            reads: HashSet::default(),
        }
    }

    /// Did anything ever contradict anything?
    pub(super) const fn met_conflicts(&self) -> bool {
        self.conflicts.any
    }

    pub(super) fn steps(&self) -> u64 {
        self.budget.taken()
    }

    pub(super) fn run(&mut self) -> End {
        loop {
            if let Err(stopped) = self.budget.step() {
                return End::Stopped(stopped);
            }
            match self.step() {
                Ok(true) => {}
                Ok(false) => return End::Solved(self.solution()),
                Err(end) => return end,
            }
        }
    }

    fn solution(&self) -> Vec<(Asks, usize)> {
        let decided = self.solver.partial_solution.extract_solution();
        decided.filter_map(|(id, place)| Some((self.solver.package_store[id], position(place)?))).collect()
    }

    /// Looks at one package; false if there is none left.
    fn step(&mut self) -> Result<bool, End> {
        match self.solver.unit_propagation(self.next) {
            Err(proof) => return Err(End::Contradiction(Box::new(proof))),
            Ok(conflicts) => {
                for (affected, conflict) in conflicts {
                    self.conflicts.note(&self.solver, affected, self.next, &conflict);
                }
            }
        }
        self.conflicts.reorder(&mut self.solver, &mut self.order);
        let (store, order) = (&self.solver.package_store, &self.order);
        let picked = self.solver.partial_solution.pick_highest_priority_pkg(|id, _| order.priority(store[id]));
        let Some((next, range)) = picked.map(|(next, range)| (next, range.clone())) else { return Ok(false) };
        self.next = next;
        let asks = self.solver.package_store[next];
        match self.choose(asks, &range) {
            Choice::Nothing(None) => self.solver.add_no_versions(next, range),
            Choice::Nothing(Some(why)) => self.solver.add_unavailable(next, range, why),
            Choice::Unusable(at, why) => {
                let room = self.room(asks, at);
                self.solver.add_unavailable(next, room, why);
            }
            Choice::NeedsPython(at, python) => self.ask_for_python(asks, at, python),
            Choice::Take(at) => self.take(asks, at)?,
        }
        Ok(true)
    }

    fn choose(&mut self, asks: Asks, range: &Versions) -> Choice {
        let project = match asks {
            Asks::Root => return Choice::Take(0),
            Asks::Python => return Choice::Nothing(None),
            _ => asks.project().expect("all others are about a project"),
        };
        match self.world.project(project) {
            Some(known) if !known.releases.is_empty() => {}
            _ => return Choice::Nothing(Some(Why::NoProject)),
        }
        let pins = &self.pins;
        match self.world.first(project, range, |version| pins.iter().any(|(of, pin)| *of == project && pin == version))
        {
            None | Some((_, State::Hidden)) => Choice::Nothing(None),
            Some((at, State::Unusable(why))) => Choice::Unusable(at, why),
            Some((at, State::NeedsPython(python))) => Choice::NeedsPython(at, python),
            Some((at, State::Usable)) => Choice::Take(at),
        }
    }

    /// A release and the room around it.
    fn room(&self, asks: Asks, at: usize) -> Versions {
        let known = asks.project().and_then(|project| self.world.projects[project as usize].candidates.as_ref());
        known.map_or_else(|| Versions::singleton(place(at)), |candidates| candidates.room(at))
    }

    /// A release that needs another Python is chosen, and found to need what is not there: so does uv, and what it
    /// learns from that counts as a conflict.
    fn ask_for_python(&mut self, asks: Asks, at: usize, python: u32) {
        let pythons = asks.project().map_or_else(Versions::full, |project| self.world.pythons(project, python));
        let room = self.room(asks, at);
        let id = self.solver.package_store.alloc(Asks::Python);
        self.solver.add_dependency(self.next, room, (id, pythons));
        self.solver.partial_solution.add_decision(self.next, place(at));
    }

    fn take(&mut self, asks: Asks, at: usize) -> Result<(), End> {
        if self.decided.contains(&(self.next, at)) {
            self.solver.partial_solution.add_decision(self.next, place(at));
            return Ok(());
        }
        let needs = self.needs(asks, at);
        let needs = match &*needs {
            Needs::These(needs) => needs.as_slice(),
            Needs::Unknown => {
                self.missing.extend(asks.project());
                &[]
            }
            Needs::Unusable(why) => {
                let room = self.room(asks, at);
                self.solver.add_unavailable(self.next, room, *why);
                return Ok(());
            }
            Needs::Elsewhere(what) => return Err(End::Elsewhere(asks, at, what.clone())),
        };
        self.decided.insert((self.next, at));
        let all = self.with_constraints(needs)?;
        self.add(asks, at, all);
        Ok(())
    }

    fn needs(&mut self, asks: Asks, at: usize) -> Arc<Needs> {
        match asks {
            Asks::Root => Arc::clone(&self.root_needs),
            Asks::Python => Arc::new(Needs::These(Vec::new())),
            Asks::Base { project, extra, .. } => self.world.needs(project, at, extra, self.snapshot),
            Asks::Extra { project, extra, condition } => {
                let mut conditions = vec![ALWAYS, condition];
                conditions.dedup();
                let bases = conditions
                    .into_iter()
                    .flat_map(|condition| [NO_EXTRA, extra].map(|extra| Asks::Base { project, extra, condition }));
                Arc::new(Needs::These(bases.map(|asks| self.at(asks, at)).collect()))
            }
            Asks::Conditional { project, condition } => {
                let bases = [ALWAYS, condition].map(|condition| Asks::Base { project, extra: NO_EXTRA, condition });
                Arc::new(Needs::These(bases.map(|asks| self.at(asks, at)).to_vec()))
            }
        }
    }

    /// The need of a package at just this release, which asks the snapshot nothing.
    fn at(&self, asks: Asks, at: usize) -> Need {
        let project = asks.project().unwrap_or_default();
        Need { asks, project, versions: Versions::singleton(place(at)), is_pin: true, read: u32::MAX }
    }

    /// Needs, each followed by what constrains its project; without those of which nothing is known.
    fn with_constraints(&mut self, needs: &[Need]) -> Result<Vec<Need>, End> {
        let mut all = Vec::with_capacity(needs.len());
        for need in needs {
            if !self.world.is_current(need.project, self.snapshot) {
                return Err(End::Outdated);
            }
            if need.read == u32::MAX {
                all.push(need.clone());
                continue;
            }
            self.reads.insert(need.read);
            if self.world.projects[need.project as usize].candidates.is_none() {
                self.missing.insert(need.project);
                continue;
            }
            all.push(need.clone());
            for constraint in self.constraints.iter().filter(|constraint| constraint.project == need.project) {
                self.reads.insert(constraint.read);
                all.push(constraint.clone());
            }
        }
        Ok(all)
    }

    fn add(&mut self, asks: Asks, at: usize, needs: Vec<Need>) {
        for need in &needs {
            self.order.asked(need.asks, need.is_pin);
            if let Some(base) = need.asks.stands_for() {
                self.order.asked(base, need.is_pin);
            }
        }
        for need in &needs {
            let Some(base) = need.asks.stands_for() else { continue };
            let stand_in = self.solver.package_store.alloc(need.asks);
            let base = self.solver.package_store.alloc(base);
            self.solver.add_dependency(stand_in, need.versions.clone(), (base, need.versions.clone()));
        }
        let room = self.room(asks, at);
        let needs = needs.into_iter().map(|need| (need.asks, need.versions));
        let conflict = self.solver.add_package_version_dependencies(self.next, place(at), room, needs);
        if let Some(conflict) = conflict {
            self.conflicts.note(&self.solver, self.next, self.next, &conflict);
        }
    }
}
