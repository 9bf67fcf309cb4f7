//! What is different between two graphs.
//!
//! A package is known by its name, and has perhaps several versions; in npm by its place in the tree, which has one.

use std::collections::{BTreeMap, BTreeSet};

use gleaner_model::Graph;

/// A package's name, and its place (npm).
type Key<'a> = (&'a str, Option<&'a str>);

/// A package whose versions differ.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Change<'a> {
    pub(super) name: &'a str,
    /// Its place (npm).
    pub(super) path: Option<&'a str>,
    /// Versions that are there no more, in the order of their graph.
    pub(super) from: Vec<&'a str>,
    /// Versions that are new.
    pub(super) to: Vec<&'a str>,
    /// Versions that both have.
    pub(super) stay: Vec<&'a str>,
}

/// All differences, by name and place.
#[derive(Debug, Default, PartialEq, Eq)]
pub(super) struct Changes<'a> {
    /// Packages of which there was none.
    pub(super) added: Vec<Change<'a>>,
    /// Packages of which there is none any more.
    pub(super) removed: Vec<Change<'a>>,
    /// The others whose versions differ.
    pub(super) changed: Vec<Change<'a>>,
    /// How many are as they were.
    pub(super) unchanged: usize,
}

/// Compares.
pub(super) fn changes<'a>(before: &'a Graph, after: &'a Graph) -> Changes<'a> {
    let (before, after) = (versions(before), versions(after));
    let keys: BTreeSet<&Key<'a>> = before.keys().chain(after.keys()).collect();
    let mut changes = Changes::default();
    for key in keys {
        let change =
            change(*key, before.get(key).map_or(&[], Vec::as_slice), after.get(key).map_or(&[], Vec::as_slice));
        match (before.contains_key(key), after.contains_key(key)) {
            _ if change.from.is_empty() && change.to.is_empty() => changes.unchanged += 1,
            (false, _) => changes.added.push(change),
            (_, false) => changes.removed.push(change),
            _ => changes.changed.push(change),
        }
    }
    changes
}

fn change<'a>((name, path): Key<'a>, old: &[&'a str], new: &[&'a str]) -> Change<'a> {
    let (stay, from) = old.iter().copied().partition(|version| new.contains(version));
    let to = new.iter().copied().filter(|version| !old.contains(version)).collect();
    Change { name, path, from, to, stay }
}

/// Each package's versions, in the order of the graph, each once.
fn versions(graph: &Graph) -> BTreeMap<Key<'_>, Vec<&str>> {
    let mut packages: BTreeMap<_, Vec<&str>> = BTreeMap::new();
    for node in &graph.nodes {
        let versions = packages.entry((node.name.as_str(), node.path.as_deref())).or_default();
        if !versions.contains(&node.version.as_str()) {
            versions.push(&node.version);
        }
    }
    packages
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::resolution::samples::{graph, npm_graph};

    fn plain<'a>(name: &'a str, from: &[&'a str], to: &[&'a str], stay: &[&'a str]) -> Change<'a> {
        Change { name, path: None, from: from.to_vec(), to: to.to_vec(), stay: stay.to_vec() }
    }

    #[test]
    fn versions_are_compared_by_name() {
        let before = graph(&["gone 1.0.0", "same 1.0.0", "syn 1.0.0", "syn 2.0.0", "up 1.0.0"], &[]);
        let after = graph(&["new 0.1.0", "same 1.0.0", "syn 1.0.0", "syn 2.0.9", "syn 3.0.0", "up 1.0.10"], &[]);
        let expected = Changes {
            added: vec![plain("new", &[], &["0.1.0"], &[])],
            removed: vec![plain("gone", &["1.0.0"], &[], &[])],
            changed: vec![
                plain("syn", &["2.0.0"], &["2.0.9", "3.0.0"], &["1.0.0"]),
                plain("up", &["1.0.0"], &["1.0.10"], &[]),
            ],
            unchanged: 1,
        };
        assert_eq!(changes(&before, &after), expected);
        assert_eq!(changes(&after, &after), Changes { unchanged: 4, ..Changes::default() });
    }

    #[test]
    fn npm_compares_places() {
        let before = npm_graph(&["node_modules/a a 1.0.0", "node_modules/b/node_modules/a a 2.0.0"], &[]);
        let after = npm_graph(&["node_modules/a a 2.0.0", "node_modules/c/node_modules/a a 1.0.0"], &[]);
        let found = changes(&before, &after);
        let placed = |path, from, to| Change { path: Some(path), ..plain("a", from, to, &[]) };
        assert_eq!(found.added, [placed("node_modules/c/node_modules/a", &[], &["1.0.0"])]);
        assert_eq!(found.removed, [placed("node_modules/b/node_modules/a", &["2.0.0"], &[])]);
        assert_eq!(found.changed, [placed("node_modules/a", &["1.0.0"], &["2.0.0"])]);
    }
}
