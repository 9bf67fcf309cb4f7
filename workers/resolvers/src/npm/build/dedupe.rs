//! Taking out what became superfluous.
//!
//! Source: `lib/place-dep.js` (`pruneDedupable`), `lib/node.js` (`canDedupe`).

use std::cmp::Ordering;

use super::gather::Count;
use super::{Build, End};
use crate::npm::memo::NONE;
use crate::npm::tree::{EdgeId, NodeId};

impl Build<'_, '_> {
    /// After a node was placed: what is deeper and can do with it goes.
    pub(super) fn tidy(&mut self, edge: EdgeId, placed: NodeId, target: NodeId) -> Result<(), End> {
        let to = self.site.tree.edge(edge).to;
        if to != NONE && to != placed && self.is_valid(edge) {
            self.prune_duplicates(to, false)?;
        }
        let (name, fold) = (self.site.tree.node(placed).name, self.site.tree.node(placed).fold);
        for node in self.site.tree.of_name(name, fold) {
            let is_below = self.site.tree.is_real(node) && self.site.tree.is_within(node, target);
            if !is_below || self.site.tree.is_top(node) {
                continue;
            }
            self.prune_duplicates(node, false)?;
            if self.site.tree.is_real(node) {
                let children: Vec<NodeId> = self.site.tree.children(node).collect();
                for child in children {
                    self.prune_duplicates(child, false)?;
                }
            }
        }
        Ok(())
    }

    /// Takes a node out if those who get it can do with what is above; else looks at what is within it, if that is wanted.
    pub(super) fn prune_duplicates(&mut self, node: NodeId, descend: bool) -> Result<(), End> {
        let mut left = vec![node];
        while let Some(node) = left.pop() {
            self.budget.step()?;
            if self.can_go(node)? {
                for one in self.gather(&[node], Count::ValidNotTo(node))? {
                    self.detach(one);
                }
            } else if descend {
                let mut children: Vec<NodeId> = self.site.tree.children(node).collect();
                children.sort_by(|a, b| self.site.tree.key(*b).cmp(self.site.tree.key(*a)));
                left.extend(children);
            }
        }
        Ok(())
    }

    /// Is everybody content without it?
    fn can_go(&mut self, node: NodeId) -> Result<bool, End> {
        let tree = &self.site.tree;
        let Some(above) = tree.parent(node).and_then(|parent| tree.parent(parent)) else { return Ok(false) };
        if tree.edges_in(node).next().is_none() {
            return Ok(true);
        }
        let Some(other) = tree.resolve(above, tree.node(node).fold) else { return Ok(false) };
        if self.is_same(other, node) {
            return Ok(true);
        }
        if !self.can_replace(other, node, NONE)? {
            return Ok(false);
        }
        Ok(match self.compare(other, node) {
            Some(Ordering::Equal) => true,
            Some(Ordering::Greater) => !self.is_overridden(node),
            _ => false,
        })
    }
}
