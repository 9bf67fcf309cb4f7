//! Does an edge lead to what it asks for?
//!
//! Source: `lib/edge.js` (`satisfiedBy`, `error`), `lib/dep-valid.js`.

use super::Build;
use crate::npm::memo::NONE;
use crate::npm::tree::{EdgeId, NodeId, State};

impl Build<'_, '_> {
    /// Would the node be what the edge asks for?
    pub(super) fn meets(&self, edge: EdgeId, node: NodeId) -> bool {
        let (edge, node) = (self.site.tree.edge(edge), self.site.tree.node(node));
        if self.memo.wants[edge.want as usize].name != node.name {
            return false;
        }
        match self.overrides.exception(edge.rules) {
            None => self.memo.is_met(edge.want, node.release),
            Some(over) => {
                // What is overridden may stay as it was asked for, unless it is just what the override is about.
                self.memo.is_met(self.asked_instead(edge), node.release)
                    || (self.memo.is_met(edge.want, node.release)
                        && !self.overrides.concerns(over, self.version(node.release)))
            }
        }
    }

    /// What is known of the edge.
    pub(super) fn state(&mut self, edge: EdgeId) -> State {
        let known = self.site.tree.edge(edge).state;
        if known != State::Open {
            return known;
        }
        let state = self.find_state(edge);
        self.site.tree.edge_mut(edge).state = state;
        state
    }

    fn find_state(&self, edge: EdgeId) -> State {
        let it = self.site.tree.edge(edge);
        if it.to == NONE {
            return if it.kind.is_optional() { State::Valid } else { State::Missing };
        }
        let to = self.site.tree.node(it.to);
        if it.kind.is_peer() && it.from == to.parent && !self.site.tree.is_top(it.from) {
            State::Inside
        } else if !self.meets(edge, it.to) || (to.edges > 0 && self.overrides.conflict(it.rules, to.rules)) {
            State::Wrong
        } else {
            State::Valid
        }
    }

    pub(super) fn is_valid(&mut self, edge: EdgeId) -> bool {
        self.state(edge) == State::Valid
    }

    /// Are they the same release under the same name?
    pub(super) fn is_same(&self, a: NodeId, b: NodeId) -> bool {
        let (one, other) = (self.site.tree.node(a), self.site.tree.node(b));
        let is_plain = one.release != NONE && one.link == NONE && other.link == NONE;
        a == b || (is_plain && one.name == other.name && one.release == other.release)
    }
}
