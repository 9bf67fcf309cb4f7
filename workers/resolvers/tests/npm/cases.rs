//! The recorded cases: manifests, and the lock files that npm wrote when it was served these documents.

use std::fs;
use std::path::Path;

use gleaner_resolvers::npm::{Npm, NpmRoot};
use gleaner_resolvers::{Answer, Graph, Resolver};

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
        let expected = fs::read_to_string(case.join("package-lock.json")).unwrap();
        for (ours, theirs) in written.lines().zip(expected.lines()) {
            assert_eq!(ours, theirs, "{name}");
        }
        assert_eq!(written, expected, "{name}");
    });
}
