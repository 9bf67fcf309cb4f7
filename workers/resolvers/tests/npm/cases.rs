//! The recorded cases: manifests, and the lock files that npm wrote when it was served these documents.

use std::fs;
use std::path::Path;

use gleaner_resolvers::npm::{Npm, NpmRoot, NpmScratch};
use gleaner_resolvers::{Answer, Budget, Flow, Graph, Resolver, View};

use crate::{corpus, lockfile};

fn each_case(mut check: impl FnMut(&str, &NpmRoot, &Path)) {
    let Some(folder) = corpus::folder() else {
        println!("skipped: there are no recorded cases here");
        return;
    };
    let mut cases: Vec<_> =
        fs::read_dir(folder.join("resolutions/npm")).unwrap().map(|entry| entry.unwrap().path()).collect();
    cases.sort();
    assert_eq!(cases.len(), 20);
    for case in cases {
        let name = case.file_name().unwrap().to_string_lossy().into_owned();
        let manifest = fs::read_to_string(case.join("package.json")).unwrap();
        check(&name, &Npm::read_manifest("package.json", &manifest).unwrap(), &case);
    }
}

fn graph_of(name: &str, root: &NpmRoot) -> Graph {
    match corpus::resolve(corpus::snapshot().unwrap(), root).answer {
        Answer::Graph(graph) => graph,
        other => panic!("{name}: {other:?}"),
    }
}

#[test]
fn graphs_are_those_of_the_lock_files() {
    let mut wrong = 0;
    each_case(|name, root, case| {
        let graph = graph_of(name, root);
        let expected = lockfile::read(&fs::read_to_string(case.join("package-lock.json")).unwrap());
        let differences = lockfile::differences(&lockfile::of_graph(&graph), &expected);
        if !differences.is_empty() {
            wrong += 1;
            println!("{name}: {differences:#?}");
        }
        assert!(graph.nodes.is_sorted_by(|a, b| a.name <= b.name) && graph.edges.is_sorted());
    });
    assert_eq!(wrong, 0);
}

#[test]
fn lock_files_are_written_as_npm_writes_them() {
    each_case(|name, root, case| {
        let graph = graph_of(name, root);
        let written = Npm::lock(corpus::snapshot().unwrap(), root, &Default::default(), &graph);
        let written = without_old_licences(&written, &graph);
        let expected = fs::read_to_string(case.join("package-lock.json")).unwrap();
        let mut entry = "";
        for (ours, theirs) in written.lines().zip(expected.lines()) {
            entry = if theirs.contains("node_modules/") { theirs } else { entry };
            assert_eq!(ours, theirs, "{name}: {entry}");
        }
        assert_eq!(written, expected, "{name}");
    });
}

/// The lock file without the licences of versions that state theirs as `licenses`, as was done long ago: the catalogue
/// takes it for the same, and npm does not write it down.
fn without_old_licences(written: &str, graph: &Graph) -> String {
    let states_old = |name: &str, version: &str| {
        let (_, text) = corpus::documents().unwrap().iter().find(|(known, _)| known == name).unwrap();
        let document: serde_json::Value = serde_json::from_slice(text).unwrap();
        document["versions"][version]["license"].is_null()
    };
    let old: Vec<String> = graph
        .nodes
        .iter()
        .filter(|node| states_old(&node.name, &node.version))
        .map(|node| format!("\"{}\": {{", node.path.as_deref().unwrap()))
        .collect();
    let mut is_old = false;
    let kept = written.split_inclusive('\n').filter(|line| {
        if line.contains("node_modules/") {
            is_old = old.iter().any(|path| line.trim() == path);
        }
        !(is_old && line.trim().starts_with("\"license\":"))
    });
    kept.collect()
}

/// Names that the cases' manifests ask for.
pub(crate) fn asked_for() -> Vec<String> {
    let mut names = Vec::new();
    each_case(|_, _, case| {
        let manifest = fs::read_to_string(case.join("package.json")).unwrap();
        let manifest: serde_json::Value = serde_json::from_str(&manifest).unwrap();
        names.extend(manifest["dependencies"].as_object().unwrap().keys().cloned());
    });
    names
}

#[test]
fn what_was_resolved_before_does_not_matter() {
    let mut scratch = NpmScratch::default();
    let mut fresh = Vec::new();
    each_case(|name, root, _| {
        let resolution = corpus::resolve(corpus::snapshot().unwrap(), root);
        fresh.push((name.to_owned(), root.clone(), resolution));
    });
    for round in 0..2 {
        for (name, root, expected) in fresh.iter().rev() {
            let mut pause = || Flow::Continue;
            let mut budget = Budget::new(10_000_000, &mut pause);
            let snapshot = corpus::snapshot().unwrap();
            let view = View::default();
            let again = Npm::resolve(snapshot, root, &Default::default(), &view, &mut scratch, &mut budget);
            assert_eq!(again, *expected, "{name} in round {round}");
        }
    }
}

#[test]
fn the_order_in_which_packages_come_does_not_matter() {
    let Some(documents) = corpus::documents() else { return };
    let backwards = documents.iter().rev().map(|(name, text)| (name.as_str(), &**text));
    let snapshot = corpus::snapshot_of(backwards);
    each_case(|name, root, _| {
        assert_eq!(corpus::resolve(&snapshot, root), corpus::resolve(corpus::snapshot().unwrap(), root), "{name}");
    });
}

#[test]
fn what_was_read_has_the_versions_that_were_taken() {
    each_case(|name, root, _| {
        let snapshot = corpus::snapshot().unwrap();
        let resolution = corpus::resolve(snapshot, root);
        let Answer::Graph(graph) = &resolution.answer else { panic!("{name}") };
        assert!(resolution.read.is_sorted_by(|a, b| a < b));
        let (environment, view) = (Default::default(), View::default());
        let taken: std::collections::BTreeSet<_> = resolution
            .read
            .iter()
            .filter_map(|read| {
                let first = Npm::first_candidate(snapshot, &read.name, &read.requirement, &environment, &view)?;
                Some((read.name.as_str().to_owned(), first))
            })
            .collect();
        for node in &graph.nodes {
            assert!(taken.contains(&(node.name.to_string(), node.version.to_string())), "{name}: {node:?}");
        }
    });
}
