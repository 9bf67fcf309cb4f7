//! A version that was taken: what it asks for, and what speaks against it.

use std::sync::Arc;

use gleaner_model::{Dependency, DependencyKind};

use super::{Kind, Memo, NameId, WantId};
use crate::npm::platform;
use crate::npm::semver::Version;
use crate::npm::snapshot::{PackageData, VersionData};

/// A release's number.
pub(in crate::npm) type ReleaseId = u32;

/// One need of a release.
#[derive(Clone, Copy, Debug)]
pub(in crate::npm) struct Need {
    pub(in crate::npm) fold: NameId,
    pub(in crate::npm) want: WantId,
    pub(in crate::npm) kind: Kind,
    /// Does the release's own archive bring it along?
    pub(in crate::npm) is_bundled: bool,
}

/// A version of a package.
pub(in crate::npm) struct Release {
    pub(in crate::npm) package: NameId,
    pub(in crate::npm) number: Arc<str>,
    pub(in crate::npm) version: Option<Version>,
    /// Where its needs begin and end.
    pub(in crate::npm) needs: (u32, u32),
    pub(in crate::npm) has_peers: bool,
    /// Does its archive fix what it needs?
    pub(in crate::npm) has_shrinkwrap: bool,
    pub(in crate::npm) has_bundle: bool,
    /// Why npm refuses it here, where it must be installed.
    pub(in crate::npm) wrong_platform: Option<Box<str>>,
    /// What npm warns of.
    pub(in crate::npm) warnings: Box<[Box<str>]>,
}

impl Memo {
    /// The number of a version of a package.
    pub(super) fn release(&mut self, package: NameId, data: &PackageData, at: u32) -> ReleaseId {
        if let Some(id) = self.release_of.get(&(package, at)) {
            return *id;
        }
        let version = &data.versions[at as usize];
        let needs = self.needs_of(data, version);
        let details = data.details_of(version);
        let title = format!("{}@{}", self.name_text(package), version.number);
        let wrong_platform = details.and_then(|details| platform::refusal(&title, details, &self.key.environment));
        let release = Release {
            package,
            number: (&*version.number).into(),
            version: version.version.clone(),
            has_peers: self.needs[needs.0 as usize..needs.1 as usize].iter().any(|need| need.kind.is_peer()),
            needs,
            has_shrinkwrap: details.is_some_and(|details| details.shrinkwrap),
            has_bundle: details.is_some_and(|details| !details.bundled.is_empty()),
            wrong_platform: wrong_platform.map(Into::into),
            warnings: self.warnings(&title, data, version),
        };
        let id = u32::try_from(self.releases.len()).expect("a memo is emptied long before");
        self.releases.push(release);
        self.release_of.insert((package, at), id);
        id
    }

    fn warnings(&self, title: &str, data: &PackageData, version: &VersionData) -> Box<[Box<str>]> {
        let environment = &self.key.environment;
        let engines = (!self.picker.engines_fit(data, version)).then(|| {
            let asked = version.node.as_deref().unwrap_or("any version");
            format!("{title} asks for Node {asked}, and this is Node {} with npm {}", environment.node, environment.npm)
        });
        let advice = version.deprecated.as_ref().map(|advice| format!("{title} is deprecated: {advice}"));
        engines.into_iter().chain(advice).map(Into::into).collect()
    }

    /// The needs of a version in the order of its edges.
    fn needs_of(&mut self, data: &PackageData, version: &VersionData) -> (u32, u32) {
        let bundled = data.details_of(version).map_or(&[][..], |details| &details.bundled);
        let listed = version.dependencies.iter().filter_map(|at| data.dependencies.get(*at as usize));
        let needs = listed.map(|dependency| {
            let (name, text) = written(dependency);
            let is_bundled = bundled.iter().any(|bundled| bundled == name);
            (name, text, kind(dependency), is_bundled)
        });
        let needs: Vec<_> = needs.collect();
        let first = self.needs.len();
        for wanted in [Kind::Peer, Kind::PeerOptional, Kind::Normal, Kind::Optional] {
            for (name, text, kind, is_bundled) in needs.iter().filter(|(_, _, kind, _)| *kind == wanted) {
                self.need(first, name, text, *kind, *is_bundled);
            }
        }
        let position = |length: usize| u32::try_from(length).expect("a memo is emptied long before");
        (position(first), position(self.needs.len()))
    }

    /// Adds a need to those that begin at `first`, in place of the one of the same name.
    fn need(&mut self, first: usize, name: &str, text: &str, kind: Kind, is_bundled: bool) {
        let name = self.name(name);
        let fold = self.names[name as usize].fold;
        let want = self.want(name, text);
        if let Some(at) = self.needs[first..].iter().position(|need| need.fold == fold) {
            self.needs.remove(first + at);
        }
        self.needs.push(Need { fold, want, kind, is_bundled });
    }
}

/// A dependency's name in the manifest and what is asked, as it was written there.
pub(in crate::npm) fn written(dependency: &Dependency) -> (&str, std::borrow::Cow<'_, str>) {
    match &dependency.alias {
        Some(alias) => (alias, format!("npm:{}@{}", dependency.name, dependency.requirement).into()),
        None => (&dependency.name, dependency.requirement.as_str().into()),
    }
}

/// Of which kind a dependency's edge is.
pub(in crate::npm) fn kind(dependency: &Dependency) -> Kind {
    match (dependency.kind, dependency.optional) {
        (DependencyKind::Peer, false) => Kind::Peer,
        (DependencyKind::Peer, true) => Kind::PeerOptional,
        (DependencyKind::Dev, _) => Kind::Dev,
        (_, false) => Kind::Normal,
        (_, true) => Kind::Optional,
    }
}
