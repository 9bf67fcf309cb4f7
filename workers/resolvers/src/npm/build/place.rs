//! Placing a node: as high as it can be without being in anybody's way, and then its peers.
//!
//! Source: `lib/place-dep.js`.

use super::check::{Ask, Verdict};
use super::gather::Count;
use super::{Build, End, PEERS_MAX};
use crate::Stopped;
use crate::npm::memo::{NONE, Pick};
use crate::npm::tree::{EdgeId, NodeId, ROOT};

/// What became of a node that was to be placed, or of a peer that came with it.
#[derive(Debug)]
pub(super) struct Placement {
    pub(super) edge: EdgeId,
    pub(super) dep: NodeId,
    /// The placement of who brought it as a peer, or nothing.
    parent: u32,
    /// The answer by which the folder was chosen, or nothing.
    check: u32,
    /// The node in the tree, or nothing if all stayed as it was.
    pub(super) placed: NodeId,
    /// Did it take the place of another?
    pub(super) own: Verdict,
    /// Nodes that lost something and must be looked at again.
    pub(super) again: Vec<NodeId>,
}

impl Build<'_, '_> {
    /// Places a node for an edge, and its peers. What came of it is in the placements, each before those of its peers.
    pub(super) fn place(&mut self, edge: EdgeId, dep: NodeId, parent: u32, depth: usize) -> Result<(), End> {
        if depth > PEERS_MAX {
            return Err(End::Stopped(Stopped::Exhausted));
        }
        let id = self.site.placements.len();
        let own = Verdict::Conflict;
        self.site.placements.push(Placement { edge, dep, parent, check: NONE, placed: NONE, own, again: Vec::new() });
        if self.site.tree.edge(edge).to != NONE && self.is_valid(edge) {
            return Ok(());
        }
        let Some(check) = self.choose(id)? else { return Ok(()) };
        self.site.placements[id].check = check;
        let chosen = &self.site.checks[check as usize];
        let (target, own) = (chosen.target, chosen.own);
        let verdict = if chosen.all == Verdict::Conflict { own } else { chosen.all };
        self.site.placements[id].own = own;
        if verdict == Verdict::Keep {
            if self.site.tree.edge(edge).kind.is_peer() && !self.is_valid(edge) {
                self.allow_conflict(edge);
            }
            return self.prune_duplicates(target, true);
        }
        if let Some(same) = self.loop_above(target, dep) {
            return self.place_link(id, target, same);
        }
        let placed = self.put(id, target)?;
        self.tidy(edge, placed, target)?;
        self.place_peers(id, placed, depth)
    }

    /// The answer for the folder to choose; none if a conflict was let pass.
    fn choose(&mut self, id: usize) -> Result<Option<u32>, End> {
        let Placement { edge, dep, parent, .. } = self.site.placements[id];
        let fold = self.site.tree.fold_of(edge);
        let prefers_one = self.site.tree.edge(edge).kind.is_peer();
        let parent_check = self.site.placements.get(parent as usize).map_or(NONE, |parent| parent.check);
        let (mut best, mut own) = (None, None);
        let mut folder = Some(self.start(id));
        while let Some(target) = folder {
            folder = self.site.tree.parent(target);
            let wanted = self.site.tree.edge_out(target, fold);
            if folder.is_some() && wanted.is_some_and(|edge| self.site.tree.edge(edge).kind.is_peer()) {
                continue;
            }
            let check = self.check(Ask { dep, edge, target, parent: parent_check, prefers_one }, &mut Vec::new())?;
            let answer = &self.site.checks[check as usize];
            if answer.own != Verdict::Conflict {
                own = Some(check);
            }
            if answer.all == Verdict::Conflict {
                break;
            }
            best = Some(check);
            // What could not be found stays where it is tried first.
            if self.site.tree.is_failed(dep) {
                break;
            }
        }
        if best.is_some() {
            return Ok(best);
        }
        if self.is_mine(id)? {
            return Err(End::Refused(self.unplaceable(id, own)));
        }
        if own.is_none() {
            self.allow_conflict(edge);
        }
        Ok(own)
    }

