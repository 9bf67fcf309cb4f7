//! From the search's choices to a graph: extras and conditions are folded into their projects.

use std::collections::{BTreeMap, BTreeSet};

use gleaner_model::Text;

use super::search::Search;
use super::search::asks::{Asks, NO_EXTRA};
use super::search::needs::Needs;
use crate::{Edge, EdgeKind, Graph, Node, ROOT};

/// What was chosen: of each project the position of the release, and its extras.
#[derive(Debug, Default)]
pub(super) struct Chosen(pub(super) BTreeMap<u32, (usize, BTreeSet<u32>)>);

impl Chosen {
    pub(super) fn of(decided: &[(Asks, usize)]) -> Self {
        let mut chosen = Self::default();
        for (asks, at) in decided {
            let Some(project) = asks.project() else { continue };
            let (_, extras) = chosen.0.entry(project).or_insert((*at, BTreeSet::new()));
            extras.extend(asks.extra());
        }
        chosen
    }

    /// Is every choice the first candidate of something that was asked? Then nothing behind first candidates mattered,
    /// and any change that matters changes one of them.
    pub(super) fn are_first(&self, search: &mut Search<'_, '_>) -> bool {
        let mut first = BTreeSet::new();
        for read in &search.reads {
            let project = search.world.question(*read).0;
            let chosen = self.0.get(&project).map(|(at, _)| *at);
            if chosen.is_some() && search.world.first_answer(*read) == chosen {
                first.insert(project);
            }
        }
        first.len() == self.0.len()
    }
}

pub(super) fn build(search: &mut Search<'_, '_>, chosen: &Chosen) -> Graph {
    let snapshot = search.snapshot;
    let world = &mut *search.world;
    let mut nodes: Vec<(Node, u32, &pep440_rs::Version)> = Vec::with_capacity(chosen.0.len());
    for (project, (at, _)) in &chosen.0 {
        let Some(release) = world.release(*project, *at) else { continue };
        let name = Text::from(world.projects[*project as usize].name.as_str());
        nodes.push((Node { name, version: release.number.clone(), path: None }, *project, &release.version));
    }
    nodes.sort_by(|a, b| (&a.0.name, a.2).cmp(&(&b.0.name, b.2)));
    let places: BTreeMap<u32, u32> = (0..).zip(&nodes).map(|(at, (_, project, _))| (*project, at)).collect();
    let nodes: Vec<Node> = nodes.into_iter().map(|(node, ..)| node).collect();
    let mut edges = Vec::new();
    let mut add = |from: u32, needs: &Needs, world: &super::search::world::World| {
        let Needs::These(needs) = needs else { return };
        for need in needs {
            let Some(to) = places.get(&need.project).filter(|to| **to != from) else { continue };
            let requirement = world.question(need.read).1.clone();
            edges.push(Edge { from, to: *to, kind: EdgeKind::Normal, requirement });
        }
    };
    add(ROOT, &search.root_needs, world);
    for (project, (at, extras)) in &chosen.0 {
        let Some(from) = places.get(project).copied() else { continue };
        for extra in std::iter::once(NO_EXTRA).chain(extras.iter().copied()) {
            let needs = world.needs(*project, *at, extra, snapshot);
            add(from, &needs, world);
        }
    }
    edges.sort_unstable();
    edges.dedup();
    Graph { nodes, edges }
}
