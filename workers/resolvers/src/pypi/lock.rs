//! The pins as uv writes them into a `requirements.txt` (`crates/uv-resolver/src/resolution/display.rs`).
//!
//! By itself uv puts a header above them that repeats the command line, and below each pin a comment that says what
//! needs it. There is no command line here, and a comment is not what is locked: the lock file is what `uv pip compile
//! --no-header --no-annotate` writes, to the byte. [`annotated`] adds the comments, as `--no-header` alone leaves them.

use std::collections::BTreeSet;
use std::fmt::Write;

use super::environment::Environment;
use super::manifest::PypiRoot;
use super::requirement::applies;
use crate::{Graph, ROOT};

/// Names and versions, a line each.
pub(super) fn plain(graph: &Graph) -> String {
    graph.nodes.iter().map(|node| format!("{}=={}\n", node.name, node.version)).collect()
}

/// The same, and below each pin who needs it: `uv pip compile --no-header`.
#[must_use]
pub fn annotated(root: &PypiRoot, environment: &Environment, graph: &Graph) -> String {
    let mut text = String::new();
    for (at, node) in (0_u32..).zip(&graph.nodes) {
        let incoming = graph.edges.iter().filter(|edge| edge.to == at && edge.from != ROOT);
        let dependents: BTreeSet<&str> =
            incoming.filter_map(|edge| graph.nodes.get(edge.from as usize)).map(|node| node.name.as_str()).collect();
        let counts = |requirement: &&super::requirement::Requirement| {
            node.name == requirement.name.as_str() && applies(&requirement.marker.condition(None), &environment.markers)
        };
        let is_direct = root.requirements.iter().chain(&root.constraints).any(|requirement| counts(&requirement));
        let source = root.origin.as_deref().filter(|_| is_direct);
        let _ = writeln!(text, "{}=={}", node.name, node.version);
        let needs: Vec<&str> = source.into_iter().chain(dependents).collect();
        match needs.as_slice() {
            [] => {}
            [one] => {
                let _ = writeln!(text, "    # via {one}");
            }
            all => {
                text.push_str("    # via\n");
                for one in all {
                    let _ = writeln!(text, "    #   {one}");
                }
            }
        }
    }
    text
}
