//! Semantic versions, as the `semver` crate, which is cargo's own, reads them.

use crate::order::Order;

/// cargo's rule. Build metadata counts, so that the order is total.
pub(crate) struct CargoOrder;

impl Order for CargoOrder {
    type Key = semver::Version;

    fn key(number: &str) -> Option<Self::Key> {
        semver::Version::parse(number).ok()
    }

    fn is_prerelease(key: &Self::Key) -> bool {
        !key.pre.is_empty()
    }
}
