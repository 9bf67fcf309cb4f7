//! The search: PubGrub (<https://nex3.medium.com/pubgrub-2fb6470504f>, by the `pubgrub` crate) with the order of decisions
//! and the virtual packages of uv (`crates/uv-resolver/src/pubgrub/priority.rs`, `resolver/mod.rs`).
//!
//! Packages are decided in the order in which they were first asked for, those pinned to one version before the others,
//! and of the others those that were in conflict several times before the rest. An extra is a package of its own, which
//! needs its base at the same version.

use std::cell::RefCell;
use std::cmp::Reverse;
use std::collections::BTreeSet;
use std::fmt;

use foldhash::fast::FixedState;
use gleaner_model::PackageName;
use hashbrown::HashMap;
use pep440_rs::{Operator, Version};
use pep508_rs::ExtraName;
use pubgrub::{
    Dependencies, DependencyConstraints, DependencyProvider, PackageResolutionStatistics, PubGrubError, resolve,
};

use super::candidates::{Candidates, Versions};
use super::environment::Environment;
use super::graph::{self, Chosen};
use super::manifest::PypiRoot;
use super::reason;
use super::snapshot::{Asked, PypiSnapshot, Release, Requirement};
use crate::{Answer, Budget, Read, Resolution, Sensitivity, Stopped, View};

/// Conflicts after which a package is decided earlier.
const CONFLICTS: u32 = 5;

/// What is decided about.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub(super) enum Asks {
    Root,
    /// A project, by its number in this run.
    Base(u32),
    /// One of its extras.
    Extra(u32, u32),
}

impl fmt::Display for Asks {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{self:?}")
    }
}

/// Why a search ends early.
#[derive(Clone, Copy, Debug, thiserror::Error)]
#[error("stopped: {0:?}")]
pub(super) struct Ended(Stopped);

/// When a package is decided: the greatest first.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Urgency {
    Unspecified,
    InConflict,
    Pinned,
    Root,
}

/// What one thread's resolutions share: how projects look from one environment and view.
#[derive(Debug, Default)]
pub struct Scratch {
    seen_from: Option<(Environment, View)>,
    projects: HashMap<PackageName, Candidates, FixedState>,
}

/// A project in this run.
pub(super) struct Known {
    pub(super) name: PackageName,
    /// None if nothing is known of it.
    pub(super) candidates: Option<Candidates>,
    urgency: Urgency,
    /// When it was first asked for.
    first: u32,
}

/// All that a run finds out.
pub(super) struct Run<'a, 'b> {
    snapshot: &'a PypiSnapshot,
    environment: &'a Environment,
    view: &'a View,
    root: &'a PypiRoot,
    budget: &'a mut Budget<'b>,
    pub(super) projects: Vec<Known>,
    numbers: HashMap<PackageName, u32, FixedState>,
    pub(super) extras: Vec<String>,
    extra_numbers: HashMap<String, u32, FixedState>,
    /// In the order in which they were asked for.
    ties: HashMap<Asks, u32, FixedState>,
    missing: BTreeSet<PackageName>,
    read: BTreeSet<Read>,
    in_conflict: bool,
    seen: HashMap<PackageName, Candidates, FixedState>,
}

struct Provider<'a, 'b>(RefCell<Run<'a, 'b>>);

pub(super) fn run(
    snapshot: &PypiSnapshot,
    root: &PypiRoot,
    environment: &Environment,
    view: &View,
    scratch: &mut Scratch,
    budget: &mut Budget<'_>,
) -> Resolution {
    let here = (environment.clone(), *view);
    if scratch.seen_from.as_ref() != Some(&here) {
        scratch.projects.clear();
        scratch.seen_from = Some(here);
    }
    let run = Run {
        snapshot,
        environment,
        view,
        root,
        budget,
        projects: Vec::new(),
        numbers: HashMap::default(),
        extras: Vec::new(),
        extra_numbers: HashMap::default(),
        ties: HashMap::default(),
        missing: BTreeSet::new(),
        read: BTreeSet::new(),
        in_conflict: false,
        seen: std::mem::take(&mut scratch.projects),
    };
    let provider = Provider(RefCell::new(run));
    let solved = resolve(&provider, Asks::Root, 0_u32);
    let mut run = provider.0.into_inner();
    let answer = match solved {
        _ if !run.missing.is_empty() => Answer::Incomplete { names: run.missing.iter().cloned().collect() },
        Ok(chosen) => {
            let chosen = Chosen::of(chosen.iter().map(|(asks, at)| (*asks, *at)));
            Answer::Graph(graph::build(&run, &chosen))
        }
        Err(PubGrubError::NoSolution(tree)) => Answer::Unsatisfiable { reason: reason::tell(&tree, &run) },
        Err(error) => match error {
            PubGrubError::ErrorChoosingVersion { source: Ended(why), .. }
            | PubGrubError::ErrorRetrievingDependencies { source: Ended(why), .. }
            | PubGrubError::ErrorInShouldCancel(Ended(why)) => match why {
                Stopped::Exhausted => Answer::GaveUp { steps: run.budget.taken() },
                Stopped::Unwanted => Answer::Stopped,
            },
            PubGrubError::NoSolution(_) => unreachable!("it was looked at above"),
        },
    };
    let sensitivity = if run.in_conflict { Sensitivity::Anything } else { Sensitivity::FirstCandidates };
    let (read, steps) = (std::mem::take(&mut run.read).into_iter().collect(), run.budget.taken());
    let used = run.projects.into_iter().filter_map(|known| Some((known.name, known.candidates?)));
    scratch.projects = std::mem::take(&mut run.seen);
    scratch.projects.extend(used);
    Resolution { answer, read, sensitivity, warnings: Vec::new(), steps }
}

