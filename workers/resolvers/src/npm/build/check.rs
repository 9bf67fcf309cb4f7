//! Can a node be placed in a folder?
//!
//! Nothing is changed by asking. The answer is worked out for the node itself and then for each of its peers, which must
//! find a place there or above.
//!
//! Source: `lib/can-place-dep.js`.

use super::{Build, End, PEERS_MAX};
use crate::Stopped;
use crate::npm::memo::{NONE, NameId};
use crate::npm::tree::{EdgeId, NodeId};

/// The answer.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Verdict {
    /// There is nothing in the way.
    Free,
    /// What is there will do.
    Keep,
    /// What is there can give way.
    Replace,
    Conflict,
}

/// A question; a peer's has that of who brought it as its parent.
#[derive(Clone, Debug)]
pub(super) struct Check {
    parent: u32,
    edge: EdgeId,
    fold: NameId,
    pub(super) target: NodeId,
    /// Can the node be placed with its peers?
    pub(super) all: Verdict,
    /// Can the node itself?
    pub(super) own: Verdict,
    /// A peer that is in the way: the edge that asks for it, and what is there.
    pub(super) conflict: Option<(EdgeId, NodeId)>,
}

/// What is asked.
#[derive(Clone, Copy)]
pub(super) struct Ask {
    pub(super) dep: NodeId,
    pub(super) edge: EdgeId,
    pub(super) target: NodeId,
    /// The question of which this is a part, or nothing.
    pub(super) parent: u32,
    /// Is an older version preferred to a second one?
    pub(super) prefers_one: bool,
}

struct Frame {
    ask: Ask,
    id: u32,
    fold: NameId,
    current: Option<NodeId>,
    target_edge: Option<EdgeId>,
    own: Option<Verdict>,
    peers: Option<Verdict>,
}

impl Build<'_, '_> {
    /// Answers; the number is that of the answer among the checks. `path` is who brought the node along as a peer.
    pub(super) fn check(&mut self, ask: Ask, path: &mut Vec<NodeId>) -> Result<u32, End> {
        self.budget.step()?;
        if path.len() > PEERS_MAX {
            return Err(End::Stopped(Stopped::Exhausted));
        }
        let id = u32::try_from(self.site.checks.len()).unwrap_or(NONE);
        let fold = self.site.tree.fold_of(ask.edge);
        let Ask { edge, target, parent, .. } = ask;
        let conflict = Verdict::Conflict;
        self.site.checks.push(Check { parent, edge, fold, target, all: conflict, own: conflict, conflict: None });
        let current = self.site.tree.child(target, fold);
        let target_edge = self.site.tree.edge_out(target, fold);
        let mut frame = Frame { ask, id, fold, current, target_edge, own: None, peers: None };
        let all = self.verdict(&mut frame, path)?;
        let check = &mut self.site.checks[id as usize];
        (check.all, check.own) = (all, frame.own.unwrap_or(all));
        Ok(id)
    }

    fn verdict(&mut self, frame: &mut Frame, path: &mut Vec<NodeId>) -> Result<Verdict, End> {
        let Ask { dep, edge, target, .. } = frame.ask;
        if self.site.tree.is_failed(dep) {
            return Ok(if frame.current.is_some() { Verdict::Replace } else { Verdict::Free });
        }
        if let Some(wanted) = frame.target_edge {
            if self.site.tree.edge(wanted).kind.is_peer() && !self.site.tree.is_top(target) {
                return Ok(Verdict::Conflict);
            }
            // What is there already may still do, whatever the folder's own edge says.
            if frame.current.is_none() && wanted != edge && !self.meets(wanted, dep) {
                return Ok(Verdict::Conflict);
            }
        }
        match frame.current {
            Some(current) => self.verdict_against(frame, current, path),
            None => self.verdict_free(frame, path),
        }
    }

    /// Nothing stands there. Does anybody below rely on what stands further up?
    fn verdict_free(&mut self, frame: &mut Frame, path: &mut Vec<NodeId>) -> Result<Verdict, End> {
        let Ask { dep, target, .. } = frame.ask;
        let entry = self.site.tree.edge(self.entry_edge(frame.id)).from;
        let above = if target == entry { None } else { self.site.tree.resolve(target, frame.fold) };
        if let Some(above) = above {
            let incoming: Vec<EdgeId> = self.site.tree.edges_in(above).collect();
            for edge in incoming {
                let from = self.site.tree.edge(edge).from;
                if self.site.tree.is_within(from, target) && self.is_valid(edge) && !self.meets(edge, dep) {
                    return Ok(Verdict::Conflict);
                }
            }
        }
        self.with_peers(frame, Verdict::Free, path)
    }

    /// Something of the name stands there.
    fn verdict_against(&mut self, frame: &mut Frame, current: NodeId, path: &mut Vec<NodeId>) -> Result<Verdict, End> {
        let Ask { dep, edge, target, prefers_one, parent } = frame.ask;
        let is_met = self.meets(edge, current);
        // A dependency that is not what is asked for came so from a conflict among peers.
        if self.is_same(dep, current) && (is_met || !self.meets(edge, dep)) {
            return Ok(Verdict::Keep);
        }
        let is_newer = self.compare(dep, current).map(std::cmp::Ordering::is_ge);
        if is_newer == Some(true) && self.can_replace(dep, current, NONE)? {
            let all = self.with_peers(frame, Verdict::Replace, path)?;
            if all != Verdict::Conflict {
                return Ok(all);
            }
        }
        if is_met {
            return Ok(Verdict::Keep);
        }
        if prefers_one && is_newer != Some(true) && self.can_replace(dep, current, NONE)? {
            let all = self.with_peers(frame, Verdict::Replace, path)?;
            if all != Verdict::Conflict {
                return Ok(all);
            }
        }
        // It could go deeper, and then it does.
        if target != self.deepest_of(frame.id) {
            return Ok(Verdict::Conflict);
        }
        let (from, is_peer) = (self.site.tree.edge(edge).from, self.site.tree.edge(edge).kind.is_peer());
        if !is_peer && target == from {
            return self.with_peers(frame, Verdict::Replace, path);
        }
        if !is_peer && parent == NONE {
            return Ok(Verdict::Conflict);
        }
        if self.groups_give_way(frame, current)? {
            return self.with_peers(frame, Verdict::Replace, path);
        }
        Ok(Verdict::Conflict)
    }

