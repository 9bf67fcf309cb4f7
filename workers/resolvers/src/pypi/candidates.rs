//! Which versions of a project can be chosen here, and which of them a requirement asks for.

use std::ops::Bound;
use std::sync::Arc;

use foldhash::fast::FixedState;
use hashbrown::HashMap;

use super::environment::{Environment, Sources};
use super::requirement::{Asked, Requirement};
use super::search::asks::Why;
use super::search::needs::Needs;
use super::snapshot::{File, Project, Release};
use super::tags::{Misfit, Rank};
use super::versions::line::{Line, Versions, place, positions};
use super::versions::ranges;
use crate::View;

/// Can a release be chosen?
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum State {
    /// It is not there yet, at the time that is looked at.
    Hidden,
    Unusable(Why),
    /// Its best file asks for a newer Python: a position in [`Project::pythons`].
    NeedsPython(u32),
    Usable,
}

/// A release's state for most, and for who pins it, though it is withdrawn.
#[derive(Clone, Copy, Debug)]
struct States {
    usual: State,
    pinned: State,
}

/// A project as it looks from one environment and view, with what was asked of it so far.
#[derive(Debug)]
pub(super) struct Candidates {
    pub(super) project: Arc<Project>,
    /// Looked at when needed: of most projects only the newest few are.
    states: Vec<Option<States>>,
    /// Positions that are there at the time that is looked at; all of them if no time is.
    in_time: Option<Vec<u32>>,
    line: Line,
    /// And whether that is just one version.
    asked: HashMap<String, (Versions, bool), FixedState>,
    /// By position and extra.
    pub(super) needs: HashMap<(u32, u32), Arc<Needs>, FixedState>,
}

/// What a release's files are looked at with.
#[derive(Clone, Copy)]
pub(super) struct Eyes<'a> {
    pub(super) environment: &'a Environment,
    pub(super) view: &'a View,
}

impl Candidates {
    pub(super) fn new(project: &Arc<Project>, view: &View) -> Self {
        let in_time = view.before.map(|_| {
            let releases = (0..).zip(&project.releases);
            let there = releases.filter(|(_, release)| release.files.iter().any(|file| is_in_time(file, view)));
            there.map(|(at, _)| at).collect()
        });
        Self {
            project: Arc::clone(project),
            states: vec![None; project.releases.len()],
            in_time,
            line: Line::default(),
            asked: HashMap::default(),
            needs: HashMap::default(),
        }
    }

    /// The versions that a requirement asks for, there or not, and whether it is just one.
    pub(super) fn asked(&mut self, requirement: &Requirement) -> (Versions, bool) {
        let Asked::Versions(specifiers) = &requirement.asked else { return (Versions::empty(), false) };
        if specifiers.is_empty() {
            return (Versions::full(), false);
        }
        if let Some(known) = self.asked.get(&requirement.text) {
            return known.clone();
        }
        let range = ranges::asked(specifiers);
        let versions = self.line.ranges(&range, &self.project.releases);
        let asked = (versions, ranges::is_pin(specifiers, &range));
        self.asked.insert(requirement.text.clone(), asked.clone());
        asked
    }

    /// The versions that are asked for, if that was asked before.
    pub(super) fn asked_before(&self, text: &str) -> Option<&Versions> {
        self.asked.get(text).map(|(versions, _)| versions)
    }

    /// The version whose place is the end of a range and no known version's.
    pub(super) fn end_at(&self, place: u64) -> Option<&pep440_rs::Version> {
        self.line.end_at(place)
    }

    /// The release that is looked at first among those in `range`: the highest that is no pre-release, else the highest.
    /// It may turn out to be unusable.
    pub(super) fn first(&mut self, range: &Versions, eyes: Eyes<'_>) -> Option<usize> {
        let of_kind = |this: &mut Self, prereleases: bool| {
            range.iter().rev().find_map(|(low, high)| {
                let (from, to) = positions(low, high, this.project.releases.len());
                (from..to)
                    .rev()
                    .find(|at| this.project.releases[*at].is_prerelease == prereleases && this.is_there(*at, eyes))
            })
        };
        of_kind(self, false).or_else(|| of_kind(self, true))
    }

    /// The first release in `range` that can be chosen by who pins nothing.
    pub(super) fn first_usable(&mut self, range: &Versions, eyes: Eyes<'_>) -> Option<usize> {
        let mut left = range.clone();
        loop {
            let at = self.first(&left, eyes)?;
            if self.state(at, false, eyes) == State::Usable {
                return Some(at);
            }
            left = left.intersection(&Versions::singleton(place(at)).complement());
        }
    }

    fn is_there(&mut self, at: usize, eyes: Eyes<'_>) -> bool {
        // A release without any file is one that nobody can choose; one whose files came later is not there.
        eyes.view.before.is_none() || self.state(at, false, eyes) != State::Hidden
    }

    pub(super) fn state(&mut self, at: usize, is_pinned: bool, eyes: Eyes<'_>) -> State {
        let states = *self.states[at].get_or_insert_with(|| {
            let release = &self.project.releases[at];
            let of = |is_pinned| state(&self.project, release, is_pinned, eyes);
            let usual = of(false);
            let pinned = if release.files.iter().any(|file| file.is_yanked) { of(true) } else { usual };
            States { usual, pinned }
        });
        if is_pinned { states.pinned } else { states.usual }
    }

