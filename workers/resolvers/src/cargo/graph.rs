//! From choices to the graph that is answered.

use super::memo::{CandidateId, Known, Memo, NONE, ROOT};
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
    /// Where the edges of each node begin; those of the root stand last, at the end of this.
    pub(super) first: Vec<u32>,
    /// Positions in `nodes`, by the candidates' slots. Only those of nodes are set.
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
    pub(super) fn fill(&mut self, state: &State, known: &mut Known<'_>) {
        self.sort_nodes(state, known);
        if self.positions.len() < known.memo.slots as usize {
            self.positions.resize(known.memo.slots as usize, NONE);
        }
        for (at, id) in (0_u32..).zip(&self.nodes) {
            self.positions[known.memo.candidates[*id as usize].slot as usize] = at;
        }
        self.sort_edges(&state.met, known);
    }

    fn sort_nodes(&mut self, state: &State, known: &mut Known<'_>) {
        let (Memo { candidates, candidate_ranks, .. }, snapshot) = (&mut *known.memo, known.snapshot);
        self.nodes.clear();
        self.nodes.extend(state.all_chosen());
        candidate_ranks.sort(&mut self.nodes, candidates.len(), |a, b| {
            let (a, b) = (candidates[a as usize], candidates[b as usize]);
            if a.of == b.of {
                return a.version.cmp(&b.version);
            }
            snapshot.crate_name(a.of).cmp(snapshot.crate_name(b.of))
        });
    }

    /// Brings edges into the order of their beginnings by counting, and sorts the few of each.
    fn sort_edges(&mut self, met: &[Met], known: &Known<'_>) {
        let Self { nodes, edges, first, positions, .. } = self;
        let count = nodes.len();
        let position = |id: CandidateId| match id {
            ROOT => crate::ROOT,
            id => positions[known.memo.candidates[id as usize].slot as usize],
        };
        let bucket = |parent: u32| if parent == crate::ROOT { count } else { parent as usize };
        let placed = met.iter().map(|met| Met { parent: position(met.parent), child: position(met.child), ..*met });
        let unsorted: Vec<Met> = placed.collect();
        first.clear();
        first.resize(count + 2, 0);
        for edge in &unsorted {
            first[bucket(edge.parent) + 1] += 1;
        }
        for at in 1..first.len() {
            first[at] += first[at - 1];
        }
        let mut next = first.clone();
        edges.clear();
        edges.resize(unsorted.len(), Met { parent: NONE, child: NONE, dependency: NONE });
        for edge in unsorted {
            let place = &mut next[bucket(edge.parent)];
            edges[*place as usize] = edge;
            *place += 1;
        }
        let mut kept = 0;
        for at in 0..=count {
            let (from, to) = (first[at] as usize, first[at + 1] as usize);
            edges[from..to].sort_unstable();
            first[at] = u32::try_from(kept).expect("a budget ends long before");
            // A need that was met twice is one edge.
            for edge in from..to {
                if edge == from || edges[edge] != edges[edge - 1] {
                    edges[kept] = edges[edge];
                    kept += 1;
                }
            }
        }
        edges.truncate(kept);
        first.truncate(count + 1);
    }

    /// The node of each position.
    pub(super) fn node(&self, at: u32, known: &Known<'_>) -> Node {
        let id = self.nodes[at as usize];
        let candidate = known.memo.candidates[id as usize];
        Node {
            name: known.snapshot.crate_name(candidate.of).clone(),
            version: known.version(id).number.clone(),
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
                requirement: known.requirement(dependency.requirement).text.clone(),
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
