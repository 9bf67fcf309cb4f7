//! Small registries made by hand, as documents, so that they come in as all others do.

use std::fmt::Write;

use gleaner_model::PackageName;
use gleaner_resolvers::pypi::{Environment, Pypi, PypiSnapshot};
use gleaner_resolvers::{Answer, Resolution, Resolver, View};
use serde_json::{Value, json};

use crate::corpus::{self, Documents};

#[derive(Default)]
pub(crate) struct Made {
    projects: Vec<(String, Vec<Value>)>,
    documents: Documents,
}

impl Made {
    /// A version with one wheel for every platform, and its requirements.
    pub(crate) fn version(self, name: &str, version: &str, requirements: &[&str]) -> Self {
        self.version_with(name, version, requirements, &json!({}))
    }

    /// The same with what else its file says.
    pub(crate) fn version_with(mut self, name: &str, version: &str, requirements: &[&str], file: &Value) -> Self {
        let filename = file["filename"]
            .as_str()
            .map_or_else(|| format!("{}-{version}-py3-none-any.whl", name.replace('-', "_")), str::to_owned);
        let mut entry = json!({
            "filename": filename, "url": format!("http://registry.invalid/{filename}"), "hashes": {},
            "core-metadata": filename.ends_with(".whl"),
        });
        for (key, value) in file.as_object().unwrap() {
            entry[key] = value.clone();
        }
        let mut text = format!("Metadata-Version: 2.1\nName: {name}\nVersion: {version}\nProvides-Extra: x\n");
        for requirement in requirements {
            let _ = writeln!(text, "Requires-Dist: {requirement}");
        }
        self.documents.metadata.insert(format!("{filename}.metadata"), text.into_bytes());
        match self.projects.iter_mut().find(|(known, _)| known == name) {
            Some((_, files)) => files.push(entry),
            None => self.projects.push((name.to_owned(), vec![entry])),
        }
        self
    }

    pub(crate) fn snapshot(mut self) -> PypiSnapshot {
        for (name, files) in &self.projects {
            let page = json!({"meta": {"api-version": "1.1"}, "name": name, "files": files, "versions": []});
            self.documents.pages.insert(name.clone(), serde_json::to_vec(&page).unwrap());
        }
        corpus::snapshot_of(&self.documents)
    }
}

pub(crate) fn resolve(snapshot: &PypiSnapshot, manifest: &str) -> Resolution {
    resolve_in(snapshot, manifest, &[], View::default())
}

pub(crate) fn resolve_in(
    snapshot: &PypiSnapshot,
    manifest: &str,
    environment: &[(&str, &str)],
    view: View,
) -> Resolution {
    let entries: Vec<_> = environment.iter().map(|(key, value)| ((*key).to_owned(), (*value).to_owned())).collect();
    let environment: Environment = Pypi::environment(&entries).unwrap();
    let root = Pypi::read_manifest("requirements.in", manifest).unwrap();
    corpus::resolve_in(snapshot, &root, &environment, &view, 50_000)
}

/// Pins on one line, or what else came out.
pub(crate) fn shown(answer: &Answer) -> String {
    match answer {
        Answer::Graph(graph) => {
            let pins: Vec<String> = graph.nodes.iter().map(|node| format!("{}=={}", node.name, node.version)).collect();
            pins.join(" ")
        }
        Answer::Unsatisfiable { reason } => reason.clone(),
        Answer::Incomplete { names } => {
            format!("lacks {}", names.iter().map(PackageName::as_str).collect::<Vec<_>>().join(" "))
        }
        other => format!("{other:?}"),
    }
}
