//! Where each crate lives: a top-level folder is one crate or a parent of crates, never both.

use std::collections::BTreeMap;

use cargo_metadata::MetadataCommand;

use super::files::{all, root, text};

/// The design's drawing: a folder, and the crate in it.
const HOUSE: &[(&str, &str)] = &[
    ("", "gleaner"),
    ("cluster", "gleaner-cluster"),
    ("fuzz", "gleaner-fuzz"),
    ("proto", "gleaner-proto"),
    ("scheduler/core", "gleaner-core"),
    ("scheduler/engine", "gleaner-engine"),
    ("scheduler/gateway", "gleaner-gateway"),
    ("scheduler/simulation", "gleaner-simulation"),
    ("storage/model", "gleaner-model"),
    ("storage/store", "gleaner-store"),
    ("workers/agent", "gleaner-agent"),
    ("workers/registries", "gleaner-registries"),
    ("workers/resolvers", "gleaner-resolvers"),
];

#[test]
fn every_crate_lives_where_the_design_draws_it() {
    let drawn: BTreeMap<_, _> = HOUSE.iter().copied().collect();
    for manifest in all().iter().filter(|file| file.ends_with("Cargo.toml")) {
        let folder = manifest.parent().expect("a file has a folder").to_str().expect("UTF-8").replace('\\', "/");
        let name = drawn.get(folder.as_str()).unwrap_or_else(|| panic!("`{folder}` is not drawn in the design"));
        let line = format!("name = \"{name}\"");
        assert!(text(manifest).lines().any(|found| found == line), "{} should hold {name}", manifest.display());
    }
}

#[test]
fn no_folder_is_both_a_crate_and_a_parent_of_crates() {
    let files = all();
    let crates: Vec<_> =
        files.iter().filter(|file| file.ends_with("Cargo.toml")).filter_map(|file| file.parent()).collect();
    // The root is the workspace itself and holds them all.
    for outer in crates.iter().filter(|folder| !folder.as_os_str().is_empty()) {
        for inner in &crates {
            assert!(inner == outer || !inner.starts_with(outer), "{} lies within {}", inner.display(), outer.display());
        }
    }
}

#[test]
fn cargo_run_without_a_name_runs_the_program() {
    let metadata =
        MetadataCommand::new().manifest_path(root().join("Cargo.toml")).no_deps().exec().expect("a workspace");
    let defaults: Vec<_> = metadata.packages.iter().filter_map(|package| package.default_run.as_deref()).collect();
    assert_eq!(defaults, ["gleaner"], "the README's first command depends on it");
}
