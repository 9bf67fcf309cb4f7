//! Gathering a dependency's peers before it is placed.
//!
//! The dependency is put into a room: a root that has the needs of whoever asks for it. Its peers are put beside it, and
//! theirs, each preferably such as the asker wants too. A conflict there is the root's affair if the root asks, and is let
//! pass otherwise.
//!
//! Source: `build-ideal-tree.js` (`#nodeFromEdge`, `#nodeFromSpec`, `#loadPeerSet`, `#virtualRoot`).

use super::{Build, End, PEERS_MAX};
use crate::Stopped;
use crate::npm::memo::{Kind, NONE, Pick};
use crate::npm::spec::Spec;
use crate::npm::tree::{EdgeId, NodeId, ROOT};

impl Build<'_, '_> {
    /// A node for an edge with its peers, in `room` or in a new one for the edge's own node. `second` is an edge of the same
    /// name that should be met too. `required` has the nodes that are needed whatever else is left out.
    pub(super) fn node_for(
        &mut self,
        edge: EdgeId,
        room: Option<NodeId>,
        second: Option<EdgeId>,
        required: &mut Vec<NodeId>,
        depth: usize,
    ) -> Result<NodeId, End> {
        self.budget.step()?;
        if depth > PEERS_MAX {
            return Err(End::Stopped(Stopped::Exhausted));
        }
        self.check_room(ROOT)?;
        let from = self.site.tree.edge(edge).from;
        let want = self.asked_instead(self.site.tree.edge(edge));
        let pick = self.pick(want)?;
        if room.is_none() && !self.has_peers(pick) {
            let lodger = self.new_node(want, pick);
            self.inherit(lodger, edge);
            let asker = self.site.tree.node_mut(from);
            (asker.room, asker.lodger) = (NONE, lodger);
            return Ok(lodger);
        }
        let room = match room {
            Some(room) => room,
            None => self.new_room(from),
        };
        let first = self.move_in(want, pick, room);
        let second_node = match second {
            Some(second) if !self.is_valid(second) => {
                let want = self.asked_instead(self.site.tree.edge(second));
                let pick = self.pick(want)?;
                Some(self.move_in(want, pick, room))
            }
            _ => None,
        };
        let node = match second_node {
            Some(second) if self.is_valid(edge) => second,
            Some(second) => {
                self.detach(second);
                self.attach(first, room);
                first
            }
            None => first,
        };
        let must = |build: &Self, edge: EdgeId| {
            let edge = build.site.tree.edge(edge);
            required.contains(&edge.from) && edge.kind != Kind::PeerOptional
        };
        if must(self, edge) || second.is_some_and(|second| must(self, second)) {
            required.push(node);
        }
        self.gather_peers(node, required, depth)?;
        Ok(node)
    }

    fn has_peers(&self, pick: Pick) -> bool {
        match pick {
            Pick::Release(release) => self.memo.releases[release as usize].has_peers,
            Pick::Open | Pick::Failed(_) => false,
        }
    }

    /// A new node in a room, in place of what has its name there.
    fn move_in(&mut self, want: u32, pick: Pick, room: NodeId) -> NodeId {
        let node = self.new_node(want, pick);
        let fold = self.site.tree.node(node).fold;
        if let Some(old) = self.site.tree.child(room, fold) {
            self.detach(old);
        }
        self.attach(node, room);
        self.add_needs(node);
        node
    }

    /// A room with the needs of a node.
    fn new_room(&mut self, source: NodeId) -> NodeId {
        let (name, rules) = (self.site.tree.node(source).name, self.site.tree.node(source).rules);
        let room = self.site.tree.push_node(name, NONE, self.memo);
        for edge in self.site.tree.edges_out(source) {
            let (fold, want, kind) = {
                let it = self.site.tree.edge(edge);
                (self.site.tree.fold_of(edge), it.want, it.kind)
            };
            self.site.tree.push_edge(room, fold, want, kind);
        }
        let node = self.site.tree.node_mut(room);
        (node.source, node.rules) = (source, rules);
        self.rule_edges(room);
        let asker = self.site.tree.node_mut(source);
        (asker.room, asker.lodger) = (room, NONE);
        room
    }

