//! Projects in the layout of this resolver: versions ascending and known by their position, requirements parsed once a
//! distinct text.

use std::ops::Bound;
use std::sync::Arc;

use foldhash::fast::FixedState;
use gleaner_model::{Artifact, Dependencies, Package, PackageName, Text, Timestamp};
use hashbrown::HashMap;
use pep440_rs::Version;
use pubgrub::Ranges;

use super::requirement::{Requirement, lenient, normal_extra};
use super::versions::ranges;
use crate::{Snapshot, SnapshotSize};

/// What is known of Python projects.
#[derive(Clone, Debug, Default)]
pub struct PypiSnapshot {
    projects: HashMap<PackageName, Arc<Project>, FixedState>,
}

/// A project; without versions if there is no such project.
#[derive(Debug, Default)]
pub(super) struct Project {
    /// Ascending, each number once.
    pub(super) releases: Vec<Release>,
    pub(super) requirements: Vec<Requirement>,
    /// What files say of Python.
    pub(super) pythons: Vec<Python>,
}

/// A version of a project.
#[derive(Debug)]
pub(super) struct Release {
    pub(super) version: Version,
    /// The version in normal form.
    pub(super) number: Text,
    pub(super) is_prerelease: bool,
    pub(super) files: Vec<File>,
    pub(super) requirements: Requirements,
    /// The extras that it offers, in normal form.
    pub(super) extras: Vec<String>,
    /// Why it is withdrawn, if that was said.
    pub(super) yank_reason: Option<String>,
}

/// What is known of a version's requirements.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Requirements {
    /// Positions in [`Project::requirements`].
    Known(Vec<u32>),
    /// Nobody fetched them, or only who builds the version would know.
    Unknown,
    /// One of them breaks the rules, so that no tool uses the version.
    Malformed,
}

/// A file of a version.
#[derive(Debug)]
pub(super) struct File {
    pub(super) name: String,
    pub(super) published_at: Option<Timestamp>,
    pub(super) is_yanked: bool,
    /// Position in [`Project::pythons`], if it asks for a Python.
    pub(super) python: Option<u32>,
}

/// A `Requires-Python`.
#[derive(Debug)]
pub(super) struct Python {
    /// As written.
    pub(super) text: String,
    pub(super) range: Ranges<Version>,
}

impl AsRef<Version> for Release {
    fn as_ref(&self) -> &Version {
        &self.version
    }
}

impl Snapshot for PypiSnapshot {
    fn insert(&mut self, name: &PackageName, package: &Package) {
        self.projects.insert(name.clone(), Arc::new(Project::new(package)));
    }

    fn insert_absent(&mut self, name: &PackageName) {
        self.projects.insert(name.clone(), Arc::default());
    }

    fn knows(&self, name: &PackageName) -> bool {
        self.projects.contains_key(name)
    }

    fn size(&self) -> SnapshotSize {
        let mut size = SnapshotSize::default();
        for project in self.projects.values().filter(|project| !project.releases.is_empty()) {
            size.packages += 1;
            size.versions += project.releases.len();
            size.bytes += project.bytes();
        }
        size
    }
}

impl PypiSnapshot {
    pub(super) fn project(&self, name: &PackageName) -> Option<&Arc<Project>> {
        self.projects.get(name)
    }
}

impl Project {
    fn new(package: &Package) -> Self {
        let read: Vec<Option<Requirement>> = package.dependencies.iter().map(Requirement::of).collect();
        let mut pythons = Pythons::default();
        // What is no version by PEP 440 no tool of today can choose.
        let numbered = package.versions.iter().filter_map(|version| Some((version.number.parse().ok()?, version)));
        let mut releases: Vec<Release> = numbered
            .map(|(number, version): (Version, _)| Release {
                is_prerelease: number.any_prerelease(),
                number: number.to_string().into(),
                version: number,
                files: version
                    .artifacts
                    .iter()
                    .filter_map(|file| File::new(file, version.runtime.as_deref(), &mut pythons))
                    .collect(),
                requirements: Requirements::new(&version.dependencies, &read),
                extras: version
                    .features
                    .iter()
                    .filter_map(|at| package.features.get(*at as usize))
                    .map(|extra| normal_extra(&extra.name))
                    .collect(),
                yank_reason: version.yank.as_ref().and_then(|yank| yank.reason.clone()),
            })
            .collect();
        releases.sort_by(|a, b| a.version.cmp(&b.version));
        releases.dedup_by(|twin, first| first.version == twin.version && first.take_files_of(twin));
        // Positions stay what they are; nothing points at what could not be read.
        let requirements = read.into_iter().map(|read| read.unwrap_or_else(Requirement::none)).collect();
        Self { releases, requirements, pythons: pythons.list }
    }

