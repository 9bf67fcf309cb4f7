//! Projects in the layout of this resolver: versions ascending and known by their position, requirements parsed once a
//! distinct text.

use std::cmp::Ordering;
use std::sync::Arc;

use foldhash::fast::FixedState;
use gleaner_model::{Artifact, Dependencies, Dependency, Package, PackageName, Timestamp};
use hashbrown::HashMap;
use pep440_rs::{Operator, Version, VersionSpecifiers};
use pep508_rs::{ExtraName, MarkerTree};

use crate::{Snapshot, SnapshotSize};

/// What is known of Python projects.
#[derive(Clone, Debug, Default)]
pub struct PypiSnapshot {
    projects: HashMap<PackageName, Arc<Project>, FixedState>,
}

/// A project; without versions if there is no such project.
#[derive(Debug, Default)]
pub(super) struct Project {
    /// Ascending.
    pub(super) releases: Vec<Release>,
    pub(super) requirements: Vec<Requirement>,
}

/// A version of a project.
#[derive(Debug)]
pub(super) struct Release {
    /// As the registry writes it.
    pub(super) number: String,
    pub(super) version: Version,
    pub(super) files: Vec<File>,
    /// Positions in [`Project::requirements`]; none if they are not known.
    pub(super) requirements: Option<Vec<u32>>,
}

/// A file of a version.
#[derive(Debug)]
pub(super) struct File {
    pub(super) name: String,
    pub(super) published_at: Option<Timestamp>,
    pub(super) is_yanked: bool,
    /// The lowest Python that it asks for.
    pub(super) python: Lowest,
}

/// The lower bound of a `Requires-Python`; what it says of newer versions is not heard, since nobody can know that.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Lowest {
    Any,
    From(Version),
    Above(Version),
}

/// A requirement of a version, or of a manifest.
#[derive(Clone, Debug)]
pub(super) struct Requirement {
    pub(super) name: PackageName,
    /// As written.
    pub(super) text: String,
    pub(super) specifiers: Asked,
    /// In normal form.
    pub(super) extras: Vec<String>,
    pub(super) marker: MarkerTree,
}

/// The versions that a requirement asks for.
#[derive(Clone, Debug)]
pub(super) enum Asked {
    /// These.
    Versions(VersionSpecifiers),
    /// What no registry has: a URL.
    Elsewhere,
    /// It is no requirement.
    Malformed,
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
            let files = project.releases.iter().flat_map(|release| &release.files);
            size.bytes += project.releases.len() * size_of::<Release>()
                + project.requirements.len() * size_of::<Requirement>()
                + files.map(|file| size_of::<File>() + file.name.len()).sum::<usize>();
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
        let requirements = package.dependencies.iter().map(Requirement::of).collect();
        let mut releases: Vec<Release> = package
            .versions
            .iter()
            // What is no version by PEP 440 no tool of today can choose.
            .filter_map(|version| {
                let parsed = version.number.parse().ok()?;
                Some(Release {
                    number: version.number.clone(),
                    version: parsed,
                    files: version.artifacts.iter().map(|file| File::of(file, version.runtime.as_deref())).collect(),
                    requirements: match &version.dependencies {
                        Dependencies::Fetched(positions) => Some(positions.clone()),
                        _ => None,
                    },
                })
            })
            .collect();
        releases.sort_by(|a, b| a.version.cmp(&b.version));
        Self { releases, requirements }
    }
}

impl File {
    fn of(file: &Artifact, of_version: Option<&str>) -> Self {
        let python = file.runtime.as_deref().or(of_version).map_or(Lowest::Any, Lowest::read);
        Self { name: file.name.clone(), published_at: file.published_at, is_yanked: file.yank.is_some(), python }
    }
}

impl Lowest {
    /// A text that is no list of specifiers asks for nothing.
    pub(super) fn read(text: &str) -> Self {
        let Ok(specifiers) = text.parse::<VersionSpecifiers>() else { return Self::Any };
        let bounds = specifiers.iter().map(|specifier| {
            let release = specifier.version().only_release();
            match specifier.operator() {
                Operator::GreaterThan => Self::Above(release),
                Operator::GreaterThanEqual
                | Operator::Equal
                | Operator::EqualStar
                | Operator::ExactEqual
                | Operator::TildeEqual => Self::From(release),
                _ => Self::Any,
            }
        });
        bounds.reduce(|a, b| if a.is_above(&b) { a } else { b }).unwrap_or(Self::Any)
    }

    fn is_above(&self, other: &Self) -> bool {
        match (self, other) {
            (Self::Any, _) => false,
            (_, Self::Any) => true,
            (Self::From(a) | Self::Above(a), Self::From(b) | Self::Above(b)) => match a.cmp(b) {
                Ordering::Equal => matches!(self, Self::Above(_)),
                order => order == Ordering::Greater,
            },
        }
    }

    pub(super) fn allows(&self, python: &Version) -> bool {
        match self {
            Self::Any => true,
            Self::From(lowest) => python >= lowest,
            Self::Above(lowest) => python > lowest,
        }
    }
}

impl Requirement {
    fn of(dependency: &Dependency) -> Self {
        let specifiers = if dependency.requirement.starts_with('@') {
            Asked::Elsewhere
        } else {
            super::manifest::specifiers(&dependency.requirement)
        };
        let marker = dependency.target.as_deref().map_or(Ok(MarkerTree::TRUE), str::parse);
        Self {
            name: PackageName::new(gleaner_model::Ecosystem::Pypi, &dependency.name)
                .unwrap_or_else(|_| PackageName::new(gleaner_model::Ecosystem::Pypi, "unnamed").expect("a name")),
            text: dependency.requirement.clone(),
            specifiers: if marker.is_ok() { specifiers } else { Asked::Malformed },
            extras: dependency.features.iter().map(|extra| normal_extra(extra)).collect(),
            marker: marker.unwrap_or(MarkerTree::TRUE),
        }
    }
}

/// An extra in normal form (PEP 685); as it stands if it is none.
pub(super) fn normal_extra(extra: &str) -> String {
    ExtraName::new(extra.to_owned()).map_or_else(|_| extra.to_owned(), |extra| extra.to_string())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_the_lower_bound_of_requires_python_counts() {
        let allows = |text: &str, python: &str| Lowest::read(text).allows(&python.parse().expect("a version"));
        assert!(allows(">=3.8,<3.12", "3.12.0"));
        assert!(!allows(">=3.12.1", "3.12.0"));
        assert!(!allows(">3.12", "3.12.0"));
        assert!(allows("~=3.6", "3.12.0"));
        assert!(!allows(">=2.7,>=3.13,!=3.14.*", "3.12.4"));
        assert!(allows("<4", "3.0.0") && allows("nonsense", "3.0.0") && allows("", "3.0.0"));
    }
}
