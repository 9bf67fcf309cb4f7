//! Where documents lie.

use redb::WriteTransaction;

use gleaner_model::ContentHash;

use crate::{Place, StoreError};

use super::RedbStore;
use super::errors::{damaged, storage, table};
use super::tables::DOCUMENTS;

/// Writes places; what is known of a document already gives way, so that a damaged copy can be replaced.
pub(crate) fn write(transaction: &WriteTransaction, places: &[(ContentHash, Place)]) -> Result<(), StoreError> {
    if places.is_empty() {
        return Ok(());
    }
    let mut documents = transaction.open_table(DOCUMENTS).map_err(table)?;
    for (hash, place) in places {
        documents.insert(hash.0, place.to_bytes()).map_err(storage)?;
    }
    Ok(())
}

impl RedbStore {
    pub(crate) fn read_place(&self, document: ContentHash) -> Result<Option<Place>, StoreError> {
        let documents = self.read()?.open_table(DOCUMENTS).map_err(table)?;
        let Some(stored) = documents.get(document.0).map_err(storage)? else { return Ok(None) };
        Place::from_bytes(&stored.value()).map(Some).map_err(|flaw| damaged("documents", document, flaw))
    }
}
