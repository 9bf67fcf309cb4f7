//! The facts in outline: what later looks at a package ask of them.

use gleaner_model::{Dependencies, Ecosystem, Outline, Package};

/// What to note of `package`. Settled versions are named where their dependencies stand in documents of their own,
/// which only Python has; elsewhere there is nothing to spare.
pub(super) fn outline(package: &Package, ecosystem: Ecosystem) -> Outline {
    let versions = &package.versions;
    let settled = versions.iter().filter(|version| version.dependencies.is_settled());
    Outline {
        versions: u32::try_from(versions.len()).unwrap_or(u32::MAX),
        latest: package.latest.clone(),
        last_published: versions.iter().filter_map(|version| version.published_at).max(),
        pending: versions.iter().any(|version| version.dependencies == Dependencies::Pending),
        settled: match ecosystem {
            Ecosystem::Pypi => settled.map(|version| version.number.clone()).collect(),
            Ecosystem::Cargo | Ecosystem::Npm => Vec::new(),
        },
    }
}
