//! One node: its needs are met, and what that disturbed is looked at again.
//!
//! Source: `build-ideal-tree.js` (`#buildDepStep`, `#problemEdges`, `#findHoistableNode`).

use std::collections::VecDeque;

use super::check::Verdict;
use super::{Build, End};
use crate::npm::memo::{Kind, NONE};
use crate::npm::tree::{EdgeId, NodeId, ROOT};

impl Build<'_, '_> {
    /// Meets the needs of a node that is in the tree and was not looked at yet.
    pub(super) fn step(&mut self, node: NodeId) -> Result<(), End> {
        let it = self.site.tree.node(node);
        let is_fixed = self.memo.releases.get(it.release as usize).is_some_and(|release| release.has_shrinkwrap);
        if it.is_seen || !self.site.tree.is_real(node) || is_fixed {
            return Ok(());
        }
        self.site.tree.node_mut(node).is_seen = true;
        let mut tasks = Vec::new();
        for edge in self.problems(node) {
            self.budget.step()?;
            if !self.site.tree.edge(edge).is_conflicted {
                tasks.push((edge, self.dependency(node, edge)?));
            }
        }
        tasks.sort_by_key(|(edge, _)| &self.memo.names[self.name_of(*edge) as usize].order);
        for (edge, dep) in tasks {
            self.site.checks.clear();
            self.site.placements.clear();
            self.place(edge, dep, NONE, 0)?;
            for id in 0..self.site.placements.len() {
                self.follow(id);
            }
        }
        Ok(())
    }

    /// The node with which a need will be met.
    fn dependency(&mut self, node: NodeId, edge: EdgeId) -> Result<NodeId, End> {
        let kind = self.site.tree.edge(edge).kind;
        if let Some(known) = self.in_last_room(node, edge) {
            return Ok(known);
        }
        if kind == Kind::PeerOptional {
            let within = self.site.tree.parent(node).unwrap_or(node);
            if let Some(known) = self.hoistable(within, edge) {
                return Ok(known);
            }
        }
        // Only peers share a room with what was gathered there before.
        let room = if kind.is_peer() { Some(self.room_of(node)) } else { None };
        self.node_for(edge, room, None, &mut vec![node], 0)
    }

    /// The needs that are not met.
    fn problems(&mut self, node: NodeId) -> Vec<EdgeId> {
        let mut problems = Vec::new();
        for edge in self.site.tree.edges_out(node) {
            let it = self.site.tree.edge(edge);
            let to = it.to;
            if (it.is_bundled && node != ROOT) || (to != NONE && self.site.tree.is_failed(to)) {
                continue;
            }
            let is_problem = if to == NONE { it.kind != Kind::PeerOptional } else { !self.is_valid(edge) };
            if is_problem && self.is_elsewhere(edge) {
                self.note_elsewhere(edge);
            } else if is_problem {
                problems.push(edge);
            }
        }
        problems
    }

    /// A node within another that would meet the edge, the shallowest first.
    fn hoistable(&self, within: NodeId, edge: EdgeId) -> Option<NodeId> {
        let mut queue: VecDeque<NodeId> = self.site.tree.children(within).collect();
        while let Some(node) = queue.pop_front() {
            if self.meets(edge, node) {
                return Some(node);
            }
            queue.extend(self.site.tree.children(node));
        }
        None
    }

    /// Looks again at whoever was disturbed by what was placed.
    fn follow(&mut self, id: usize) {
        let placement = &self.site.placements[id];
        let (placed, edge, own) = (placement.placed, placement.edge, placement.own);
        if placed == NONE {
            return;
        }
        if self.site.tree.is_failed(placed) {
            self.site.failures.push(placed);
        }
        let incoming: Vec<EdgeId> = self.site.tree.edges_in(placed).collect();
        for other in incoming {
            let it = self.site.tree.edge(other);
            let from = it.from;
            let is_disturbed = matches!(own, Verdict::Free | Verdict::Replace) && other != edge && !it.is_conflicted;
            if is_disturbed && !self.is_valid(other) {
                self.look_again(from);
            }
        }
        self.enqueue(placed);
        for node in std::mem::take(&mut self.site.placements[id].again) {
            self.look_again(node);
        }
    }

    fn look_again(&mut self, node: NodeId) {
        self.site.tree.node_mut(node).is_seen = false;
        self.enqueue(node);
    }
}
