//! Package records: two values a package, written only if they were made from what is stored.

use std::ops::Bound;

use redb::{ReadOnlyTable, ReadTransaction, ReadableTable, WriteTransaction};

use gleaner_model::{PackageContent, PackageHead, PackageKey, PackageRecord, RegistryName};

use crate::{PackageWrite, StoreError, record};

use super::RedbStore;
use super::errors::{damaged, storage, table};
use super::tables::{CONTENTS, PACKAGES};

/// Writes all of them, or finds every one that was made from another revision than the stored one.
pub(crate) fn write(transaction: &WriteTransaction, packages: &[PackageWrite]) -> Result<(), StoreError> {
    let mut conflicts = Vec::new();
    if packages.is_empty() {
        return Ok(());
    }
    let mut heads = transaction.open_table(PACKAGES).map_err(table)?;
    let mut contents = transaction.open_table(CONTENTS).map_err(table)?;
    for (at, package) in packages.iter().enumerate() {
        let key = package.key.to_text();
        let revision = match heads.get(key.as_bytes()).map_err(storage)? {
            Some(stored) => record::revision_of(stored.value()).map_err(|flaw| damaged("packages", &key, flaw))?,
            None => 0,
        };
        if revision.checked_add(1) == Some(package.revision) {
            heads.insert(key.as_bytes(), package.encoded.head()).map_err(storage)?;
            if let Some(content) = package.encoded.content() {
                contents.insert(key.as_bytes(), content).map_err(storage)?;
            }
        } else {
            conflicts.push(at);
        }
    }
    if conflicts.is_empty() { Ok(()) } else { Err(StoreError::Conflict(conflicts)) }
}

impl RedbStore {
    pub(crate) fn read_head(&self, key: &PackageKey) -> Result<Option<PackageHead>, StoreError> {
        head(&heads(&self.read()?)?, key, &key.to_text())
    }

    pub(crate) fn read_heads(
        &self,
        keys: &[PackageKey],
    ) -> Result<Vec<Result<Option<PackageHead>, StoreError>>, StoreError> {
        let heads = heads(&self.read()?)?;
        Ok(keys.iter().map(|key| head(&heads, key, &key.to_text())).collect())
    }

    pub(crate) fn read_package_keys(
        &self,
        registry: &RegistryName,
        beginning: &str,
        after: Option<&str>,
        limit: usize,
    ) -> Result<Vec<PackageKey>, StoreError> {
        let heads = heads(&self.read()?)?;
        let beginning = format!("{registry} {beginning}");
        let from = match after.filter(|after| *after >= beginning.as_str()) {
            Some(after) => Bound::Excluded(after.as_bytes()),
            None => Bound::Included(beginning.as_bytes()),
        };
        let mut keys = Vec::new();
        for stored in heads.range::<&[u8]>((from, Bound::Unbounded)).map_err(storage)?.take(limit) {
            let (key, _) = stored.map_err(storage)?;
            if !key.value().starts_with(beginning.as_bytes()) {
                break;
            }
            let text = String::from_utf8_lossy(key.value());
            let purl = text.split_once(' ').and_then(|(_, purl)| purl.parse().ok());
            let purl = purl.ok_or_else(|| damaged("packages", &text, "its key is none"))?;
            keys.push(PackageKey::new(registry.clone(), &purl));
        }
        Ok(keys)
    }

    pub(crate) fn read_package(&self, key: &PackageKey) -> Result<Option<PackageRecord>, StoreError> {
        let (reading, text) = (self.read()?, key.to_text());
        let Some(head) = head(&heads(&reading)?, key, &text)? else { return Ok(None) };
        let content = match head.content_revision {
            0 => PackageContent::default(),
            _ => content(&reading, &head, &text)?,
        };
        Ok(Some(PackageRecord { head, content }))
    }
}

type Heads = ReadOnlyTable<&'static [u8], &'static [u8]>;

fn heads(reading: &ReadTransaction) -> Result<Heads, StoreError> {
    reading.open_table(PACKAGES).map_err(table)
}

fn head(heads: &Heads, key: &PackageKey, text: &str) -> Result<Option<PackageHead>, StoreError> {
    let Some(stored) = heads.get(text.as_bytes()).map_err(storage)? else { return Ok(None) };
    record::decode_head(stored.value(), key).map(Some).map_err(|flaw| damaged("packages", text, flaw))
}

fn content(reading: &ReadTransaction, head: &PackageHead, text: &str) -> Result<PackageContent, StoreError> {
    let contents = reading.open_table(CONTENTS).map_err(table)?;
    let stored = contents.get(text.as_bytes()).map_err(storage)?;
    let stored = stored.ok_or_else(|| damaged("contents", text, "it is missing"))?;
    record::decode_content(stored.value(), head).map_err(|flaw| damaged("contents", text, flaw))
}
