//! Packages in the layout that resolutions want.
//!
//! A package is one shared block: its versions with their numbers read, and of each only what npm looks at. What a version
//! asks for stays text until the version is first chosen ([`memo`](super::memo)): of thousands of versions a handful is.

use std::collections::HashMap;
use std::hash::BuildHasher;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use foldhash::fast::FixedState;
use gleaner_model::{Dependency, DependencyKind, Details, Package, PackageName, Version as Record};

use super::semver::Version;
use crate::{Snapshot, SnapshotSize};

/// What is known of a package.
#[derive(Clone, Debug)]
pub(super) enum Known {
    /// That there is none.
    Absent,
    Package(Arc<PackageData>),
}

/// A package. Positions point into its pools.
#[derive(Debug, Default)]
pub(super) struct PackageData {
    /// Named versions.
    pub(super) tags: Vec<(Box<str>, Box<str>)>,
    /// All versions, lowest first.
    pub(super) versions: Vec<VersionData>,
    pub(super) dependencies: Vec<Dependency>,
    pub(super) details: Vec<Details>,
    pub(super) licences: Vec<Box<str>>,
}

/// One version.
#[derive(Debug)]
pub(super) struct VersionData {
    pub(super) number: Box<str>,
    /// The number as npm reads it; none if it is no version.
    pub(super) version: Option<Version>,
    pub(super) published_ms: Option<i64>,
    pub(super) deprecated: Option<Box<str>>,
    /// The range of Node that it asks for.
    pub(super) node: Option<Box<str>>,
    /// All but what it needs for its own development.
    pub(super) dependencies: Box<[u32]>,
    pub(super) details: Option<u32>,
    pub(super) licence: Option<u32>,
    /// The checksum's algorithm and bytes, if any.
    pub(super) integrity: Option<(Box<str>, Box<[u8]>)>,
}

impl PackageData {
    fn of(package: &Package) -> Self {
        let mut positions = Positions { of: vec![None; package.dependencies.len()], pool: Vec::new() };
        let versions = package.versions.iter().map(|record| VersionData::of(record, package, &mut positions));
        Self {
            versions: versions.collect(),
            tags: package.tags.iter().map(|(tag, number)| (tag.as_str().into(), number.as_str().into())).collect(),
            dependencies: positions.pool,
            details: package.details.clone(),
            licences: package.licences.iter().map(|text| text.as_str().into()).collect(),
        }
    }

    /// The position of the version with this number.
    pub(super) fn find(&self, number: &str) -> Option<u32> {
        let at = self.versions.iter().position(|version| &*version.number == number)?;
        u32::try_from(at).ok()
    }

    /// The number behind a tag.
    pub(super) fn tag(&self, tag: &str) -> Option<&str> {
        self.tags.iter().find(|(name, _)| &**name == tag).map(|(_, number)| &**number)
    }

    /// What only npm says of a version.
    pub(super) fn details_of(&self, version: &VersionData) -> Option<&Details> {
        self.details.get(version.details? as usize)
    }

    fn bytes(&self) -> usize {
        let texts = |d: &Dependency| size_of_val(d) + d.name.len() + d.requirement.len();
        let versions = self.versions.iter().map(|version| {
            let integrity = version.integrity.as_ref().map_or(0, |(name, bytes)| name.len() + bytes.len());
            let deprecated = version.deprecated.as_ref().map_or(0, |text| text.len());
            size_of_val(version) + version.number.len() + 4 * version.dependencies.len() + integrity + deprecated
        });
        versions.sum::<usize>() + self.dependencies.iter().map(texts).sum::<usize>() + 200 * self.details.len()
    }
}

/// Where dependencies of the record stand here: those for development are left out.
struct Positions {
    of: Vec<Option<u32>>,
    pool: Vec<Dependency>,
}

impl Positions {
    fn position(&mut self, at: u32, package: &Package) -> Option<u32> {
        let slot = self.of.get_mut(at as usize)?;
        let dependency = package.dependencies.get(at as usize)?;
        if slot.is_none() && dependency.kind != DependencyKind::Dev {
            *slot = u32::try_from(self.pool.len()).ok();
            self.pool.push(dependency.clone());
        }
        *slot
    }
}

impl VersionData {
    fn of(record: &Record, package: &Package, positions: &mut Positions) -> Self {
        let needs = record.dependencies.fetched().unwrap_or_default();
        let text = |text: &Option<String>| text.as_deref().map(Into::into);
        Self {
            number: record.number.as_str().into(),
            version: Version::parse(&record.number, true),
            published_ms: record.published_at.map(gleaner_model::Timestamp::as_millis),
            deprecated: text(&record.deprecated),
            node: text(&record.runtime),
            dependencies: needs.iter().filter_map(|at| positions.position(*at, package)).collect(),
            details: record.details,
            licence: record.licence,
            integrity: record
                .artifacts
                .first()
                .map(|file| (file.algorithm.as_str().into(), file.checksum.as_slice().into())),
        }
    }
}

/// Parts of a snapshot: a new state of a package copies one of them, and the rest stays shared.
const SHARDS: usize = 256;

type Shard = Arc<HashMap<PackageName, Known, FixedState>>;

/// Packages as their packuments tell them.
#[derive(Clone)]
pub struct NpmSnapshot {
    /// Changes with every change, and is never the same for two different contents.
    identity: u64,
    shards: Arc<[Shard]>,
    size: SnapshotSize,
}

static NEXT_IDENTITY: AtomicU64 = AtomicU64::new(1);

fn next_identity() -> u64 {
    // Only that no two are the same matters, not which comes first.
    NEXT_IDENTITY.fetch_add(1, Ordering::Relaxed)
}

impl Default for NpmSnapshot {
    fn default() -> Self {
        let shards = (0..SHARDS).map(|_| Shard::default()).collect();
        Self { identity: next_identity(), shards, size: SnapshotSize::default() }
    }
}

impl NpmSnapshot {
    pub(super) const fn identity(&self) -> u64 {
        self.identity
    }

    /// What is known of a package; nothing if it was never taken in.
    pub(super) fn known(&self, name: &PackageName) -> Option<&Known> {
        self.shards[shard(name)].get(name)
    }

    fn put(&mut self, name: &PackageName, known: Known) {
        self.identity = next_identity();
        self.count(&known, usize::saturating_add);
        let shard = &mut Arc::make_mut(&mut self.shards)[shard(name)];
        if let Some(before) = Arc::make_mut(shard).insert(name.clone(), known) {
            self.count(&before, usize::saturating_sub);
        }
    }

    fn count(&mut self, known: &Known, change: impl Fn(usize, usize) -> usize) {
        if let Known::Package(package) = known {
            self.size.packages = change(self.size.packages, 1);
            self.size.versions = change(self.size.versions, package.versions.len());
            self.size.bytes = change(self.size.bytes, package.bytes());
        }
    }
}

fn shard(name: &PackageName) -> usize {
    let hash = FixedState::default().hash_one(name.as_str());
    usize::try_from(hash % SHARDS as u64).unwrap_or_default()
}

impl Snapshot for NpmSnapshot {
    fn insert(&mut self, name: &PackageName, package: &Package) {
        self.put(name, Known::Package(Arc::new(PackageData::of(package))));
    }

    fn insert_absent(&mut self, name: &PackageName) {
        self.put(name, Known::Absent);
    }

    fn knows(&self, name: &PackageName) -> bool {
        self.known(name).is_some()
    }

    fn size(&self) -> SnapshotSize {
        self.size
    }
}
