//! A platform's part of the graph.
//!
//! A lock file holds what any platform and any feature of the root could need. What a build for one platform needs is
//! less: dependencies of other platforms go, and so do optional ones that only such dependencies, dev-dependencies or
//! features of the root that are off would turn on. That is what `cargo tree --target T -e normal,build` shows.
//!
//! A package can be there twice, built for the target and for the host where build scripts and procedural macros run, with
//! other features each. Both are one node here; its edges are those of either.
//!
//! **What cannot be known.** Which crates are procedural macros stands in their archives and not in the index; see
//! [`is_macro`].
//!
//! Rules: cargo's `src/cargo/ops/tree/graph.rs`; which features are on: [`features`].

mod features;

use foldhash::fast::FixedState;

use super::graph::{Chosen, edges};
use super::memo::{CandidateId, Known, NONE};
use super::platform::Target;
use super::prepared::Prepared;
use super::root::{ResolverVersion, RootData};
use super::search::Met;
use super::snapshot::{DependencyData, DependencyId, DependencyKind, FeatureTable};
use crate::{Graph, ROOT};
use features::Features;

type HashMap<K, V> = hashbrown::HashMap<K, V, FixedState>;

/// Crates that procedural macros are written with. Hardly anything else needs them to run.
const MACRO_KIT: [&str; 3] = ["proc-macro2", "quote", "syn"];

/// A chosen package and the side that it is built for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
struct Unit {
    /// Its position, or [`ROOT`].
    at: u32,
    /// For the host, and not for the target?
    host: bool,
}

/// What is chosen, and how a platform looks at it.
struct World<'a, 'k> {
    chosen: &'a Chosen,
    known: &'a Known<'k>,
    prepared: &'a Prepared,
    root: &'a RootData,
    macros: Vec<bool>,
    /// Whether dependencies of some platforms only apply to the target, and to the host.
    applying: HashMap<DependencyId, [bool; 2]>,
}

/// What of the choices a build for `target` needs.
pub(super) fn graph(
    chosen: &Chosen,
    known: &Known<'_>,
    prepared: &Prepared,
    root: &RootData,
    target: &Target,
) -> Graph {
    let world = World::new(chosen, known, prepared, root, target);
    let features = Features::of(&world);
    let mut seen = vec![[false; 2]; chosen.nodes.len()];
    let mut met = Vec::new();
    let mut open = vec![world.start()];
    while let Some(unit) = open.pop() {
        for edge in world.edges(unit.at) {
            let dependency = known.dependency(edge.dependency);
            if !world.is_shown(unit, edge.dependency, dependency, &features) {
                continue;
            }
            met.push(*edge);
            let child = world.child(unit, edge.child, dependency, true);
            let seen = &mut seen[child.at as usize][usize::from(child.host)];
            if !*seen {
                *seen = true;
                open.push(child);
            }
        }
    }
    part(chosen, known, &seen, met)
}

/// The nodes that were seen, and these edges between them.
fn part(chosen: &Chosen, known: &Known<'_>, seen: &[[bool; 2]], mut met: Vec<Met>) -> Graph {
    let (mut renamed, mut nodes) = (vec![NONE; seen.len()], Vec::new());
    for (at, _) in (0_u32..).zip(seen).filter(|(_, sides)| sides[0] || sides[1]) {
        renamed[at as usize] = u32::try_from(nodes.len()).expect("not more than there were");
        nodes.push(chosen.node(at, known));
    }
    for edge in &mut met {
        edge.child = renamed[edge.child as usize];
        if edge.parent != ROOT {
            edge.parent = renamed[edge.parent as usize];
        }
    }
    met.sort_unstable();
    met.dedup();
    Graph { nodes, edges: edges(&met, known) }
}

impl<'a, 'k> World<'a, 'k> {
    fn new(
        chosen: &'a Chosen,
        known: &'a Known<'k>,
        prepared: &'a Prepared,
        root: &'a RootData,
        target: &'a Target,
    ) -> Self {
        let macros = chosen.nodes.iter().map(|id| is_macro(*id, known)).collect();
        let (host, mut applying) = (Target::host(), HashMap::default());
        for id in chosen.edges.iter().map(|edge| edge.dependency) {
            if let Some(platform) = &known.dependency(id).platform {
                applying.entry(id).or_insert_with(|| [platform.includes(target), platform.includes(&host)]);
            }
        }
        Self { chosen, known, prepared, root, macros, applying }
    }

    fn start(&self) -> Unit {
        Unit { at: ROOT, host: self.root.is_macro }
    }

    fn edges(&self, at: u32) -> &'a [Met] {
        let all = &self.chosen.edges;
        match at {
            ROOT => &all[self.chosen.first[self.chosen.nodes.len()] as usize..],
            at => &all[self.chosen.first[at as usize] as usize..self.chosen.first[at as usize + 1] as usize],
        }
    }

    /// The features that a package has.
    fn table(&self, at: u32) -> &FeatureTable {
        if at == ROOT {
            return &self.prepared.features;
        }
        let candidate = self.known.memo.candidates[self.chosen.nodes[at as usize] as usize];
        let versions = self.known.snapshot.versions(candidate.of).expect("it was chosen");
        versions.features(candidate.version as usize)
    }

    /// The side that a dependency is built for. What the host needs is built for the host.
    fn child(&self, unit: Unit, child: u32, dependency: &DependencyData, sides: bool) -> Unit {
        let needed_by_host = dependency.kind == DependencyKind::Build || self.macros[child as usize];
        Unit { at: child, host: sides && (unit.host || needed_by_host) }
    }

    /// Does the dependency apply where it is needed?
    fn applies(&self, unit: Unit, id: DependencyId, dependency: &DependencyData) -> bool {
        dependency.platform.is_none() || {
            let on_host = unit.host || dependency.kind == DependencyKind::Build;
            self.applying[&id][usize::from(on_host)]
        }
    }

    fn is_shown(&self, unit: Unit, id: DependencyId, dependency: &DependencyData, features: &Features) -> bool {
        dependency.kind != DependencyKind::Dev
            && self.applies(unit, id, dependency)
            && (!dependency.optional || features.has_dependency(unit, dependency.name))
    }

    /// Do features differ between sides, platforms and kinds?
    fn tells_apart(&self) -> bool {
        self.root.resolver != ResolverVersion::One
    }
}

/// Is this version a procedural macro, as far as the index lets one guess? It is taken for one if it needs, wherever it
/// runs, a crate of the kit that they are written with. Macros that are written without the kit are missed; nearly all of
/// them need nothing, and then it makes no difference. Libraries that handle Rust's syntax at run time are taken for
/// macros: what they need is then counted for the host.
fn is_macro(id: CandidateId, known: &Known<'_>) -> bool {
    let candidate = known.memo.candidates[id as usize];
    let versions = known.snapshot.versions(candidate.of).expect("it was chosen");
    let is_kit = |name: &str| MACRO_KIT.contains(&name);
    let mut needs = versions.dependencies(candidate.version as usize).iter().map(|id| known.dependency(*id));
    !is_kit(known.crate_name(candidate.of))
        && needs.any(|need| {
            need.kind == DependencyKind::Normal
                && !need.optional
                && need.platform.is_none()
                && is_kit(known.crate_name(need.target))
        })
}
