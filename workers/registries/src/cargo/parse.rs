//! An index file: from lines to a package.
//!
//! cargo skips each line that it cannot use, so that an old cargo lives with a newer registry. That is right for a
//! line of an unknown schema. A line that is not even JSON is a damaged file, and to skip it would read as "this
//! version was removed": such a document is refused as a whole.

use gleaner_model::{Dependency, DependencyKind, Details, Feature, Package, Pool, PoolIndex, Version, Yank};
use serde::de::IgnoredAny;

use super::line::{Line, LineDependency, SCHEMA_MAX};
use super::order::CargoOrder;
use crate::answer::http_date;
use crate::checksum::hex_artifact;
use crate::intern::{Before, DependencyRef, FeatureRef};
use crate::json::Text;
use crate::moment::moment;
use crate::order::sort;
use crate::reading::Unreadable;
use crate::work::CrawlWork;

/// Reads an index file. Its edition is its `Last-Modified` date, in milliseconds.
///
/// Index files lie under names in lower case, so that whoever asks for `serde_Json` is sent the file of `serde_json`. cargo
/// does not take the one for the other, so there is no such crate.
pub(crate) fn read(work: &CrawlWork, text: &str, last_modified: Option<&str>) -> Result<Package, Unreadable> {
    let mut builder = Builder::default();
    let (mut lines, mut versions) = (0_usize, Vec::new());
    for (at, text) in text.split('\n').enumerate().filter(|(_, text)| !text.trim_ascii().is_empty()) {
        lines += 1;
        let line = parse(text).map_err(|error| work.malformed(format_args!("line {}: {error}", at + 1)))?;
        let Some(line) = line else { continue };
        let (name, asked) = (line.name.as_str(), work.purl.name().as_str());
        if name != asked {
            let another = || work.malformed(format_args!("line {} is of the crate `{name}`", at + 1)).into();
            return Err(if name.eq_ignore_ascii_case(asked) { Unreadable::Gone } else { another() });
        }
        versions.push(builder.version(line));
    }
    if versions.is_empty() {
        let what = if lines == 0 { "the index file is empty" } else { "no line is of a schema that is known" };
        return Err(work.malformed(what).into());
    }
    let ordered = sort::<CargoOrder>(versions);
    Ok(Package {
        latest: ordered.latest(),
        versions: ordered.versions,
        dependencies: builder.dependencies.into_values(),
        features: builder.features.into_values(),
        details: builder.details.into_values(),
        edition: last_modified.and_then(http_date).map(gleaner_model::Timestamp::as_millis),
        ..Package::default()
    })
}

/// Reads a line; none if it is JSON that cargo would pass over: of an unknown schema, or with a number that is no
/// semantic version.
fn parse(text: &str) -> serde_json::Result<Option<Line<'_>>> {
    match serde_json::from_str::<Line<'_>>(text) {
        Ok(line) => {
            let known = line.v.is_none_or(|v| v <= SCHEMA_MAX) && semver::Version::parse(line.vers.as_str()).is_ok();
            Ok(known.then_some(line))
        }
        Err(_) => serde_json::from_str::<IgnoredAny>(text).map(|_| None),
    }
}

#[derive(Default)]
struct Builder {
    dependencies: Pool<Dependency>,
    before: Before,
    features: Pool<Feature>,
    features_before: Before,
    details: Pool<Details>,
}

impl Builder {
    fn version(&mut self, mut line: Line<'_>) -> Version {
        if let Some(more) = line.features2.take() {
            line.features.merge(more);
        }
        let dependencies: Vec<PoolIndex> = line.deps.iter_mut().map(|line| self.dependency(line)).collect();
        self.before.turn(&dependencies);
        let feature = |(name, enables): &(Text<'_>, Vec<_>)| {
            FeatureRef { name: name.as_str(), enables }.intern(&mut self.features, &mut self.features_before)
        };
        let features: Vec<PoolIndex> = line.features.0.iter().map(feature).collect();
        self.features_before.turn(&features);
        Version {
            number: line.vers.as_str().to_owned(),
            published_at: line.pubtime.and_then(|text| moment(text.as_str())),
            yank: line.yanked.unwrap_or(false).then(Yank::default),
            deprecated: None,
            licence: None,
            runtime: line.rust_version.map(|text| text.0.into_owned()),
            dependencies: gleaner_model::Dependencies::Fetched(dependencies),
            features,
            details: line
                .links
                .map(|links| self.details.intern(Details { links: Some(links.0.into_owned()), ..Details::default() })),
            artifacts: vec![hex_artifact("", "sha256", Some(line.cksum.as_str()))],
        }
    }

    fn dependency(&mut self, line: &mut LineDependency<'_>) -> PoolIndex {
        // Old registries published the feature "", which means nothing; cargo drops it too.
        line.features.retain(|feature| !feature.as_str().is_empty());
        let given = line.name.as_str();
        let name = line.package.as_ref().map_or(given, Text::as_str);
        DependencyRef {
            name,
            alias: (given != name).then_some(given),
            requirement: line.req.as_str(),
            // Whatever is neither of these is a normal one, as in cargo.
            kind: match line.kind.as_ref().map(Text::as_str) {
                Some("build") => DependencyKind::Build,
                Some("dev") => DependencyKind::Dev,
                _ => DependencyKind::Normal,
            },
            optional: line.optional,
            default_features: line.default_features,
            features: &line.features,
            target: line.target.as_ref().map(Text::as_str),
            registry: line.registry.as_ref().map(Text::as_str),
        }
        .intern(&mut self.dependencies, &mut self.before)
    }
}

#[cfg(test)]
mod tests;
