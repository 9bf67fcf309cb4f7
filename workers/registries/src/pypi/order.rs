//! Python's version numbers (PEP 440).

use pep440_rs::Version;

use crate::order::Order;

/// Python's rule. Different spellings of one number (`1.0`, `1.0.0`) tie.
pub(crate) struct PypiOrder;

impl Order for PypiOrder {
    type Key = Version;

    fn key(number: &str) -> Option<Self::Key> {
        number.parse().ok()
    }

    fn is_prerelease(key: &Self::Key) -> bool {
        key.any_prerelease()
    }
}
