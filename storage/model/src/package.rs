//! A package as one reading of its registry's documents tells it.

use serde::{Deserialize, Serialize};

use crate::{Dependency, Details, Document, Feature, PoolIndex, Timestamp, Validators, Version};

/// The normalised facts of a package. Dependencies, features and licences are pooled: each distinct one stands once,
/// in the order of its first appearance, and versions hold positions.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Package {
    /// The version that the registry offers by default: npm's `latest` tag, elsewhere the highest that is neither
    /// yanked nor a pre-release, or the highest of all if there is no such version.
    pub latest: Option<String>,
    /// Named versions (npm's dist-tags), sorted by name.
    pub tags: Vec<(String, String)>,
    /// Where its source is, as stated by its latest version.
    pub repository: Option<String>,
    /// All versions, in the ecosystem's own order, lowest first.
    pub versions: Vec<Version>,
    /// The pool of dependencies.
    pub dependencies: Vec<Dependency>,
    /// The pool of features and extras.
    pub features: Vec<Feature>,
    /// The pool of licences, as stated.
    pub licences: Vec<String>,
    /// The pool of what only this ecosystem says.
    pub details: Vec<Details>,
    /// How old the document says it is, on a scale of its registry's own that only grows (npm's `time.modified` in
    /// milliseconds, the simple index's `_last-serial`); none if the document does not say.
    pub edition: Option<i64>,
}

impl Package {
    /// The version with this number.
    #[must_use]
    pub fn version(&self, number: &str) -> Option<&Version> {
        self.versions.iter().find(|version| version.number == number)
    }

    /// The dependencies at `positions`; positions outside the pool are passed over.
    pub fn dependencies_at<'a>(&'a self, positions: &'a [PoolIndex]) -> impl Iterator<Item = &'a Dependency> {
        positions.iter().filter_map(|at| self.dependencies.get(*at as usize))
    }

    /// The features of `version`; positions outside the pool are passed over.
    pub fn features_of<'a>(&'a self, version: &'a Version) -> impl Iterator<Item = &'a Feature> {
        version.features.iter().filter_map(|at| self.features.get(*at as usize))
    }

    /// What only its ecosystem says of `version`, if anything.
    #[must_use]
    pub fn details_of(&self, version: &Version) -> Option<&Details> {
        version.details.and_then(|at| self.details.get(at as usize))
    }

    /// Does every position in every version point into its pool? What comes over a wire must be asked.
    #[must_use]
    pub fn positions_are_valid(&self) -> bool {
        let within = |at: &PoolIndex, length: usize| (*at as usize) < length;
        self.versions.iter().all(|version| {
            version.dependencies.fetched().unwrap_or_default().iter().all(|at| within(at, self.dependencies.len()))
                && version.features.iter().all(|at| within(at, self.features.len()))
                && version.licence.iter().all(|at| within(at, self.licences.len()))
                && version.details.iter().all(|at| within(at, self.details.len()))
        })
    }
}

/// What a crawl that got documents reports.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct CrawlFacts {
    /// The package as the documents tell it.
    pub package: Package,
    /// The documents, the one that names the versions first.
    pub documents: Vec<Document>,
    /// The validators of the first document.
    pub validators: Validators,
    /// When the first document was received.
    pub fetched_at: Timestamp,
}
