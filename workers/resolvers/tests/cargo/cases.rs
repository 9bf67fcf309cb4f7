//! The recorded cases: manifests, and the lock files that cargo wrote when it was served these documents.

use std::fs;
use std::path::{Path, PathBuf};

use gleaner_resolvers::cargo::{Cargo, CargoEnvironment, CargoRoot};
use gleaner_resolvers::{Answer, Graph, Resolver};

use crate::{corpus, lockfile, recorded};

/// The folders of the recorded cases, if they are there.
pub(crate) fn folders() -> Option<Vec<PathBuf>> {
    let Ok(found) = fs::read_dir(recorded::folder_or_own().unwrap_or_default().join("resolutions/cargo")) else {
        println!("skipped: no recorded cases lie beside the documents; GLEANER_DOCUMENTS names a folder that has some");
        return None;
    };
    let mut cases: Vec<_> = found.map(|entry| entry.unwrap().path()).collect();
    cases.sort();
    assert_eq!(cases.len(), 24);
    Some(cases)
}

fn each_case(mut check: impl FnMut(&str, &CargoRoot, &Path)) {
    for case in folders().unwrap_or_default() {
        let name = case.file_name().unwrap().to_string_lossy().into_owned();
        let manifest = fs::read_to_string(case.join("Cargo.toml")).unwrap();
        check(&name, &Cargo::read_manifest("Cargo.toml", &manifest).unwrap(), &case);
    }
}

fn graph_of(name: &str, root: &CargoRoot) -> Graph {
    match corpus::resolve(corpus::snapshot(), root).answer {
        Answer::Graph(graph) => graph,
        other => panic!("{name}: {other:?}"),
    }
}

#[test]
fn graphs_are_those_of_the_lock_files() {
    each_case(|name, root, case| {
        let graph = graph_of(name, root);
        let expected = lockfile::read(&fs::read_to_string(case.join("Cargo.lock")).unwrap());
        assert_eq!(lockfile::of_graph(&graph), expected, "{name}");
        assert!(graph.nodes.is_sorted_by(|a, b| a.name <= b.name) && graph.edges.is_sorted());
    });
}

#[test]
fn lock_files_are_written_as_cargo_writes_them() {
    each_case(|name, root, case| {
        let graph = graph_of(name, root);
        let written = Cargo::lock(corpus::snapshot(), root, &CargoEnvironment::default(), &graph);
        // The recorded ones have no sources.
        let written: String = written.split_inclusive('\n').filter(|line| !line.starts_with("source = ")).collect();
        assert_eq!(written, fs::read_to_string(case.join("Cargo.lock")).unwrap(), "{name}");
    });
}
