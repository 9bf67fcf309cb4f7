//! A graph as a tree, for people.
//!
//! The problem: a graph of some hundred packages unfolds into a tree of millions of lines, one with a cycle into one
//! without an end, and one that is thousands deep into one that nobody can read, or draw by recursion. So each package's
//! needs are drawn once, where it comes first; everywhere else the package has a mark, `(*)`, as in `cargo tree`; and
//! below a certain depth a line says that there is more.

use gleaner_model::{Graph, ROOT};

use crate::resolution::{Link, Links, label};

/// Levels that are drawn: deeper than any graph that was ever seen, and no wider than a long line.
const LEVELS_MAX: usize = 100;

/// The lines of a tree, the root's name first.
pub(super) fn tree(root: &str, graph: &Graph) -> Vec<String> {
    let links = Links::of(graph);
    let mut drawing = Drawing { root, graph, drawn: vec![false; graph.nodes.len()], lines: vec![root.to_owned()] };
    drawing.draw(&links, ROOT);
    let reached = links.reached();
    for (node, at) in graph.nodes.iter().zip(0..) {
        if !reached[at as usize] && !drawing.drawn[at as usize] {
            drawing.lines.push(format!("{} (the root does not need it)", label(node)));
            drawing.drawn[at as usize] = true;
            drawing.draw(&links, at);
        }
    }
    drawing.lines
}

/// What a node needs, and how far it is drawn.
struct Level<'a> {
    needs: std::slice::Iter<'a, Link>,
    /// How long the bars before it are, in bytes.
    bars: usize,
}

struct Drawing<'a> {
    root: &'a str,
    graph: &'a Graph,
    drawn: Vec<bool>,
    lines: Vec<String>,
}

impl Drawing<'_> {
    /// Draws what is below a node.
    fn draw(&mut self, links: &Links, from: u32) {
        let (mut bars, mut levels) = (String::new(), vec![Level { needs: links.from(from).iter(), bars: 0 }]);
        while let Some(level) = levels.last_mut() {
            bars.truncate(level.bars);
            let Some(link) = level.needs.next() else {
                levels.pop();
                continue;
            };
            let (corner, bar) = if level.needs.len() == 0 { ("└── ", "    ") } else { ("├── ", "│   ") };
            let below = links.from(link.to);
            let goes_on = self.line(&bars, corner, link, below.is_empty());
            bars.push_str(bar);
            if goes_on && levels.len() < LEVELS_MAX {
                levels.push(Level { needs: below.iter(), bars: bars.len() });
            } else if goes_on {
                self.lines.push(format!("{bars}└── … deeper than {LEVELS_MAX} levels; --json shows all of it"));
            }
        }
    }

    /// Draws one need. Is what the package needs itself to be drawn below it?
    fn line(&mut self, bars: &str, corner: &str, link: &Link, is_leaf: bool) -> bool {
        let is_new = self.drawn.get_mut(link.to as usize).is_some_and(|drawn| !std::mem::replace(drawn, true));
        let name = self.graph.nodes.get(link.to as usize).map_or_else(|| self.root.to_owned(), label);
        let folded = if is_new || is_leaf { "" } else { " (*)" };
        self.lines.push(format!("{bars}{corner}{name}{}{folded}", link.mark()));
        is_new && !is_leaf
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::resolution::samples::{graph, npm_graph};

    fn shown(graph: &Graph) -> String {
        tree("the root", graph).join("\n")
    }

    #[test]
    fn what_was_drawn_is_folded() {
        let nodes = ["a 1.0.0", "b 1.0.0", "b 2.0.0", "c 1.0.0"];
        let edges = [
            "root a ^1 normal",
            "root b@1.0.0 ^1 dev",
            "root b@2.0.0 ^2 build",
            "a b@2.0.0 ^2 optional",
            "a c ^1 normal",
            "b@2.0.0 c ^1 normal",
            "c a * peer-optional",
        ];
        let expected = "\
the root
├── a 1.0.0
│   ├── b 2.0.0 (optional)
│   │   └── c 1.0.0
│   │       └── a 1.0.0 (peer-optional) (*)
│   └── c 1.0.0 (*)
├── b 1.0.0 (dev)
└── b 2.0.0 (build) (*)";
        assert_eq!(shown(&graph(&nodes, &edges)), expected);
    }

    #[test]
    fn cycles_end() {
        let edges = ["root a ^1 normal", "a a ^1 normal", "a b ^1 normal", "b root * dev", "b a ^1 normal"];
        let expected = "\
the root
└── a 1
    ├── a 1 (*)
    └── b 1
        ├── a 1 (*)
        └── the root (dev) (*)";
        assert_eq!(shown(&graph(&["a 1", "b 1"], &edges)), expected);
    }

    #[test]
    fn nothing_is_left_out() {
        assert_eq!(shown(&Graph::default()), "the root");
        let nodes = ["node_modules/alias a 1.0.0", "node_modules/b b 1.0.0", "node_modules/c c 1.0.0"];
        let graph = npm_graph(&nodes, &["root node_modules/alias ^1 normal", "b c ^1 peer", "c b ^1 normal"]);
        let expected = "\
the root
└── alias = a 1.0.0
b 1.0.0 (the root does not need it)
└── c 1.0.0 (peer)
    └── b 1.0.0 (*)";
        assert_eq!(shown(&graph), expected);
    }

    #[test]
    fn a_chain_that_is_too_deep_says_so() {
        let nodes: Vec<_> = (0..100_000).map(|at| format!("n{at:06} 1")).collect();
        let nodes: Vec<_> = nodes.iter().map(String::as_str).collect();
        let mut deep = graph(&nodes, &["root n000000 ^1 normal"]);
        let first = deep.edges[0].clone();
        deep.edges.extend((1..100_000).map(|to| gleaner_model::Edge { from: to - 1, to, ..first.clone() }));
        let lines = tree("the root", &deep);
        assert_eq!(lines.len(), 102);
        assert!(lines[101].ends_with("└── … deeper than 100 levels; --json shows all of it"), "{}", lines[101]);
    }
}
