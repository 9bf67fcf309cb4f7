//! Format 5: a version says what only its own ecosystem asks of it, and its files say when they came and whether they are
//! withdrawn.
//!
//! Contents are rewritten, and say nothing more than they did. What they lack stands in the registries' documents, which
//! would be answered with "not modified" for years; so heads forget the validators, and the next look at a package
//! reads it whole. Its facts are there until then.

use redb::{ReadableTable, TableDefinition, TableHandle, WriteTransaction};

use gleaner_model::{PackageHead, Validators};

use crate::frame::{self, Flaw};
use crate::record::{REVISION, encode_content, revision_of};
use crate::{EncodedRecord, StoreError};

use super::super::errors::{damaged, storage, table};
use super::super::tables::{CONTENTS, PACKAGES};
use super::old_content;

/// Rewrites every record.
pub(super) fn run(writing: &WriteTransaction) -> Result<(), StoreError> {
    let known: Vec<String> = writing.list_tables().map_err(storage)?.map(|found| found.name().to_owned()).collect();
    let is_known = |name: &str| known.iter().any(|known| known == name);
    if is_known(PACKAGES.name()) {
        rewrite(writing, PACKAGES, head)?;
    }
    if is_known(CONTENTS.name()) {
        rewrite(writing, CONTENTS, content)?;
    }
    Ok(())
}

type Rows = TableDefinition<'static, &'static [u8], &'static [u8]>;

/// Rewrites the rows of a table one by one, so that a store of any size needs no memory for it.
fn rewrite(writing: &WriteTransaction, rows: Rows, new: fn(&[u8]) -> Result<Vec<u8>, Flaw>) -> Result<(), StoreError> {
    let mut stored = writing.open_table(rows).map_err(table)?;
    let mut next = stored.first().map_err(storage)?.map(|(key, old)| (key.value().to_vec(), old.value().to_vec()));
    while let Some((key, old)) = next {
        let name = || String::from_utf8_lossy(&key).into_owned();
        let new = new(&old).map_err(|flaw| damaged(rows.name(), name(), flaw))?;
        stored.insert(key.as_slice(), new.as_slice()).map_err(storage)?;
        // The least key behind this one.
        let behind = [&key[..], &[0]].concat();
        let row = stored.range(behind.as_slice()..).map_err(storage)?.next().transpose().map_err(storage)?;
        next = row.map(|(key, old)| (key.value().to_vec(), old.value().to_vec()));
    }
    Ok(())
}

fn head(old: &[u8]) -> Result<Vec<u8>, Flaw> {
    revision_of(old)?;
    let mut head: PackageHead = frame::decode(&old[REVISION..])?;
    if let Some(source) = &mut head.source {
        source.validators = Validators::default();
    }
    Ok(EncodedRecord::encode(&head, None).head().to_vec())
}

fn content(old: &[u8]) -> Result<Vec<u8>, Flaw> {
    let (key, revision, content) = old_content::decode(old)?;
    Ok(encode_content(&key, revision, content.into()).into())
}
