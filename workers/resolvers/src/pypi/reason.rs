//! Why nothing satisfies a manifest, in sentences.

use std::collections::BTreeSet;

use pubgrub::{DerivationTree, External};

use super::candidates::Versions;
use super::resolve::{Asks, Run};

type Tree = DerivationTree<Asks, Versions, String>;

/// The facts that contradict each other, each once.
pub(super) fn tell(tree: &Tree, run: &Run<'_, '_>) -> String {
    let mut facts = BTreeSet::new();
    // Trees are as deep as the search was long.
    let mut open = vec![tree];
    let mut seen = BTreeSet::new();
    while let Some(tree) = open.pop() {
        match tree {
            DerivationTree::External(external) => facts.extend(fact(external, run)),
            DerivationTree::Derived(derived) => {
                if derived.shared_id.is_none_or(|id| seen.insert(id)) {
                    open.extend([&*derived.cause1, &*derived.cause2]);
                }
            }
        }
    }
    let facts: Vec<String> = facts.into_iter().map(|(_, fact)| fact).collect();
    match facts.split_last() {
        None => "The requirements contradict each other.".to_owned(),
        Some((last, [])) => format!("Because {last}, the requirements cannot be satisfied."),
        Some((last, facts)) => {
            format!("Because {}, and {last}, the requirements cannot be satisfied.", facts.join(", "))
        }
    }
}

/// One of them, what the manifest says first.
fn fact(external: &External<Asks, Versions, String>, run: &Run<'_, '_>) -> Option<(u8, String)> {
    match external {
        External::NotRoot(..) => None,
        External::NoVersions(asks, versions) => {
            Some((2, format!("{} has no version that can be used here", shown(*asks, versions, run))))
        }
        External::FromDependencyOf(Asks::Root, _, asks, versions) => {
            Some((0, format!("you require {}", needed(*asks, versions, run))))
        }
        // An extra needs its own project.
        External::FromDependencyOf(Asks::Extra(of, _), _, Asks::Base(base), _) if of == base => None,
        External::FromDependencyOf(asks, of, needs, versions) => {
            Some((1, format!("{} depends on {}", shown(*asks, of, run), needed(*needs, versions, run))))
        }
        External::Custom(asks, versions, why) => Some((2, format!("{} {why}", shown(*asks, versions, run)))),
    }
}

fn needed(asks: Asks, versions: &Versions, run: &Run<'_, '_>) -> String {
    let (Asks::Base(project) | Asks::Extra(project, _)) = asks else { return "the root".to_owned() };
    let known = &run.projects[project as usize];
    let exists = known.candidates.as_ref().is_none_or(|candidates| !candidates.project.releases.is_empty());
    if !exists {
        return format!("{}, which does not exist", known.name.as_str());
    }
    if *versions == Versions::empty() {
        return format!("versions of {} that do not exist", known.name.as_str());
    }
    shown(asks, versions, run)
}

/// Name and versions: `a (1.0 to 1.4, 2.0)`.
fn shown(asks: Asks, versions: &Versions, run: &Run<'_, '_>) -> String {
    let (project, extra) = match asks {
        Asks::Root => return "the root".to_owned(),
        Asks::Base(project) => (project, String::new()),
        Asks::Extra(project, extra) => (project, format!("[{}]", run.extras[extra as usize])),
    };
    let known = &run.projects[project as usize];
    let name = format!("{}{extra}", known.name.as_str());
    let releases = known.candidates.as_ref().map_or(&[][..], |candidates| &candidates.project.releases);
    let mut runs: Vec<(&str, &str)> = Vec::new();
    let mut last_in = false;
    for (at, release) in (0_u32..).zip(releases) {
        let is_in = versions.contains(&at);
        match runs.last_mut() {
            Some((_, end)) if is_in && last_in => *end = &release.number,
            _ if is_in => runs.push((&release.number, &release.number)),
            _ => {}
        }
        last_in = is_in;
    }
    let all = releases.iter().zip(0_u32..).all(|(_, at)| versions.contains(&at));
    if all || runs.is_empty() {
        return name;
    }
    let runs: Vec<String> =
        runs.iter().map(|(from, to)| if from == to { (*from).to_owned() } else { format!("{from} to {to}") }).collect();
    format!("{name} ({})", runs.join(", "))
}
