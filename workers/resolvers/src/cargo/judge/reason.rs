//! What a proof says, in sentences.
//!
//! A proof is a tree as deep as the search was long. Its leaves are facts: who needs what, and what does not exist. A
//! person needs those, the root's first, and not the way in which they were put together.

use std::collections::HashSet;
use std::sync::Arc;

use pubgrub::{DerivationTree, External};

use super::super::root::RootData;
use super::model::{Asks, Model, Set, Why};

/// Facts that are told at most; more than that nobody reads.
const FACTS_MAX: usize = 12;

type Tree = DerivationTree<Asks, Set, Why>;

/// How near to the root a fact is, and the fact.
type Fact = (u8, String);

/// The facts that contradict each other, each once.
pub(super) fn tell(tree: Tree, model: &Model<'_, '_>, root: &RootData) -> String {
    let teller = Teller { model, root };
    let (mut facts, mut told, mut links) = (Vec::new(), HashSet::new(), false);
    take_apart(tree, |external| {
        links |= matches!(external, External::FromDependencyOf(_, _, Asks::Link(_), _));
        facts.extend(teller.fact(external).filter(|fact| told.insert(fact.clone())));
    });
    // Stable: of one kind the order of the proof remains.
    facts.sort_by_key(|(rank, _)| *rank);
    let more = facts.len().saturating_sub(FACTS_MAX);
    let mut said: Vec<String> = facts.into_iter().take(FACTS_MAX).map(|(_, fact)| fact).collect();
    if more > 0 {
        said.push(format!("{more} more of this kind"));
    }
    if links {
        said.push("only one package of a graph may link a native library".to_owned());
    }
    format!("the requirements contradict each other, whichever versions are chosen:\n{}", said.join("\n"))
}

/// Visits all leaves, and leaves nothing: each node is taken apart when the last that holds it is, so that neither walking
/// nor dropping a deep tree goes deep itself.
pub(super) fn take_apart(tree: Tree, mut visit: impl FnMut(&External<Asks, Set, Why>)) {
    let mut open = vec![Arc::new(tree)];
    while let Some(node) = open.pop() {
        match Arc::into_inner(node) {
            Some(DerivationTree::External(external)) => visit(&external),
            Some(DerivationTree::Derived(derived)) => open.extend([derived.cause1, derived.cause2]),
            None => {}
        }
    }
}

struct Teller<'a, 'm, 'k> {
    model: &'a Model<'m, 'k>,
    root: &'a RootData,
}

impl Teller<'_, '_, '_> {
    fn fact(&self, external: &External<Asks, Set, Why>) -> Option<Fact> {
        match external {
            External::NotRoot(..) => None,
            // A feature needs its own package.
            External::FromDependencyOf(Asks::Feature(of, _), _, Asks::Slot(slot), _) if of == slot => None,
            // What a wide need consists of is said by its requirement.
            External::FromDependencyOf(Asks::Wide(info), _, needed, versions) => {
                Some((2, format!("`{}` can be met by {}", self.requirement(*info), self.shown(*needed, versions))))
            }
            External::FromDependencyOf(asks, of, Asks::Link(link), _) => {
                let library = self.library(*asks, of).unwrap_or_else(|| format!("number {link}"));
                Some((1, format!("{} links the native library `{library}`", self.shown(*asks, of))))
            }
            External::FromDependencyOf(asks, of, needed, versions) => {
                let rank = u8::from(*asks != Asks::Root);
                Some((rank, format!("{} needs {}", self.shown(*asks, of), self.shown(*needed, versions))))
            }
            External::NoVersions(Asks::Feature(slot, feature), set) => {
                let feature = self.model.known.text(*feature);
                Some((3, format!("{} has no feature `{feature}`", self.shown(Asks::Slot(*slot), set))))
            }
            External::NoVersions(..) => None,
            External::Custom(asks, set, Why::Nothing(info)) => {
                let what = self.requirement(*info);
                Some((3, format!("{} needs `{what}`, of which there is no version", self.shown(*asks, set))))
            }
            External::Custom(asks, set, Why::Fatal) => {
                Some((3, format!("{} has features or dependencies that cargo refuses", self.shown(*asks, set))))
            }
            External::Custom(asks, set, Why::Itself) => {
                Some((3, format!("{} needs another version in its own place", self.shown(*asks, set))))
            }
        }
    }

    /// Name and versions: `` `a` 1.0.0 to 1.4.0, 1.6.0 ``.
    fn shown(&self, asks: Asks, set: &Set) -> String {
        match asks {
            Asks::Root => self.root.title(),
            Asks::Slot(slot) => self.versions(slot, set),
            Asks::Feature(slot, feature) => {
                format!("the feature `{}` of {}", self.model.known.text(feature), self.versions(slot, set))
            }
            Asks::Wide(info) => format!("`{}`", self.requirement(info)),
            Asks::Link(_) => "a native library".to_owned(),
        }
    }

    fn versions(&self, slot: u32, set: &Set) -> String {
        let slot = self.model.slot(slot);
        let mut runs: Vec<(&str, &str)> = Vec::new();
        let mut last_in = false;
        for (at, id) in &slot.versions {
            let (number, is_in) = (&*self.model.known.version(*id).number, set.contains(at));
            match runs.last_mut() {
                Some((_, end)) if is_in && last_in => *end = number,
                _ if is_in => runs.push((number, number)),
                _ => {}
            }
            last_in = is_in;
        }
        let name = self.model.known.crate_name(slot.of);
        let said = |(from, to): &(&str, &str)| {
            if from == to { (*from).to_owned() } else { format!("{from} to {to}") }
        };
        let runs: Vec<String> = runs.iter().map(said).collect();
        if runs.is_empty() { format!("no version of `{name}`") } else { format!("`{name}` {}", runs.join(", ")) }
    }

    /// A need's crate and requirement: `a ^1`.
    fn requirement(&self, info: u32) -> String {
        let known = &self.model.known;
        let list = known.memo.lists[known.memo.infos[info as usize].list as usize];
        format!("{} {}", known.crate_name(list.of), known.requirement(list.requirement).text)
    }

    fn library(&self, asks: Asks, set: &Set) -> Option<String> {
        let Asks::Slot(slot) = asks else { return self.root.links.clone() };
        let (_, id) = self.model.slot(slot).versions.iter().find(|(at, _)| set.contains(at))?;
        self.model.known.version(*id).links.map(|text| self.model.known.text(text).to_string())
    }
}
