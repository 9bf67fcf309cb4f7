//! How far it is from each node to the package that is asked about, and in how many ways.

use std::collections::VecDeque;

use gleaner_model::{Graph, ROOT};

use crate::resolution::Links;

/// A search from the package back to the root.
pub(super) struct Backwards {
    target: u32,
    /// Steps to the target, a node each, the root's last; none where no way leads.
    distances: Vec<Option<u32>>,
}

impl Backwards {
    pub(super) fn of(graph: &Graph, target: u32) -> Self {
        let root = graph.nodes.len();
        let mut users = vec![Vec::new(); root + 1];
        for edge in graph.edges.iter().filter(|edge| edge.to != ROOT) {
            users[edge.to as usize].push((edge.from as usize).min(root));
        }
        let mut distances = vec![None; root + 1];
        distances[target as usize] = Some(0);
        let mut next = VecDeque::from([(target as usize, 0)]);
        while let Some((node, distance)) = next.pop_front() {
            for user in &users[node] {
                if distances[*user].is_none() {
                    distances[*user] = Some(distance + 1);
                    next.push_back((*user, distance + 1));
                }
            }
        }
        Self { target, distances }
    }

    /// Steps from a node, or [`ROOT`], to the target.
    pub(super) fn distance(&self, node: u32) -> Option<u32> {
        self.distances[self.place(node)]
    }

    fn place(&self, node: u32) -> usize {
        (node as usize).min(self.distances.len() - 1)
    }

    /// How many paths lead from the root to the target; none if a cycle lies between, or they are too many for a number.
    ///
    /// A walk down from the root, in which a node is counted when all that it leads to are.
    pub(super) fn count(&self, links: &Links) -> Option<u64> {
        let mut ways = vec![Ways::Unknown; self.distances.len()];
        let mut walk = vec![(ROOT, 0_usize, 0_u64)];
        while let Some((node, next, sum)) = walk.last_mut() {
            let place = self.place(*node);
            if *node == self.target {
                ways[place] = Ways::Known(1);
                walk.pop();
                continue;
            }
            let Some(link) = links.from(*node).get(*next) else {
                ways[place] = Ways::Known(*sum);
                walk.pop();
                continue;
            };
            if link.to == ROOT || self.distance(link.to).is_none() {
                *next += 1;
                continue;
            }
            match ways[self.place(link.to)] {
                Ways::Known(number) => (*next, *sum) = (*next + 1, sum.checked_add(number)?),
                Ways::Above => return None,
                Ways::Unknown => {
                    ways[place] = Ways::Above;
                    walk.push((link.to, 0, 0));
                }
            }
        }
        match ways[self.place(ROOT)] {
            Ways::Known(number) => Some(number),
            Ways::Above | Ways::Unknown => None,
        }
    }
}

/// How many ways lead from a node to the target.
#[derive(Clone, Copy)]
enum Ways {
    Unknown,
    /// It is on the walk: to come to it again is a cycle.
    Above,
    Known(u64),
}