impl Run<'_, '_> {
    fn number(&mut self, name: &PackageName) -> u32 {
        if let Some(number) = self.numbers.get(name) {
            return *number;
        }
        let number = u32::try_from(self.projects.len()).expect("no manifest has billions of names");
        let candidates = self.snapshot.project(name).map(|project| {
            let seen = self.seen.remove(name).filter(|seen| std::sync::Arc::ptr_eq(&seen.project, project));
            seen.unwrap_or_else(|| Candidates::new(project, self.environment, self.view))
        });
        if candidates.is_none() {
            self.missing.insert(name.clone());
        }
        self.projects.push(Known { name: name.clone(), candidates, urgency: Urgency::Unspecified, first: number });
        self.numbers.insert(name.clone(), number);
        number
    }

    pub(super) fn number_of(&self, name: &PackageName) -> Option<u32> {
        self.numbers.get(name).copied()
    }

    fn extra(&mut self, extra: &str) -> u32 {
        if let Some(number) = self.extra_numbers.get(extra) {
            return *number;
        }
        let number = u32::try_from(self.extras.len()).expect("no manifest has billions of extras");
        self.extras.push(extra.to_owned());
        self.extra_numbers.insert(extra.to_owned(), number);
        number
    }

    pub(super) fn release(&self, project: u32, at: u32) -> Option<&Release> {
        self.projects[project as usize].candidates.as_ref()?.project.releases.get(at as usize)
    }

    /// The requirements of a release that count here, with this extra of it or without any.
    pub(super) fn requirements(&self, project: u32, at: u32, extra: Option<u32>) -> Vec<&Requirement> {
        let Some(candidates) = &self.projects[project as usize].candidates else { return Vec::new() };
        let positions =
            candidates.project.releases.get(at as usize).and_then(|release| release.requirements.as_deref());
        let all = positions.unwrap_or_default().iter();
        let all = all.filter_map(|at| candidates.project.requirements.get(*at as usize));
        let extra: Option<ExtraName> = extra.and_then(|extra| self.extras[extra as usize].parse().ok());
        all.filter(|requirement| self.counts(requirement, extra.as_ref())).collect()
    }

    /// Does it count here, by this extra and not without it? Without an extra: does it count by itself?
    pub(super) fn counts(&self, requirement: &Requirement, extra: Option<&ExtraName>) -> bool {
        let markers = &self.environment.markers;
        if requirement.marker.is_true() {
            return extra.is_none();
        }
        let alone = requirement.marker.evaluate(markers, &[]);
        match extra {
            None => alone,
            Some(extra) => !alone && requirement.marker.evaluate(markers, std::slice::from_ref(extra)),
        }
    }

    pub(super) fn root_requirements(&self) -> Vec<&Requirement> {
        self.root.requirements.iter().filter(|requirement| self.counts(requirement, None)).collect()
    }

    /// The dependencies that requirements make, in their order.
    fn constraints(&mut self, requirements: &[Requirement], of: Option<u32>) -> DependencyConstraints<Asks, Versions> {
        let mut all = DependencyConstraints::<Asks, Versions>::default();
        for requirement in requirements {
            let project = self.number(&requirement.name);
            self.read.insert(Read { name: requirement.name.clone(), requirement: requirement.text.clone() });
            let known = &mut self.projects[project as usize];
            let versions = match &mut known.candidates {
                Some(candidates) if candidates.project.releases.is_empty() => Versions::empty(),
                Some(candidates) => candidates.asked(&requirement.text, &requirement.specifiers),
                None => Versions::full(),
            };
            if is_pin(&requirement.specifiers) {
                known.urgency = Urgency::Pinned;
            }
            let asked: Vec<Asks> = if requirement.extras.is_empty() {
                vec![Asks::Base(project)]
            } else {
                requirement.extras.iter().map(|extra| Asks::Extra(project, self.extra(extra))).collect()
            };
            for asks in asked {
                // That a version needs itself says nothing.
                if asks == Asks::Base(project) && of == Some(project) {
                    continue;
                }
                let tie = u32::try_from(self.ties.len()).unwrap_or(u32::MAX);
                self.ties.entry(asks).or_insert(tie);
                let together = all.get(&asks).map_or_else(|| versions.clone(), |known| known.intersection(&versions));
                all.insert(asks, together);
            }
        }
        all
    }

