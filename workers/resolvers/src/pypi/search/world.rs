//! What the resolutions of one thread share: how projects look from one environment and view, and numbers for names.
//!
//! A resolution that finds everything here compares numbers and nothing else.

use std::hash::Hash;
use std::ops::Index;
use std::sync::Arc;

use foldhash::fast::FixedState;
use gleaner_model::{PackageName, Text};
use hashbrown::HashMap;
use pep440_rs::Version;
use pep508_rs::{MarkerEnvironment, MarkerTree};

use super::asks::ALWAYS;
use crate::View;
use crate::pypi::candidates::{Candidates, Eyes, State};
use crate::pypi::environment::Environment;
use crate::pypi::snapshot::{Project, PypiSnapshot, Release};
use crate::pypi::versions::line::{Line, Versions};

/// Projects beyond which a world is given up for a new one, so that a thread that sees the whole registry does not keep
/// it twice. One resolution sees a thousand at most.
const PROJECTS_MAX: usize = 50_000;

/// What one thread's resolutions share.
#[derive(Debug, Default)]
pub struct Scratch(Option<World>);

/// A project, with or without what is known of it.
#[derive(Debug)]
pub(in crate::pypi) struct Known {
    pub(in crate::pypi) name: PackageName,
    /// None if nothing is known of it.
    pub(in crate::pypi) candidates: Option<Candidates>,
    /// The resolution that last saw that the snapshot says of it what it said before.
    checked_in: u64,
}

/// Numbers for what they are asked with.
#[derive(Debug, Default)]
pub(in crate::pypi) struct Numbers<T: Eq + Hash>(Vec<T>, HashMap<T, u32, FixedState>);

impl<T: Eq + Hash + Clone> Numbers<T> {
    pub(in crate::pypi) fn number<Q: ToOwned<Owned = T> + Hash + hashbrown::Equivalent<T> + ?Sized>(
        &mut self,
        value: &Q,
    ) -> u32 {
        if let Some(number) = self.1.get(value) {
            return *number;
        }
        let number = u32::try_from(self.0.len()).expect("there are no billions of these");
        let value = value.to_owned();
        self.0.push(value.clone());
        self.1.insert(value, number);
        number
    }
}

impl<T: Eq + Hash> Index<usize> for Numbers<T> {
    type Output = T;

    fn index(&self, number: usize) -> &T {
        &self.0[number]
    }
}

/// All of it.
#[derive(Debug)]
pub(in crate::pypi) struct World {
    environment: Environment,
    view: View,
    pub(in crate::pypi) projects: Vec<Known>,
    numbers: HashMap<PackageName, u32, FixedState>,
    pub(in crate::pypi) extras: Numbers<String>,
    conditions: Numbers<MarkerTree>,
    texts: Numbers<Text>,
    reads: Numbers<(u32, u32)>,
    /// First candidates of what was read, as far as anyone asked.
    first_answers: HashMap<u32, Option<usize>, FixedState>,
    pythons: Line,
    resolution: u64,
}

impl Scratch {
    /// The world as it looks from here. It may still be of another snapshot.
    pub(in crate::pypi) fn world(&mut self, environment: &Environment, view: &View) -> &mut World {
        let fits = self.0.as_ref().is_some_and(|world| {
            world.view == *view && world.environment == *environment && world.projects.len() <= PROJECTS_MAX
        });
        if !fits {
            self.0 = None;
        }
        let world = self.0.get_or_insert_with(|| World::new(environment, view));
        world.resolution += 1;
        world
    }

    pub(in crate::pypi) fn forget(&mut self) {
        self.0 = None;
    }
}

impl World {
    pub(in crate::pypi) fn new(environment: &Environment, view: &View) -> Self {
        let mut conditions = Numbers::default();
        let always = conditions.number(&MarkerTree::TRUE);
        debug_assert_eq!(always, ALWAYS);
        Self {
            environment: environment.clone(),
            view: *view,
            projects: Vec::new(),
            numbers: HashMap::default(),
            extras: Numbers::default(),
            conditions,
            texts: Numbers::default(),
            reads: Numbers::default(),
            first_answers: HashMap::default(),
            pythons: Line::default(),
            resolution: 0,
        }
    }

