//! The tree of folders that npm would make, as an arena.
//!
//! A node is a folder, an edge somebody's need. Children of a node and edges into a node are linked lists through the
//! arena, in the order in which arborist's maps and sets would have them. Beside the real tree there are *rooms*: roots of
//! their own with the needs of some node, in which the peers of a dependency are gathered before it is placed (arborist's
//! virtual roots). What is taken out of a tree is a root of its own too, and stays in the arena until the end.
//!
//! Source: `@npmcli/arborist` 9, `lib/node.js`, `lib/edge.js`, `lib/inventory.js`.

mod wiring;

use super::collation;
use super::memo::{Kind, Memo, NONE, NameId, ReleaseId, WantId};
pub(super) use wiring::Moved;

/// A node's number.
pub(super) type NodeId = u32;
/// An edge's number.
pub(super) type EdgeId = u32;

/// The root of the real tree.
pub(super) const ROOT: NodeId = 0;

/// A folder, or what may become one.
#[derive(Clone, Debug)]
pub(super) struct Node {
    pub(super) name: NameId,
    pub(super) fold: NameId,
    /// None for the root, its rooms, and where nothing could be found.
    pub(super) release: ReleaseId,
    /// What could not be found, if that is so.
    pub(super) failed: WantId,
    pub(super) parent: NodeId,
    pub(super) root: NodeId,
    first_child: NodeId,
    last_child: NodeId,
    next: NodeId,
    previous: NodeId,
    pub(super) first_edge: EdgeId,
    pub(super) edges: u32,
    first_in: EdgeId,
    last_in: EdgeId,
    /// Folders between it and the root.
    pub(super) depth: u32,
    /// Where the key of its path begins and ends.
    key: (u32, u32),
    /// The node whose needs a room has.
    pub(super) source: NodeId,
    /// The room that was made last for its needs.
    pub(super) room: NodeId,
    /// The only inhabitant of that room, if the room was not worth making.
    pub(super) lodger: NodeId,
    /// The node that this is a symbolic link to.
    pub(super) link: NodeId,
    /// The set of overrides that holds for it and what it needs.
    pub(super) rules: u32,
    /// The last gathering that had it.
    pub(super) mark: u32,
    pub(super) is_seen: bool,
    pub(super) is_queued: bool,
}

/// Is what an edge leads to what it asks for?
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum State {
    Open,
    Valid,
    /// There is nothing, and there must be.
    Missing,
    /// A peer stands inside the one that wants it beside itself.
    Inside,
    Wrong,
}

/// A need.
#[derive(Clone, Debug)]
pub(super) struct Edge {
    pub(super) from: NodeId,
    pub(super) to: NodeId,
    pub(super) want: WantId,
    pub(super) kind: Kind,
    pub(super) state: State,
    /// A conflict that was allowed.
    pub(super) is_conflicted: bool,
    pub(super) is_bundled: bool,
    /// The override that holds for it.
    pub(super) rules: u32,
    next_in: EdgeId,
    previous_in: EdgeId,
    next_named: EdgeId,
    previous_named: EdgeId,
    is_listed: bool,
}

/// The arena.
#[derive(Default)]
pub(super) struct Tree {
    pub(super) nodes: Vec<Node>,
    pub(super) edges: Vec<Edge>,
    /// The folded name of each edge.
    folds: Vec<NameId>,
    /// Nodes of the real tree by folded name, in the order in which they came.
    named: Vec<Vec<NodeId>>,
    /// The first and last edge of the real tree by folded name.
    named_edges: Vec<(EdgeId, EdgeId)>,
    keys: Vec<u8>,
    /// The gathering that goes on, or went on last.
    gathering: u32,
}

impl Tree {
    /// Forgets everything but its room. `names` is how many names there are.
    pub(super) fn clear(&mut self, names: usize) {
        self.nodes.clear();
        self.edges.clear();
        self.folds.clear();
        self.keys.clear();
        self.gathering = 0;
        self.named.iter_mut().for_each(Vec::clear);
        self.named_edges.clear();
        self.make_room(names);
    }

    /// Has room for so many names.
    fn make_room(&mut self, names: usize) {
        if self.named.len() < names {
            self.named.resize_with(names, Vec::new);
        }
        if self.named_edges.len() < self.named.len() {
            self.named_edges.resize(self.named.len(), (NONE, NONE));
        }
    }

    pub(super) fn node(&self, id: NodeId) -> &Node {
        &self.nodes[id as usize]
    }

    pub(super) fn node_mut(&mut self, id: NodeId) -> &mut Node {
        &mut self.nodes[id as usize]
    }

    pub(super) fn edge(&self, id: EdgeId) -> &Edge {
        &self.edges[id as usize]
    }

    pub(super) fn edge_mut(&mut self, id: EdgeId) -> &mut Edge {
        &mut self.edges[id as usize]
    }

    /// The node above, which has this one in its folder.
    pub(super) fn parent(&self, id: NodeId) -> Option<NodeId> {
        Some(self.node(id).parent).filter(|parent| *parent != NONE)
    }

    /// Has it nothing above it?
    pub(super) fn is_top(&self, id: NodeId) -> bool {
        self.node(id).parent == NONE
    }

