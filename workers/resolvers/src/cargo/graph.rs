//! From choices to the graph that is answered.

use super::memo::{CandidateId, Known, NONE, ROOT};
use super::search::{Met, State};
use super::snapshot::DependencyKind;
use crate::{Edge, EdgeKind, Graph, Node};

/// Chosen versions, sorted, and who needs whom, by their positions.
#[derive(Default)]
pub(super) struct Chosen {
    /// Sorted by name and version.
    pub(super) nodes: Vec<CandidateId>,
    /// Sorted by beginning and end; each once.
    pub(super) edges: Vec<Met>,
    /// Positions in `nodes`, by the candidates' slots.
    positions: Vec<u32>,
}

pub(super) const fn edge_kind(kind: DependencyKind) -> EdgeKind {
    match kind {
        DependencyKind::Normal => EdgeKind::Normal,
        DependencyKind::Build => EdgeKind::Build,
        DependencyKind::Dev => EdgeKind::Dev,
    }
}

impl Chosen {
    /// Takes over what a search has chosen.
    pub(super) fn fill(&mut self, state: &State, known: &Known<'_>) {
        self.nodes.clear();
        self.nodes.extend(state.all_chosen());
        self.sort_nodes(known);
        self.positions.clear();
        self.positions.resize(known.memo.slots as usize, NONE);
        for (at, id) in (0_u32..).zip(&self.nodes) {
            self.positions[known.memo.candidates[*id as usize].slot as usize] = at;
        }
        self.edges.clear();
        let Self { edges, positions, .. } = self;
        let position = |id: CandidateId| match id {
            ROOT => crate::ROOT,
            id => positions[known.memo.candidates[id as usize].slot as usize],
        };
        edges.extend(state.met.iter().map(|met| Met {
            parent: position(met.parent),
            child: position(met.child),
            ..*met
        }));
        edges.sort_unstable();
        edges.dedup();
    }

    fn sort_nodes(&mut self, known: &Known<'_>) {
        let candidates = &known.memo.candidates;
        self.nodes.sort_unstable_by(|a, b| {
            let (a, b) = (candidates[*a as usize], candidates[*b as usize]);
            if a.of == b.of {
                return a.version.cmp(&b.version);
            }
            let names = || known.snapshot.crate_name(a.of).cmp(known.snapshot.crate_name(b.of));
            a.prefix.cmp(&b.prefix).then_with(names)
        });
    }

    /// The node of each position.
    pub(super) fn node(&self, at: u32, known: &Known<'_>) -> Node {
        let id = self.nodes[at as usize];
        let candidate = known.memo.candidates[id as usize];
        Node {
            name: known.snapshot.crate_name(candidate.of).as_ref().to_owned(),
            version: known.version(id).number.as_ref().to_owned(),
            path: None,
        }
    }

    /// The whole graph.
    pub(super) fn graph(&self, known: &Known<'_>) -> Graph {
        let count = u32::try_from(self.nodes.len()).expect("a budget ends long before");
        let nodes = (0..count).map(|at| self.node(at, known)).collect();
        Graph { nodes, edges: edges(&self.edges, known) }
    }
}

/// Edges between positions, sorted; `met` is sorted by beginning and end.
pub(super) fn edges(met: &[Met], known: &Known<'_>) -> Vec<Edge> {
    let mut edges = Vec::with_capacity(met.len());
    for group in met.chunk_by(|a, b| (a.parent, a.child) == (b.parent, b.child)) {
        let first = edges.len();
        edges.extend(group.iter().map(|met| {
            let dependency = known.dependency(met.dependency);
            Edge {
                from: met.parent,
                to: met.child,
                kind: edge_kind(dependency.kind),
                requirement: known.requirement(dependency.requirement).text.as_ref().to_owned(),
            }
        }));
        if group.len() > 1 {
            edges[first..].sort_unstable();
        }
    }
    // Two dependencies can differ in what an edge does not show, such as their platforms.
    edges.dedup();
    edges
}