    fn dependencies(&mut self, asks: Asks, at: u32) -> Dependencies<Asks, Versions, String> {
        let (project, extra) = match asks {
            Asks::Root => {
                let requirements: Vec<Requirement> = self.root_requirements().into_iter().cloned().collect();
                return Dependencies::Available(self.constraints(&requirements, None));
            }
            Asks::Base(project) => (project, None),
            Asks::Extra(project, extra) => (project, Some(extra)),
        };
        let Some(release) = self.release(project, at) else {
            return Dependencies::Available(DependencyConstraints::default());
        };
        if release.requirements.is_none() {
            let name = self.projects[project as usize].name.clone();
            self.missing.insert(name);
        }
        let requirements: Vec<Requirement> = self.requirements(project, at, extra).into_iter().cloned().collect();
        let odd = requirements.iter().find(|requirement| !matches!(requirement.specifiers, Asked::Versions(_)));
        if let Some(odd) = odd {
            let what = match odd.specifiers {
                Asked::Elsewhere => "which is not in a registry",
                _ => "which is no requirement",
            };
            return Dependencies::Unavailable(format!("needs `{} {}`, {what}", odd.name.as_str(), odd.text));
        }
        let mut all = DependencyConstraints::default();
        if extra.is_some() {
            all.insert(Asks::Base(project), Versions::singleton(at));
            let tie = u32::try_from(self.ties.len()).unwrap_or(u32::MAX);
            self.ties.entry(Asks::Base(project)).or_insert(tie);
        }
        for (asks, versions) in self.constraints(&requirements, Some(project)) {
            let together =
                all.get(&asks).map_or_else(|| versions.clone(), |known: &Versions| known.intersection(&versions));
            all.insert(asks, together);
        }
        // An extra that needs itself says nothing.
        all.remove(&asks);
        Dependencies::Available(all)
    }

    /// Is this release pinned by the manifest, and so allowed though it is withdrawn?
    fn is_pinned(&self, name: &PackageName, version: &Version) -> bool {
        let of_this = self.root.requirements.iter().filter(|requirement| requirement.name == *name);
        of_this.filter_map(pin_of).any(|pin| pin == version)
    }
}

fn is_pin(asked: &Asked) -> bool {
    let Asked::Versions(specifiers) = asked else { return false };
    specifiers.len() == 1
        && specifiers.iter().all(|one| matches!(one.operator(), Operator::Equal | Operator::ExactEqual))
}

fn pin_of(requirement: &Requirement) -> Option<&Version> {
    let Asked::Versions(specifiers) = &requirement.specifiers else { return None };
    is_pin(&requirement.specifiers)
        .then(|| specifiers.iter().next().map(pep440_rs::VersionSpecifier::version))
        .flatten()
}

impl DependencyProvider for Provider<'_, '_> {
    type P = Asks;
    type V = u32;
    type VS = Versions;
    type Priority = (Urgency, Reverse<u32>, Reverse<u32>);
    type M = String;
    type Err = Ended;

    fn prioritize(&self, package: &Asks, _: &Versions, conflicts: &PackageResolutionStatistics) -> Self::Priority {
        let mut run = self.0.borrow_mut();
        let (Asks::Base(project) | Asks::Extra(project, _)) = *package else {
            return (Urgency::Root, Reverse(0), Reverse(0));
        };
        run.in_conflict |= conflicts.conflict_count() > 0;
        let tie = run.ties.get(package).copied().unwrap_or(u32::MAX);
        let known = &mut run.projects[project as usize];
        if conflicts.conflict_count() >= CONFLICTS {
            known.urgency = known.urgency.max(Urgency::InConflict);
        }
        (known.urgency, Reverse(known.first), Reverse(tie))
    }

    fn choose_version(&self, package: &Asks, range: &Versions) -> Result<Option<u32>, Ended> {
        let run = self.0.borrow();
        let (Asks::Base(project) | Asks::Extra(project, _)) = *package else { return Ok(Some(0)) };
        let known = &run.projects[project as usize];
        // Of what is not known any version does, so that as much as possible is found out to be missing.
        let Some(candidates) = &known.candidates else { return Ok(Some(0)) };
        Ok(candidates.first(range, |release| run.is_pinned(&known.name, &release.version)))
    }

    fn get_dependencies(&self, package: &Asks, at: &u32) -> Result<Dependencies<Asks, Versions, String>, Ended> {
        Ok(self.0.borrow_mut().dependencies(*package, *at))
    }

    fn should_cancel(&self) -> Result<(), Ended> {
        self.0.borrow_mut().budget.step().map_err(Ended)
    }
}
