//! `Cargo.lock`, read by itself: packages and who needs whom.

use std::collections::{BTreeMap, BTreeSet};

/// A package's name and version.
pub(crate) type Package = (String, String);

/// What a lock file says, without the root among the packages.
#[derive(Debug, Default, PartialEq, Eq)]
pub(crate) struct Locked {
    pub(crate) packages: BTreeSet<Package>,
    /// From a package, or the root, to a package.
    pub(crate) edges: BTreeSet<(Option<Package>, Package)>,
}

/// Reads a lock file whose root is called `case`.
pub(crate) fn read(text: &str) -> Locked {
    let document: toml::Table = text.parse().unwrap();
    let packages = document["package"].as_array().unwrap();
    let field = |package: &toml::Value, key: &str| package[key].as_str().unwrap().to_owned();
    let mut versions: BTreeMap<String, Vec<String>> = BTreeMap::new();
    for package in packages {
        versions.entry(field(package, "name")).or_default().push(field(package, "version"));
    }
    let mut locked = Locked::default();
    for package in packages {
        let from = (field(package, "name"), field(package, "version"));
        let from = (from.0 != "case").then_some(from);
        locked.packages.extend(from.clone());
        for need in package.get("dependencies").and_then(toml::Value::as_array).into_iter().flatten() {
            let mut words = need.as_str().unwrap().split(' ');
            let name = words.next().unwrap().to_owned();
            let version = words.next().map_or_else(|| versions[&name][0].clone(), str::to_owned);
            locked.edges.insert((from.clone(), (name, version)));
        }
    }
    locked
}

/// The same of an answered graph.
pub(crate) fn of_graph(graph: &gleaner_resolvers::Graph) -> Locked {
    let package = |at: u32| {
        let node = graph.nodes.get(at as usize)?;
        Some((node.name.to_string(), node.version.to_string()))
    };
    Locked {
        packages: graph.nodes.iter().map(|node| (node.name.to_string(), node.version.to_string())).collect(),
        edges: graph.edges.iter().map(|edge| (package(edge.from), package(edge.to).unwrap())).collect(),
    }
}
