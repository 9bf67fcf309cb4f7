//! Versions, and what is known of their dependencies.

use gleaner_model::{Artifact, Dependencies, PoolIndex, Version, Yank};

use super::field::text;
use super::{InvalidMessage, moment, moment_or_zero};
use crate::v1;

impl From<Version> for v1::Version {
    fn from(version: Version) -> Self {
        let dependencies_state = dependencies_state(&version.dependencies).into();
        let dependencies = match version.dependencies {
            Dependencies::Fetched(positions) => positions,
            _ => Vec::new(),
        };
        Self {
            number: version.number,
            published_at_ms: moment_or_zero(version.published_at),
            yank: version.yank.map(Into::into),
            deprecated: version.deprecated.unwrap_or_default(),
            licence: version.licence,
            runtime: version.runtime.unwrap_or_default(),
            dependencies_state,
            dependencies,
            features: version.features,
            details: version.details,
            artifacts: version.artifacts.into_iter().map(Into::into).collect(),
        }
    }
}

impl TryFrom<v1::Version> for Version {
    type Error = InvalidMessage;

    fn try_from(wire: v1::Version) -> Result<Self, InvalidMessage> {
        Ok(Self {
            number: text(wire.number).ok_or_else(|| InvalidMessage::missing("number"))?,
            published_at: moment(wire.published_at_ms),
            yank: wire.yank.map(Into::into),
            deprecated: text(wire.deprecated),
            licence: wire.licence,
            runtime: text(wire.runtime),
            dependencies: dependencies(wire.dependencies_state, wire.dependencies)?,
            features: wire.features,
            details: wire.details,
            artifacts: wire.artifacts.into_iter().map(Into::into).collect(),
        })
    }
}

/// The state alone, as the catalogue shows it too.
pub(super) fn dependencies_state(dependencies: &Dependencies) -> v1::DependenciesState {
    match dependencies {
        Dependencies::NotFetched => v1::DependenciesState::NotFetched,
        Dependencies::Pending => v1::DependenciesState::Pending,
        Dependencies::Fetched(_) => v1::DependenciesState::Fetched,
        Dependencies::NotFound => v1::DependenciesState::NotFound,
        Dependencies::Malformed => v1::DependenciesState::Malformed,
    }
}

/// Positions beside any state but "fetched" would be lost without a word, so they are refused.
fn dependencies(state: i32, positions: Vec<PoolIndex>) -> Result<Dependencies, InvalidMessage> {
    use v1::DependenciesState as Wire;
    let field = "dependencies_state";
    let state = Wire::try_from(state).map_err(|_| super::field::unknown_number(state, field))?;
    let dependencies = match state {
        Wire::Unspecified => return Err(InvalidMessage::missing(field)),
        Wire::Fetched => return Ok(Dependencies::Fetched(positions)),
        Wire::NotFetched => Dependencies::NotFetched,
        Wire::Pending => Dependencies::Pending,
        Wire::NotFound => Dependencies::NotFound,
        Wire::Malformed => Dependencies::Malformed,
    };
    if positions.is_empty() {
        Ok(dependencies)
    } else {
        Err(InvalidMessage::invalid("dependencies", "only fetched dependencies have positions"))
    }
}

impl From<Yank> for v1::Yank {
    fn from(yank: Yank) -> Self {
        Self { reason: yank.reason.unwrap_or_default() }
    }
}

impl From<v1::Yank> for Yank {
    fn from(wire: v1::Yank) -> Self {
        Self { reason: text(wire.reason) }
    }
}

impl From<Artifact> for v1::Artifact {
    fn from(artifact: Artifact) -> Self {
        Self {
            name: artifact.name,
            algorithm: artifact.algorithm,
            checksum: artifact.checksum,
            published_at_ms: moment_or_zero(artifact.published_at),
            yank: artifact.yank.map(Into::into),
            runtime: artifact.runtime.unwrap_or_default(),
        }
    }
}

impl From<v1::Artifact> for Artifact {
    fn from(wire: v1::Artifact) -> Self {
        Self {
            name: wire.name,
            algorithm: wire.algorithm,
            checksum: wire.checksum,
            published_at: moment(wire.published_at_ms),
            yank: wire.yank.map(Into::into),
            runtime: text(wire.runtime),
        }
    }
}
