//! What a release needs here, worked out once for all resolutions of one environment.
//!
//! A requirement counts if its marker holds, by itself or by the extra that is asked for, and becomes a package of the
//! search with a set of places. As in uv (`crates/uv-resolver/src/resolver/mod.rs`, `flatten_requirements`), extras of
//! the project itself are replaced by what they need.

use std::collections::VecDeque;
use std::sync::Arc;

use gleaner_model::PackageName;
use pep508_rs::{ExtraName, MarkerTree};

use super::asks::{ALWAYS, Asks, NO_EXTRA, Why};
use super::world::World;
use crate::pypi::requirement::{Asked, Requirement, applies};
use crate::pypi::snapshot::{Project, PypiSnapshot, Requirements};
use crate::pypi::versions::line::Versions;

/// What is known of a release's needs.
#[derive(Debug)]
pub(in crate::pypi) enum Needs {
    These(Vec<Need>),
    /// Nobody knows.
    Unknown,
    Unusable(Why),
    /// Something that no registry has, as it was written: uv refuses all then, and does not look for another version.
    Elsewhere(String),
}

/// A need.
#[derive(Clone, Debug)]
pub(in crate::pypi) struct Need {
    pub(in crate::pypi) asks: Asks,
    pub(in crate::pypi) project: u32,
    /// Everything if nothing is known of the project.
    pub(in crate::pypi) versions: Versions,
    /// Does it ask for just one version?
    pub(in crate::pypi) is_pin: bool,
    /// What was asked of the snapshot: its number in the world.
    pub(in crate::pypi) read: u32,
}

/// A requirement that counts, under what is left of its marker.
struct Counting {
    requirement: Arc<Requirement>,
    condition: MarkerTree,
}

impl World {
    /// What a release needs, with one of its extras or (`NO_EXTRA`) without any.
    pub(in crate::pypi) fn needs(
        &mut self,
        project: u32,
        at: usize,
        extra: u32,
        snapshot: &PypiSnapshot,
    ) -> Arc<Needs> {
        let key = (u32::try_from(at).unwrap_or(u32::MAX), extra);
        let Some(candidates) = self.projects[project as usize].candidates.as_ref() else {
            return Arc::new(Needs::Unknown);
        };
        if let Some(known) = candidates.needs.get(&key) {
            return Arc::clone(known);
        }
        let known = Arc::clone(&candidates.project);
        let needs = Arc::new(self.work_out(project, &known, (at, extra), snapshot));
        if let Some(candidates) = self.projects[project as usize].candidates.as_mut() {
            candidates.needs.insert(key, Arc::clone(&needs));
        }
        needs
    }

    fn work_out(
        &mut self,
        number: u32,
        project: &Project,
        (at, extra): (usize, u32),
        snapshot: &PypiSnapshot,
    ) -> Needs {
        let positions = match &project.releases[at].requirements {
            Requirements::Unknown => return Needs::Unknown,
            Requirements::Malformed => return Needs::Unusable(Why::Malformed),
            Requirements::Known(positions) => positions,
        };
        let all = positions.iter().filter_map(|at| project.requirements.get(*at as usize));
        let all: Vec<Arc<Requirement>> = all.map(|requirement| Arc::new(requirement.clone())).collect();
        let name = self.projects[number as usize].name.clone();
        // What is no name of an extra is asked for by nothing.
        let extra_name = if extra == NO_EXTRA { None } else { self.extras[extra as usize].parse().ok() };
        if extra != NO_EXTRA && extra_name.is_none() {
            return Needs::These(Vec::new());
        }
        let counting = self.flattened(&all, &name, extra_name.as_ref());
        self.all_of(&counting, snapshot)
    }

    /// What requirements of a manifest need: under their markers, which know no extras.
    pub(in crate::pypi) fn needs_of_manifest(
        &mut self,
        requirements: &[Requirement],
        snapshot: &PypiSnapshot,
    ) -> Needs {
        let all: Vec<Arc<Requirement>> = requirements.iter().map(|requirement| Arc::new(requirement.clone())).collect();
        let counting = self.counting(&all, None);
        self.all_of(&counting, snapshot)
    }

