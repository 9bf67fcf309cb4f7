//! Does a version need itself?
//!
//! cargo looks for that only when everything is chosen, and then refuses. Dev-dependencies do not count.
//!
//! Rules: cargo's `src/cargo/core/resolver/mod.rs` (`check_cycles`).

use super::graph::Chosen;
use super::memo::Known;
use super::snapshot::DependencyKind;

/// Nodes of a cycle, each needing the next and the last the first; if there is one.
pub(super) fn find(chosen: &Chosen, known: &Known<'_>) -> Option<Vec<u32>> {
    let count = chosen.nodes.len();
    // Edges are sorted by their beginnings; those of the root stand last.
    let mut first = vec![0_u32; count + 1];
    let inner = chosen.edges.iter().take_while(|edge| edge.parent != crate::ROOT);
    for edge in inner {
        first[edge.parent as usize + 1] += 1;
    }
    for at in 0..count {
        first[at + 1] += first[at];
    }
    let mut walk = Walk { state: vec![State::New; count], path: Vec::new() };
    (0..count).find_map(|at| walk.from(u32::try_from(at).ok()?, &first, chosen, known))
}

#[derive(Clone, Copy, PartialEq)]
enum State {
    New,
    OnPath,
    Done,
}

struct Walk {
    state: Vec<State>,
    /// Nodes and their next edges.
    path: Vec<(u32, u32)>,
}

impl Walk {
    fn from(&mut self, start: u32, first: &[u32], chosen: &Chosen, known: &Known<'_>) -> Option<Vec<u32>> {
        self.enter(start, first);
        while let Some((at, next)) = self.path.last_mut() {
            if *next == first[*at as usize + 1] {
                self.state[*at as usize] = State::Done;
                self.path.pop();
                continue;
            }
            let edge = chosen.edges[*next as usize];
            *next += 1;
            match self.state[edge.child as usize] {
                State::Done => {}
                _ if known.dependency(edge.dependency).kind == DependencyKind::Dev => {}
                State::New => self.enter(edge.child, first),
                State::OnPath => {
                    let nodes = self.path.iter().map(|(at, _)| *at);
                    return Some(nodes.skip_while(|at| *at != edge.child).collect());
                }
            }
        }
        None
    }

    fn enter(&mut self, at: u32, first: &[u32]) {
        if self.state[at as usize] == State::New {
            self.state[at as usize] = State::OnPath;
            self.path.push((at, first[at as usize]));
        }
    }
}
