//! The versions of one crate.

use std::collections::BTreeMap;
use std::sync::Arc;

use gleaner_model::Text;
use semver::Version;

use super::super::features::FeatureValue;
use super::super::rust_version::RustVersion;
use super::{DependencyId, TextId};

/// What one index file tells: its versions, lowest first, and what they share.
#[derive(Clone, Default)]
pub(in super::super) struct Versions {
    pub(in super::super) all: Vec<VersionData>,
    pub(in super::super) lists: Lists,
}

/// Lists that versions share: most releases change neither dependencies nor features.
#[derive(Clone, Default)]
pub(in super::super) struct Lists {
    pub(in super::super) dependencies: Vec<Arc<[DependencyId]>>,
    pub(in super::super) features: Vec<Arc<FeatureTable>>,
}

/// A version.
#[derive(Clone)]
pub(in super::super) struct VersionData {
    pub(in super::super) version: Version,
    /// As the index writes it.
    pub(in super::super) number: Text,
    pub(in super::super) yanked: bool,
    /// Why cargo passes over it, if its line is of a known schema and yet makes no sense.
    pub(in super::super) invalid: Option<Box<str>>,
    /// When it was published, in milliseconds.
    pub(in super::super) published_ms: Option<i64>,
    pub(in super::super) rust_version: Option<RustVersion>,
    pub(in super::super) links: Option<TextId>,
    /// Into [`Lists::dependencies`].
    pub(in super::super) dependencies: u32,
    /// Into [`Lists::features`].
    pub(in super::super) features: u32,
    pub(in super::super) checksum: Option<[u8; 32]>,
}

impl Versions {
    pub(in super::super) fn dependencies(&self, version: usize) -> &[DependencyId] {
        &self.lists.dependencies[self.all[version].dependencies as usize]
    }

    pub(in super::super) fn features(&self, version: usize) -> &Arc<FeatureTable> {
        &self.lists.features[self.all[version].features as usize]
    }

    /// About how many bytes it takes.
    pub(super) fn bytes(&self) -> usize {
        let dependencies: usize = self.lists.dependencies.iter().map(|list| 32 + 4 * list.len()).sum();
        let features: usize = self.lists.features.iter().map(|table| table.bytes()).sum();
        (size_of::<VersionData>() + 8) * self.all.len() + dependencies + features
    }
}

/// Features and their values, sorted by the features' numbers.
#[derive(Clone, Default, PartialEq, Eq, Hash)]
pub(in super::super) struct FeatureTable {
    names: Box<[TextId]>,
    values: Box<[Box<[FeatureValue<TextId>]>]>,
}

impl FeatureTable {
    pub(in super::super) fn new(features: BTreeMap<TextId, Box<[FeatureValue<TextId>]>>) -> Self {
        let (names, values): (Vec<_>, Vec<_>) = features.into_iter().unzip();
        Self { names: names.into(), values: values.into() }
    }

    /// How many features there are; their positions are below it.
    pub(in super::super) const fn len(&self) -> usize {
        self.names.len()
    }

    /// Where a feature stands.
    pub(in super::super) fn position(&self, name: TextId) -> Option<usize> {
        self.names.binary_search(&name).ok()
    }

    pub(in super::super) fn names(&self) -> &[TextId] {
        &self.names
    }

    /// What the feature at `position` turns on.
    pub(in super::super) fn values(&self, position: usize) -> &[FeatureValue<TextId>] {
        &self.values[position]
    }

    fn bytes(&self) -> usize {
        let values: usize = self.values.iter().map(|values| 16 + size_of_val(&**values)).sum();
        64 + 4 * self.names.len() + values
    }
}
