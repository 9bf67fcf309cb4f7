//! Does a version need itself?
//!
//! cargo looks for that only when everything is chosen, and then refuses. Dev-dependencies do not count; only the root has
//! any, and nothing needs the root.
//!
//! Rules: cargo's `src/cargo/core/resolver/mod.rs` (`check_cycles`).

use super::graph::Chosen;

/// Nodes of a cycle, each needing the next and the last the first; if there is one.
pub(super) fn find(chosen: &Chosen) -> Option<Vec<u32>> {
    let count = chosen.nodes.len();
    let mut walk = Walk { state: vec![State::New; count], path: Vec::new() };
    (0..count).find_map(|at| walk.from(u32::try_from(at).ok()?, chosen))
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
    fn from(&mut self, start: u32, chosen: &Chosen) -> Option<Vec<u32>> {
        let first = &chosen.first;
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
