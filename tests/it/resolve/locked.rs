//! What the real clients' lock files say, read independently of the program, and the same of its answers.

use std::collections::{BTreeMap, BTreeSet};

use serde_json::Value;

/// A package: `name version` for cargo and Python, the path and the version for npm.
pub(super) type Package = String;

/// Packages and who needs whom; nothing stands for the root.
#[derive(Debug, Default, PartialEq, Eq)]
pub(super) struct Locked {
    pub(super) packages: BTreeSet<Package>,
    pub(super) edges: BTreeSet<(Option<Package>, Package)>,
}

/// `Cargo.lock` of a project called `case`.
pub(super) fn cargo(text: &str) -> Locked {
    let document: toml::Table = text.parse().unwrap();
    let packages = document["package"].as_array().unwrap();
    let field = |package: &toml::Value, key: &str| package[key].as_str().unwrap().to_owned();
    let mut versions: BTreeMap<String, String> = BTreeMap::new();
    for package in packages {
        versions.insert(field(package, "name"), field(package, "version"));
    }
    let mut locked = Locked::default();
    for package in packages {
        let from = (field(package, "name") != "case")
            .then(|| format!("{} {}", field(package, "name"), field(package, "version")));
        locked.packages.extend(from.clone());
        for need in package.get("dependencies").and_then(toml::Value::as_array).into_iter().flatten() {
            let mut words = need.as_str().unwrap().split(' ');
            let name = words.next().unwrap();
            // The version stands there only if there are several.
            let version = words.next().unwrap_or_else(|| &versions[name]);
            locked.edges.insert((from.clone(), format!("{name} {version}")));
        }
    }
    locked
}

/// The packages of a pinned `requirements.txt`, which has no edges.
pub(super) fn pypi(text: &str) -> BTreeSet<Package> {
    text.lines().map(|line| line.replace("==", " ")).collect()
}

/// The packages of a `package-lock.json`, by their paths.
pub(super) fn npm(text: &str) -> BTreeSet<Package> {
    let document: Value = serde_json::from_str(text).unwrap();
    let packages = document["packages"].as_object().unwrap().iter().filter(|(path, _)| !path.is_empty());
    packages.map(|(path, package)| format!("{path} {}", package["version"].as_str().unwrap())).collect()
}

/// The same of an answer as `gleaner resolve --json` gives it.
pub(super) fn answered(answer: &Value) -> Locked {
    let text = |node: &Value, key: &str| node[key].as_str().map(str::to_owned);
    let name = |node: &Value| {
        let name = text(node, "path").or_else(|| text(node, "name")).unwrap();
        format!("{name} {}", text(node, "version").unwrap())
    };
    let nodes: Vec<_> = answer["nodes"].as_array().unwrap().iter().map(name).collect();
    let place = |at: &Value| at.as_u64().map(|at| nodes[usize::try_from(at).unwrap()].clone());
    let edges = answer["edges"].as_array().unwrap();
    let edges = edges.iter().filter_map(|edge| Some((place(&edge["from"]), place(&edge["to"])?))).collect();
    Locked { packages: nodes.into_iter().collect(), edges }
}
