//! Packuments, read by npm's rules: optional dependencies replace normal ones, `npm:` is an alias, peers may be
//! optional by a second object.

use std::collections::BTreeMap;

use gleaner_proto::v1::{Dependency, DependencyKind};
use serde_json::Value;

use super::facts::{Version, dependency, milliseconds, sorted};

/// The version that is tagged `latest`, and all versions.
pub(super) fn versions(name: &str, packument: &[u8]) -> (Option<String>, BTreeMap<String, Version>) {
    let packument: Value = serde_json::from_slice(packument).unwrap();
    assert_eq!(packument["name"], name);
    let mut versions = BTreeMap::new();
    for (number, manifest) in packument["versions"].as_object().unwrap() {
        let deprecated = match &manifest["deprecated"] {
            Value::String(words) => words.clone(),
            Value::Bool(true) => "true".to_owned(),
            _ => String::new(),
        };
        let version = Version {
            deprecated,
            published_at_ms: packument["time"][number].as_str().map(milliseconds),
            dependencies: sorted(dependencies(manifest)),
            ..Version::default()
        };
        versions.insert(number.clone(), version);
    }
    (packument["dist-tags"]["latest"].as_str().map(str::to_owned), versions)
}

fn dependencies(manifest: &Value) -> Vec<Dependency> {
    let optional = &manifest["optionalDependencies"];
    let mut all = Vec::new();
    for (field, kind) in [
        ("dependencies", DependencyKind::Normal),
        ("optionalDependencies", DependencyKind::Normal),
        ("peerDependencies", DependencyKind::Peer),
        ("devDependencies", DependencyKind::Dev),
    ] {
        for (key, range) in manifest[field].as_object().into_iter().flatten() {
            let is_replaced = field == "dependencies" && optional[key].is_string();
            let (Some(range), false) = (range.as_str(), is_replaced) else { continue };
            let may_miss = match field {
                "optionalDependencies" => true,
                "peerDependencies" => manifest["peerDependenciesMeta"][key]["optional"] == true,
                _ => false,
            };
            all.push(Dependency { optional: may_miss, ..aliased(key, range, kind) });
        }
    }
    all
}

/// `"key": "npm:name@range"` is the package `name`, used as `key`.
fn aliased(key: &str, range: &str, kind: DependencyKind) -> Dependency {
    let Some(target) = range.strip_prefix("npm:") else { return dependency(key, range, kind) };
    let scope = usize::from(target.starts_with('@'));
    let (name, range) = match target[scope..].find('@') {
        Some(at) => (&target[..scope + at], &target[scope + at + 1..]),
        None => (target, "*"),
    };
    let alias = if name == key { String::new() } else { key.to_owned() };
    Dependency { alias, ..dependency(name, range, kind) }
}
