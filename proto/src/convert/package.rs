//! Packages with their pools.
//!
//! Whatever comes in from a worker is committed and shown as it is, so a position that points outside its pool must be
//! caught here: behind this edge nobody checks again.

use gleaner_model::{Dependency, Feature, Package, PoolIndex};

use super::field::text;
use super::{InvalidMessage, enumeration, list};
use crate::v1;

impl From<Package> for v1::Package {
    fn from(package: Package) -> Self {
        Self {
            latest: package.latest.unwrap_or_default(),
            tags: tags_to_wire(package.tags),
            repository: package.repository.unwrap_or_default(),
            versions: package.versions.into_iter().map(Into::into).collect(),
            dependencies: package.dependencies.into_iter().map(Into::into).collect(),
            features: package.features.into_iter().map(Into::into).collect(),
            licences: package.licences,
            details: package.details.into_iter().map(Into::into).collect(),
            edition: package.edition,
        }
    }
}

impl TryFrom<v1::Package> for Package {
    type Error = InvalidMessage;

    fn try_from(wire: v1::Package) -> Result<Self, InvalidMessage> {
        let package = Self {
            latest: text(wire.latest),
            tags: wire.tags.into_iter().map(|tag| (tag.name, tag.version)).collect(),
            repository: text(wire.repository),
            versions: list(wire.versions, "versions")?,
            dependencies: list(wire.dependencies, "dependencies")?,
            features: wire.features.into_iter().map(Into::into).collect(),
            licences: wire.licences,
            details: wire.details.into_iter().map(Into::into).collect(),
            edition: wire.edition,
        };
        if package.positions_are_valid() { Ok(package) } else { Err(misplaced(&package)) }
    }
}

pub(super) fn tags_to_wire(tags: Vec<(String, String)>) -> Vec<v1::Tag> {
    tags.into_iter().map(|(name, version)| v1::Tag { name, version }).collect()
}

/// Names the first list of positions with one outside its pool. Only asked when there is one.
fn misplaced(package: &Package) -> InvalidMessage {
    let outside = |positions: &[PoolIndex], pool: usize| positions.iter().any(|at| *at as usize >= pool);
    let field = package.versions.iter().enumerate().find_map(|(at, version)| {
        let dependencies = version.dependencies.fetched().unwrap_or_default();
        let name = if outside(dependencies, package.dependencies.len()) {
            "dependencies"
        } else if outside(&version.features, package.features.len()) {
            "features"
        } else if outside(version.licence.as_slice(), package.licences.len()) {
            "licence"
        } else if outside(version.details.as_slice(), package.details.len()) {
            "details"
        } else {
            return None;
        };
        Some(format!("versions[{at}].{name}"))
    });
    InvalidMessage::invalid(field.unwrap_or_else(|| "versions".to_owned()), "a position points outside its pool")
}

impl From<Dependency> for v1::Dependency {
    fn from(dependency: Dependency) -> Self {
        Self {
            name: dependency.name,
            alias: dependency.alias.unwrap_or_default(),
            requirement: dependency.requirement,
            kind: v1::DependencyKind::from(dependency.kind).into(),
            optional: dependency.optional,
            no_default_features: !dependency.default_features,
            features: dependency.features,
            target: dependency.target.unwrap_or_default(),
            registry: dependency.registry.unwrap_or_default(),
        }
    }
}

impl TryFrom<v1::Dependency> for Dependency {
    type Error = InvalidMessage;

    fn try_from(wire: v1::Dependency) -> Result<Self, InvalidMessage> {
        Ok(Self {
            name: text(wire.name).ok_or_else(|| InvalidMessage::missing("name"))?,
            alias: text(wire.alias),
            requirement: wire.requirement,
            kind: enumeration(wire.kind, "kind")?,
            optional: wire.optional,
            default_features: !wire.no_default_features,
            features: wire.features,
            target: text(wire.target),
            registry: text(wire.registry),
        })
    }
}

impl From<Feature> for v1::Feature {
    fn from(feature: Feature) -> Self {
        Self { name: feature.name, enables: feature.enables }
    }
}

impl From<v1::Feature> for Feature {
    fn from(wire: v1::Feature) -> Self {
        Self { name: wire.name, enables: wire.enables }
    }
}
