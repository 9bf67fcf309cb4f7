//! What uv would warn of beside its answer (`crates/uv-distribution-types/src/diagnostic.rs`): extras that a release
//! does not have, and releases that are withdrawn.

use std::collections::BTreeMap;

use super::graph::Chosen;
use super::search::Search;

/// In the order of the graph's nodes.
pub(super) fn of(chosen: &Chosen, search: &Search<'_, '_>) -> Vec<String> {
    let world = &*search.world;
    let mut found = BTreeMap::new();
    for (project, (at, extras)) in &chosen.0 {
        let Some(release) = world.release(*project, *at) else { continue };
        let name = world.projects[*project as usize].name.as_str();
        let mut warnings = Vec::new();
        for extra in extras {
            let extra = &world.extras[*extra as usize];
            if !release.extras.contains(extra) {
                warnings
                    .push(format!("The package `{name}=={}` does not have an extra named `{extra}`", release.version));
            }
        }
        if !release.files.is_empty() && release.files.iter().all(|file| file.is_yanked) {
            let reason = release.yank_reason.as_deref().map(|reason| format!(" (reason: \"{reason}\")"));
            warnings.push(format!("`{name}=={}` is yanked{}", release.version, reason.unwrap_or_default()));
        }
        if !warnings.is_empty() {
            warnings.sort();
            found.insert(name, warnings);
        }
    }
    found.into_values().flatten().collect()
}
