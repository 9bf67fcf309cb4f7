//! Under which keys clients asked, and what became of it.
//!
//! A key is kept as long as the job that it names, by the same hand: when a row of ended jobs is forgotten, the keys of
//! its jobs are. So nobody walks over keys to find old ones, and a job without a key costs nothing.

use redb::{ReadTransaction, ReadableTable, ReadableTableMetadata, Table, WriteTransaction};

use gleaner_model::{BatchId, ClientName, JobId, JobSpec, Origin};

use crate::{Command, KeyEntry, Keyed, StoreError, frame};

use super::RedbStore;
use super::errors::{damaged, storage, table};
use super::row::Commands;
use super::tables::{JOURNAL_LEVEL, KEYS};

type Keys<'a> = Table<'a, (&'static str, &'static str), &'static [u8]>;

/// Writes keys; what is known of one already gives way, since it was forgotten.
pub(crate) fn write(transaction: &WriteTransaction, keys: &[KeyEntry]) -> Result<(), StoreError> {
    if keys.is_empty() {
        return Ok(());
    }
    let mut stored = transaction.open_table(KEYS).map_err(table)?;
    for entry in keys {
        let key = (entry.client.as_str(), entry.key.as_str());
        stored.insert(key, frame::encode(entry, JOURNAL_LEVEL).as_slice()).map_err(storage)?;
    }
    Ok(())
}

/// A stored entry.
pub(crate) fn decode(key: (&str, &str), stored: &[u8]) -> Result<KeyEntry, StoreError> {
    frame::decode(stored).map_err(|flaw| damaged("keys", format_args!("{} {}", key.0, key.1), flaw))
}

/// Is there no key at all?
pub(crate) fn is_empty(reading: &ReadTransaction) -> Result<bool, StoreError> {
    reading.open_table(KEYS).map_err(table)?.is_empty().map_err(storage)
}

/// Forgets the keys of jobs that are forgotten.
pub(crate) fn forget_jobs(transaction: &WriteTransaction, first: u64, commands: &Commands) -> Result<(), StoreError> {
    let mut keys = transaction.open_table(KEYS).map_err(table)?;
    for (offset, command) in commands {
        let Command::Submit(payload) = command else { continue };
        let job = Keyed::Job(JobId(first + u64::from(*offset)));
        for key in keys_of(&payload.spec, &payload.origin) {
            forget(&mut keys, &payload.client, &key, job)?;
        }
    }
    Ok(())
}

/// Forgets the key of a batch that is forgotten.
pub(crate) fn forget_batch(
    transaction: &WriteTransaction,
    client: &ClientName,
    key: &str,
    batch: BatchId,
) -> Result<(), StoreError> {
    forget(&mut transaction.open_table(KEYS).map_err(table)?, client, key, Keyed::Batch(batch))
}

/// The keys under which a job may stand.
fn keys_of(spec: &JobSpec, origin: &Origin) -> impl Iterator<Item = String> {
    let own = spec.key.as_ref().map(ToString::to_string);
    let retry = match origin {
        Origin::Retry(of) => Some(KeyEntry::of_retry(*of)),
        _ => None,
    };
    own.into_iter().chain(retry)
}

/// Forgets a key, unless it names something newer by now.
fn forget(keys: &mut Keys<'_>, client: &ClientName, key: &str, names: Keyed) -> Result<(), StoreError> {
    let at = (client.as_str(), key);
    let named = match keys.get(at).map_err(storage)? {
        Some(stored) => decode(at, stored.value())?.names,
        None => return Ok(()),
    };
    if named == names {
        keys.remove(at).map_err(storage)?;
    }
    Ok(())
}

impl RedbStore {
    pub(crate) fn read_key(&self, client: &str, key: &str) -> Result<Option<KeyEntry>, StoreError> {
        let keys = self.read()?.open_table(KEYS).map_err(table)?;
        let Some(stored) = keys.get((client, key)).map_err(storage)? else { return Ok(None) };
        decode((client, key), stored.value()).map(Some)
    }
}
