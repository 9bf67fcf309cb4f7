//! Package records: one value a package, written only if it was made from the one that is stored.

use redb::{ReadableTable, WriteTransaction};

use gleaner_model::{PackageKey, PackageRecord};

use crate::{PackageWrite, StoreError, record};

use super::RedbStore;
use super::errors::{damaged, storage, table};
use super::tables::PACKAGES;

/// Writes all of them, or finds every one that was made from another revision than the stored one.
pub(crate) fn write(transaction: &WriteTransaction, packages: &[PackageWrite]) -> Result<(), StoreError> {
    let mut conflicts = Vec::new();
    if packages.is_empty() {
        return Ok(());
    }
    let mut stored = transaction.open_table(PACKAGES).map_err(table)?;
    for (at, package) in packages.iter().enumerate() {
        let key = package.key.to_text();
        let revision = match stored.get(key.as_bytes()).map_err(storage)? {
            Some(stored) => record::revision_of(stored.value()).map_err(|flaw| damaged("packages", &key, flaw))?,
            None => 0,
        };
        if revision.checked_add(1) == Some(package.revision) {
            stored.insert(key.as_bytes(), package.encoded.as_bytes()).map_err(storage)?;
        } else {
            conflicts.push(at);
        }
    }
    if conflicts.is_empty() { Ok(()) } else { Err(StoreError::Conflict(conflicts)) }
}

impl RedbStore {
    pub(crate) fn read_package(&self, key: &PackageKey) -> Result<Option<PackageRecord>, StoreError> {
        let text = key.to_text();
        let packages = self.read()?.open_table(PACKAGES).map_err(table)?;
        let Some(stored) = packages.get(text.as_bytes()).map_err(storage)? else { return Ok(None) };
        let record = record::decode(stored.value()).map_err(|flaw| damaged("packages", &text, flaw))?;
        if record.key == *key { Ok(Some(record)) } else { Err(damaged("packages", &text, "it is another package's")) }
    }
}