    /// About how many bytes it takes.
    fn bytes(&self) -> usize {
        let release = |release: &Release| {
            let files: usize = release.files.iter().map(|file| size_of::<File>() + file.name.len()).sum();
            let requirements = match &release.requirements {
                Requirements::Known(positions) => size_of_val(positions.as_slice()),
                _ => 0,
            };
            size_of::<Release>() + files + requirements + release.extras.iter().map(String::len).sum::<usize>()
        };
        let requirement = |requirement: &Requirement| size_of::<Requirement>() + requirement.text.len();
        self.releases.iter().map(release).sum::<usize>() + self.requirements.iter().map(requirement).sum::<usize>()
    }
}

impl Release {
    /// Two spellings of one number (`1.0` and `1.0.0`) are one version, to every tool.
    fn take_files_of(&mut self, twin: &mut Self) -> bool {
        self.files.append(&mut twin.files);
        if self.requirements == Requirements::Unknown {
            self.requirements = std::mem::replace(&mut twin.requirements, Requirements::Unknown);
            self.extras = std::mem::take(&mut twin.extras);
        }
        true
    }
}

impl Requirements {
    fn new(known: &Dependencies, read: &[Option<Requirement>]) -> Self {
        match known {
            Dependencies::Fetched(positions) => {
                let is_read = |at: &u32| read.get(*at as usize).is_some_and(Option::is_some);
                if positions.iter().all(is_read) { Self::Known(positions.clone()) } else { Self::Malformed }
            }
            Dependencies::Malformed => Self::Malformed,
            Dependencies::NotFetched | Dependencies::Pending | Dependencies::NotFound => Self::Unknown,
        }
    }
}

impl File {
    /// None if what it says of Python is nothing that can be read: uv passes over such files.
    fn new(file: &Artifact, of_version: Option<&str>, pythons: &mut Pythons) -> Option<Self> {
        let python = match file.runtime.as_deref() {
            Some(python) => Some(pythons.position(python)?),
            // What the version's metadata says.
            None => of_version.and_then(|python| pythons.position(python)),
        };
        Some(Self { name: file.name.clone(), published_at: file.published_at, is_yanked: file.yank.is_some(), python })
    }
}

/// The distinct ones.
#[derive(Default)]
struct Pythons {
    list: Vec<Python>,
    places: HashMap<String, Option<u32>, FixedState>,
}

impl Pythons {
    fn position(&mut self, text: &str) -> Option<u32> {
        if let Some(known) = self.places.get(text) {
            return *known;
        }
        let position = lenient::specifiers(text).and_then(|specifiers| {
            let position = u32::try_from(self.list.len()).ok()?;
            self.list.push(Python { text: text.to_owned(), range: ranges::asked_of_python(&specifiers) });
            Some(position)
        });
        self.places.insert(text.to_owned(), position);
        position
    }
}

impl Python {
    /// Will it do? Only the lower bound counts; what is said of newer versions nobody can know.
    pub(super) fn allows(&self, python: &Version) -> bool {
        match self.range.bounding_range() {
            Some((Bound::Included(lowest), _)) => *python >= *lowest,
            Some((Bound::Excluded(lowest), _)) => *python > *lowest,
            Some((Bound::Unbounded, _)) | None => true,
        }
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]

    use super::*;

    #[test]
    fn only_the_lower_bound_of_requires_python_counts() {
        let allows = |text: &str, python: &str| {
            let mut pythons = Pythons::default();
            let at = pythons.position(text).unwrap();
            pythons.list[at as usize].allows(&python.parse().unwrap())
        };
        assert!(allows(">=3.8,<3.12", "3.12.0"));
        assert!(!allows(">=3.12.1", "3.12.0"));
        assert!(!allows(">3.12", "3.12.0"));
        assert!(allows("~=3.6", "3.12.0"));
        assert!(allows("!=3.12.0", "3.12.0"));
        assert!(!allows(">=2.7,>=3.13,!=3.14.*", "3.12.4"));
        assert!(!allows(">=2.7,!=3.0.*,>=3.13", "3.12.4"));
        assert!(allows("<4", "3.0.0") && allows("", "3.0.0") && allows(">=3.6,", "3.6.0"));
    }

    #[test]
    fn files_with_nonsense_for_a_python_do_not_count() {
        let mut pythons = Pythons::default();
        let file = |runtime: Option<&str>| Artifact { runtime: runtime.map(str::to_owned), ..Artifact::default() };
        assert!(File::new(&file(Some("nonsense")), None, &mut pythons).is_none());
        assert!(File::new(&file(None), Some("nonsense"), &mut pythons).is_some());
        let read = File::new(&file(Some(">=3.8")), None, &mut pythons).unwrap();
        assert_eq!((read.python, pythons.list.len()), (Some(0), 1));
    }
}
