//! Which crate may see which. Scheduler and workers never see each other; the pure crates see no runtime.

use std::collections::BTreeMap;
use std::process::Command;

use cargo_metadata::{DependencyKind, MetadataCommand};

use super::files::root;

/// The design's table: a crate, and the crates of ours that it may depend on.
const MAY_SEE: &[(&str, &[&str])] = &[
    ("gleaner-model", &[]),
    ("gleaner-core", &["gleaner-model"]),
    ("gleaner-registries", &["gleaner-model"]),
    ("gleaner-resolvers", &["gleaner-model"]),
    ("gleaner-proto", &["gleaner-model"]),
    ("gleaner-store", &["gleaner-model"]),
    ("gleaner-cluster", &["gleaner-model", "gleaner-proto", "gleaner-store"]),
    ("gleaner-engine", &["gleaner-model", "gleaner-core", "gleaner-proto", "gleaner-store", "gleaner-cluster"]),
    ("gleaner-simulation", &["gleaner-model", "gleaner-core", "gleaner-store"]),
    ("gleaner-gateway", &["gleaner-model", "gleaner-proto", "gleaner-store", "gleaner-engine"]),
    (
        "gleaner-agent",
        &["gleaner-model", "gleaner-proto", "gleaner-registries", "gleaner-resolvers", "gleaner-cluster"],
    ),
];

/// Crates that decide and therefore may not wait, keep or call anything.
const PURE: &[&str] = &["gleaner-model", "gleaner-core", "gleaner-registries", "gleaner-resolvers"];

/// What the pure crates may not even reach through others: runtimes, wires, disks, chance.
const IMPURE: &[&str] = &["tokio", "tonic", "ractor", "redb", "reqwest", "hyper", "object_store", "rand", "fastrand"];

/// Each crate of the workspace with the crates of ours that it depends on, tests left aside.
fn edges() -> BTreeMap<String, Vec<String>> {
    let metadata = MetadataCommand::new()
        .manifest_path(root().join("Cargo.toml"))
        .no_deps()
        .exec()
        .expect("`cargo metadata` describes this workspace");
    let packages = metadata.workspace_packages();
    let ours: Vec<_> = packages.iter().map(|package| package.name.to_string()).collect();
    let seen_by = |package: &cargo_metadata::Package| {
        let dependencies =
            package.dependencies.iter().filter(|dependency| dependency.kind != DependencyKind::Development);
        dependencies.map(|dependency| dependency.name.clone()).filter(|name| ours.contains(name)).collect()
    };
    packages.iter().map(|package| (package.name.to_string(), seen_by(package))).collect()
}

#[test]
fn no_crate_sees_more_than_the_design_allows() {
    let allowed: BTreeMap<_, _> = MAY_SEE.iter().copied().collect();
    let edges = edges();
    assert!(edges.len() > 5, "the workspace has lost its crates: {edges:?}");
    for (name, sees) in edges {
        // The binary wires everything together and may see all.
        if name == "gleaner" {
            continue;
        }
        let allowed = allowed.get(name.as_str()).unwrap_or_else(|| panic!("{name} is not in the design's table"));
        for seen in sees {
            assert!(allowed.contains(&seen.as_str()), "{name} depends on {seen}, which the design does not allow");
        }
    }
}

#[test]
fn pure_crates_reach_no_runtime() {
    let edges = edges();
    for pure in PURE.iter().filter(|pure| edges.contains_key(**pure)) {
        let output = Command::new(env!("CARGO"))
            .args([
                "tree",
                "--locked",
                "--edges",
                "normal,build",
                "--prefix",
                "none",
                "--format",
                "{p}",
                "--package",
                pure,
            ])
            .current_dir(root())
            .output()
            .expect("cargo runs");
        assert!(output.status.success(), "cargo tree: {}", String::from_utf8_lossy(&output.stderr));
        let tree = String::from_utf8(output.stdout).expect("cargo writes UTF-8");
        let names: Vec<_> = tree.lines().filter_map(|line| line.split(' ').next()).collect();
        assert!(names.contains(pure), "cargo tree does not show {pure}: {tree}");
        for impure in IMPURE {
            assert!(!names.contains(impure), "{pure} reaches {impure}; see `cargo tree -p {pure} -i {impure}`");
        }
    }
}
