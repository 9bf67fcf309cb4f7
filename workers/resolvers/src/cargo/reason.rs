//! Why there is no graph, in sentences that a person can act on.

use std::collections::{HashMap, VecDeque};
use std::fmt::Write;

use super::memo::{CandidateId, Failure, Known, ROOT, is_offered};
use super::root::RootData;
use super::search::{Blame, Met, State, Unmet};
use super::snapshot::{CrateId, TextId, VersionData};

/// Versions that are listed at most.
const LISTED: usize = 5;

/// What reasons are told from.
pub(super) struct Teller<'a, 'k> {
    pub(super) known: &'a Known<'k>,
    pub(super) root: &'a RootData,
    pub(super) state: &'a State,
}

impl Teller<'_, '_> {
    /// A need that cannot be met.
    pub(super) fn unmet(&self, unmet: &Unmet) -> String {
        let info = self.known.memo.infos[unmet.info as usize];
        let list = self.known.memo.lists[info.list as usize];
        let name = self.known.crate_name(list.of);
        let requirement = &self.known.requirement(list.requirement).text;
        let path = self.path(unmet.parent);
        if list.len() == 0 {
            return format!("{}; it is needed by {path}", self.nothing_matches(list.of, requirement));
        }
        let fitting = self.known.memo.listed[list.first as usize..list.end as usize].iter();
        let fitting = listed(fitting.map(|id| &*self.known.version(*id).number));
        let mut said = format!(
            "no version of `{name}` can be chosen for the requirement `{requirement}` of {path}. Versions that satisfy it: {fitting}"
        );
        for (id, blame) in unmet.blame.iter().rev() {
            let _ = write!(said, "\n{}", self.blame(*id, *blame, name));
        }
        said
    }

    fn blame(&self, id: CandidateId, blame: Blame, name: &str) -> String {
        match blame {
            Blame::Compatible => format!(
                "{} is chosen already, and of versions that are compatible with each other there can be one: {}",
                self.title(id),
                self.asked_by(id)
            ),
            Blame::Links(library) => format!(
                "`{name}` links the native library `{}`, as {} does, and only one package of a graph may: {}",
                self.known.text(library),
                self.title(id),
                self.asked_by(id)
            ),
            Blame::Feature(failure) => self.feature(id, name, failure),
        }
    }

    fn feature(&self, parent: CandidateId, name: &str, failure: Failure) -> String {
        let parent = self.title(parent);
        let asks = |feature: TextId| {
            format!(
                "{parent} asks for the feature `{}` of `{name}`, which has no such feature",
                self.known.text(feature)
            )
        };
        match failure {
            Failure::Missing(feature) => asks(feature),
            Failure::NotOptional(feature) => {
                format!("{}: it has a dependency of that name, which is not optional", asks(feature))
            }
            Failure::Hidden(feature) => {
                format!("{}: it has an optional dependency of that name, behind `dep:`", asks(feature))
            }
            Failure::Cycle(_) | Failure::Elsewhere(_) => String::new(),
        }
    }

    /// What ends cargo at once.
    pub(super) fn fatal(&self, id: CandidateId, failure: Failure) -> String {
        match failure {
            Failure::Cycle(feature) => {
                format!("the feature `{}` of {} includes itself", self.known.text(feature), self.title(id))
            }
            Failure::Elsewhere(dependency) => {
                let dependency = self.known.dependency(dependency);
                format!(
                    "{} needs `{}` from another registry ({}), of which nothing is known here",
                    self.title(id),
                    self.known.crate_name(dependency.target),
                    dependency.registry.as_deref().unwrap_or_default(),
                )
            }
            Failure::Missing(feature) | Failure::NotOptional(feature) | Failure::Hidden(feature) => {
                format!("{} has no feature `{}`", self.title(id), self.known.text(feature))
            }
        }
    }

