//! What every ecosystem's folder offers.

use gleaner_model::{Package, PackageName, Purl};

use crate::{Budget, Graph, InvalidEnvironment, Resolution, View};

/// Packages in the layout of one ecosystem's resolver. Cloning shares what is not changed afterwards.
pub trait Snapshot: Clone + Default + Send + Sync + 'static {
    /// Takes in what is known of a package, in place of what was known before.
    fn insert(&mut self, name: &PackageName, package: &Package);

    /// Takes in that the registry has no such package. Of what was never taken in nothing is known, and what depends on it
    /// is incomplete.
    fn insert_absent(&mut self, name: &PackageName);

    /// Is something known of this package, if only that there is none?
    fn knows(&self, name: &PackageName) -> bool;

    /// How many packages and versions it holds, and about how many bytes that takes.
    fn size(&self) -> SnapshotSize;
}

/// How large a snapshot is.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct SnapshotSize {
    /// Packages that exist.
    pub packages: usize,
    /// Their versions.
    pub versions: usize,
    /// Bytes, by the lengths of what is held.
    pub bytes: usize,
}

/// A text that should be a manifest and is none.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{file}: {what}")]
pub struct InvalidManifest {
    /// The kind of manifest that it was read as: `Cargo.toml`.
    pub file: String,
    /// Where and what is wrong.
    pub what: String,
}

/// An ecosystem's rules.
pub trait Resolver {
    /// Its packages.
    type Snapshot: Snapshot;
    /// What is resolved: the direct dependencies of a project, and what else of its manifest matters.
    type Root: Clone + Send + Sync;
    /// The tool, its version, and what it runs on.
    type Environment: Clone + Default + PartialEq + Send + Sync;
    /// Room that one thread's resolutions share, so that a small one allocates next to nothing. Any scratch may be used
    /// with any snapshot.
    type Scratch: Default + Send;

    /// Names of the manifests that are understood, the usual one first.
    const MANIFESTS: &'static [&'static str];

    /// The one of [`MANIFESTS`](Self::MANIFESTS) as which a file of this name is read, if it is one at all. Tools that take
    /// a manifest by any name (pip's requirements) say here which names of files are clear enough.
    fn manifest_kind(file: &str) -> Option<&'static str> {
        Self::MANIFESTS.iter().copied().find(|known| *known == file)
    }

    /// An environment with these keys, and defaults for the rest.
    ///
    /// # Errors
    /// A key or value is none.
    fn environment(entries: &[(String, String)]) -> Result<Self::Environment, InvalidEnvironment>;

    /// All keys and values of an environment.
    fn environment_entries(environment: &Self::Environment) -> Vec<(&'static str, String)>;

    /// A project that depends on nothing but this package: at its version, if the purl has one, else as the tool would
    /// add it. Qualifiers are not looked at.
    fn root_of(purl: &Purl) -> Self::Root;

    /// Reads a manifest; `file` is the last part of its path, which tells its kind.
    ///
    /// # Errors
    /// The text is no such manifest.
    fn read_manifest(file: &str, text: &str) -> Result<Self::Root, InvalidManifest>;

    /// Names of the packages that a root depends on by itself.
    fn direct(root: &Self::Root) -> Vec<PackageName>;

    /// What the root pulls in.
    fn resolve(
        snapshot: &Self::Snapshot,
        root: &Self::Root,
        environment: &Self::Environment,
        view: &View,
        scratch: &mut Self::Scratch,
        budget: &mut Budget<'_>,
    ) -> Resolution;

    /// The first candidate for what a resolution [`Read`](crate::Read), as the resolver would try it: a version's number.
    fn first_candidate(
        snapshot: &Self::Snapshot,
        name: &PackageName,
        requirement: &str,
        environment: &Self::Environment,
        view: &View,
    ) -> Option<String>;

    /// The lock file that the tool would write for this graph.
    fn lock(snapshot: &Self::Snapshot, root: &Self::Root, environment: &Self::Environment, graph: &Graph) -> String;
}
