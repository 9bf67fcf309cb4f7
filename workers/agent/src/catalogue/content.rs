//! What is known of a package, as a shelf takes it in and the disk keeps it.

use gleaner_model::{ContentHash, Package};
use gleaner_proto::convert::Known;
use serde::{Deserialize, Serialize};

use crate::document;

/// What is known of a package.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(super) enum Content {
    /// That there is none.
    Absent,
    /// These facts.
    Package(Box<Package>),
}

impl Content {
    /// None if nothing is known.
    pub(super) fn of(known: Known) -> Option<Self> {
        match known {
            Known::Nothing => None,
            Known::Absent => Some(Self::Absent),
            Known::Package(package) => Some(Self::Package(package)),
        }
    }

    /// Its form on the disk.
    pub(super) fn write(&self) -> Vec<u8> {
        postcard::to_allocvec(self).expect("plain data of ours always encodes")
    }

    /// None if it is not what was written, or a package that points outside its own pools.
    pub(super) fn read(written: &[u8]) -> Option<Self> {
        let content: Self = postcard::from_bytes(written).ok()?;
        match &content {
            Self::Package(package) if !package.positions_are_valid() => None,
            _ => Some(content),
        }
    }
}

/// Tells contents apart: two that are written alike are the same.
pub(super) fn fingerprint(written: &[u8]) -> ContentHash {
    document::hash(written)
}
