//! From the search's choices to a graph: extras are folded into their projects.

use std::collections::{BTreeMap, BTreeSet};

use super::resolve::{Asks, Run};
use super::snapshot::Requirement;
use crate::{Edge, EdgeKind, Graph, Node, ROOT};

/// What was chosen: of each project the release, and its extras.
#[derive(Default)]
pub(super) struct Chosen(BTreeMap<u32, (u32, BTreeSet<u32>)>);

impl Chosen {
    pub(super) fn of(all: impl Iterator<Item = (Asks, u32)>) -> Self {
        let mut chosen = Self::default();
        for (asks, at) in all {
            match asks {
                Asks::Root => {}
                Asks::Base(project) => chosen.0.entry(project).or_insert((at, BTreeSet::new())).0 = at,
                Asks::Extra(project, extra) => {
                    chosen.0.entry(project).or_insert((at, BTreeSet::new())).1.insert(extra);
                }
            }
        }
        chosen
    }
}

pub(super) fn build(run: &Run<'_, '_>, chosen: &Chosen) -> Graph {
    let mut nodes: Vec<(Node, u32)> = chosen
        .0
        .iter()
        .filter_map(|(project, (at, _))| {
            let version = run.release(*project, *at)?.version.to_string();
            let name = run.projects[*project as usize].name.as_str().to_owned();
            Some((Node { name, version, path: None }, *project))
        })
        .collect();
    nodes.sort();
    let places: BTreeMap<u32, u32> = (0..).zip(&nodes).map(|(at, (_, project))| (*project, at)).collect();
    let mut edges = BTreeSet::new();
    let mut add = |from: u32, requirements: Vec<&Requirement>| {
        for requirement in requirements {
            let to = run.number_of(&requirement.name).and_then(|project| places.get(&project));
            if let Some(to) = to.filter(|to| **to != from) {
                let requirement = requirement.text.clone();
                edges.insert(Edge { from, to: *to, kind: EdgeKind::Normal, requirement });
            }
        }
    };
    add(ROOT, run.root_requirements());
    for (project, (at, extras)) in &chosen.0 {
        let Some(from) = places.get(project).copied() else { continue };
        add(from, run.requirements(*project, *at, None));
        for extra in extras {
            add(from, run.requirements(*project, *at, Some(*extra)));
        }
    }
    Graph { nodes: nodes.into_iter().map(|(node, _)| node).collect(), edges: edges.into_iter().collect() }
}
