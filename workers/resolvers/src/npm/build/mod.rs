//! Building the tree: npm's own algorithm, since *where* a version is placed decides who gets it.
//!
//! From the root outwards, shallow folders first, each node's needs are met: a release is taken for a need
//! ([`pick`](super::pick)), its peers are gathered with it ([`peers`]), and both are placed as high as nothing is in the
//! way ([`place`], [`check`]). What was placed needs more in turn, and what was pushed aside is looked at again.
//!
//! Source: `@npmcli/arborist` 9, `lib/arborist/build-ideal-tree.js`; each module names its own file. What concerns a tree
//! that is there already (lock files, updates, audits), workspaces and links to folders is left out.

mod check;
mod dedupe;
mod gather;
mod overrides;
mod peers;
mod place;
mod queue;
mod reason;
mod step;
mod validity;

use super::memo::{Failure, Memo, NONE, Pick, WantId};
use super::root::RootData;
use super::snapshot::NpmSnapshot;
use super::spec::Spec;
use super::tree::{EdgeId, Moved, NodeId, ROOT, Tree};
use crate::{Budget, Stopped};
use overrides::Overrides;
use queue::Queue;

/// Why a tree was not built.
#[derive(Debug)]
pub(super) enum End {
    Stopped(Stopped),
    /// npm refuses, for this reason.
    Refused(String),
}

impl From<Stopped> for End {
    fn from(stopped: Stopped) -> Self {
        Self::Stopped(stopped)
    }
}

/// Peers of peers of peers: where they are deeper than this, a resolution gives up, since each takes room on the stack.
const PEERS_MAX: usize = 200;

/// Folders within folders, edges, and bytes of paths: more than these is no project, and would take a gigabyte.
const DEPTH_MAX: u32 = 1_000;
const EDGES_MAX: usize = 8_000_000;
const KEYS_MAX: usize = 256 << 20;

/// Room for buildings.
#[derive(Default)]
pub(super) struct Site {
    pub(super) tree: Tree,
    queue: Queue,
    checks: Vec<check::Check>,
    placements: Vec<place::Placement>,
    /// Nodes in the tree that could not be found.
    pub(super) failures: Vec<NodeId>,
    /// Wants that a release was looked for.
    pub(super) asked: Vec<WantId>,
    /// Wants of the same that nothing is known of.
    pub(super) unknown: Vec<WantId>,
    /// Needs that are not of the registry.
    pub(super) elsewhere: Vec<EdgeId>,
    /// Peers that conflict and were let pass.
    pub(super) conflicts: Vec<EdgeId>,
    moved: Vec<Moved>,
    /// How many buildings there were.
    run: u32,
}

/// A building that goes on.
pub(super) struct Build<'a, 'b> {
    pub(super) memo: &'a mut Memo,
    pub(super) snapshot: &'a NpmSnapshot,
    pub(super) site: &'a mut Site,
    pub(super) budget: &'a mut Budget<'b>,
    overrides: Overrides,
}

impl<'a, 'b> Build<'a, 'b> {
    /// Begins with a root and its needs.
    pub(super) fn new(
        memo: &'a mut Memo,
        snapshot: &'a NpmSnapshot,
        site: &'a mut Site,
        budget: &'a mut Budget<'b>,
        root: &RootData,
    ) -> Result<Self, End> {
        site.run = site.run.wrapping_add(1);
        site.queue.clear();
        site.failures.clear();
        site.asked.clear();
        site.unknown.clear();
        site.elsewhere.clear();
        site.conflicts.clear();
        site.moved.clear();
        let overrides = Overrides::new(root, memo).map_err(End::Refused)?;
        let needs: Vec<_> = root
            .needs
            .iter()
            .map(|need| {
                let name = memo.name(&need.name);
                (memo.names[name as usize].fold, memo.want(name, &need.asked), need.kind)
            })
            .collect();
        site.tree.clear(memo.names.len());
        let top = site.tree.push_node(NONE, NONE, memo);
        debug_assert_eq!(top, ROOT);
        let mut build = Self { memo, snapshot, site, budget, overrides };
        build.site.tree.node_mut(ROOT).rules = build.overrides.top();
        for (fold, want, kind) in needs {
            let edge = build.site.tree.push_edge(ROOT, fold, want, kind);
            build.site.tree.list(edge);
        }
        build.rule_edges(ROOT);
        Ok(build)
    }

    /// Builds the tree.
    pub(super) fn build(&mut self, root: &RootData) -> Result<(), End> {
        self.check_root_overrides(root)?;
        self.enqueue(ROOT);
        while let Some(node) = self.site.queue.pop(&mut self.site.tree) {
            self.budget.step()?;
            self.step(node)?;
        }
        Ok(())
    }

    /// The release for a want, which is asked for now.
    fn pick(&mut self, want: WantId) -> Result<Pick, End> {
        if let Spec::Wrong(why) = &self.memo.wants[want as usize].spec {
            return Err(End::Refused(self.wrong(want, why)));
        }
        let pick = self.memo.pick(want, self.snapshot);
        let known = &mut self.memo.wants[want as usize];
        if known.run != self.site.run {
            known.run = self.site.run;
            self.site.asked.push(want);
            if pick == Pick::Failed(Failure::Unknown) {
                self.site.unknown.push(want);
            }
        }
        Ok(pick)
    }

    /// Is there room for more in a folder?
    fn check_room(&self, folder: NodeId) -> Result<(), End> {
        let tree = &self.site.tree;
        let is_full =
            tree.node(folder).depth >= DEPTH_MAX || tree.edges.len() > EDGES_MAX || tree.keys_len() > KEYS_MAX;
        if is_full { Err(End::Stopped(Stopped::Exhausted)) } else { Ok(()) }
    }

    fn attach(&mut self, node: NodeId, parent: NodeId) {
        self.site.tree.attach(node, parent, self.memo, &mut self.site.moved);
        self.settle();
    }

    fn detach(&mut self, node: NodeId) {
        self.site.tree.detach(node, &mut self.site.moved);
        self.settle();
    }

    /// A node for a release with its needs, or one for what could not be found; it stands alone.
    fn new_node(&mut self, want: WantId, pick: Pick) -> NodeId {
        let name = self.memo.wants[want as usize].name;
        let Pick::Release(release) = pick else {
            let node = self.site.tree.push_node(name, NONE, self.memo);
            self.site.tree.node_mut(node).failed = want;
            return node;
        };
        self.site.tree.push_node(name, release, self.memo)
    }

    /// Gives the node that was made last the needs of its release.
    fn add_needs(&mut self, node: NodeId) {
        let release = self.site.tree.node(node).release;
        let Some(release) = self.memo.releases.get(release as usize) else { return };
        for at in release.needs.0..release.needs.1 {
            let need = self.memo.needs[at as usize];
            let edge = self.site.tree.push_edge(node, need.fold, need.want, need.kind);
            self.site.tree.edge_mut(edge).is_bundled = need.is_bundled;
        }
        self.rule_edges(node);
        self.load_edges(node);
    }

    /// Leads the edges of a new node.
    fn load_edges(&mut self, node: NodeId) {
        for edge in self.site.tree.edges_out(node) {
            self.site.tree.reload(edge, true, &mut self.site.moved);
        }
        self.settle();
    }

    fn enqueue(&mut self, node: NodeId) {
        self.site.queue.push(node, &mut self.site.tree);
    }
}
