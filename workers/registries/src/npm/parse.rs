//! A packument: from JSON to a package.

use std::borrow::Cow;
use std::collections::HashMap;

use gleaner_model::{
    Artifact, Dependencies, Dependency, DependencyKind, Details, Package, Pool, PoolIndex, Timestamp, Version,
};

use super::manifest::{Dist, Manifest};
use super::order::NpmOrder;
use super::packument::{Packument, TakeVersion};
use super::requirements::resolve_alias;
use crate::checksum::{hex_artifact, integrity_artifact};
use crate::intern::{Before, DependencyRef, intern_text};
use crate::json::{Entries, read_whole, with_mended_surrogates};
use crate::moment::moment;
use crate::order::sort;
use crate::reading::Unreadable;
use crate::work::CrawlWork;

/// Reads a packument. Its edition is `time.modified`, in milliseconds.
pub(crate) fn read(work: &CrawlWork, text: &str) -> Result<Package, Unreadable> {
    with_mended_surrogates(text, |text| read_text(work, text))
}

fn read_text(work: &CrawlWork, text: &str) -> Result<Package, Unreadable> {
    let malformed = |what: &str| Unreadable::Fault(work.malformed(what));
    let mut packument = Packument::<Builder<'_>>::default();
    match read_whole(text, Entries(&mut packument)) {
        Ok(true) => {}
        Ok(false) => return Err(malformed("not a packument: it is no object")),
        Err(error) => return Err(malformed(&format!("not a packument: {error}"))),
    }
    let Some(name) = packument.name.filled().or(packument.id.filled()) else {
        return Err(malformed("not a packument: it names no package"));
    };
    if name != work.purl.name().as_str() {
        return Err(malformed(&format!("the packument is of the package `{name}`")));
    }
    // A package that was unpublished and came back has versions again.
    if packument.times.unpublished && packument.sink.versions.is_empty() {
        return Err(Unreadable::Gone);
    }
    if !packument.has_versions {
        return Err(malformed("not a packument: it has no object of versions"));
    }
    Ok(assemble(packument))
}

fn assemble(mut packument: Packument<'_, Builder<'_>>) -> Package {
    let mut builder = packument.sink;
    let moments: HashMap<&str, &str> = packument.times.versions.iter().map(|(number, at)| (&**number, &**at)).collect();
    for version in &mut builder.versions {
        version.published_at = moments.get(version.number.as_str()).and_then(|at| moment(at));
    }
    packument.tags.sort();
    let latest = packument.tags.iter().find(|(tag, _)| tag == "latest").map(|(_, number)| number.clone().into_owned());
    let stated = builder.repositories.iter().rev().find(|(at, _)| {
        latest.as_ref().is_some_and(|latest| builder.versions.get(*at).is_some_and(|version| version.number == *latest))
    });
    let repository = stated.map(|(_, text)| text.clone()).or(packument.repository.0).map(Cow::into_owned);
    Package {
        latest,
        tags: packument.tags.into_iter().map(|(tag, number)| (tag.into_owned(), number.into_owned())).collect(),
        repository,
        versions: sort::<NpmOrder>(builder.versions).versions,
        dependencies: builder.dependencies.into_values(),
        features: Vec::new(),
        licences: builder.licences.into_values(),
        details: builder.details.into_values(),
        edition: packument.times.modified.filled().and_then(moment).map(Timestamp::as_millis),
    }
}

/// Versions as they pass by.
#[derive(Default)]
struct Builder<'de> {
    versions: Vec<Version>,
    dependencies: Pool<Dependency>,
    before: Before,
    licences: Pool<String>,
    details: Pool<Details>,
    /// Positions of versions and where their source is: which of them counts is known only at the end.
    repositories: Vec<(usize, Cow<'de, str>)>,
}

impl<'de> TakeVersion<'de> for Builder<'de> {
    fn take_version(&mut self, number: &str, manifest: &mut Manifest<'de>) {
        if let Some(repository) = manifest.repository.0.take() {
            self.repositories.push((self.versions.len(), repository));
        }
        let licence = manifest.licence.0.as_deref().or(manifest.licences.0.as_deref());
        let licence = licence.map(|text| intern_text(&mut self.licences, text));
        let dependencies = Dependencies::Fetched(self.all_dependencies(manifest));
        let details = manifest.extras.details(&manifest.dependencies, &manifest.peer_meta.0);
        let node = manifest.extras.engines.iter().find(|(engine, _)| engine == "node").map(|(_, range)| range);
        self.versions.push(Version {
            number: number.to_owned(),
            published_at: None,
            yank: None,
            deprecated: manifest.deprecation.0.as_deref().map(str::to_owned),
            licence,
            runtime: node.filter(|range| !range.is_empty()).map(|range| range.clone().into_owned()),
            dependencies,
            features: Vec::new(),
            details: details.map(|details| self.details.intern(details)),
            artifacts: artifact(&manifest.dist).into_iter().collect(),
        });
    }
}

impl Builder<'_> {
    /// Dependencies of all kinds. An optional one takes the place of a normal one of the same name.
    fn all_dependencies(&mut self, manifest: &mut Manifest<'_>) -> Vec<PoolIndex> {
        let Manifest { dependencies, optional, peer, dev, peer_meta, .. } = manifest;
        let mut positions = Vec::with_capacity(dependencies.len() + optional.len() + peer.len() + dev.len());
        let mut overridden: Vec<&str> = optional.iter().map(|(name, _)| &**name).collect();
        overridden.sort_unstable();
        let left = dependencies.iter().filter(|(name, _)| overridden.binary_search(&&**name).is_err());
        self.add(&mut positions, left, DependencyKind::Normal, |_| false);
        self.add(&mut positions, optional.iter(), DependencyKind::Normal, |_| true);
        peer_meta.0.sort_unstable();
        let may_miss = |name: &str| peer_meta.0.binary_search_by(|known| (**known).cmp(name)).is_ok();
        self.add(&mut positions, peer.iter(), DependencyKind::Peer, may_miss);
        self.add(&mut positions, dev.iter(), DependencyKind::Dev, |_| false);
        self.before.turn(&positions);
        positions
    }

    fn add<'a, 'de: 'a>(
        &mut self,
        positions: &mut Vec<PoolIndex>,
        requirements: impl Iterator<Item = &'a (Cow<'de, str>, Cow<'de, str>)>,
        kind: DependencyKind,
        is_optional: impl Fn(&str) -> bool,
    ) {
        positions.extend(requirements.map(|(key, range)| {
            let (name, alias, requirement) = resolve_alias(key, range);
            let probe = DependencyRef {
                name,
                alias,
                requirement,
                kind,
                optional: is_optional(key),
                default_features: true,
                features: &[],
                target: None,
                registry: None,
            };
            probe.intern(&mut self.dependencies, &mut self.before)
        }));
    }
}

/// The tarball with its best checksum; none if the manifest states no checksum that is understood.
fn artifact(dist: &Dist<'_>) -> Option<Artifact> {
    let strong = dist.integrity.filled().and_then(integrity_artifact);
    strong.or_else(|| {
        Some(hex_artifact("", "sha1", dist.shasum.filled())).filter(|artifact| !artifact.algorithm.is_empty())
    })
}

#[cfg(test)]
mod tests;
