//! A store as of one commit, for upkeep.

use std::ops::{Bound, ControlFlow};

use redb::{ReadTransaction, ReadableTable};

use gleaner_model::ContentHash;

use crate::{Finding, Place, Rows, Snapshot, StoreError};

use super::errors::{damaged, storage, table};
use super::tables::DOCUMENTS;
use super::{backup, check};

/// One read transaction.
pub(crate) struct RedbSnapshot(pub(crate) ReadTransaction);

impl Snapshot for RedbSnapshot {
    fn check(&self, tell: &mut dyn FnMut(Finding) -> ControlFlow<()>) -> Result<(), StoreError> {
        check::check(&self.0, tell)
    }

    fn copy(&self, take: &mut dyn FnMut(Rows) -> ControlFlow<()>) -> Result<(), StoreError> {
        backup::copy(&self.0, take)
    }

    fn places(&self, after: Option<ContentHash>, limit: usize) -> Result<Vec<(ContentHash, Place)>, StoreError> {
        let documents = self.0.open_table(DOCUMENTS).map_err(table)?;
        let begin = after.map_or(Bound::Unbounded, |after| Bound::Excluded(after.0));
        let mut places = Vec::new();
        for row in documents.range::<[u8; 32]>((begin, Bound::Unbounded)).map_err(storage)? {
            if places.len() == limit {
                break;
            }
            let (hash, stored) = row.map_err(storage)?;
            places.extend(Place::from_bytes(&stored.value()).ok().map(|place| (ContentHash(hash.value()), place)));
        }
        Ok(places)
    }

    fn each_place(&self, take: &mut dyn FnMut(ContentHash, Place) -> ControlFlow<()>) -> Result<(), StoreError> {
        let documents = self.0.open_table(DOCUMENTS).map_err(table)?;
        for row in documents.iter().map_err(storage)? {
            let (hash, stored) = row.map_err(storage)?;
            let hash = ContentHash(hash.value());
            let place = Place::from_bytes(&stored.value()).map_err(|flaw| damaged("documents", hash, flaw))?;
            if take(hash, place).is_break() {
                break;
            }
        }
        Ok(())
    }
}
