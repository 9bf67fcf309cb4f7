//! From the tree to the answer.

use gleaner_model::Text;

use super::build::{Build, End};
use super::flags::Wired;
use super::memo::{Kind, NONE};
use super::tree::{NodeId, ROOT as TREE_ROOT};
use crate::{Edge, EdgeKind, Graph, Node, ROOT};

/// The nodes of the real tree, each after the one that it is in; the root is the first.
pub(super) struct Standing {
    nodes: Vec<NodeId>,
    /// Positions of nodes in `nodes`, or nothing.
    position: Vec<u32>,
}

/// An answer with what the tool would warn of.
pub(super) struct Finished {
    pub(super) graph: Graph,
    pub(super) warnings: Vec<String>,
}

impl Kind {
    /// The kind as answers have it.
    pub(super) const fn in_graph(self) -> EdgeKind {
        match self {
            Self::Normal => EdgeKind::Normal,
            Self::Dev => EdgeKind::Dev,
            Self::Optional => EdgeKind::Optional,
            Self::Peer => EdgeKind::Peer,
            Self::PeerOptional => EdgeKind::PeerOptional,
        }
    }
}

fn narrow(at: usize) -> u32 {
    u32::try_from(at).unwrap_or(NONE)
}

impl Build<'_, '_> {
    /// The answer of a tree that is complete.
    ///
    /// # Errors
    /// Something that must be there is not, or is for another platform.
    pub(super) fn finish(&mut self) -> Result<Finished, End> {
        let standing = self.standing();
        let flags = self.wired(&standing).flags();
        let is_optional = |node: NodeId| flags[standing.position[node as usize] as usize].optional;
        let lost = self.site.failures.iter().copied().find(|node| self.site.tree.is_real(*node) && !is_optional(*node));
        if let Some(lost) = lost {
            return Err(End::Refused(self.unfound(lost)));
        }
        for node in standing.nodes.iter().copied().filter(|node| !is_optional(*node)) {
            let release = self.memo.releases.get(self.site.tree.node(node).release as usize);
            if let Some(refusal) = release.and_then(|release| release.wrong_platform.as_deref()) {
                return Err(End::Refused(format!("EBADPLATFORM: {refusal}")));
            }
        }
        Ok(self.graph(&standing, &flags.iter().map(|flags| flags.optional).collect::<Vec<_>>()))
    }

    fn standing(&self) -> Standing {
        let nodes = self.site.tree.subtree(TREE_ROOT);
        let mut position = vec![NONE; self.site.tree.nodes.len()];
        nodes.iter().enumerate().for_each(|(at, node)| position[*node as usize] = narrow(at));
        Standing { nodes, position }
    }

    fn wired(&self, standing: &Standing) -> Wired {
        let mut wired = Wired::default();
        let position = |node: u32| standing.position.get(node as usize).copied().unwrap_or(NONE);
        for node in &standing.nodes {
            let it = self.site.tree.node(*node);
            wired.parents.push(position(it.parent));
            wired.links.push(position(it.link));
            wired.first.push(wired.edges.len());
            let edges = self.site.tree.edges_out(*node).map(|edge| self.site.tree.edge(edge));
            wired.edges.extend(edges.map(|edge| (position(edge.to), edge.kind)));
        }
        wired.first.push(wired.edges.len());
        wired
    }

    /// Nodes without what could not be found, in the answer's order.
    fn graph(&self, standing: &Standing, optional: &[bool]) -> Finished {
        let mut paths: Vec<String> = Vec::with_capacity(standing.nodes.len());
        for node in &standing.nodes {
            let it = self.site.tree.node(*node);
            paths.push(match standing.position.get(it.parent as usize) {
                None => String::new(),
                Some(parent) => {
                    let above = &paths[*parent as usize];
                    let slash = if above.is_empty() { "" } else { "/" };
                    format!("{above}{slash}node_modules/{}", self.memo.name_text(it.name))
                }
            });
        }
        let release = |at: usize| {
            let node = self.site.tree.node(standing.nodes[at]);
            self.memo.releases.get(node.release as usize)
        };
        let mut order: Vec<usize> = (1..standing.nodes.len()).filter(|at| release(*at).is_some()).collect();
        order.sort_unstable_by(|a, b| {
            let key =
                |at: usize| release(at).map(|it| (self.memo.name_text(it.package), it.version.as_ref(), &*it.number));
            key(*a).cmp(&key(*b)).then_with(|| paths[*a].cmp(&paths[*b]))
        });
        let mut place = vec![NONE; standing.nodes.len()];
        order.iter().enumerate().for_each(|(at, node)| place[*node] = narrow(at));
        place[0] = ROOT;
        let edges = self.graph_edges(standing, &place);
        let warnings = self.warnings(&order, standing, optional);
        let nodes = order.iter().filter_map(|at| {
            let release = release(*at)?;
            Some(Node {
                name: Text::from(self.memo.name_text(release.package)),
                version: Text::from(&release.number),
                path: Some(std::mem::take(&mut paths[*at]).into()),
            })
        });
        Finished { graph: Graph { nodes: nodes.collect(), edges }, warnings }
    }

    fn graph_edges(&self, standing: &Standing, place: &[u32]) -> Vec<Edge> {
        let mut edges = Vec::new();
        for (at, node) in standing.nodes.iter().enumerate() {
            if at != 0 && place[at] == NONE {
                continue;
            }
            for edge in self.site.tree.edges_out(*node).map(|edge| self.site.tree.edge(edge)) {
                let to = standing.position.get(edge.to as usize).map_or(NONE, |at| place[*at as usize]);
                // The root itself is never what a name leads to.
                if to != NONE {
                    let requirement = self.memo.wants[edge.want as usize].text.clone();
                    edges.push(Edge { from: place[at], to, kind: edge.kind.in_graph(), requirement });
                }
            }
        }
        edges.sort_unstable();
        edges
    }

    fn warnings(&self, order: &[usize], standing: &Standing, optional: &[bool]) -> Vec<String> {
        let site = &*self.site;
        let mut warnings: Vec<String> = Vec::new();
        let mut say = |text: String| {
            if !warnings.contains(&text) {
                warnings.push(text);
            }
        };
        for edge in site.elsewhere.iter().filter(|edge| site.tree.is_real(site.tree.edge(**edge).from)) {
            say(self.left_out(*edge));
        }
        for edge in site.conflicts.iter().filter(|edge| site.tree.is_real(site.tree.edge(**edge).from)) {
            say(self.let_pass(*edge));
        }
        for at in order {
            let node = site.tree.node(standing.nodes[*at]);
            let Some(release) = self.memo.releases.get(node.release as usize) else { continue };
            if !optional[*at] {
                release.warnings.iter().for_each(|text| say(text.to_string()));
            }
            let title = || format!("{}@{}", self.memo.name_text(release.package), release.number);
            if release.has_shrinkwrap {
                say(format!("{} fixes what it needs in its own archive, which is not looked into", title()));
            } else if release.has_bundle {
                say(format!("{} brings dependencies along in its own archive, which is not looked into", title()));
            }
        }
        warnings
    }
}
