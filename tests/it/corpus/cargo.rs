//! Index files of crates, read by the rules of the index: a JSON object a line, a line a version.

use std::collections::BTreeMap;

use gleaner_proto::v1::{Dependency, DependencyKind};
use serde_json::Value;

use super::facts::{Version, dependency, milliseconds, sorted};

/// The versions of a crate.
pub(super) fn versions(name: &str, index: &[u8]) -> BTreeMap<String, Version> {
    let mut versions = BTreeMap::new();
    for line in std::str::from_utf8(index).unwrap().lines() {
        let line: Value = serde_json::from_str(line).unwrap();
        assert_eq!(line["name"], name);
        let number = line["vers"].as_str().unwrap().to_owned();
        let twin = versions.insert(number, version(&line));
        assert!(twin.is_none(), "{name} has a version twice");
    }
    versions
}

fn version(line: &Value) -> Version {
    let mut features: BTreeMap<String, Vec<String>> = BTreeMap::new();
    for map in [&line["features"], &line["features2"]] {
        for (name, enables) in map.as_object().into_iter().flatten() {
            features.entry(name.clone()).or_default().extend(texts(enables));
        }
    }
    Version {
        yanked: line["yanked"].as_bool().unwrap(),
        published_at_ms: line["pubtime"].as_str().map(milliseconds),
        dependencies: sorted(line["deps"].as_array().unwrap().iter().map(needed).collect()),
        features,
        ..Version::default()
    }
}

fn needed(entry: &Value) -> Dependency {
    let kind = match entry["kind"].as_str() {
        Some("dev") => DependencyKind::Dev,
        Some("build") => DependencyKind::Build,
        None | Some("normal") => DependencyKind::Normal,
        Some(kind) => panic!("the index has no dependencies of the kind {kind}"),
    };
    let used_as = entry["name"].as_str().unwrap();
    let name = entry["package"].as_str().unwrap_or(used_as);
    Dependency {
        alias: if used_as == name { String::new() } else { used_as.to_owned() },
        optional: entry["optional"].as_bool().unwrap(),
        no_default_features: !entry["default_features"].as_bool().unwrap(),
        // Old crates name a feature without a name, which means nothing.
        features: texts(&entry["features"]).filter(|feature| !feature.is_empty()).collect(),
        target: entry["target"].as_str().unwrap_or_default().to_owned(),
        registry: entry["registry"].as_str().unwrap_or_default().to_owned(),
        ..dependency(name, entry["req"].as_str().unwrap(), kind)
    }
}

fn texts(list: &Value) -> impl Iterator<Item = String> {
    list.as_array().unwrap().iter().map(|text| text.as_str().unwrap().to_owned())
}
