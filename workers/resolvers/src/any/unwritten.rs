//! Stands where an ecosystem's rules are on their way: says so to every question.

use gleaner_model::{Package, PackageName, Purl};

use crate::{
    Answer, Budget, Graph, InvalidEnvironment, InvalidManifest, Resolution, Resolver, Sensitivity, Snapshot,
    SnapshotSize, View,
};

/// No rules.
pub struct Unwritten;

/// Nothing.
#[derive(Clone, Default)]
pub struct Nothing;

impl Snapshot for Nothing {
    fn insert(&mut self, _: &PackageName, _: &Package) {}

    fn insert_absent(&mut self, _: &PackageName) {}

    fn knows(&self, _: &PackageName) -> bool {
        false
    }

    fn size(&self) -> SnapshotSize {
        SnapshotSize::default()
    }
}

impl Resolver for Unwritten {
    type Snapshot = Nothing;
    type Root = ();
    type Environment = ();
    type Scratch = ();

    const MANIFESTS: &'static [&'static str] = &[];

    fn environment(_: &[(String, String)]) -> Result<Self::Environment, InvalidEnvironment> {
        Ok(())
    }

    fn environment_entries((): &Self::Environment) -> Vec<(&'static str, String)> {
        Vec::new()
    }

    fn root_of(_: &Purl) -> Self::Root {}

    fn read_manifest(_: &str, _: &str) -> Result<Self::Root, InvalidManifest> {
        Ok(())
    }

    fn direct((): &Self::Root) -> Vec<PackageName> {
        Vec::new()
    }

    fn resolve(
        _: &Self::Snapshot,
        (): &Self::Root,
        (): &Self::Environment,
        _: &View,
        (): &mut Self::Scratch,
        budget: &mut Budget<'_>,
    ) -> Resolution {
        Resolution {
            answer: Answer::Unsatisfiable { reason: "packages of this ecosystem cannot be resolved yet".to_owned() },
            read: Vec::new(),
            sensitivity: Sensitivity::Anything,
            warnings: Vec::new(),
            steps: budget.taken(),
        }
    }

    fn first_candidate(
        _: &Self::Snapshot,
        _: &PackageName,
        _: &str,
        (): &Self::Environment,
        _: &View,
    ) -> Option<String> {
        None
    }

    fn lock(_: &Self::Snapshot, (): &Self::Root, (): &Self::Environment, _: &Graph) -> String {
        String::new()
    }
}