    fn nothing_matches(&self, of: CrateId, requirement: &str) -> String {
        let name = self.known.crate_name(of);
        let snapshot = self.known.snapshot;
        let Some(versions) = snapshot.crate_id(name).and_then(|id| snapshot.versions(id)) else {
            let similar = snapshot.similar(name).map(|other| format!(" (there is `{other}`)"));
            return format!("there is no crate `{name}`{}", similar.unwrap_or_default());
        };
        let before_ms = self.known.memo.key.and_then(|key| key.before_ms);
        let matches = |version: &&VersionData| {
            semver::VersionReq::parse(requirement).is_ok_and(|requirement| requirement.matches(&version.version))
        };
        let why = |version: &VersionData| match &version.invalid {
            _ if version.yanked => format!("{} is yanked", version.number),
            Some(what) => format!("the index line of {} makes no sense: {what}", version.number),
            None => format!("{} was published later", version.number),
        };
        let hidden: Vec<String> = versions
            .all
            .iter()
            .rev()
            .filter(matches)
            .filter(|v| !is_offered(v, before_ms))
            .take(LISTED)
            .map(why)
            .collect();
        if !hidden.is_empty() {
            return format!(
                "no version of `{name}` satisfies `{requirement}` and may be chosen ({})",
                hidden.join("; ")
            );
        }
        let offered: Vec<&VersionData> = versions.all.iter().rev().filter(|v| is_offered(v, before_ms)).collect();
        let there = listed(offered.iter().map(|version| &*version.number));
        let only_before = offered.iter().all(|version| !version.version.pre.is_empty()) && !offered.is_empty();
        let hint = if only_before { "; a pre-release is chosen only by a requirement that names one" } else { "" };
        let there = if there.is_empty() { "it has none to offer".to_owned() } else { format!("there are {there}") };
        format!("no version of `{name}` satisfies `{requirement}`: {there}{hint}")
    }

    /// A version by its name, or the root.
    pub(super) fn title(&self, id: CandidateId) -> String {
        if id == ROOT {
            return self.root.title();
        }
        let candidate = self.known.memo.candidates[id as usize];
        format!("`{} {}`", self.known.crate_name(candidate.of), self.known.version(id).number)
    }

    fn asked_by(&self, id: CandidateId) -> String {
        let met = self.state.met.iter().find(|met| met.child == id);
        let Some(met) = met else { return "it is the root's".to_owned() };
        let requirement = &self.known.requirement(self.known.dependency(met.dependency).requirement).text;
        format!("`{requirement}` is asked for by {}", self.path(met.parent))
    }

    /// The shortest way from a version to the root: `b 1.0`, needed by `a 1.0`, needed by the root.
    fn path(&self, from: CandidateId) -> String {
        let mut parent_of: HashMap<CandidateId, Vec<CandidateId>> = HashMap::new();
        for Met { parent, child, .. } in &self.state.met {
            parent_of.entry(*child).or_default().push(*parent);
        }
        let (mut queue, mut via) = (VecDeque::from([from]), HashMap::from([(from, from)]));
        while let Some(at) = queue.pop_front().filter(|at| *at != ROOT) {
            for parent in parent_of.get(&at).into_iter().flatten() {
                via.entry(*parent).or_insert_with(|| {
                    queue.push_back(*parent);
                    at
                });
            }
        }
        let mut way = vec![ROOT];
        while let Some(next) = via.get(way.last().unwrap_or(&from)).filter(|next| *next != way.last().unwrap_or(next)) {
            way.push(*next);
        }
        way.reverse();
        if way.first() != Some(&from) {
            way = vec![from];
        }
        way.iter().map(|id| self.title(*id)).collect::<Vec<_>>().join(", needed by ")
    }
}

/// The first of some numbers.
fn listed<'a>(numbers: impl Iterator<Item = &'a str>) -> String {
    let numbers: Vec<&str> = numbers.take(LISTED + 1).collect();
    let mut said = numbers.iter().take(LISTED).copied().collect::<Vec<_>>().join(", ");
    if numbers.len() > LISTED {
        said.push_str(", …");
    }
    said
}