    /// The room that was made last for a node, or a new one.
    pub(super) fn room_of(&mut self, source: NodeId) -> NodeId {
        let (room, lodger) = (self.site.tree.node(source).room, self.site.tree.node(source).lodger);
        if room != NONE {
            return room;
        }
        let room = self.new_room(source);
        if lodger != NONE {
            self.attach(lodger, room);
            let next = u32::try_from(self.site.tree.edges.len()).unwrap_or(NONE);
            self.site.tree.node_mut(lodger).first_edge = next;
            self.add_needs(lodger);
        }
        room
    }

    /// What is in the room that was made last for a node and meets the edge there.
    pub(super) fn in_last_room(&mut self, source: NodeId, edge: EdgeId) -> Option<NodeId> {
        let fold = self.site.tree.fold_of(edge);
        let node = self.site.tree.node(source);
        if node.room != NONE {
            let wanted = self.site.tree.edge_out(node.room, fold)?;
            let to = self.site.tree.edge(wanted).to;
            return (to != NONE && self.is_valid(wanted) && self.meets(edge, to)).then_some(to);
        }
        let lodger = node.lodger;
        let is_it = lodger != NONE && self.site.tree.node(lodger).fold == fold && self.meets(edge, lodger);
        is_it.then_some(lodger)
    }

    /// Puts the peers of a node beside it.
    fn gather_peers(&mut self, node: NodeId, required: &mut Vec<NodeId>, depth: usize) -> Result<(), End> {
        for edge in self.unmet_peers(node) {
            // A better node may have taken this one's place meanwhile.
            let Some(room) = self.site.tree.parent(node) else { return Ok(()) };
            let to = self.site.tree.edge(edge).to;
            if to != NONE && self.is_valid(edge) {
                continue;
            }
            let wanted = self.site.tree.edge_out(room, self.site.tree.fold_of(edge));
            let is_let_pass = !self.site.tree.is_root(self.site.tree.node(room).source);
            match (to, wanted) {
                (NONE, None) => {
                    self.node_for(edge, Some(room), None, required, depth + 1)?;
                }
                (NONE, Some(wanted)) => {
                    let dep = self.node_for(wanted, Some(room), Some(edge), required, depth + 1)?;
                    if self.is_valid(edge) {
                        continue;
                    }
                    if is_let_pass || !required.contains(&dep) {
                        self.site.tree.edge_mut(edge).is_conflicted = true;
                    } else if self.site.tree.is_top(node) {
                        return Ok(());
                    } else {
                        return Err(End::Refused(self.peers_disagree(edge, Some(wanted))));
                    }
                }
                (current, _) => {
                    let dep = self.node_for(edge, None, None, required, depth + 1)?;
                    if self.can_replace(dep, current, NONE)? {
                        let room = self.site.tree.parent(node).unwrap_or(room);
                        self.node_for(edge, Some(room), None, required, depth + 1)?;
                    } else if !is_let_pass && required.contains(&node) {
                        return Err(End::Refused(self.peers_disagree(edge, wanted)));
                    }
                }
            }
        }
        Ok(())
    }

    /// Peers that are not there or not right, by name.
    fn unmet_peers(&mut self, node: NodeId) -> Vec<EdgeId> {
        let mut unmet = Vec::new();
        for edge in self.site.tree.edges_out(node) {
            let it = self.site.tree.edge(edge);
            if !it.kind.is_peer() || (it.to != NONE && self.is_valid(edge)) {
                continue;
            }
            if self.is_elsewhere(edge) {
                self.note_elsewhere(edge);
            } else {
                unmet.push(edge);
            }
        }
        self.sort_by_name(&mut unmet);
        unmet
    }

    /// Is it of another place than the registry?
    pub(super) fn is_elsewhere(&self, edge: EdgeId) -> bool {
        let want = self.asked_instead(self.site.tree.edge(edge));
        matches!(self.memo.wants[want as usize].spec, Spec::Elsewhere(_))
    }

    pub(super) fn note_elsewhere(&mut self, edge: EdgeId) {
        self.site.elsewhere.push(edge);
    }

    /// Edges in the order of their names in English.
    pub(super) fn sort_by_name(&self, edges: &mut [EdgeId]) {
        edges.sort_by_key(|edge| &self.memo.names[self.name_of(*edge) as usize].order);
    }

    pub(super) fn name_of(&self, edge: EdgeId) -> u32 {
        self.memo.wants[self.site.tree.edge(edge).want as usize].name
    }
}