    /// Is it in the real tree?
    pub(super) fn is_real(&self, id: NodeId) -> bool {
        self.node(id).root == ROOT
    }

    /// Is it the root of some tree?
    pub(super) fn is_root(&self, id: NodeId) -> bool {
        self.node(id).root == id
    }

    /// Could it not be found?
    pub(super) fn is_failed(&self, id: NodeId) -> bool {
        self.node(id).failed != NONE
    }

    /// It and all above it, from within.
    pub(super) fn ancestry(&self, id: NodeId) -> impl Iterator<Item = NodeId> + '_ {
        std::iter::successors(Some(id), |id| self.parent(*id))
    }

    /// Is it, or is it within, the other?
    pub(super) fn is_within(&self, id: NodeId, other: NodeId) -> bool {
        self.ancestry(id).any(|one| one == other)
    }

    /// Children in the order in which they came.
    pub(super) fn children(&self, id: NodeId) -> impl Iterator<Item = NodeId> + '_ {
        let first = Some(self.node(id).first_child).filter(|id| *id != NONE);
        std::iter::successors(first, |id| Some(self.node(*id).next).filter(|id| *id != NONE))
    }

    /// The child of this folded name.
    pub(super) fn child(&self, id: NodeId, fold: NameId) -> Option<NodeId> {
        if self.is_real(id) {
            let named = self.named.get(fold as usize)?;
            return named.iter().copied().find(|one| self.node(*one).parent == id);
        }
        self.children(id).find(|one| self.node(*one).fold == fold)
    }

    /// What the name leads to from within a node, as `require` looks for it.
    pub(super) fn resolve(&self, from: NodeId, fold: NameId) -> Option<NodeId> {
        if self.is_real(from) && self.named.get(fold as usize).is_none_or(Vec::is_empty) {
            return None;
        }
        self.ancestry(from).find_map(|id| self.child(id, fold))
    }

    /// Nodes of the real tree with exactly this name, in the order in which they came.
    pub(super) fn of_name(&self, name: NameId, fold: NameId) -> Vec<NodeId> {
        let named = self.named.get(fold as usize).into_iter().flatten();
        named.copied().filter(|id| self.node(*id).name == name).collect()
    }

    /// Its needs.
    pub(super) fn edges_out(&self, id: NodeId) -> std::ops::Range<EdgeId> {
        let node = self.node(id);
        node.first_edge..node.first_edge + node.edges
    }

    /// Its need of this folded name.
    pub(super) fn edge_out(&self, id: NodeId, fold: NameId) -> Option<EdgeId> {
        let edges = self.edges_out(id);
        let folds = &self.folds[edges.start as usize..edges.end as usize];
        let at = folds.iter().position(|one| *one == fold)?;
        u32::try_from(at).ok().map(|at| edges.start + at)
    }

    pub(super) fn fold_of(&self, edge: EdgeId) -> NameId {
        self.folds[edge as usize]
    }

    /// Needs that it meets, in the order in which they came.
    pub(super) fn edges_in(&self, id: NodeId) -> impl Iterator<Item = EdgeId> + '_ {
        let first = Some(self.node(id).first_in).filter(|id| *id != NONE);
        std::iter::successors(first, |id| Some(self.edge(*id).next_in).filter(|id| *id != NONE))
    }

    /// A node and all within it, each before what is within it.
    pub(super) fn subtree(&self, id: NodeId) -> Vec<NodeId> {
        let mut all = vec![id];
        let mut at = 0;
        while at < all.len() {
            let children: Vec<NodeId> = self.children(all[at]).collect();
            all.extend(children);
            at += 1;
        }
        all
    }

    /// A number that marks the nodes of a new gathering.
    pub(super) fn new_gathering(&mut self) -> u32 {
        self.gathering += 1;
        self.gathering
    }

    /// Bytes of all keys.
    pub(super) fn keys_len(&self) -> usize {
        self.keys.len()
    }

    /// Sorts as the path does.
    pub(super) fn key(&self, id: NodeId) -> &[u8] {
        let (first, end) = self.node(id).key;
        &self.keys[first as usize..end as usize]
    }

    /// Works out the key of a node's path from the names above it.
    fn set_key(&mut self, id: NodeId, memo: &Memo) {
        let mut names: Vec<NameId> =
            self.ancestry(id).filter(|one| !self.is_top(*one)).map(|one| self.node(one).name).collect();
        names.reverse();
        let first = self.keys.len();
        for name in &names {
            self.keys.extend_from_slice(separator());
            collation::push_ranks(memo.name_text(*name), &mut self.keys);
        }
        if names.iter().any(|name| memo.names[*name as usize].has_capitals) {
            self.keys.push(1);
            for name in &names {
                self.keys.extend(std::iter::repeat_n(1, separator().len()));
                collation::push_cases(memo.name_text(*name), &mut self.keys);
            }
        }
        let position = |at: usize| u32::try_from(at).expect("a budget ends it long before");
        self.node_mut(id).key = (position(first), position(self.keys.len()));
    }
}

/// The key of what stands between two names of a path.
fn separator() -> &'static [u8] {
    static SEPARATOR: std::sync::OnceLock<Box<[u8]>> = std::sync::OnceLock::new();
    SEPARATOR.get_or_init(|| collation::key("/node_modules/"))
}
