//! What `gleaner show --json` prints: stable keys, nothing left out.

use gleaner_proto::v1;
use serde::Serialize;

use super::hash;
use crate::output::{not_empty, time};

/// A package with all its versions, highest first.
#[derive(Serialize)]
pub(super) struct PackageRow {
    purl: String,
    registry: String,
    presence: &'static str,
    latest: Option<String>,
    tags: std::collections::BTreeMap<String, String>,
    repository: Option<String>,
    licence: Option<String>,
    documents: Vec<DocumentRow>,
    fetched_at: Option<String>,
    last_attempt_at: Option<String>,
    last_success_at: Option<String>,
    last_change_at: Option<String>,
    missing_since: Option<String>,
    next_due_at: Option<String>,
    revision: u64,
    versions: Vec<VersionRow>,
}

#[derive(Serialize)]
struct DocumentRow {
    url: String,
    sha256: String,
    length_bytes: u64,
}

#[derive(Serialize)]
struct VersionRow {
    version: String,
    published_at: Option<String>,
    yanked: bool,
    yank_reason: Option<String>,
    deprecated: Option<String>,
    licence: Option<String>,
    runtime: Option<String>,
    dependencies_state: &'static str,
    dependencies: Option<u32>,
    features: Vec<FeatureRow>,
    artifacts: Vec<ArtifactRow>,
}

#[derive(Serialize)]
struct FeatureRow {
    name: String,
    enables: Vec<String>,
}

#[derive(Serialize)]
struct ArtifactRow {
    name: Option<String>,
    algorithm: Option<String>,
    checksum: Option<String>,
}

/// The dependencies of one version.
#[derive(Serialize)]
pub(super) struct DependenciesRow {
    purl: String,
    state: &'static str,
    dependencies: Vec<DependencyRow>,
}

#[derive(Serialize)]
struct DependencyRow {
    name: String,
    alias: Option<String>,
    requirement: String,
    kind: &'static str,
    optional: bool,
    default_features: bool,
    features: Vec<String>,
    target: Option<String>,
    registry: Option<String>,
}

impl PackageRow {
    pub(super) fn of(package: v1::GetPackageResponse, versions: Vec<v1::VersionSummary>) -> Self {
        let presence = match package.presence() {
            v1::Presence::Present => "present",
            v1::Presence::NotFound => "not_found",
            v1::Presence::Gone => "gone",
            v1::Presence::Unspecified => "unknown",
        };
        Self {
            purl: package.purl,
            registry: package.registry,
            presence,
            latest: not_empty(package.latest),
            tags: package.tags.into_iter().map(|tag| (tag.name, tag.version)).collect(),
            repository: not_empty(package.repository),
            licence: not_empty(package.licence),
            documents: package.documents.into_iter().map(document).collect(),
            fetched_at: time(package.fetched_at_ms),
            last_attempt_at: time(package.last_attempt_at_ms),
            last_success_at: time(package.last_success_at_ms),
            last_change_at: time(package.last_change_at_ms),
            missing_since: time(package.missing_since_at_ms),
            next_due_at: time(package.next_due_at_ms),
            revision: package.revision,
            versions: versions.into_iter().map(version).collect(),
        }
    }
}

impl DependenciesRow {
    pub(super) fn of(answer: v1::ListDependenciesResponse) -> Self {
        let state = state_key(answer.state());
        Self { purl: answer.purl, state, dependencies: answer.dependencies.into_iter().map(dependency).collect() }
    }
}

fn document(document: v1::Document) -> DocumentRow {
    DocumentRow { sha256: hash(&document.hash), url: document.url, length_bytes: document.length_bytes }
}

fn version(version: v1::VersionSummary) -> VersionRow {
    let dependencies_state = state_key(version.dependencies_state());
    VersionRow {
        version: version.number,
        published_at: time(version.published_at_ms),
        yanked: version.yank.is_some(),
        yank_reason: version.yank.and_then(|yank| not_empty(yank.reason)),
        deprecated: not_empty(version.deprecated),
        licence: not_empty(version.licence),
        runtime: not_empty(version.runtime),
        dependencies_state,
        dependencies: version.dependencies,
        features: version.features.into_iter().map(|f| FeatureRow { name: f.name, enables: f.enables }).collect(),
        artifacts: version.artifacts.into_iter().map(artifact).collect(),
    }
}

fn artifact(artifact: v1::Artifact) -> ArtifactRow {
    let digits: String = artifact.checksum.iter().map(|byte| format!("{byte:02x}")).collect();
    ArtifactRow {
        name: not_empty(artifact.name),
        algorithm: not_empty(artifact.algorithm),
        checksum: not_empty(digits),
    }
}

fn dependency(dependency: v1::Dependency) -> DependencyRow {
    let kind = kind_word(dependency.kind());
    DependencyRow {
        name: dependency.name,
        alias: not_empty(dependency.alias),
        requirement: dependency.requirement,
        kind,
        optional: dependency.optional,
        default_features: !dependency.no_default_features,
        features: dependency.features,
        target: not_empty(dependency.target),
        registry: not_empty(dependency.registry),
    }
}

/// What is known of dependencies, as a stable key.
fn state_key(state: v1::DependenciesState) -> &'static str {
    match state {
        v1::DependenciesState::Fetched => "fetched",
        v1::DependenciesState::Pending => "pending",
        v1::DependenciesState::NotFound => "not_found",
        v1::DependenciesState::Malformed => "malformed",
        v1::DependenciesState::NotFetched | v1::DependenciesState::Unspecified => "not_fetched",
    }
}

/// The same in words.
pub(super) fn state_words(state: v1::DependenciesState) -> &'static str {
    match state {
        v1::DependenciesState::Fetched => "fetched",
        v1::DependenciesState::Pending => "not fetched yet",
        v1::DependenciesState::NotFound => "not found",
        v1::DependenciesState::Malformed => "malformed",
        v1::DependenciesState::NotFetched | v1::DependenciesState::Unspecified => "not fetched",
    }
}

pub(super) fn kind_word(kind: v1::DependencyKind) -> &'static str {
    match kind {
        v1::DependencyKind::Build => "build",
        v1::DependencyKind::Dev => "dev",
        v1::DependencyKind::Peer => "peer",
        v1::DependencyKind::Normal | v1::DependencyKind::Unspecified => "normal",
    }
}
