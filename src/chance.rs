//! Where chance comes in: a seed that differs at each start.

use std::hash::{BuildHasher, Hasher};

/// A number that differs at each start: the standard library keys its hash maps with the system's randomness.
pub(crate) fn seed() -> u64 {
    std::hash::RandomState::new().build_hasher().finish()
}
