//! `package-lock.json`, read by itself: which version stands where, and where each need leads.

use std::collections::{BTreeMap, BTreeSet};

use gleaner_resolvers::{Graph, ROOT};
use serde_json::Value;

/// What a lock file says.
#[derive(Debug, Default, PartialEq, Eq)]
pub(crate) struct Locked {
    /// Names and versions by path.
    pub(crate) packages: BTreeMap<String, (String, String)>,
    /// From a path, the root's being empty, to a path, with the kind.
    pub(crate) edges: BTreeSet<(String, String, String)>,
}

/// Reads a lock file.
pub(crate) fn read(text: &str) -> Locked {
    let document: Value = serde_json::from_str(text).unwrap();
    let packages = document["packages"].as_object().unwrap();
    let mut locked = Locked::default();
    for (path, package) in packages.iter().filter(|(path, _)| !path.is_empty()) {
        // A link has what it leads to.
        let target = package["link"].as_bool().map(|_| &packages[package["resolved"].as_str().unwrap()]);
        let last = path.rsplit("node_modules/").next().unwrap();
        let name = package["name"].as_str().unwrap_or(last);
        let version = target.unwrap_or(package)["version"].as_str().unwrap_or_default();
        locked.packages.insert(path.clone(), (name.to_owned(), version.to_owned()));
    }
    for (path, package) in packages {
        for (name, kind) in needs(package, path.is_empty()) {
            if let Some(to) = lead(path, &name, packages) {
                locked.edges.insert((path.clone(), to, kind));
            }
        }
    }
    locked
}

fn needs(package: &Value, is_root: bool) -> BTreeMap<String, String> {
    let mut needs = BTreeMap::new();
    let tables = [
        ("peerDependencies", "peer"),
        ("dependencies", "normal"),
        ("optionalDependencies", "optional"),
        ("devDependencies", "dev"),
    ];
    for (table, kind) in tables.iter().filter(|(table, _)| is_root || *table != "devDependencies") {
        for name in package[table].as_object().into_iter().flat_map(|table| table.keys()) {
            let may_miss = *kind == "peer" && package["peerDependenciesMeta"][name]["optional"] == true;
            needs.insert(name.clone(), if may_miss { "peer-optional" } else { kind }.to_owned());
        }
    }
    needs
}

fn lead(from: &str, name: &str, packages: &serde_json::Map<String, Value>) -> Option<String> {
    let mut folder = Some(from);
    while let Some(path) = folder {
        let slash = if path.is_empty() { "" } else { "/" };
        let to = format!("{path}{slash}node_modules/{name}");
        if packages.contains_key(&to) {
            return Some(to);
        }
        folder = match path.rfind("/node_modules/") {
            Some(at) => Some(&path[..at]),
            None if path.is_empty() => None,
            None => Some(""),
        };
    }
    None
}

/// The same of an answered graph.
pub(crate) fn of_graph(graph: &Graph) -> Locked {
    let path =
        |at: u32| if at == ROOT { String::new() } else { graph.nodes[at as usize].path.as_deref().unwrap().to_owned() };
    let packages = graph
        .nodes
        .iter()
        .map(|node| (node.path.as_deref().unwrap().to_owned(), (node.name.to_string(), node.version.to_string())));
    let edges = graph.edges.iter().map(|edge| (path(edge.from), path(edge.to), edge.kind.as_str().to_owned()));
    Locked { packages: packages.collect(), edges: edges.collect() }
}

/// The differences of two, as lines.
pub(crate) fn differences(ours: &Locked, theirs: &Locked) -> Vec<String> {
    let mut lines = Vec::new();
    for (path, package) in &theirs.packages {
        match ours.packages.get(path) {
            None => lines.push(format!("missing {path} {package:?}")),
            Some(other) if other != package => lines.push(format!("{path} is {other:?}, not {package:?}")),
            Some(_) => {}
        }
    }
    let more = ours.packages.iter().filter(|(path, _)| !theirs.packages.contains_key(*path));
    lines.extend(more.map(|(path, package)| format!("surplus {path} {package:?}")));
    if lines.is_empty() {
        lines.extend(theirs.edges.difference(&ours.edges).map(|edge| format!("missing {edge:?}")));
        lines.extend(ours.edges.difference(&theirs.edges).map(|edge| format!("surplus {edge:?}")));
    }
    lines
}
