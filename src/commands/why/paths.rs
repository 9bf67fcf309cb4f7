//! The paths from the root to a package, shortest first.
//!
//! The problem: there may be more paths than atoms in the world, and in a graph with cycles nobody can even count them. So
//! they are made one at a time, the shortest first: a beginning of a path is worth its length and what is still to go at
//! least, which is known exactly from a search backwards, so that next to nothing is made in vain. What is not shown is
//! counted where that is easy (no cycle lies between), and else said to be at least as much as was seen.

use std::cmp::Reverse;
use std::collections::BinaryHeap;

use gleaner_model::{Graph, ROOT};

use super::backwards::Backwards;
use crate::resolution::Links;

/// Beginnings of paths that are looked at. Only cycles make any of them vain.
const STEPS_MAX: usize = 200_000;

/// Paths that are made only to be counted.
const COUNTED_MAX: usize = 1_000;

/// How many paths there are beside those that are shown.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum More {
    Exactly(u64),
    AtLeast(u64),
}

/// Some paths, each without the root.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Paths {
    pub(super) shown: Vec<Vec<u32>>,
    pub(super) more: More,
}

/// The `limit` shortest paths to `target`, which pass no node twice; of equally long ones those first that come first in
/// the order of the graph's nodes.
pub(super) fn shortest(graph: &Graph, links: &Links, target: u32, limit: usize) -> Paths {
    let backwards = Backwards::of(graph, target);
    let mut search = Search::new(links, &backwards, target);
    let mut shown = Vec::new();
    while shown.len() < limit
        && let Some(end) = search.next()
    {
        shown.push(search.path(end));
    }
    let more = match backwards.count(links) {
        Some(all) => More::Exactly(all - shown.len() as u64),
        None => search.count(),
    };
    Paths { shown, more }
}

/// The beginning of a path: its last node, and the beginning before it.
struct Beginning {
    node: u32,
    before: Option<usize>,
    length: u32,
}

struct Search<'a> {
    links: &'a Links,
    backwards: &'a Backwards,
    target: u32,
    /// All that were made.
    made: Vec<Beginning>,
    /// Those that are not looked at yet, by how long a path they can become. Of equals the one that is furthest comes first,
    /// since it is a path soonest, and of these the one that was made first.
    open: BinaryHeap<Reverse<(u32, Reverse<u32>, usize)>>,
}

impl<'a> Search<'a> {
    fn new(links: &'a Links, backwards: &'a Backwards, target: u32) -> Self {
        let mut search = Self { links, backwards, target, made: Vec::new(), open: BinaryHeap::new() };
        search.make(Beginning { node: ROOT, before: None, length: 0 });
        search
    }

    fn make(&mut self, beginning: Beginning) {
        if let Some(rest) = self.backwards.distance(beginning.node) {
            self.open.push(Reverse((beginning.length + rest, Reverse(beginning.length), self.made.len())));
            self.made.push(beginning);
        }
    }

    /// The next path: its last beginning.
    fn next(&mut self) -> Option<usize> {
        while let Some(Reverse((_, _, at))) = self.open.pop() {
            let Beginning { node, length, .. } = self.made[at];
            if node == self.target {
                return Some(at);
            }
            if self.made.len() > STEPS_MAX {
                self.open.push(Reverse((0, Reverse(0), at)));
                return None;
            }
            let links = self.links;
            for link in links.from(node).iter().filter(|link| link.to != ROOT) {
                if !self.passes(at, link.to) {
                    self.make(Beginning { node: link.to, before: Some(at), length: length + 1 });
                }
            }
        }
        None
    }

    /// Does a beginning pass a node?
    fn passes(&self, end: usize, node: u32) -> bool {
        self.back_from(end).any(|passed| passed == node)
    }

