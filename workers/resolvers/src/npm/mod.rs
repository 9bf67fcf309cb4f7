//! The rules of npm 11.
//!
//! The problem: the tree that `npm install --package-lock-only` writes follows from no specification. Which version stands
//! in which folder, and so who gets which, depends on the order in which npm's own library (arborist) goes, on what it
//! hoists, on how it gathers peers and which of their conflicts it lets pass. So the algorithm is arborist's, in another
//! layout: numbers in place of texts, one arena in place of objects, and answers kept between roots (`memo`).
//!
//! **Which graph.** All packages of the lock file that npm would write for a project without one, at their paths, and all
//! edges that lead somewhere. Options are npm's defaults: hoisted, peers installed, not strict about the peers of others.
//! Platforms change nothing but what npm refuses, since a lock file is for all of them.
//!
//! **Sources of the rules**: npm 11.19 with `@npmcli/arborist` 9, `npm-pick-manifest`, `npm-package-arg`,
//! `npm-install-checks`, `semver` 7.8; each module names its files. `docs/fidelity.md` says where answers differ.
//!
//! **What cannot be known here**: repositories, archives and folders that are no registry's (such a need is left out with a
//! warning), and what is in archives (bundled dependencies, lock files of packages).

mod build;
mod collation;
mod environment;
mod flags;
mod graph;
mod json;
mod lock;
mod manifest;
mod memo;
mod pick;
mod platform;
mod resolve;
mod root;
mod semver;
mod snapshot;
mod spec;
mod tree;

use gleaner_model::{PackageName, Purl};

use crate::{Budget, Graph, InvalidEnvironment, InvalidManifest, Resolution, Resolver, View};
pub use environment::NpmEnvironment;
pub use resolve::NpmScratch;
pub use root::NpmRoot;
pub use snapshot::NpmSnapshot;

/// npm's rules.
pub struct Npm;

impl Resolver for Npm {
    type Snapshot = NpmSnapshot;
    type Root = NpmRoot;
    type Environment = NpmEnvironment;
    type Scratch = NpmScratch;

    const MANIFESTS: &'static [&'static str] = &[manifest::FILE];

    fn environment(entries: &[(String, String)]) -> Result<Self::Environment, InvalidEnvironment> {
        NpmEnvironment::read(entries)
    }

    fn environment_entries(environment: &Self::Environment) -> Vec<(&'static str, String)> {
        environment.entries()
    }

    fn root_of(purl: &Purl) -> Self::Root {
        NpmRoot::of_purl(purl)
    }

    fn read_manifest(_: &str, text: &str) -> Result<Self::Root, InvalidManifest> {
        manifest::read(text)
    }

    fn direct(root: &Self::Root) -> Vec<PackageName> {
        root.direct()
    }

    fn resolve(
        snapshot: &Self::Snapshot,
        root: &Self::Root,
        environment: &Self::Environment,
        view: &View,
        scratch: &mut Self::Scratch,
        budget: &mut Budget<'_>,
    ) -> Resolution {
        resolve::resolve(snapshot, root, environment, view, scratch, budget)
    }

    fn first_candidate(
        snapshot: &Self::Snapshot,
        name: &PackageName,
        requirement: &str,
        environment: &Self::Environment,
        view: &View,
    ) -> Option<String> {
        resolve::first_candidate(snapshot, name, requirement, environment, view)
    }

    fn lock(snapshot: &Self::Snapshot, root: &Self::Root, _: &Self::Environment, graph: &Graph) -> String {
        lock::write(snapshot, root, graph)
    }
}