    /// The deepest folder that comes into question.
    fn start(&self, id: usize) -> NodeId {
        let mut edges = vec![self.site.placements[id].edge];
        let mut parent = self.site.placements[id].parent;
        while let Some(placement) = self.site.placements.get(parent as usize) {
            edges.push(placement.edge);
            parent = placement.parent;
        }
        let from = self.site.tree.edge(*edges.last().expect("there is one")).from;
        edges.iter().rev().fold(from, |start, edge| self.deepest(start, self.site.tree.fold_of(*edge)))
    }

    /// Is it the root's own affair, so that a conflict is not let pass?
    fn is_mine(&mut self, id: usize) -> Result<bool, End> {
        let edge = self.top_edge(id);
        let it = self.site.tree.edge(edge);
        let (from, is_peer) = (it.from, it.kind.is_peer());
        if self.site.tree.is_root(from) {
            return Ok(true);
        }
        if !is_peer {
            return Ok(false);
        }
        let incoming: Vec<EdgeId> = self.site.tree.edges_in(from).collect();
        let is_of_root = |build: &Self, edge: EdgeId| build.site.tree.is_root(build.site.tree.edge(edge).from);
        if incoming.iter().any(|edge| !self.site.tree.edge(*edge).kind.is_peer() && is_of_root(self, *edge)) {
            return Ok(true);
        }
        if incoming.iter().any(|edge| self.site.tree.edge(*edge).kind.is_peer()) {
            let entries = self.peer_entries(from)?;
            return Ok(entries.iter().any(|(edge, _)| is_of_root(self, *edge)));
        }
        Ok(false)
    }

    /// The edge for which the whole group is placed.
    pub(super) fn top_edge(&self, id: usize) -> EdgeId {
        let mut placement = &self.site.placements[id];
        while let Some(parent) = self.site.placements.get(placement.parent as usize) {
            placement = parent;
        }
        placement.edge
    }

    pub(super) fn allow_conflict(&mut self, edge: EdgeId) {
        self.site.tree.edge_mut(edge).is_conflicted = true;
        if !self.site.conflicts.contains(&edge) {
            self.site.conflicts.push(edge);
        }
    }

    /// The same release in a folder above: nesting it once more would go on for ever.
    fn loop_above(&self, target: NodeId, dep: NodeId) -> Option<NodeId> {
        let mut above = self.site.tree.ancestry(target);
        above.find(|one| *one != ROOT && self.is_same(*one, dep))
    }

    fn place_link(&mut self, id: usize, target: NodeId, same: NodeId) -> Result<(), End> {
        let (name, release, fold) = {
            let node = self.site.tree.node(same);
            (node.name, node.release, node.fold)
        };
        if let Some(old) = self.site.tree.child(target, fold) {
            self.detach(old);
        }
        let link = self.site.tree.push_node(name, release, self.memo);
        self.site.tree.node_mut(link).link = same;
        self.attach(link, target);
        self.site.placements[id].placed = link;
        Ok(())
    }

    /// Puts the node into the folder, in place of what may be there.
    fn put(&mut self, id: usize, target: NodeId) -> Result<NodeId, End> {
        self.check_room(target)?;
        let Placement { edge, dep, .. } = self.site.placements[id];
        let (release, failed, rules) = {
            let dep = self.site.tree.node(dep);
            (dep.release, dep.failed, dep.rules)
        };
        let (want, pick) = match failed {
            NONE => (self.site.tree.edge(edge).want, Pick::Release(release)),
            failed => (failed, self.memo.wants[failed as usize].pick),
        };
        let placed = self.new_node(want, pick);
        self.site.tree.node_mut(placed).rules = rules;
        self.add_needs(placed);
        self.site.placements[id].placed = placed;
        match self.site.tree.child(target, self.site.tree.fold_of(edge)) {
            Some(old) => self.replace(id, old, placed, target)?,
            None => self.attach(placed, target),
        }
        if self.site.tree.edge(edge).kind.is_peer() && !self.meets(edge, placed) {
            self.allow_conflict(edge);
        }
        Ok(placed)
    }