    /// The release at `at` and all the room around it that no other one takes: what is said of it may be said of all that.
    pub(super) fn room(&self, at: usize) -> Versions {
        let (below, above) = match &self.in_time {
            None => (at.checked_sub(1), Some(at + 1).filter(|above| *above < self.project.releases.len())),
            Some(there) => {
                let own = u32::try_from(at).unwrap_or(u32::MAX);
                let index = there.partition_point(|known| *known < own);
                let above = there[index..].iter().find(|known| **known > own);
                (index.checked_sub(1).map(|below| there[below] as usize), above.map(|above| *above as usize))
            }
        };
        let low = below.map_or(Bound::Unbounded, |below| Bound::Excluded(place(below)));
        let high = above.map_or(Bound::Unbounded, |above| Bound::Excluded(place(above)));
        Versions::from_range_bounds((low, high))
    }
}

fn is_in_time(file: &File, view: &View) -> bool {
    // What has no time of its own does not count once times do.
    view.before.is_none_or(|before| file.published_at.is_some_and(|at| at < before))
}

fn is_source(file: &File) -> bool {
    [".tar.gz", ".zip"].iter().any(|end| file.name.ends_with(end))
}

/// What a release's files come to.
#[derive(Default)]
struct Files<'a> {
    wheel: Option<Wheel<'a>>,
    source: Option<&'a File>,
    /// What is wrong with the one that is least wrong.
    why: Option<Why>,
    /// Was none there yet?
    is_hidden: bool,
}

/// A wheel that fits.
#[derive(Clone, Copy)]
struct Wheel<'a> {
    rank: Rank,
    build: BuildTag<'a>,
    python: Option<u32>,
}

impl<'a> Files<'a> {
    fn add(&mut self, file: &'a File, is_pinned: bool, environment: &Environment) {
        let is_wheel = file.name.ends_with(".whl");
        if !is_wheel && !is_source(file) {
            return;
        }
        if file.is_yanked && !is_pinned {
            self.blame(Why::Yanked);
        } else if is_wheel {
            self.add_wheel(file, environment);
        } else {
            self.source = self.source.or(Some(file));
            self.blame(Why::SourcesOnly);
        }
    }

    fn add_wheel(&mut self, file: &'a File, environment: &Environment) {
        match environment.tags.rank(&file.name) {
            Ok(rank) => {
                let wheel = Wheel { rank, build: build_tag(&file.name), python: file.python };
                let is_better = |known: Wheel<'_>| (rank, known.build) < (known.rank, wheel.build);
                if self.wheel.is_none_or(is_better) {
                    self.wheel = Some(wheel);
                }
            }
            Err(Misfit::Name | Misfit::Python) => self.blame(Why::OtherPython),
            Err(Misfit::Abi) => self.blame(Why::OtherAbi),
            Err(Misfit::Platform) => self.blame(Why::OtherPlatform),
        }
    }

    fn blame(&mut self, why: Why) {
        self.why = self.why.max(Some(why));
    }
}

/// The best file decides: of the wheels that fit the one that fits best, else the sources where they count.
fn state(project: &Project, release: &Release, is_pinned: bool, eyes: Eyes<'_>) -> State {
    let mut files = Files { is_hidden: !release.files.is_empty(), ..Files::default() };
    for file in release.files.iter().filter(|file| is_in_time(file, eyes.view)) {
        files.is_hidden = false;
        files.add(file, is_pinned, eyes.environment);
    }
    let sources = files.source.filter(|_| eyes.environment.sources == Sources::Allow);
    let python = match (files.wheel, sources) {
        _ if files.is_hidden => return State::Hidden,
        (Some(wheel), _) => wheel.python,
        (None, Some(source)) => source.python,
        (None, None) => return State::Unusable(files.why.unwrap_or(Why::NoFiles)),
    };
    let here = &eyes.environment.python_release;
    let refuses = |at: &u32| project.pythons.get(*at as usize).is_some_and(|python| !python.allows(here));
    python.filter(refuses).map_or(State::Usable, State::NeedsPython)
}

/// A number and what stands behind it, the greatest being the newest; none is the oldest.
type BuildTag<'a> = Option<(u64, &'a str)>;

/// The build of a wheel, the third of six parts of its name.
fn build_tag(filename: &str) -> BuildTag<'_> {
    let parts: Vec<&str> = filename.split('-').collect();
    let [_, _, build, _, _, _] = parts.as_slice() else { return None };
    let end = build.find(|c: char| !c.is_ascii_digit()).unwrap_or(build.len());
    Some((build[..end].parse().ok()?, &build[end..]))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn builds_are_ordered_by_number() {
        let build =
            |part: &str| build_tag(&format!("a-1-{part}cp312-cp312-win32.whl")).map(|(n, rest)| (n, rest.to_owned()));
        assert_eq!(build(""), None);
        assert!(build("2-") > build("1_x-") && build("10-") > build("9-") && build("1-") > build(""));
        assert_eq!(build("x-"), None);
    }
}
