//! Putting nodes into a tree and taking them out, with all edges led to where they lead then.
//!
//! Whatever changes, an edge leads to the nearest node of its name, from its own node's folder upwards. What is known of
//! an edge is forgotten when it is led elsewhere, or when what it leads to moved.

use super::{Edge, EdgeId, Node, NodeId, ROOT, State, Tree};
use crate::npm::memo::{Kind, Memo, NONE, NameId, ReleaseId, WantId};

/// An edge that left a node or came to it, for whoever keeps more than the tree (overrides).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(in crate::npm) enum Moved {
    Left(EdgeId, NodeId),
    Came(EdgeId, NodeId),
}

impl Tree {
    /// A node that stands alone.
    pub(in crate::npm) fn push_node(&mut self, name: NameId, release: ReleaseId, memo: &Memo) -> NodeId {
        let id = u32::try_from(self.nodes.len()).expect("a budget ends it long before");
        let fold = memo.names.get(name as usize).map_or(NONE, |name| name.fold);
        self.nodes.push(Node {
            name,
            fold,
            release,
            failed: NONE,
            parent: NONE,
            root: id,
            first_child: NONE,
            last_child: NONE,
            next: NONE,
            previous: NONE,
            first_edge: u32::try_from(self.edges.len()).expect("a budget ends it long before"),
            edges: 0,
            first_in: NONE,
            last_in: NONE,
            depth: 0,
            key: (0, 0),
            source: NONE,
            room: NONE,
            lodger: NONE,
            link: NONE,
            rules: NONE,
            mark: 0,
            is_seen: false,
            is_queued: false,
        });
        id
    }

    /// Adds a need to the node that was made last. It leads nowhere yet.
    pub(in crate::npm) fn push_edge(&mut self, from: NodeId, fold: NameId, want: WantId, kind: Kind) -> EdgeId {
        let id = u32::try_from(self.edges.len()).expect("a budget ends it long before");
        self.edges.push(Edge {
            from,
            to: NONE,
            want,
            kind,
            state: State::Open,
            is_conflicted: false,
            is_bundled: false,
            rules: NONE,
            next_in: NONE,
            previous_in: NONE,
            next_named: NONE,
            previous_named: NONE,
            is_listed: false,
        });
        self.folds.push(fold);
        self.node_mut(from).edges += 1;
        id
    }

    /// Leads an edge to where it leads now. What is known of it is forgotten if that is another node, or if `anew`.
    pub(in crate::npm) fn reload(&mut self, edge: EdgeId, anew: bool, moved: &mut Vec<Moved>) {
        let from = self.edge(edge).from;
        let (before, after) = (self.edge(edge).to, self.resolve(from, self.fold_of(edge)).unwrap_or(NONE));
        if before == after {
            if anew {
                self.edge_mut(edge).state = State::Open;
            }
            return;
        }
        if before != NONE {
            self.unlink_in(edge);
            moved.push(Moved::Left(edge, before));
        }
        let it = self.edge_mut(edge);
        (it.to, it.state) = (after, State::Open);
        if after != NONE {
            self.link_in(edge);
            moved.push(Moved::Came(edge, after));
        }
    }

    /// Puts a node with all within it under a parent that has no child of its name.
    pub(in crate::npm) fn attach(&mut self, id: NodeId, parent: NodeId, memo: &Memo, moved: &mut Vec<Moved>) {
        self.make_room(memo.names.len());
        self.link_child(id, parent);
        let root = self.node(parent).root;
        let family = self.subtree(id);
        for one in &family {
            let above = self.node(*one).parent;
            let depth = self.node(above).depth + 1;
            let node = self.node_mut(*one);
            (node.root, node.depth) = (root, depth);
            if root == ROOT {
                self.set_key(*one, memo);
                let fold = self.node(*one).fold;
                self.named[fold as usize].push(*one);
                self.edges_out(*one).for_each(|edge| self.list(edge));
            }
        }
        for one in &family {
            let above = self.node(*one).parent;
            self.reload_named(above, self.node(*one).fold, moved);
        }
        for one in &family {
            self.edges_out(*one).for_each(|edge| self.reload(edge, false, moved));
        }
    }

    /// Takes a node with all within it out of its tree; it is the root of its own then.
    pub(in crate::npm) fn detach(&mut self, id: NodeId, moved: &mut Vec<Moved>) {
        if self.node(id).parent == NONE {
            return;
        }
        let family = self.subtree(id);
        if self.is_real(id) {
            for one in &family {
                let fold = self.node(*one).fold;
                self.named[fold as usize].retain(|other| other != one);
                self.edges_out(*one).for_each(|edge| self.unlist(edge));
            }
        }
        self.unlink_child(id);
        for one in &family {
            self.node_mut(*one).root = id;
        }
        for one in &family {
            let incoming: Vec<EdgeId> = self.edges_in(*one).collect();
            for edge in incoming {
                if self.node(self.edge(edge).from).root != id {
                    self.reload(edge, false, moved);
                }
            }
            for edge in self.edges_out(*one) {
                let to = self.edge(edge).to;
                if to == NONE || self.node(to).root != id {
                    self.reload(edge, false, moved);
                }
            }
        }
    }

