//! Keeping up which sets hold for which nodes, while edges come and go.

use super::super::Build;
use crate::npm::memo::NONE;
use crate::npm::tree::{EdgeId, Moved, NodeId, State};

/// Changes that one movement may cause: npm itself would go on for ever where sets change in a circle.
const CHANGES_MAX: usize = 100_000;

impl Build<'_, '_> {
    /// Gives a node's edges the rules that they fall under.
    pub(in super::super) fn rule_edges(&mut self, node: NodeId) {
        if self.overrides.rules.is_empty() {
            return;
        }
        for edge in self.site.tree.edges_out(node) {
            self.rule_edge(edge);
        }
    }

    fn rule_edge(&mut self, edge: EdgeId) {
        let (from, want) = (self.site.tree.edge(edge).from, self.site.tree.edge(edge).want);
        let set = self.site.tree.node(from).rules;
        let rule = self.overrides.rule_for(set, want, self.memo);
        self.site.tree.edge_mut(edge).rules = rule;
    }

    /// A node that is in no room has the set that it would have there.
    pub(in super::super) fn inherit(&mut self, node: NodeId, edge: EdgeId) {
        self.site.tree.node_mut(node).rules = self.site.tree.edge(edge).rules;
    }

    /// Works off what moved.
    pub(in super::super) fn settle(&mut self) {
        if self.overrides.rules.is_empty() {
            self.site.moved.clear();
            return;
        }
        let mut left = CHANGES_MAX;
        let moved = std::mem::take(&mut self.site.moved);
        for one in &moved {
            match *one {
                Moved::Left(edge, node) => self.edge_left(edge, node, &mut left),
                Moved::Came(edge, node) => {
                    self.rule_edge(edge);
                    let set = self.site.tree.edge(edge).rules;
                    self.set_came(set, node, &mut left);
                }
            }
        }
        self.site.moved = moved;
        self.site.moved.clear();
    }

    /// A set came to a node, which takes it if it is the more special one.
    fn set_came(&mut self, set: u32, node: NodeId, left: &mut usize) {
        let mut work = vec![(set, node)];
        while let Some((set, node)) = work.pop() {
            *left = left.saturating_sub(1);
            if *left == 0 || set == NONE {
                continue;
            }
            let known = self.site.tree.node(node).rules;
            let new = if known == NONE { Some(set) } else { self.overrides.special(known, set) };
            if let Some(new) = new.filter(|new| *new != known) {
                self.site.tree.node_mut(node).rules = new;
                self.pass_on(node, &mut work);
            }
        }
    }

    /// An edge left a node: what is left may be less special.
    fn edge_left(&mut self, edge: EdgeId, node: NodeId, left: &mut usize) {
        let set = self.site.tree.edge(edge).rules;
        let known = self.site.tree.node(node).rules;
        if set == NONE || known == NONE || set != known {
            return;
        }
        let mut new = NONE;
        for other in self.site.tree.edges_in(node) {
            let theirs = self.site.tree.edge(other).rules;
            new = if new != NONE && theirs != NONE {
                self.overrides.special(theirs, new).unwrap_or(NONE)
            } else {
                theirs
            };
        }
        if new == known {
            return;
        }
        self.site.tree.node_mut(node).rules = new;
        if new != NONE {
            let mut work = Vec::new();
            self.pass_on(node, &mut work);
            for (set, node) in work {
                self.set_came(set, node, left);
            }
        }
    }

    /// What a node needs falls under its new set.
    fn pass_on(&mut self, node: NodeId, work: &mut Vec<(u32, NodeId)>) {
        for edge in self.site.tree.edges_out(node) {
            self.rule_edge(edge);
            let it = self.site.tree.edge_mut(edge);
            it.state = State::Open;
            if it.to != NONE {
                work.push((it.rules, it.to));
            }
        }
    }

    /// Is the node's release there because a rule names just it?
    pub(in super::super) fn is_overridden(&self, node: NodeId) -> bool {
        let it = self.site.tree.node(node);
        let Some(rule) = self.overrides.exception(it.rules) else { return false };
        if self.overrides.rules[rule as usize].name != it.name {
            return false;
        }
        let Some(release) = self.memo.releases.get(it.release as usize) else { return false };
        self.site.tree.edges_in(node).any(|edge| {
            let edge = self.site.tree.edge(edge);
            self.overrides.exception(edge.rules).is_some_and(|rule| {
                let rules = &self.overrides.rules[rule as usize];
                let names_it = rules.name == it.name && *rules.value == *release.number;
                names_it && self.site.tree.node(edge.from).rules != rule
            })
        })
    }
}
