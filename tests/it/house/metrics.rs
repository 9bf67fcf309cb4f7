//! A metric that nobody documented cannot be found, and one that nobody counts misleads.

use std::collections::BTreeSet;
use std::path::Path;

use super::files::{sources, text};

/// Every whole string literal of a text that looks like a metric's name.
fn names(text: &str) -> BTreeSet<String> {
    let inside_quotes = text.split('"').filter(|part| part.starts_with("gleaner_"));
    inside_quotes
        .filter(|part| part.bytes().all(|byte| byte.is_ascii_lowercase() || byte == b'_'))
        .map(str::to_owned)
        .collect()
}

#[test]
fn the_list_of_metrics_is_what_the_sources_count() {
    let list = Path::new("src/telemetry/names.rs");
    let listed = names(&text(list));
    assert!(listed.len() > 5, "the list has lost its names: {listed:?}");
    // The crates' own names are log targets and not metrics.
    let crates = ["agent", "cluster", "core", "engine", "gateway", "model", "proto", "registries", "store"];
    let crates: BTreeSet<_> = crates.iter().map(|name| format!("gleaner_{name}")).collect();
    let mut counted = BTreeSet::new();
    for (file, text) in sources() {
        if !file.starts_with("src/telemetry") {
            counted.extend(names(&text).difference(&crates).cloned());
        }
    }
    assert_eq!(counted.difference(&listed).collect::<Vec<_>>(), [""; 0], "counted, but not in {}", list.display());
    assert_eq!(listed.difference(&counted).collect::<Vec<_>>(), [""; 0], "in {}, but never counted", list.display());
}
