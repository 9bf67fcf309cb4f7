//! What the catalogue shows of a package: positions in pools become the values themselves.

use gleaner_model::{Package, PackageContent, PackageHead, Purl, Version};

use super::moment_or_zero;
use super::package::tags_to_wire;
use super::version::dependencies_state;
use crate::v1;

/// A package in outline: what it is and how it came to be known.
#[must_use]
pub fn package_response(head: PackageHead, content: &PackageContent) -> v1::GetPackageResponse {
    let PackageContent { package, more_documents } = content;
    let fetched_at_ms = moment_or_zero(head.source.as_ref().map(|source| source.fetched_at));
    let documents = head.source.map(|source| source.document).into_iter().chain(more_documents.iter().cloned());
    v1::GetPackageResponse {
        purl: head.key.purl().to_string(),
        registry: head.key.registry().to_string(),
        presence: v1::Presence::from(head.presence).into(),
        versions: count(package.versions.len()),
        licence: latest_licence(package),
        latest: package.latest.clone().unwrap_or_default(),
        tags: tags_to_wire(package.tags.clone()),
        repository: package.repository.clone().unwrap_or_default(),
        documents: documents.map(Into::into).collect(),
        fetched_at_ms,
        last_attempt_at_ms: head.last_attempt.as_millis(),
        last_success_at_ms: moment_or_zero(head.last_success),
        last_change_at_ms: moment_or_zero(head.last_change),
        missing_since_at_ms: moment_or_zero(head.missing_since),
        next_due_at_ms: head.next_due.as_millis(),
        revision: head.revision,
    }
}

fn latest_licence(package: &Package) -> String {
    let latest = package.latest.as_deref().and_then(|number| package.version(number));
    latest.map(|version| licence(package, version)).unwrap_or_default()
}

fn licence(package: &Package, version: &Version) -> String {
    version.licence.and_then(|at| package.licences.get(at as usize)).cloned().unwrap_or_default()
}

/// No document can name more than 2^32 versions or dependencies, so the greatest number is never reached.
fn count(length: usize) -> u32 {
    u32::try_from(length).unwrap_or(u32::MAX)
}

/// One version of `package`, with its pooled facts written out.
#[must_use]
pub fn version_summary(package: &Package, version: &Version) -> v1::VersionSummary {
    let features = version.features.iter().filter_map(|at| package.features.get(*at as usize));
    v1::VersionSummary {
        number: version.number.clone(),
        published_at_ms: moment_or_zero(version.published_at),
        yank: version.yank.clone().map(Into::into),
        deprecated: version.deprecated.clone().unwrap_or_default(),
        licence: licence(package, version),
        runtime: version.runtime.clone().unwrap_or_default(),
        dependencies_state: dependencies_state(&version.dependencies).into(),
        dependencies: version.dependencies.fetched().map(|positions| count(positions.len())),
        features: features.cloned().map(Into::into).collect(),
        artifacts: version.artifacts.iter().cloned().map(Into::into).collect(),
    }
}

/// The dependencies of one version of `package`; `purl` names the package, and its own version is replaced.
#[must_use]
pub fn dependencies_response(package: &Package, version: &Version, purl: &Purl) -> v1::ListDependenciesResponse {
    let positions = version.dependencies.fetched().unwrap_or_default();
    v1::ListDependenciesResponse {
        purl: purl.with_version(&version.number).to_string(),
        state: dependencies_state(&version.dependencies).into(),
        dependencies: package.dependencies_at(positions).cloned().map(Into::into).collect(),
    }
}
