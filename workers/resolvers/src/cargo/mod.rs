//! The rules of cargo 1.95.
//!
//! The problem: `cargo generate-lockfile` answers by a search whose outcome depends on the order in which it goes, and an
//! answer that differs in one patch version is of no use. So the search is cargo's own, in another layout: numbers in
//! place of texts, a trail in place of clones, and answers kept between roots (`memo`).
//!
//! **Which graph.** Without a target the answer is the graph of the lock file, as `cargo generate-lockfile` writes it: all
//! features and dev-dependencies of the root, all platforms, and features of dependencies as cargo's resolver counts them,
//! weak ones like others. With the environment key `target` it is the part of that graph that
//! `cargo tree --target T -e normal,build` shows: default features of the root, no dev-dependencies, and features unified
//! as the manifest's resolver says (`tree`). Versions are the lock file's in both.
//!
//! **Sources of the rules**, in cargo's repository at 1.95.0: `src/cargo/core/resolver/` (each module here names its
//! file), `src/cargo/core/summary.rs`, `src/cargo/sources/registry/`, `src/cargo/util/toml/mod.rs`,
//! `src/cargo/ops/lockfile.rs`, `src/cargo/ops/tree/graph.rs`, `crates/cargo-platform`.
//!
//! **Ends.** An input without a solution is recognised by cargo's own conflict cache, and if that takes long by a proof
//! (`judge`). Everything is bounded by the budget.

mod cycles;
mod environment;
mod features;
mod graph;
mod judge;
mod lock;
mod manifest;
mod memo;
mod platform;
mod pool;
mod prepared;
mod reads;
mod reason;
mod resolve;
mod root;
mod rust_version;
mod search;
mod snapshot;
mod tree;

use gleaner_model::{Ecosystem, PackageName, Purl};

use crate::{Budget, Graph, InvalidEnvironment, InvalidManifest, Resolution, Resolver, View};
pub use environment::CargoEnvironment;
pub use resolve::CargoScratch;
pub use root::CargoRoot;
pub use snapshot::CargoSnapshot;

/// cargo's rules.
pub struct Cargo;

impl Resolver for Cargo {
    type Snapshot = CargoSnapshot;
    type Root = CargoRoot;
    type Environment = CargoEnvironment;
    type Scratch = CargoScratch;

    const MANIFESTS: &'static [&'static str] = &[manifest::FILE];

    fn environment(entries: &[(String, String)]) -> Result<CargoEnvironment, InvalidEnvironment> {
        CargoEnvironment::new(entries)
    }

    fn environment_entries(environment: &CargoEnvironment) -> Vec<(&'static str, String)> {
        environment.entries()
    }

    fn root_of(purl: &Purl) -> CargoRoot {
        CargoRoot::of_crate(purl.name().as_str(), purl.version())
    }

    fn read_manifest(file: &str, text: &str) -> Result<CargoRoot, InvalidManifest> {
        manifest::read(file, text)
    }

    fn direct(root: &CargoRoot) -> Vec<PackageName> {
        let names =
            root.data.dependencies.iter().filter_map(|one| PackageName::new(Ecosystem::Cargo, &one.target).ok());
        let mut names: Vec<PackageName> = names.collect();
        names.sort_unstable();
        names.dedup();
        names
    }

    fn resolve(
        snapshot: &CargoSnapshot,
        root: &CargoRoot,
        environment: &CargoEnvironment,
        view: &View,
        scratch: &mut CargoScratch,
        budget: &mut Budget<'_>,
    ) -> Resolution {
        resolve::resolve(snapshot, root, environment, view, scratch, budget)
    }

    fn first_candidate(
        snapshot: &CargoSnapshot,
        name: &PackageName,
        requirement: &str,
        environment: &CargoEnvironment,
        view: &View,
    ) -> Option<String> {
        reads::first_candidate(snapshot, name.as_str(), requirement, environment, view)
    }

    fn lock(snapshot: &CargoSnapshot, root: &CargoRoot, _: &CargoEnvironment, graph: &Graph) -> String {
        lock::write(snapshot, root, graph)
    }
}
