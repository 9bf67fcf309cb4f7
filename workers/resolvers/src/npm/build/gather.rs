//! Sets of nodes: what only depends on each other, and groups of peers.
//!
//! Source: `lib/gather-dep-set.js`, `lib/peer-entry-sets.js`, `lib/deepest-nesting-target.js`, `lib/node.js`
//! (`canReplaceWith`).

use super::{Build, End};
use crate::npm::memo::{NONE, NameId};
use crate::npm::tree::{EdgeId, NodeId};

/// Which edges count in a gathering.
#[derive(Clone, Copy, Debug)]
pub(super) enum Count {
    /// All but those to this node.
    NotTo(NodeId),
    /// Valid ones but those to this node.
    ValidNotTo(NodeId),
    /// Those without an allowed conflict but those to this node.
    PeacefulNotTo(NodeId),
    /// Valid ones but those to and from this node.
    ValidBeside(NodeId),
}

/// An edge that brings a group of peers in, and the group.
pub(super) type Entry = (EdgeId, Vec<NodeId>);

impl Build<'_, '_> {
    fn counts(&mut self, count: Count, edge: EdgeId) -> bool {
        let it = self.site.tree.edge(edge);
        match count {
            Count::NotTo(node) => it.to != node,
            Count::ValidNotTo(node) => it.to != node && self.is_valid(edge),
            Count::PeacefulNotTo(node) => it.to != node && !it.is_conflicted,
            Count::ValidBeside(node) => it.to != node && it.from != node && self.is_valid(edge),
        }
    }

    /// The nodes and what they need, without what somebody else needs too.
    pub(super) fn gather(&mut self, seeds: &[NodeId], count: Count) -> Result<Vec<NodeId>, End> {
        let mark = self.site.tree.new_gathering();
        let mut all: Vec<NodeId> = Vec::new();
        let add = |build: &mut Self, all: &mut Vec<NodeId>, node: NodeId| {
            if build.site.tree.node(node).mark != mark {
                build.site.tree.node_mut(node).mark = mark;
                all.push(node);
            }
        };
        seeds.iter().for_each(|seed| add(self, &mut all, *seed));
        let mut at = 0;
        while at < all.len() {
            self.budget.step()?;
            for edge in self.site.tree.edges_out(all[at]) {
                let to = self.site.tree.edge(edge).to;
                if to != NONE && self.counts(count, edge) {
                    add(self, &mut all, to);
                }
            }
            at += 1;
        }
        self.drop_shared(&mut all, mark, count)?;
        Ok(all)
    }

    /// Takes out what is needed from outside, until nothing more is.
    fn drop_shared(&mut self, all: &mut Vec<NodeId>, mark: u32, count: Count) -> Result<(), End> {
        loop {
            let before = all.len();
            let mut kept = Vec::with_capacity(before);
            for node in all.iter().copied() {
                self.budget.step()?;
                if self.is_needed_outside(node, mark, count) {
                    self.site.tree.node_mut(node).mark = 0;
                } else {
                    kept.push(node);
                }
            }
            *all = kept;
            if all.len() == before {
                return Ok(());
            }
        }
    }

    fn is_needed_outside(&mut self, node: NodeId, mark: u32, count: Count) -> bool {
        let incoming: Vec<EdgeId> = self.site.tree.edges_in(node).collect();
        incoming.into_iter().any(|edge| {
            let from = self.site.tree.edge(edge).from;
            self.site.tree.node(from).mark != mark && self.counts(count, edge)
        })
    }

