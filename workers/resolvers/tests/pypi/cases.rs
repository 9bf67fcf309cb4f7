//! The recorded cases: manifests, and what uv pinned when it was served these documents.

use std::fs;

use gleaner_resolvers::pypi::Pypi;
use gleaner_resolvers::{Answer, Resolver};

use crate::corpus;

#[test]
fn every_case_is_pinned_or_refused_as_by_uv() {
    let Some(folder) = corpus::folder() else {
        println!("skipped: there are no recorded cases here");
        return;
    };
    let mut cases: Vec<_> =
        fs::read_dir(folder.join("resolutions/pypi")).unwrap().map(|entry| entry.unwrap().path()).collect();
    cases.sort();
    assert_eq!(cases.len(), 20);
    let mut wrong = Vec::new();
    for case in cases {
        let manifest = fs::read_to_string(case.join("requirements.in")).unwrap();
        let root = Pypi::read_manifest("requirements.in", &manifest).unwrap();
        let answer = corpus::resolve(corpus::snapshot().unwrap(), &root).answer;
        let expected = fs::read_to_string(case.join("requirements.txt")).ok();
        let fits = match (&answer, &expected) {
            (Answer::Graph(graph), Some(pinned)) => {
                Pypi::lock(corpus::snapshot().unwrap(), &root, &Default::default(), graph) == *pinned
            }
            (Answer::Unsatisfiable { .. }, None) => case.join("error.txt").exists(),
            _ => false,
        };
        if !fits {
            wrong.push(format!("{}: {answer:?}\nexpected {expected:?}", case.display()));
        }
        if let Answer::Unsatisfiable { reason } = answer {
            println!("{}: {reason}", case.display());
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n\n"));
}
