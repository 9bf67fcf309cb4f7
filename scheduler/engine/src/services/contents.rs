//! The contents of packages that were asked for lately, unpacked.
//!
//! The problem: whoever reads a package reads it again and again: a page of its versions after the other, the
//! dependencies of one version after the other. Its content is one compressed value, which takes up to some milliseconds
//! to read; its head takes microseconds and says which revision of the content holds. So contents are kept, and believed
//! as long as the head agrees.

use std::sync::Arc;

use gleaner_model::{PackageContent, PackageHead, PackageKey, PackageRecord};
use gleaner_store::{Store, StoreError};
use quick_cache::sync::{Cache, DefaultLifecycle};
use quick_cache::{DefaultHashBuilder, OptionsBuilder, Weighter};

/// What is kept, counted in versions and dependencies: some sixty megabytes.
const FACTS_MAX: u64 = 200_000;

/// How many contents that may be; most packages are small.
const CONTENTS: usize = 1_024;

/// Parts of the cache, each with a lock and its part of the room. Few, so that the largest packages fit into one.
const SHARDS: usize = 4;

/// Contents by package, each with the revision that wrote it.
pub(crate) struct Contents(Cache<PackageKey, Content, Facts>);

type Content = (u64, Arc<PackageContent>);

#[derive(Clone)]
struct Facts;

impl Weighter<PackageKey, Content> for Facts {
    fn weight(&self, _: &PackageKey, (_, content): &Content) -> u64 {
        let package = &content.package;
        (1 + package.versions.len() + package.dependencies.len()) as u64
    }
}

impl Contents {
    pub(crate) fn new() -> Self {
        let mut options = OptionsBuilder::new();
        options.estimated_items_capacity(CONTENTS).weight_capacity(FACTS_MAX).shards(SHARDS);
        let options = options.build().expect("both capacities are set");
        Self(Cache::with_options(options, Facts, DefaultHashBuilder::default(), DefaultLifecycle::default()))
    }

    /// The record of a package; none if it was not fetched. Blocks on the disk.
    ///
    /// # Errors
    /// The store cannot be read.
    pub(crate) fn read(
        &self,
        store: &dyn Store,
        key: &PackageKey,
    ) -> Result<Option<(PackageHead, Arc<PackageContent>)>, StoreError> {
        let Some(head) = store.package_head(key)? else { return Ok(None) };
        if let Some((revision, content)) = self.0.get(key)
            && revision == head.content_revision
        {
            return Ok(Some((head, content)));
        }
        // Both parts anew: there may be a newer head by now.
        let Some(PackageRecord { head, content }) = store.package(key)? else { return Ok(None) };
        let content = Arc::new(content);
        self.0.insert(key.clone(), (head.content_revision, Arc::clone(&content)));
        Ok(Some((head, content)))
    }
}

#[cfg(test)]
mod tests {
    use gleaner_model::{Outline, Package, Presence, Timestamp};
    use gleaner_store::{Group, PackageWrite, RedbOptions, RedbStore};

    use super::*;

    /// A write of a package's head, and of its content if a repository is given.
    fn write(store: &RedbStore, key: &PackageKey, revision: u64, content_revision: u64, repository: Option<&str>) {
        let head = PackageHead {
            key: key.clone(),
            revision,
            content_revision,
            presence: Presence::Present,
            source: None,
            last_attempt: Timestamp::from_millis(0),
            last_success: None,
            last_change: None,
            missing_since: None,
            next_due: Timestamp::from_millis(0),
            outline: Outline::default(),
        };
        let content = repository.map(|repository| PackageContent {
            package: Package { repository: Some(repository.to_owned()), ..Package::default() },
            more_documents: Vec::new(),
        });
        let packages = vec![PackageWrite::new(&head, content, Vec::new())];
        store.commit(&Group { packages, ..Group::default() }).expect("written");
    }

    #[test]
    fn content_is_kept_as_long_as_its_head_names_it() {
        let dir = tempfile::tempdir().expect("a directory");
        let store = RedbStore::open(dir.path(), RedbOptions::default()).expect("a new store");
        let key = PackageKey::in_default_registry(&"pkg:cargo/serde".parse().expect("a purl"));
        let contents = Contents::new();
        let read = || contents.read(&store, &key).expect("readable");
        assert!(read().is_none());

        write(&store, &key, 1, 1, Some("here"));
        let (_, first) = read().expect("stored");
        write(&store, &key, 2, 1, None);
        let (head, second) = read().expect("stored");
        assert_eq!(head.revision, 2);
        assert!(Arc::ptr_eq(&first, &second), "looked at again, and nothing new");

        write(&store, &key, 3, 3, Some("there"));
        let (_, third) = read().expect("stored");
        assert_eq!(third.package.repository.as_deref(), Some("there"));
    }
}