    /// The nodes of a beginning, the last one first, without the root.
    fn back_from(&self, end: usize) -> impl Iterator<Item = u32> {
        let before = |at: &usize| self.made[*at].before;
        std::iter::successors(Some(end), before).map(|at| self.made[at].node).filter(|node| *node != ROOT)
    }

    fn path(&self, end: usize) -> Vec<u32> {
        let mut path: Vec<u32> = self.back_from(end).collect();
        path.reverse();
        path
    }

    /// Counts what there is beside what was asked for, as far as it goes.
    fn count(&mut self) -> More {
        let mut counted = 0;
        while counted < COUNTED_MAX && self.next().is_some() {
            counted += 1;
        }
        if self.open.is_empty() { More::Exactly(counted as u64) } else { More::AtLeast(counted as u64) }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::resolution::samples::graph;

    fn paths(graph: &Graph, target: u32, limit: usize) -> Paths {
        shortest(graph, &Links::of(graph), target, limit)
    }

    #[test]
    fn the_shortest_come_first() {
        let nodes = ["a 1", "b 1", "c 1", "d 1"];
        let edges = [
            "root a * normal",
            "root b * normal",
            "a c * normal",
            "a c * dev",
            "b d * normal",
            "c d * normal",
            "root d * dev",
            "d a * normal",
        ];
        let graph = graph(&nodes, &edges);
        let all = vec![vec![3], vec![1, 3], vec![0, 2, 3]];
        assert_eq!(paths(&graph, 3, 5), Paths { shown: all.clone(), more: More::Exactly(0) });
        assert_eq!(paths(&graph, 3, 2), Paths { shown: all[..2].to_vec(), more: More::Exactly(1) });
        // To `a` leads a cycle, through `d`, which is no path; and the count does not know.
        assert_eq!(paths(&graph, 0, 1).shown, [vec![0]]);
        assert_eq!(paths(&graph, 0, 1).more, More::Exactly(2));
    }

    #[test]
    fn what_nothing_leads_to_has_no_path() {
        let graph = graph(&["a 1", "b 1"], &["root a * normal", "b b * normal", "a root * dev"]);
        assert_eq!(paths(&graph, 1, 5), Paths { shown: vec![], more: More::Exactly(0) });
    }

    /// A ladder: each node of a rung leads to both of the next.
    fn ladder(rungs: u32, and: impl Fn(u32) -> Vec<(u32, u32)>) -> Graph {
        let mut ladder = graph(&["x 1"], &["root x * normal"]);
        let (node, edge) = (ladder.nodes[0].clone(), ladder.edges[0].clone());
        ladder.nodes = vec![node; 2 * rungs as usize];
        let up = |at: u32| (0..2).flat_map(move |from| (2..4).map(move |to| (2 * at + from, 2 * at + to)));
        let all = (0..rungs - 1).flat_map(|at| up(at).chain(and(at)));
        ladder.edges = all.map(|(from, to)| gleaner_model::Edge { from, to, ..edge.clone() }).collect();
        ladder.edges.extend([0, 1].map(|to| gleaner_model::Edge { to, ..edge.clone() }));
        ladder
    }

    #[test]
    fn countless_paths_are_counted_without_being_made() {
        let found = paths(&ladder(41, |_| vec![]), 80, 3);
        assert_eq!(found.shown.iter().map(Vec::len).collect::<Vec<_>>(), [41; 3]);
        assert_eq!(found.more, More::Exactly((1 << 40) - 3));
        assert!(matches!(paths(&ladder(90, |_| vec![]), 178, 1).more, More::AtLeast(_)));
    }

    #[test]
    fn cycles_make_the_count_a_guess_and_nothing_else() {
        let found = paths(&ladder(30, |at| vec![(2 * at + 2, 2 * at), (2 * at + 1, 2 * at)]), 58, 3);
        assert_eq!(found.shown.iter().map(Vec::len).collect::<Vec<_>>(), [30; 3]);
        assert_eq!(found.more, More::AtLeast(1_000));
    }
}
