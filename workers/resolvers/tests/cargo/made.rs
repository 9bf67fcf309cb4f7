//! Index lines that are made up, and snapshots of them.

use std::collections::BTreeMap;
use std::fmt::Write;

use gleaner_resolvers::cargo::{Cargo, CargoRoot, CargoSnapshot};
use gleaner_resolvers::{Answer, Graph, Resolver};
use serde_json::{Value, json};

use crate::corpus;

/// Crates, by name, and the lines of their index files.
#[derive(Clone, Debug, Default)]
pub(crate) struct Index(BTreeMap<String, Vec<Value>>);

/// A dependency that is needed to run, everywhere.
pub(crate) fn need(name: &str, requirement: &str) -> Value {
    json!({"name": name, "req": requirement, "features": [], "optional": false, "default_features": true,
        "target": null, "kind": "normal"})
}

/// The same with some of its fields set.
pub(crate) fn need_with(name: &str, requirement: &str, fields: Value) -> Value {
    merged(need(name, requirement), fields)
}

fn merged(mut base: Value, fields: Value) -> Value {
    if let (Some(base), Value::Object(fields)) = (base.as_object_mut(), fields) {
        base.extend(fields);
    }
    base
}

impl Index {
    /// Adds a version.
    pub(crate) fn version(&mut self, name: &str, number: &str, needs: &[Value]) -> &mut Self {
        self.version_with(name, number, needs, json!({}))
    }

    /// Adds a version with some fields of its line set.
    pub(crate) fn version_with(&mut self, name: &str, number: &str, needs: &[Value], fields: Value) -> &mut Self {
        let line = json!({"name": name, "vers": number, "deps": needs, "cksum": "0".repeat(64), "features": {},
            "yanked": false, "v": 2});
        self.0.entry(name.to_owned()).or_default().push(merged(line, fields));
        self
    }

    /// Its files: names of crates and texts.
    pub(crate) fn files(&self) -> impl Iterator<Item = (&str, String)> {
        self.0.iter().map(|(name, lines)| {
            let text = lines.iter().fold(String::new(), |mut text, line| {
                let _ = writeln!(text, "{line}");
                text
            });
            (name.as_str(), text)
        })
    }

    pub(crate) fn snapshot(&self) -> CargoSnapshot {
        let files: Vec<(&str, String)> = self.files().collect();
        let mut snapshot = corpus::snapshot_of(files.iter().map(|(name, text)| (*name, text.as_bytes())));
        for name in self.named().filter(|name| !self.0.contains_key(*name)) {
            corpus::insert_absent(&mut snapshot, name);
        }
        snapshot
    }

    /// Names of all that is depended on.
    fn named(&self) -> impl Iterator<Item = &str> {
        self.0.values().flatten().flat_map(|line| line["deps"].as_array().into_iter().flatten()).map(|need| {
            let package = need.get("package").and_then(Value::as_str);
            package.or_else(|| need["name"].as_str()).unwrap_or_default()
        })
    }

    /// On which day of its month a version was published, if that is known.
    pub(crate) fn published(&self, name: &str, number: &str) -> Option<i64> {
        let line = self.0[name].iter().find(|line| line["vers"] == number)?;
        line["pubtime"].as_str()?.get(8..10)?.parse().ok()
    }

    /// What a manifest with these dependencies resolves to.
    pub(crate) fn resolve(&self, manifest: &str) -> Answer {
        corpus::resolve(&self.snapshot(), &root(manifest)).answer
    }

    /// The same, if that is a graph.
    pub(crate) fn graph(&self, manifest: &str) -> Graph {
        match self.resolve(manifest) {
            Answer::Graph(graph) => graph,
            other => panic!("{other:?}"),
        }
    }

    /// The same, if it is refused.
    pub(crate) fn refusal(&self, manifest: &str) -> String {
        match self.resolve(manifest) {
            Answer::Unsatisfiable { reason } => reason,
            other => panic!("{other:?}"),
        }
    }
}

/// A root of edition 2024 with the rest of its manifest.
pub(crate) fn root(rest: &str) -> CargoRoot {
    let text = format!("[package]\nname = \"case\"\nversion = \"0.0.0\"\nedition = \"2024\"\n{rest}");
    Cargo::read_manifest("Cargo.toml", &text).unwrap()
}
