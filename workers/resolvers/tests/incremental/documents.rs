//! All recorded packages of one ecosystem.

use gleaner_model::{Ecosystem, Package, Purl};

use crate::recorded;

/// All packages of an ecosystem, by name; none where there are no documents.
pub(crate) fn packages(ecosystem: Ecosystem) -> Option<Vec<(Purl, Package)>> {
    let recorded = recorded::documents(&recorded::folder()?, ecosystem);
    let package = |(name, text): &recorded::Document| recorded::package(ecosystem, name, text, &recorded.metadata);
    let mut packages: Vec<_> = recorded.main.iter().map(package).collect();
    packages.sort_by_cached_key(|(purl, _)| purl.to_string());
    Some(packages)
}
