//! Which versions of a project can be chosen here, and which of them a requirement asks for.

use std::sync::Arc;

use foldhash::fast::FixedState;
use hashbrown::HashMap;
use pubgrub::Ranges;

use super::environment::{Environment, Sources};
use super::snapshot::{Asked, File, Project, Release};
use crate::View;

/// Positions of releases.
pub(super) type Versions = Ranges<u32>;

/// Can a release be chosen?
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Usable {
    No,
    /// Only by who pins it: all that could be used is withdrawn.
    IfPinned,
    Yes,
}

/// A project as it looks from one environment and view, with what was asked of it so far.
#[derive(Debug)]
pub(super) struct Candidates {
    pub(super) project: Arc<Project>,
    usable: Vec<Usable>,
    asked: HashMap<String, Versions, FixedState>,
}

impl Candidates {
    pub(super) fn new(project: &Arc<Project>, environment: &Environment, view: &View) -> Self {
        let usable = project.releases.iter().map(|release| usable(release, environment, view)).collect();
        Self { project: Arc::clone(project), usable, asked: HashMap::default() }
    }

    /// The releases that a requirement asks for, usable or not.
    pub(super) fn asked(&mut self, text: &str, asked: &Asked) -> Versions {
        if let Some(known) = self.asked.get(text) {
            return known.clone();
        }
        let versions = match asked {
            Asked::Versions(specifiers) if specifiers.is_empty() => Versions::full(),
            Asked::Versions(specifiers) => {
                let releases = (0_u32..).zip(&self.project.releases);
                let fitting = releases.filter(|(_, release)| specifiers.contains(&release.version));
                runs(fitting.map(|(at, _)| at))
            }
            Asked::Elsewhere | Asked::Malformed => Versions::empty(),
        };
        self.asked.insert(text.to_owned(), versions.clone());
        versions
    }

    /// The release that is tried first among those in `range`: the highest that is no pre-release, else the highest.
    /// `pinned` releases may be withdrawn ones.
    pub(super) fn first(&self, range: &Versions, pinned: impl Fn(&Release) -> bool) -> Option<u32> {
        let mut prerelease = None;
        for at in (0..self.project.releases.len()).rev() {
            let release = &self.project.releases[at];
            let fits = match self.usable[at] {
                Usable::Yes => true,
                Usable::IfPinned => pinned(release),
                Usable::No => false,
            };
            let position = u32::try_from(at).ok()?;
            if !fits || !range.contains(&position) {
                continue;
            }
            if !release.version.any_prerelease() {
                return Some(position);
            }
            prerelease = prerelease.or(Some(position));
        }
        prerelease
    }
}

/// Ascending positions as ranges.
fn runs(positions: impl Iterator<Item = u32>) -> Versions {
    let mut ranges: Vec<(u32, u32)> = Vec::new();
    for position in positions {
        match ranges.last_mut() {
            Some((_, end)) if *end == position => *end += 1,
            _ => ranges.push((position, position + 1)),
        }
    }
    ranges
        .into_iter()
        .map(|(from, end)| Versions::between(from, end))
        .fold(Versions::empty(), |all, one| all.union(&one))
}

fn usable(release: &Release, environment: &Environment, view: &View) -> Usable {
    let files = release.files.iter().filter(|file| fits(file, environment, view));
    files
        .map(|file| if file.is_yanked { Usable::IfPinned } else { Usable::Yes })
        .fold(Usable::No, |best, one| if best == Usable::Yes || one == Usable::Yes { Usable::Yes } else { one })
}

fn fits(file: &File, environment: &Environment, view: &View) -> bool {
    // What has no time of its own does not count once times do.
    let in_time = view.before.is_none_or(|before| file.published_at.is_some_and(|at| at < before));
    in_time && file.python.allows(&environment.python) && {
        if file.name.ends_with(".whl") {
            environment.tags.accept(&file.name)
        } else {
            environment.sources == Sources::Allow && [".tar.gz", ".zip"].iter().any(|end| file.name.ends_with(end))
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn positions_become_ranges() {
        let ranges = runs([0, 1, 2, 5, 7, 8].into_iter());
        let inside: Vec<u32> = (0..12).filter(|at| ranges.contains(at)).collect();
        assert_eq!(inside, [0, 1, 2, 5, 7, 8]);
        assert_eq!(ranges.iter().count(), 3);
    }
}