    /// Moves the children of a node that was taken out to another that stands alone.
    pub(in crate::npm) fn move_children(&mut self, from: NodeId, to: NodeId, moved: &mut Vec<Moved>) {
        let children: Vec<NodeId> = self.children(from).collect();
        for child in children {
            self.unlink_child(child);
            self.link_child(child, to);
            for one in self.subtree(child) {
                self.node_mut(one).root = to;
            }
        }
        for edge in self.edges_out(from) {
            self.reload(edge, false, moved);
        }
    }

    /// Leads all edges of a name anew that are in a node or within it.
    fn reload_named(&mut self, within: NodeId, fold: NameId, moved: &mut Vec<Moved>) {
        if !self.is_real(within) {
            for one in self.subtree(within) {
                if let Some(edge) = self.edge_out(one, fold) {
                    self.reload(edge, true, moved);
                }
            }
            return;
        }
        let mut edge = self.named_edges[fold as usize].0;
        while edge != NONE {
            let next = self.edge(edge).next_named;
            if within == ROOT || self.is_within(self.edge(edge).from, within) {
                self.reload(edge, true, moved);
            }
            edge = next;
        }
    }

    fn link_child(&mut self, id: NodeId, parent: NodeId) {
        let last = self.node(parent).last_child;
        let node = self.node_mut(id);
        (node.parent, node.previous, node.next) = (parent, last, NONE);
        if last == NONE {
            self.node_mut(parent).first_child = id;
        } else {
            self.node_mut(last).next = id;
        }
        self.node_mut(parent).last_child = id;
    }

    fn unlink_child(&mut self, id: NodeId) {
        let (parent, previous, next) = (self.node(id).parent, self.node(id).previous, self.node(id).next);
        match previous {
            NONE => self.node_mut(parent).first_child = next,
            _ => self.node_mut(previous).next = next,
        }
        match next {
            NONE => self.node_mut(parent).last_child = previous,
            _ => self.node_mut(next).previous = previous,
        }
        let node = self.node_mut(id);
        (node.parent, node.previous, node.next) = (NONE, NONE, NONE);
    }

    fn link_in(&mut self, edge: EdgeId) {
        let to = self.edge(edge).to;
        let last = self.node(to).last_in;
        let it = self.edge_mut(edge);
        (it.previous_in, it.next_in) = (last, NONE);
        if last == NONE {
            self.node_mut(to).first_in = edge;
        } else {
            self.edge_mut(last).next_in = edge;
        }
        self.node_mut(to).last_in = edge;
    }

    fn unlink_in(&mut self, edge: EdgeId) {
        let (to, previous, next) = (self.edge(edge).to, self.edge(edge).previous_in, self.edge(edge).next_in);
        match previous {
            NONE => self.node_mut(to).first_in = next,
            _ => self.edge_mut(previous).next_in = next,
        }
        match next {
            NONE => self.node_mut(to).last_in = previous,
            _ => self.edge_mut(next).previous_in = previous,
        }
    }

    /// Puts an edge into the list of its name. The root's own are put there when they are made.
    pub(in crate::npm) fn list(&mut self, edge: EdgeId) {
        let fold = self.folds[edge as usize] as usize;
        if self.edge(edge).is_listed {
            return;
        }
        if self.named_edges.len() <= fold {
            self.make_room(fold + 1);
        }
        let last = self.named_edges[fold].1;
        let it = self.edge_mut(edge);
        (it.is_listed, it.previous_named, it.next_named) = (true, last, NONE);
        if last == NONE {
            self.named_edges[fold].0 = edge;
        } else {
            self.edge_mut(last).next_named = edge;
        }
        self.named_edges[fold].1 = edge;
    }

    fn unlist(&mut self, edge: EdgeId) {
        let fold = self.folds[edge as usize] as usize;
        let (previous, next) = (self.edge(edge).previous_named, self.edge(edge).next_named);
        match previous {
            NONE => self.named_edges[fold].0 = next,
            _ => self.edge_mut(previous).next_named = next,
        }
        match next {
            NONE => self.named_edges[fold].1 = previous,
            _ => self.edge_mut(next).previous_named = previous,
        }
        let it = self.edge_mut(edge);
        (it.is_listed, it.previous_named, it.next_named) = (false, NONE, NONE);
    }
}
