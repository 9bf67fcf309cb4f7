//! Nodes whose needs are to be met: those of shallow folders first, and then by path, so that two runs go the same way.
//!
//! Source: `build-ideal-tree.js` (`DepsQueue`).

use crate::npm::tree::{NodeId, Tree};

/// A heap of nodes, each at most once.
#[derive(Default)]
pub(super) struct Queue(Vec<NodeId>);

impl Queue {
    pub(super) fn clear(&mut self) {
        self.0.clear();
    }

    pub(super) fn push(&mut self, node: NodeId, tree: &mut Tree) {
        if std::mem::replace(&mut tree.node_mut(node).is_queued, true) {
            return;
        }
        self.0.push(node);
        let mut at = self.0.len() - 1;
        while at > 0 {
            let above = (at - 1) / 2;
            if !is_before(self.0[at], self.0[above], tree) {
                break;
            }
            self.0.swap(at, above);
            at = above;
        }
    }

    pub(super) fn pop(&mut self, tree: &mut Tree) -> Option<NodeId> {
        if self.0.is_empty() {
            return None;
        }
        let first = self.0.swap_remove(0);
        tree.node_mut(first).is_queued = false;
        let mut at = 0;
        loop {
            let mut least = at;
            for below in [2 * at + 1, 2 * at + 2] {
                if below < self.0.len() && is_before(self.0[below], self.0[least], tree) {
                    least = below;
                }
            }
            if least == at {
                return Some(first);
            }
            self.0.swap(at, least);
            at = least;
        }
    }
}

/// The number decides between a node and one that stood at its place before.
fn is_before(a: NodeId, b: NodeId, tree: &Tree) -> bool {
    let key = |id| (tree.node(id).depth, tree.key(id), id);
    key(a) < key(b)
}
