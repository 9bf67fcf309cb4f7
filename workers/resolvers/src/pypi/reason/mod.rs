//! Why nothing satisfies a manifest, in sentences.
//!
//! The problem: the search proves a contradiction from hundreds of small facts, one for each version that it set aside.
//! A person wants to know which few lines to change: what the manifest asks for, who asks for what does not go with it,
//! and what could not be used and why. So facts that differ in the version alone become one, and they come in that order.

mod shown;

use std::collections::BTreeMap;
use std::ops::Bound;
use std::sync::Arc;

use pubgrub::{DerivationTree, External};

use self::shown::{listed, shown, unusable};
use super::requirement::Requirement;
use super::search::asks::{Asks, NO_EXTRA, Why};
use super::search::needs::Needs;
use super::search::{Proof, Search};
use super::versions::line::{Versions, positions};

/// Facts beyond which the rest is only counted.
const FACTS_MAX: usize = 12;

/// A fact without the versions that it is true of, the most telling first.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
enum Fact {
    /// A project, or one of its extras, depends on this.
    Depends(u32, u32, String),
    NeedsPython(u32, String),
    Unusable(u32, Why),
    NoVersions(u32),
    /// The manifest asks for this.
    Required(String),
}

/// The facts that contradict each other, each once.
pub(super) fn tell(proof: Proof, search: &mut Search<'_, '_>) -> String {
    let facts = facts(&proof, search);
    take_apart(proof);
    let mut sentences: Vec<String> =
        facts.iter().filter_map(|(fact, versions)| sentence(fact, versions, search)).collect();
    let required: Vec<String> = facts
        .keys()
        .filter_map(|fact| match fact {
            Fact::Required(what) => Some(what.clone()),
            _ => None,
        })
        .collect();
    if sentences.len() > FACTS_MAX {
        let more = sentences.len() - FACTS_MAX;
        sentences.truncate(FACTS_MAX);
        sentences.push(format!("{more} more such facts hold"));
    }
    if !required.is_empty() {
        sentences.push(format!("you require {}", listed(&required)));
    }
    if sentences.is_empty() {
        return "Your requirements contradict each other.".to_owned();
    }
    format!("Because {}, your requirements cannot be satisfied.", listed(&sentences))
}

/// Lets go of a proof piece by piece. By itself each part would let go of its own causes before it ends, as deep as the
/// search was long, which is deeper than a stack.
fn take_apart(proof: Proof) {
    let mut open = vec![Arc::new(proof)];
    while let Some(proof) = open.pop() {
        if let Some(DerivationTree::Derived(derived)) = Arc::into_inner(proof) {
            open.extend([derived.cause1, derived.cause2]);
        }
    }
}

/// Something needs what is in no registry.
pub(super) fn elsewhere(asks: Asks, at: usize, what: &str, search: &Search<'_, '_>) -> String {
    let world = &*search.world;
    let release = asks.project().and_then(|project| Some((project, world.release(project, at)?)));
    let who = match release {
        None => "you require".to_owned(),
        Some((project, release)) => {
            format!("{}=={} depends on", world.projects[project as usize].name.as_str(), release.version)
        }
    };
    format!(
        "Because {who} `{what}`, and only what a registry offers can be resolved, your requirements cannot be satisfied."
    )
}

fn facts(proof: &Proof, search: &mut Search<'_, '_>) -> BTreeMap<Fact, Versions> {
    let mut facts = BTreeMap::new();
    // Proofs are as deep as the search was long.
    let mut open = vec![proof];
    let mut seen = std::collections::BTreeSet::new();
    while let Some(proof) = open.pop() {
        match proof {
            DerivationTree::External(external) => {
                if let Some((fact, versions)) = fact(external, search) {
                    let known = facts.entry(fact).or_insert_with(Versions::empty);
                    *known = known.union(&versions);
                }
            }
            DerivationTree::Derived(derived) => {
                if derived.shared_id.is_none_or(|id| seen.insert(id)) {
                    open.extend([&*derived.cause1, &*derived.cause2]);
                }
            }
        }
    }
    facts
}

fn fact(external: &External<Asks, Versions, Why>, search: &mut Search<'_, '_>) -> Option<(Fact, Versions)> {
    match external {
        External::NotRoot(..) | External::NoVersions(Asks::Root | Asks::Python, _) => None,
        External::NoVersions(asks, versions) => Some((Fact::NoVersions(asks.project()?), versions.clone())),
        External::FromDependencyOf(asks, versions, Asks::Python, _) => {
            let project = asks.project()?;
            Some((Fact::NeedsPython(project, python_of(project, versions, search)?), versions.clone()))
        }
        External::FromDependencyOf(Asks::Root, _, needs, versions) => {
            Some((Fact::Required(required(*needs, versions, search)), Versions::empty()))
        }
        External::FromDependencyOf(Asks::Base { project, extra, .. }, of, needs, versions) => {
            let needed = needed(*project, *extra, of, (*needs, versions), search);
            Some((Fact::Depends(*project, *extra, needed), of.clone()))
        }
        // A stand-in needs what it stands for.
        External::FromDependencyOf(..) => None,
        External::Custom(Asks::Root, ..) => Some((Fact::Required(impossible(search)), Versions::empty())),
        External::Custom(asks, versions, why) => Some((Fact::Unusable(asks.project()?, *why), versions.clone())),
    }
}