    /// Would everybody who gets `current` be content with `other` in its place? Peers within `room`, where the other comes
    /// from, come along and are not asked.
    pub(super) fn can_replace(&mut self, other: NodeId, current: NodeId, room: NodeId) -> Result<bool, End> {
        let (new, old) = (self.site.tree.node(other), self.site.tree.node(current));
        let package = |release: u32| self.memo.releases.get(release as usize).map(|release| release.package);
        if new.name != old.name || package(new.release) != package(old.release) {
            return Ok(false);
        }
        if old.edges > 0 && !self.overrides.is_equal(new.rules, old.rules) {
            return Ok(false);
        }
        let parent = old.parent;
        let incoming: Vec<EdgeId> = self.site.tree.edges_in(current).collect();
        let mut unhappy = Vec::new();
        for edge in incoming {
            let it = self.site.tree.edge(edge);
            let comes_along = room != NONE
                && parent != NONE
                && it.kind.is_peer()
                && self.site.tree.node(it.from).parent == parent
                && self.is_in_room(room, it.from);
            if !comes_along && !self.meets(edge, other) {
                unhappy.push(self.site.tree.edge(edge).from);
            }
        }
        if unhappy.is_empty() {
            return Ok(true);
        }
        // Those do not count that go with the current one.
        self.gather(&[current], Count::ValidNotTo(current))?;
        let mark = self.site.tree.node(current).mark;
        Ok(mark != 0 && unhappy.iter().all(|from| self.site.tree.node(*from).mark == mark))
    }

    fn is_in_room(&self, room: NodeId, node: NodeId) -> bool {
        let node = self.site.tree.node(node);
        self.site.tree.child(room, node.fold).is_some_and(|child| self.site.tree.node(child).name == node.name)
    }

    /// The groups of peers that a node is in, by the edges that brought them in.
    pub(super) fn peer_entries(&mut self, node: NodeId) -> Result<Vec<Entry>, End> {
        let mut union = vec![node];
        let mut at = 0;
        while at < union.len() {
            self.budget.step()?;
            let peers = self.peers_of(union[at]);
            let incoming: Vec<EdgeId> = self.site.tree.edges_in(union[at]).collect();
            let mut found = peers;
            for edge in incoming {
                if self.site.tree.edge(edge).kind.is_peer() && self.is_valid(edge) {
                    found.push(self.site.tree.edge(edge).from);
                }
            }
            for one in found {
                if !union.contains(&one) {
                    union.push(one);
                }
            }
            at += 1;
        }
        let mut entries = Vec::new();
        for peer in union {
            let incoming: Vec<EdgeId> = self.site.tree.edges_in(peer).collect();
            for edge in incoming {
                let it = self.site.tree.edge(edge);
                let is_entry = !it.kind.is_peer() || self.site.tree.is_top(it.from);
                if is_entry && self.is_valid(edge) {
                    let group = self.peer_group(peer)?;
                    if group.contains(&node) {
                        entries.push((edge, group));
                    }
                }
            }
        }
        Ok(entries)
    }

    /// A node with its peers and theirs.
    fn peer_group(&mut self, node: NodeId) -> Result<Vec<NodeId>, End> {
        let mut group = vec![node];
        let mut at = 0;
        while at < group.len() {
            self.budget.step()?;
            for peer in self.peers_of(group[at]) {
                if !group.contains(&peer) {
                    group.push(peer);
                }
            }
            at += 1;
        }
        Ok(group)
    }

    fn peers_of(&mut self, node: NodeId) -> Vec<NodeId> {
        let mut peers = Vec::new();
        for edge in self.site.tree.edges_out(node) {
            let it = self.site.tree.edge(edge);
            let to = it.to;
            if it.kind.is_peer() && to != NONE && self.is_valid(edge) {
                peers.push(to);
            }
        }
        peers
    }

    /// The deepest folder, from a node upwards, in which a name may stand: not within who wants it as a peer.
    pub(super) fn deepest(&self, start: NodeId, fold: NameId) -> NodeId {
        let tree = &self.site.tree;
        let is_it = |id: &NodeId| {
            tree.is_top(*id) || tree.edge_out(*id, fold).is_none_or(|edge| !tree.edge(edge).kind.is_peer())
        };
        tree.ancestry(start).find(is_it).unwrap_or(start)
    }
}
