//! Contents of package records as formats 1 to 4 had them, and stay so whatever becomes of those of today.

use serde::{Deserialize, Serialize};

use gleaner_model::{
    Artifact, Dependencies, Dependency, Document, Feature, Package, PackageContent, PackageHead, PackageKey, PoolIndex,
    Timestamp, Version, Yank,
};

use crate::frame::{self, Flaw, Ready};
use crate::record::REVISION;

/// zstd's level that they were compressed with.
const LEVEL: i32 = -1;

#[derive(Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct OldContent {
    pub(super) package: OldPackage,
    pub(super) more_documents: Vec<Document>,
}

#[derive(Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct OldPackage {
    pub(super) latest: Option<String>,
    pub(super) tags: Vec<(String, String)>,
    pub(super) repository: Option<String>,
    pub(super) versions: Vec<OldVersion>,
    pub(super) dependencies: Vec<Dependency>,
    pub(super) features: Vec<Feature>,
    pub(super) licences: Vec<String>,
    pub(super) edition: Option<i64>,
}

#[derive(Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct OldVersion {
    pub(super) number: String,
    pub(super) published_at: Option<Timestamp>,
    pub(super) yank: Option<Yank>,
    pub(super) deprecated: Option<String>,
    pub(super) licence: Option<PoolIndex>,
    pub(super) runtime: Option<String>,
    pub(super) dependencies: Dependencies,
    pub(super) features: Vec<PoolIndex>,
    pub(super) artifacts: Vec<OldArtifact>,
}

#[derive(Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct OldArtifact {
    pub(super) name: String,
    pub(super) algorithm: String,
    pub(super) checksum: Vec<u8>,
}

impl From<OldContent> for PackageContent {
    fn from(old: OldContent) -> Self {
        Self { package: old.package.into(), more_documents: old.more_documents }
    }
}

impl From<OldPackage> for Package {
    fn from(old: OldPackage) -> Self {
        Self {
            latest: old.latest,
            tags: old.tags,
            repository: old.repository,
            versions: old.versions.into_iter().map(Into::into).collect(),
            dependencies: old.dependencies,
            features: old.features,
            licences: old.licences,
            details: Vec::new(),
            edition: old.edition,
        }
    }
}

impl From<OldVersion> for Version {
    fn from(old: OldVersion) -> Self {
        Self {
            number: old.number,
            published_at: old.published_at,
            yank: old.yank,
            deprecated: old.deprecated,
            licence: old.licence,
            runtime: old.runtime,
            dependencies: old.dependencies,
            features: old.features,
            details: None,
            artifacts: old.artifacts.into_iter().map(Into::into).collect(),
        }
    }
}

impl From<OldArtifact> for Artifact {
    fn from(old: OldArtifact) -> Self {
        let OldArtifact { name, algorithm, checksum } = old;
        Self { name, algorithm, checksum, ..Self::default() }
    }
}

/// The content that `head` speaks of, as it was stored.
pub(super) fn encode(head: &PackageHead, mut content: OldContent) -> Vec<u8> {
    let mut checksums = Vec::new();
    for artifact in content.package.versions.iter_mut().flat_map(|version| &mut version.artifacts) {
        let checksum = std::mem::take(&mut artifact.checksum);
        frame::append(&mut checksums, &checksum.len());
        checksums.extend_from_slice(&checksum);
    }
    let checksums = plain(&checksums);
    let length = u32::try_from(checksums.len()).expect("documents of gigabytes are never read");
    let rest = frame::encode(&(&head.key, content), LEVEL);
    [&head.revision.to_le_bytes()[..], &length.to_le_bytes(), &checksums, &rest].concat()
}

fn plain(payload: &[u8]) -> Vec<u8> {
    let mut framed = Vec::new();
    Ready::plain(payload).wrap_onto(&mut framed);
    framed
}

/// A content as it was stored, and the package and revision that it is of.
pub(super) fn decode(stored: &[u8]) -> Result<(PackageKey, u64, OldContent), Flaw> {
    let revision = crate::record::revision_of(stored)?;
    let (length, rest) = stored[REVISION..].split_first_chunk().ok_or("it is too short")?;
    let length = usize::try_from(u32::from_le_bytes(*length)).map_err(|_| "it is too long")?;
    let (checksums, framed) = rest.split_at_checked(length).ok_or("it is too short")?;
    let checksums = frame::open(checksums)?;
    let (key, mut content): (PackageKey, OldContent) = frame::decode(framed)?;
    put_checksums(&mut content.package, &checksums)?;
    Ok((key, revision, content))
}

fn put_checksums(package: &mut OldPackage, mut checksums: &[u8]) -> Result<(), Flaw> {
    for artifact in package.versions.iter_mut().flat_map(|version| &mut version.artifacts) {
        let (length, rest) = postcard::take_from_bytes(checksums).map_err(|_| "its checksums do not decode")?;
        let (checksum, rest) = rest.split_at_checked(length).ok_or("its checksums are cut off")?;
        artifact.checksum = checksum.to_vec();
        checksums = rest;
    }
    if checksums.is_empty() { Ok(()) } else { Err("it has more checksums than files") }
}
