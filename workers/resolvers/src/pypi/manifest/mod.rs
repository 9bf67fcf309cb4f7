//! What is resolved: the requirements of a project, as its manifest has them.

mod project;
mod requirements;

use gleaner_model::{PackageName, Purl};
use pep440_rs::VersionSpecifiers;

use super::requirement::{Asked, Requirement};
use crate::InvalidManifest;

/// What is resolved: requirements, in the order of the manifest.
#[derive(Clone, Debug, Default)]
pub struct PypiRoot {
    pub(super) requirements: Vec<Requirement>,
    /// What narrows the versions of projects that something else needs.
    pub(super) constraints: Vec<Requirement>,
    /// What was passed over in the manifest, in sentences.
    pub(super) warnings: Vec<String>,
    /// Where it comes from, as uv's annotations name it; none for a purl.
    pub(super) origin: Option<String>,
}

impl PypiRoot {
    /// Names of what it depends on by itself, each once, in order.
    pub(super) fn direct(&self) -> Vec<PackageName> {
        let mut names: Vec<PackageName> = Vec::new();
        for requirement in &self.requirements {
            if !names.contains(&requirement.name) {
                names.push(requirement.name.clone());
            }
        }
        names
    }
}

pub(super) fn of_purl(purl: &Purl) -> PypiRoot {
    let text = purl.version().map_or_else(String::new, |version| format!("=={version}"));
    // What is no version is asked for all the same, and is found to be none.
    let specifiers = text.parse().unwrap_or_else(|_| VersionSpecifiers::empty());
    let is_version = text.is_empty() || !specifiers.is_empty();
    let mut requirement = Requirement::new(purl.name().clone(), &text, specifiers);
    if !is_version {
        requirement.asked = Asked::Elsewhere;
    }
    PypiRoot { requirements: vec![requirement], ..PypiRoot::default() }
}

pub(super) fn read(file: &str, text: &str) -> Result<PypiRoot, InvalidManifest> {
    let read = if file == "pyproject.toml" { project::read(text) } else { requirements::read(file, text) };
    read.map_err(|what| InvalidManifest { file: file.to_owned(), what })
}

#[cfg(test)]
mod tests;