    /// Can all groups of peers that the current node is in be replaced or pushed deeper?
    fn groups_give_way(&mut self, frame: &Frame, current: NodeId) -> Result<bool, End> {
        let Ask { dep, edge, target, .. } = frame.ask;
        let room = self.site.tree.node(dep).parent;
        let entry = self.entry_edge(frame.id);
        let mut all = true;
        for (entry_edge, peers) in self.peer_entries(current)? {
            if entry_edge == edge || entry_edge == entry {
                continue;
            }
            let entry_node = self.site.tree.edge(entry_edge).to;
            let gives_way = match self.beside(dep, self.site.tree.node(entry_node).fold) {
                Some(other) => self.can_replace(other, entry_node, room)?,
                None => self.can_clobber(dep, entry_node)?,
            };
            if gives_way {
                continue;
            }
            let from = self.site.tree.edge(entry_edge).from;
            for peer in peers {
                let deep = self.deepest(from, self.site.tree.node(peer).fold);
                if deep == target || self.site.tree.is_within(target, deep) {
                    all = false;
                    break;
                }
            }
        }
        Ok(all)
    }

    /// Are the peers in the dependency's room what a group asks for, as far as they are of its names?
    fn can_clobber(&mut self, dep: NodeId, entry_node: NodeId) -> Result<bool, End> {
        let mut walk = vec![entry_node];
        let mut at = 0;
        while at < walk.len() {
            self.budget.step()?;
            for edge in self.site.tree.edges_out(walk[at]) {
                if !self.site.tree.edge(edge).kind.is_peer() || !self.is_valid(edge) {
                    continue;
                }
                let to = self.site.tree.edge(edge).to;
                match self.beside(dep, self.site.tree.fold_of(edge)) {
                    Some(other) if !self.meets(edge, other) => return Ok(false),
                    Some(_) => {}
                    None if to != NONE && !walk.contains(&to) => walk.push(to),
                    None => {}
                }
            }
            at += 1;
        }
        Ok(true)
    }

    /// What of this name is in the room of a dependency: itself if it has none.
    pub(super) fn beside(&self, dep: NodeId, fold: NameId) -> Option<NodeId> {
        match self.site.tree.parent(dep) {
            Some(room) => self.site.tree.child(room, fold),
            None => (self.site.tree.node(dep).fold == fold).then_some(dep),
        }
    }

    /// The verdict, or that a peer has no place. It is found out once a question.
    fn with_peers(&mut self, frame: &mut Frame, verdict: Verdict, path: &mut Vec<NodeId>) -> Result<Verdict, End> {
        frame.own = Some(verdict);
        if let Some(known) = frame.peers {
            return Ok(known);
        }
        let Ask { dep, target, .. } = frame.ask;
        path.push(dep);
        let mut all = verdict;
        for edge in self.site.tree.edges_out(dep) {
            let peer = self.site.tree.edge(edge).to;
            if !self.site.tree.edge(edge).kind.is_peer() || peer == NONE || path.contains(&peer) {
                continue;
            }
            let target = self.deepest(target, self.site.tree.node(peer).fold);
            let id = self.check(Ask { dep: peer, edge, target, parent: frame.id, prefers_one: true }, path)?;
            if self.site.checks[id as usize].all == Verdict::Conflict {
                all = Verdict::Conflict;
                let current = self.site.tree.child(target, self.site.tree.fold_of(edge));
                let below = self.site.checks[id as usize].conflict;
                let conflict = current.map(|current| (edge, current)).or(below);
                let check = &mut self.site.checks[frame.id as usize];
                check.conflict = check.conflict.or(conflict);
            }
        }
        path.pop();
        frame.peers = Some(all);
        Ok(all)
    }

    /// The edge that the whole question is about.
    fn entry_edge(&self, id: u32) -> EdgeId {
        let mut check = &self.site.checks[id as usize];
        while check.parent != NONE {
            check = &self.site.checks[check.parent as usize];
        }
        check.edge
    }

    /// The deepest folder in which the node of a question may stand.
    fn deepest_of(&self, id: u32) -> NodeId {
        let parents =
            std::iter::successors(Some(id), |id| Some(self.site.checks[*id as usize].parent).filter(|id| *id != NONE));
        let mut names: Vec<NameId> = parents.map(|id| self.site.checks[id as usize].fold).collect();
        names.reverse();
        let start = self.site.tree.edge(self.entry_edge(id)).from;
        names.into_iter().fold(start, |start, fold| self.deepest(start, fold))
    }

    /// Which of two nodes has the higher version, if both have one.
    pub(super) fn compare(&self, a: NodeId, b: NodeId) -> Option<std::cmp::Ordering> {
        let version = |node: NodeId| self.version(self.site.tree.node(node).release);
        Some(version(a)?.cmp(version(b)?))
    }
}
