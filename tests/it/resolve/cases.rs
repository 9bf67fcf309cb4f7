//! The recorded cases: manifests, and what the real clients made of them when they were served these documents.
//!
//! `GLEANER_DOCUMENTS` names the folder with `documents.tar.zst` and `resolutions/`. Without it nothing is compared here;
//! the small set in the repository has no cases.

use std::fs;
use std::path::{Path, PathBuf};

use serde_json::Value;

use super::Stand;
use super::locked::{Locked, answered, cargo, npm, pypi};
use crate::support::Place;
use crate::support::documents::named;

/// An ecosystem, its manifest and its lock file.
const KINDS: [(&str, &str, &str); 3] = [
    ("cargo", "Cargo.toml", "Cargo.lock"),
    ("npm", "package.json", "package-lock.json"),
    ("pypi", "requirements.in", "requirements.txt"),
];

/// The cases of an ecosystem, by name.
fn cases(folder: &Path, ecosystem: &str) -> Vec<PathBuf> {
    let entries = fs::read_dir(folder.join("resolutions").join(ecosystem)).unwrap();
    let mut cases: Vec<_> = entries.map(|entry| entry.unwrap().path()).collect();
    cases.sort();
    cases
}

/// What is wrong with an answer, if anything is.
fn wrong(ecosystem: &str, answer: &Value, lock: Option<&str>) -> Option<String> {
    let Some(lock) = lock else {
        return (answer["outcome"] != "unsatisfiable").then(|| format!("{} is not refused", answer["outcome"]));
    };
    if answer["outcome"] != "graph" {
        return Some(format!("{}: {}", answer["outcome"], answer["reason"]));
    }
    let found = answered(answer);
    let expected = match ecosystem {
        "cargo" => cargo(lock),
        // These lock files name no edges that could be compared.
        "npm" => Locked { packages: npm(lock), edges: found.edges.clone() },
        _ => Locked { packages: pypi(lock), edges: found.edges.clone() },
    };
    let missing: Vec<_> = expected.packages.difference(&found.packages).collect();
    let extra: Vec<_> = found.packages.difference(&expected.packages).collect();
    (found != expected).then(|| format!("missing {missing:?}, too much {extra:?}"))
}

#[test]
fn recorded_cases_are_answered_as_the_real_clients_answered_them() {
    let Some(folder) = named() else {
        println!("skipped: GLEANER_DOCUMENTS names no folder with recorded cases");
        return;
    };
    let stand = Stand::new(&folder);
    let mut differences = Vec::new();
    for (ecosystem, manifest, lock) in KINDS {
        let all = cases(&folder, ecosystem);
        for case in &all {
            let path = case.join(manifest);
            let lock = fs::read_to_string(case.join(lock)).ok();
            let ended = stand.run(&["--json", "resolve", "--manifest", path.to_str().unwrap()]);
            let expected = if lock.is_some() { 0 } else { 1 };
            let difference = match ended.code {
                Some(0 | 1) => wrong(ecosystem, &ended.object(), lock.as_deref()),
                _ => Some(ended.stderr.clone()),
            };
            let difference = difference.or_else(|| (ended.code != Some(expected)).then(|| format!("{:?}", ended.code)));
            differences
                .extend(difference.map(|what| format!("{ecosystem}/{}: {what}", case.file_name().unwrap().display())));
        }
        println!("{ecosystem}: {} cases", all.len());
    }
    assert!(differences.is_empty(), "{} differ:\n{}", differences.len(), differences.join("\n"));
}

#[test]
fn a_manifest_is_resolved_from_a_cold_start() {
    let Some(folder) = named() else {
        println!("skipped: GLEANER_DOCUMENTS names no folder with recorded cases");
        return;
    };
    let place = Place::new();
    for (ecosystem, manifest, lock) in KINDS {
        let case = &cases(&folder, ecosystem)[0];
        let program = place.gleaner(["--json", "resolve", "--manifest"]).arg(case.join(manifest)).arg("--replay");
        let answer = program.arg(folder.join("documents.tar.zst")).run().expect(0).object();
        let lock = fs::read_to_string(case.join(lock)).unwrap();
        assert_eq!(wrong(ecosystem, &answer, Some(&lock)), None, "{}", case.display());
    }
}