    fn all_of(&mut self, counting: &[Counting], snapshot: &PypiSnapshot) -> Needs {
        let mut needs = Vec::with_capacity(counting.len());
        for one in counting {
            if matches!(one.requirement.asked, Asked::Elsewhere) {
                return Needs::Elsewhere(one.requirement.shown());
            }
            if !self.add(one, snapshot, &mut needs) {
                return Needs::Unusable(Why::Impossible);
            }
        }
        Needs::These(needs)
    }

    /// Adds what a requirement asks for; false if no version can be that.
    fn add(&mut self, one: &Counting, snapshot: &PypiSnapshot, needs: &mut Vec<Need>) -> bool {
        let requirement = &one.requirement;
        let project = self.number(&requirement.name, snapshot);
        let (versions, is_pin) = match &mut self.projects[project as usize].candidates {
            Some(candidates) => candidates.asked(requirement),
            None if requirement.is_impossible() => (Versions::empty(), false),
            None => (Versions::full(), false),
        };
        if versions == Versions::empty() {
            return false;
        }
        let condition = self.condition(&one.condition);
        let read = self.read(project, &requirement.text);
        let mut add = |asks| needs.push(Need { asks, project, versions: versions.clone(), is_pin, read });
        if requirement.extras.is_empty() {
            add(if condition == ALWAYS { Asks::base(project) } else { Asks::Conditional { project, condition } });
        }
        for extra in &requirement.extras {
            add(Asks::Extra { project, extra: self.extras.number(extra.as_str()), condition });
        }
        true
    }

    fn counting(&self, all: &[Arc<Requirement>], extra: Option<&ExtraName>) -> Vec<Counting> {
        let one = |requirement: &Arc<Requirement>| {
            let condition = requirement.marker.condition(extra);
            let counts = applies(&condition, self.markers());
            counts.then(|| Counting { requirement: Arc::clone(requirement), condition })
        };
        all.iter().filter_map(one).collect()
    }

    /// What counts, with what the project's own extras stand for in their place.
    fn flattened(&self, all: &[Arc<Requirement>], name: &PackageName, extra: Option<&ExtraName>) -> Vec<Counting> {
        let mut counting = self.counting(all, extra);
        let is_own = |one: &Counting| one.requirement.name == *name && !one.requirement.extras.is_empty();
        if !counting.iter().any(is_own) {
            return counting;
        }
        let own_extras = |one: &Counting| {
            let extras = one.requirement.extras.clone();
            extras.into_iter().map(|extra| (extra, one.condition.clone())).collect::<Vec<_>>()
        };
        let mut queue: VecDeque<(String, MarkerTree)> =
            counting.iter().filter(|one| is_own(one)).flat_map(own_extras).collect();
        let mut seen: Vec<(String, MarkerTree)> = Vec::new();
        while let Some((extra, condition)) = queue.pop_front() {
            let known = (extra, condition);
            if seen.contains(&known) {
                continue;
            }
            let of_extra = known.0.parse::<ExtraName>().map(|extra| self.counting(all, Some(&extra)));
            for mut one in of_extra.unwrap_or_default() {
                one.condition.and(known.1.clone());
                if !applies(&one.condition, self.markers()) {
                    continue;
                }
                if is_own(&one) {
                    queue.extend(own_extras(&one));
                }
                counting.push(one);
            }
            seen.push(known);
        }
        replace_own(counting, is_own)
    }
}

/// Requirements of the project's own extras go; what versions they ask for stays.
fn replace_own(counting: Vec<Counting>, is_own: impl Fn(&Counting) -> bool) -> Vec<Counting> {
    let (own, mut rest): (Vec<Counting>, Vec<Counting>) = counting.into_iter().partition(is_own);
    for one in own {
        let narrows = matches!(&one.requirement.asked, Asked::Versions(specifiers) if !specifiers.is_empty());
        if narrows {
            let requirement = Requirement { extras: Vec::new(), ..Requirement::clone(&one.requirement) };
            rest.push(Counting { requirement: Arc::new(requirement), ..one });
        }
    }
    rest
}