    /// Puts a node in the place of another, whose own dependencies go if nobody else needs them. Groups of peers that
    /// needed the other one go too, if they can be deeper.
    fn replace(&mut self, id: usize, old: NodeId, placed: NodeId, target: NodeId) -> Result<(), End> {
        let mut old_deps = Vec::new();
        for edge in self.site.tree.edges_out(old) {
            let to = self.site.tree.edge(edge).to;
            if to != NONE && self.site.tree.edge_out(placed, self.site.tree.fold_of(edge)).is_none() {
                old_deps.extend(self.gather(&[to], Count::NotTo(to))?);
            }
        }
        let leaving = self.leaving_groups(old, placed, target)?;
        let mut moved = std::mem::take(&mut self.site.moved);
        self.site.tree.detach(old, &mut moved);
        self.site.tree.move_children(old, placed, &mut moved);
        self.site.moved = moved;
        self.settle();
        self.attach(placed, target);
        self.prune_left(placed, &old_deps)?;
        for node in leaving {
            let incoming: Vec<EdgeId> = self.site.tree.edges_in(node).collect();
            for edge in incoming {
                let from = self.site.tree.edge(edge).from;
                let again = &mut self.site.placements[id].again;
                if !again.contains(&from) {
                    again.push(from);
                }
            }
            self.detach(node);
        }
        Ok(())
    }

    /// Nodes of groups of peers that will not be content with the new node and can be placed deeper.
    fn leaving_groups(&mut self, old: NodeId, placed: NodeId, target: NodeId) -> Result<Vec<NodeId>, End> {
        let mut leaving = Vec::new();
        let incoming: Vec<EdgeId> = self.site.tree.edges_in(old).collect();
        for edge in incoming {
            let it = self.site.tree.edge(edge);
            let from = it.from;
            let is_beside = it.kind.is_peer() && !it.is_conflicted && self.site.tree.node(from).parent == target;
            if !is_beside || self.meets(edge, placed) {
                continue;
            }
            for (entry, _) in self.peer_entries(from)? {
                let (entry_from, node) = (self.site.tree.edge(entry).from, self.site.tree.edge(entry).to);
                // As arborist has it, a node has no peer of nothing's name: the deepest folder is its own.
                if node != target && !self.site.tree.is_root(entry_from) {
                    leaving.extend(self.gather(&[node], Count::PeacefulNotTo(node))?);
                } else {
                    self.allow_conflict(edge);
                }
            }
        }
        Ok(leaving)
    }

    /// Takes out what only the node that was replaced needed.
    fn prune_left(&mut self, placed: NodeId, old_deps: &[NodeId]) -> Result<(), End> {
        let mut invalid = Vec::new();
        for edge in self.site.tree.edges_out(placed) {
            let to = self.site.tree.edge(edge).to;
            if to != NONE && !self.is_valid(edge) {
                invalid.push(to);
            }
        }
        for dep in old_deps {
            invalid.extend(self.gather(&[*dep], Count::ValidNotTo(*dep))?);
        }
        for node in self.gather(&invalid, Count::ValidBeside(placed))? {
            self.detach(node);
        }
        Ok(())
    }

    /// Places the peers of a node that was placed, as they were gathered with it.
    fn place_peers(&mut self, id: usize, placed: NodeId, depth: usize) -> Result<(), End> {
        let Some(room) = self.site.tree.parent(self.site.placements[id].dep) else { return Ok(()) };
        for edge in self.site.tree.edges_out(placed) {
            let it = self.site.tree.edge(edge);
            if !it.kind.is_peer() || it.is_conflicted || self.is_valid(edge) {
                continue;
            }
            // Without one it is a peer that may be missing.
            let Some(peer) = self.site.tree.child(room, self.site.tree.fold_of(edge)) else { continue };
            if self.meets(edge, peer) {
                self.place(edge, peer, u32::try_from(id).unwrap_or(NONE), depth + 1)?;
            }
        }
        Ok(())
    }
}