/// The first known release among these.
fn first_in(project: u32, versions: &Versions, search: &Search<'_, '_>) -> Option<usize> {
    let known = search.world.project(project)?.releases.len();
    versions.iter().map(|(low, high)| positions(low, high, known)).find(|(from, to)| from < to).map(|(from, _)| from)
}

fn python_of(project: u32, versions: &Versions, search: &mut Search<'_, '_>) -> Option<String> {
    let at = first_in(project, versions, search)?;
    let known = search.world.project(project)?;
    let python = &search.world.environment().python_release;
    let asked = known.releases[at].files.iter().filter_map(|file| known.pythons.get(file.python? as usize));
    asked.into_iter().find(|asked| !asked.allows(python)).map(|asked| asked.text.clone())
}

/// What the manifest asks for, in its own words.
fn required(needs: Asks, versions: &Versions, search: &Search<'_, '_>) -> String {
    let Some(project) = needs.project() else { return String::new() };
    let known = &search.world.projects[project as usize];
    let asked = |text: &str| match known.candidates.as_ref().and_then(|candidates| candidates.asked_before(text)) {
        Some(asked) => asked == versions,
        None => *versions == Versions::full(),
    };
    let mut of_this =
        search.root.requirements.iter().chain(&search.root.constraints).filter(|one| one.name == known.name);
    of_this
        .find(|one| asked(&one.text))
        .map_or_else(|| shown(project, NO_EXTRA, versions, search.world), Requirement::shown)
}

/// What releases depend on, in their own words.
fn needed(
    project: u32,
    extra: u32,
    of: &Versions,
    (needs, versions): (Asks, &Versions),
    search: &mut Search<'_, '_>,
) -> String {
    let Some(target) = needs.project() else { return String::new() };
    let at = first_in(project, of, search);
    let known = at.map(|at| search.world.needs(project, at, extra, search.snapshot));
    if let Some(Needs::These(all)) = known.as_deref()
        && let Some(need) = all.iter().find(|need| need.asks == needs && need.versions == *versions)
    {
        let (_, text) = search.world.question(need.read);
        let extra =
            needs.extra().map_or_else(String::new, |extra| format!("[{}]", search.world.extras[extra as usize]));
        return format!("{}{extra}{text}", search.world.projects[target as usize].name.as_str());
    }
    shown(target, needs.extra().unwrap_or(NO_EXTRA), versions, search.world)
}

/// The requirement of the manifest that no version satisfies.
fn impossible(search: &Search<'_, '_>) -> String {
    let found = search.root.requirements.iter().find(|one| one.is_impossible());
    found.map_or_else(String::new, |one| format!("{}, which no version can satisfy", one.shown()))
}

fn sentence(fact: &Fact, versions: &Versions, search: &mut Search<'_, '_>) -> Option<String> {
    let world = &*search.world;
    match fact {
        Fact::Required(_) => None,
        Fact::Depends(project, extra, needed) => {
            Some(format!("{} depends on {needed}", shown(*project, *extra, versions, world)))
        }
        Fact::NeedsPython(project, python) => Some(format!(
            "{} needs Python {python} where this is {}",
            shown(*project, NO_EXTRA, versions, world),
            world.environment().python
        )),
        Fact::Unusable(project, Why::NoProject) => {
            Some(format!("there is no project {}", world.projects[*project as usize].name.as_str()))
        }
        Fact::Unusable(project, why) => {
            Some(format!("{} {}", shown(*project, NO_EXTRA, versions, world), unusable(*why, world.environment())))
        }
        Fact::NoVersions(project) => Some(none_of(*project, versions, search)),
    }
}

/// That there is no such version, and which is the newest that can be had.
fn none_of(project: u32, versions: &Versions, search: &mut Search<'_, '_>) -> String {
    let newest = search.world.first_usable(project, &Versions::full());
    let world = &*search.world;
    let name = world.projects[project as usize].name.as_str();
    let newest = newest.and_then(|at| world.release(project, at)).map(|release| &release.version);
    let range = shown(project, NO_EXTRA, versions, world);
    let is_all = versions.iter().any(|bounds| bounds == (Bound::Unbounded, Bound::Unbounded));
    match newest {
        Some(newest) if !is_all => format!("there is no {range} (the newest {name} for this environment is {newest})"),
        _ => format!("there is no version of {name} for this environment"),
    }
}