    pub(in crate::pypi) fn number(&mut self, name: &PackageName, snapshot: &PypiSnapshot) -> u32 {
        if let Some(number) = self.numbers.get(name) {
            return *number;
        }
        let number = u32::try_from(self.projects.len()).expect("there are no billions of projects");
        let candidates = snapshot.project(name).map(|project| Candidates::new(project, &self.view));
        self.projects.push(Known { name: name.clone(), candidates, checked_in: self.resolution });
        self.numbers.insert(name.clone(), number);
        number
    }

    /// Does the snapshot say of a project what it said when the project came into this world?
    pub(in crate::pypi) fn is_current(&mut self, project: u32, snapshot: &PypiSnapshot) -> bool {
        let known = &mut self.projects[project as usize];
        if known.checked_in == self.resolution {
            return true;
        }
        known.checked_in = self.resolution;
        match (&known.candidates, snapshot.project(&known.name)) {
            (Some(candidates), Some(project)) => Arc::ptr_eq(&candidates.project, project),
            (None, None) => true,
            _ => false,
        }
    }

    /// The release of a project that is tried first among those in `range`, and what is to be said of it. Withdrawn
    /// ones are as others if they are pinned.
    pub(super) fn first(
        &mut self,
        project: u32,
        range: &Versions,
        is_pinned: impl Fn(&Version) -> bool,
    ) -> Option<(usize, State)> {
        let eyes = Eyes { environment: &self.environment, view: &self.view };
        let candidates = self.projects[project as usize].candidates.as_mut()?;
        let at = candidates.first(range, eyes)?;
        let is_pinned = is_pinned(&candidates.project.releases[at].version);
        Some((at, candidates.state(at, is_pinned, eyes)))
    }

    /// The first release that can be chosen for what was read, by who pins nothing: its version.
    pub(in crate::pypi) fn first_usable(&mut self, project: u32, range: &Versions) -> Option<usize> {
        let eyes = Eyes { environment: &self.environment, view: &self.view };
        self.projects[project as usize].candidates.as_mut()?.first_usable(range, eyes)
    }

    /// The first release that can be chosen for a question by who pins nothing.
    pub(in crate::pypi) fn first_answer(&mut self, read: u32) -> Option<usize> {
        if let Some(known) = self.first_answers.get(&read) {
            return *known;
        }
        let (project, text) = self.question(read);
        let asked = self.projects[project as usize].candidates.as_ref().and_then(|known| known.asked_before(text));
        let range = asked.cloned().unwrap_or_else(Versions::full);
        let first = self.first_usable(project, &range);
        self.first_answers.insert(read, first);
        first
    }

    pub(in crate::pypi) fn project(&self, project: u32) -> Option<&Project> {
        Some(&*self.projects.get(project as usize)?.candidates.as_ref()?.project)
    }

    pub(in crate::pypi) fn release(&self, project: u32, at: usize) -> Option<&Release> {
        self.project(project)?.releases.get(at)
    }

    /// The Pythons that files ask for, on the line of Pythons.
    pub(super) fn pythons(&mut self, project: u32, at: u32) -> Versions {
        let known = self.projects[project as usize].candidates.as_ref();
        let range =
            known.and_then(|candidates| candidates.project.pythons.get(at as usize)).map(|python| &python.range);
        let none: [Release; 0] = [];
        range.map_or_else(Versions::full, |range| self.pythons.ranges(range, &none))
    }

    pub(super) fn condition(&mut self, condition: &MarkerTree) -> u32 {
        self.conditions.number(condition)
    }

    /// The number of a question to the snapshot.
    pub(super) fn read(&mut self, project: u32, text: &str) -> u32 {
        let text = self.texts.number(&Text::from(text));
        self.reads.number(&(project, text))
    }

    /// The question with a number: the project, and what was asked for.
    pub(in crate::pypi) fn question(&self, read: u32) -> (u32, &Text) {
        let (project, text) = self.reads[read as usize];
        (project, &self.texts[text as usize])
    }

    pub(in crate::pypi) const fn environment(&self) -> &Environment {
        &self.environment
    }

    pub(super) const fn markers(&self) -> &MarkerEnvironment {
        &self.environment.markers
    }
}
