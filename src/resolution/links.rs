//! A graph's edges by where they begin, several between the same two nodes as one.

use gleaner_model::{Edge, EdgeKind, Graph, Node, ROOT, Text};

/// One node's need of another, for one or more reasons.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Link {
    /// The node that is needed, or [`ROOT`].
    pub(crate) to: u32,
    /// The first requirement of those that there are.
    pub(crate) requirement: Text,
    /// Every kind of need, in the order of [`EdgeKind`].
    pub(crate) kinds: Vec<EdgeKind>,
}

impl Link {
    /// What sets it apart from a plain need: ` (dev)`, ` (build, dev)`; nothing if it is a plain one, too.
    pub(crate) fn mark(&self) -> String {
        if self.kinds.contains(&EdgeKind::Normal) {
            return String::new();
        }
        format!(" ({})", self.kinds.iter().map(|kind| kind.as_str()).collect::<Vec<_>>().join(", "))
    }
}

/// Who needs whom.
pub(crate) struct Links {
    /// One list a node; the root's is the last.
    all: Vec<Vec<Link>>,
}

impl Links {
    /// In the order of the graph's nodes.
    pub(crate) fn of(graph: &Graph) -> Self {
        let nodes = graph.nodes.len();
        let mut edges: Vec<&Edge> = graph.edges.iter().collect();
        edges.sort_by_key(|edge| (edge.from, edge.to, edge.kind));
        let mut all = vec![Vec::<Link>::new(); nodes + 1];
        for edge in edges {
            let list = &mut all[(edge.from as usize).min(nodes)];
            match list.last_mut().filter(|link| link.to == edge.to) {
                Some(link) if link.kinds.last() == Some(&edge.kind) => {}
                Some(link) => link.kinds.push(edge.kind),
                None => {
                    list.push(Link { to: edge.to, requirement: edge.requirement.clone(), kinds: vec![edge.kind] });
                }
            }
        }
        Self { all }
    }

    /// What a node, or [`ROOT`], needs.
    pub(crate) fn from(&self, node: u32) -> &[Link] {
        &self.all[(node as usize).min(self.all.len() - 1)]
    }

    /// Which nodes the root needs, if only through others.
    pub(crate) fn reached(&self) -> Vec<bool> {
        let mut reached = vec![false; self.all.len()];
        let mut next = vec![ROOT];
        while let Some(node) = next.pop() {
            for link in self.from(node).iter().filter(|link| link.to != ROOT) {
                if !std::mem::replace(&mut reached[link.to as usize], true) {
                    next.push(link.to);
                }
            }
        }
        reached.pop();
        reached
    }
}

/// A node's name and version, with npm's alias if it is installed under another name.
pub(crate) fn label(node: &Node) -> String {
    let folder = node.path.as_deref().and_then(|path| path.rsplit("node_modules/").next());
    match folder.filter(|folder| node.name != **folder) {
        Some(alias) => format!("{alias} = {} {}", node.name, node.version),
        None => format!("{} {}", node.name, node.version),
    }
}

#[cfg(test)]
mod tests {
    use super::super::samples::{graph, npm_graph};
    use super::*;

    #[test]
    fn several_edges_between_two_nodes_are_one_link() {
        let edges = ["a b ^1 dev", "root a ^1 normal", "a b ^2 build", "a b ^3 build", "a root * normal"];
        let links = Links::of(&graph(&["a 1", "b 1", "c 1"], &edges));
        assert_eq!(links.from(0).iter().map(Link::mark).collect::<Vec<_>>(), [" (build, dev)", ""]);
        assert_eq!((links.from(0)[0].requirement.as_str(), links.from(ROOT).len()), ("^2", 1));
        assert_eq!(links.reached(), [true, true, false]);
    }

    #[test]
    fn an_alias_is_told() {
        let nodes = ["node_modules/x/node_modules/@a/old @b/new 2.0.0", "node_modules/@c/d @c/d 1.0.0"];
        let graph = npm_graph(&nodes, &[]);
        assert_eq!(graph.nodes.iter().map(label).collect::<Vec<_>>(), ["@a/old = @b/new 2.0.0", "@c/d 1.0.0"]);
    }
}
