//! The rules of Python, as `uv pip compile` has them for one platform and one version of Python.
//!
//! Rules: PEP 440 (versions and specifiers, by `pep440_rs`), PEP 508 (requirements and markers, by `pep508_rs`), PEP 425,
//! 600 and 656 (tags of wheels), PEP 592 (yanks), PEP 685 (extras); and where these leave room, uv's own:
//! `crates/uv-resolver` of <https://github.com/astral-sh/uv>.

mod candidates;
mod environment;
mod graph;
mod lock;
mod manifest;
mod reason;
mod requirement;
mod resolve;
mod search;
mod snapshot;
mod tags;
mod versions;
mod warnings;

use gleaner_model::{PackageName, Purl};

pub use environment::{Environment, Sources};
pub use lock::annotated as annotated_lock;
pub use manifest::PypiRoot;
pub use search::world::Scratch;
pub use snapshot::PypiSnapshot;

use self::candidates::{Candidates, Eyes};
use self::requirement::Requirement;
use crate::{Budget, Graph, InvalidEnvironment, InvalidManifest, Resolution, Resolver, View};

/// Python's rules.
#[derive(Clone, Copy, Debug)]
pub struct Pypi;

impl Resolver for Pypi {
    type Snapshot = PypiSnapshot;
    type Root = PypiRoot;
    type Environment = Environment;
    type Scratch = Scratch;

    const MANIFESTS: &'static [&'static str] = &["requirements.in", "requirements.txt", "pyproject.toml"];

    fn manifest_kind(file: &str) -> Option<&'static str> {
        if file == "pyproject.toml" {
            return Some("pyproject.toml");
        }
        match file.rsplit_once('.') {
            Some((name, "in")) if name.contains("requirements") => Some("requirements.in"),
            Some((name, "txt")) if name.contains("requirements") => Some("requirements.txt"),
            _ => None,
        }
    }

    fn environment(entries: &[(String, String)]) -> Result<Environment, InvalidEnvironment> {
        Environment::read(entries)
    }

    fn environment_entries(environment: &Environment) -> Vec<(&'static str, String)> {
        environment.entries()
    }

    fn root_of(purl: &Purl) -> PypiRoot {
        manifest::of_purl(purl)
    }

    fn read_manifest(file: &str, text: &str) -> Result<PypiRoot, InvalidManifest> {
        manifest::read(file, text)
    }

    fn direct(root: &PypiRoot) -> Vec<PackageName> {
        root.direct()
    }

    fn resolve(
        snapshot: &PypiSnapshot,
        root: &PypiRoot,
        environment: &Environment,
        view: &View,
        scratch: &mut Scratch,
        budget: &mut Budget<'_>,
    ) -> Resolution {
        resolve::run(snapshot, root, environment, view, scratch, budget)
    }

    fn first_candidate(
        snapshot: &PypiSnapshot,
        name: &PackageName,
        requirement: &str,
        environment: &Environment,
        view: &View,
    ) -> Option<String> {
        let specifiers = requirement::lenient::specifiers(requirement)?;
        let asked = Requirement::new(name.clone(), requirement, specifiers);
        let mut candidates = Candidates::new(snapshot.project(name)?, view);
        let (range, _) = candidates.asked(&asked);
        let first = candidates.first_usable(&range, Eyes { environment, view })?;
        candidates.project.releases.get(first).map(|release| release.number.to_string())
    }

    /// Names and versions, as `uv pip compile --no-header --no-annotate` writes them; see [`annotated_lock`] for what
    /// else it can write.
    fn lock(_: &PypiSnapshot, _: &PypiRoot, _: &Environment, graph: &Graph) -> String {
        lock::plain(graph)
    }
}
