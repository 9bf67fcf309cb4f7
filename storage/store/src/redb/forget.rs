//! Forgetting: results, stream positions and hosts' wishes of long ago.

use std::ops::Bound;
use std::sync::PoisonError;

use redb::{ReadTransaction, WriteTransaction};

use gleaner_model::Timestamp;

use crate::StoreError;

use super::errors::{storage, table};
use super::plan::{Plan, forget_hosts};
use super::tables::{ENDED, EXPIRES_ENDED, EXPIRY, RESULTS, STREAMS};
use super::{RedbStore, Writer, streams, write};

/// Most rows and batches that one call forgets: they are some hundred kilobytes each at most, and the committer waits
/// meanwhile.
const ROWS_MAX: usize = 64;

/// Most stream positions that one call looks at; each is a small value.
const STREAMS_MAX: usize = 1024;

/// What one call will forget.
#[derive(Default)]
struct Forgotten {
    /// Keys in [`EXPIRY`], each naming a row or a batch.
    expired: Vec<(i64, u8, u64)>,
    /// Streams.
    streams: Vec<(String, String)>,
    /// Where the search of streams goes on; none if it came to the end.
    sweep: Option<(String, String)>,
}

impl RedbStore {
    /// Forgets what ended before `moment`, up to a bound; tells whether there is more.
    pub(crate) fn forget(&self, moment: Timestamp) -> Result<bool, StoreError> {
        let mut writer = self.writer();
        let index = self.index.read().unwrap_or_else(PoisonError::into_inner);
        let found = search(&self.read()?, moment, writer.sweep.as_ref())?;
        writer.sweep.clone_from(&found.sweep);
        let plan = forget_hosts(&index, moment);
        // A chunk that only a wish held is over now, and perhaps old enough to forget.
        let more = found.expired.len() == ROWS_MAX || found.sweep.is_some() || !plan.hosts.is_empty();
        if found.expired.is_empty() && found.streams.is_empty() && plan.hosts.is_empty() {
            return Ok(more);
        }
        self.transact(&mut writer, |transaction, _: &mut Writer| {
            remove(transaction, &found)?;
            write::write(transaction, &index, &plan)
        })?;
        drop(index);
        self.take_over(plan);
        Ok(more)
    }

    pub(crate) fn take_over(&self, plan: Plan) {
        self.index.write().unwrap_or_else(PoisonError::into_inner).apply(plan);
    }
}

fn search(
    reading: &ReadTransaction,
    moment: Timestamp,
    sweep: Option<&(String, String)>,
) -> Result<Forgotten, StoreError> {
    let mut found = Forgotten::default();
    let expiry = reading.open_table(EXPIRY).map_err(table)?;
    for expired in expiry.range(..(moment.as_millis(), 0, 0)).map_err(storage)?.take(ROWS_MAX) {
        found.expired.push(expired.map_err(storage)?.0.value());
    }
    let begin = match sweep {
        Some((client, stream)) => Bound::Excluded((client.as_str(), stream.as_str())),
        None => Bound::Unbounded,
    };
    let positions = reading.open_table(STREAMS).map_err(table)?;
    for (seen, stored) in positions.range((begin, Bound::Unbounded)).map_err(storage)?.enumerate() {
        let (key, stored) = stored.map_err(storage)?;
        let (client, stream) = key.value();
        if seen == STREAMS_MAX {
            break;
        }
        let owned = (client.to_owned(), stream.to_owned());
        if streams::decode(key.value(), stored.value())?.at < moment {
            found.streams.push(owned.clone());
        }
        found.sweep = (seen + 1 == STREAMS_MAX).then_some(owned);
    }
    Ok(found)
}

fn remove(transaction: &WriteTransaction, found: &Forgotten) -> Result<(), StoreError> {
    let mut expiry = transaction.open_table(EXPIRY).map_err(table)?;
    for (at, kind, key) in &found.expired {
        expiry.remove((*at, *kind, *key)).map_err(storage)?;
        let rows = if *kind == EXPIRES_ENDED { ENDED } else { RESULTS };
        transaction.open_table(rows).map_err(table)?.remove(*key).map_err(storage)?;
    }
    drop(expiry);
    let mut streams = transaction.open_table(STREAMS).map_err(table)?;
    for (client, stream) in &found.streams {
        streams.remove((client.as_str(), stream.as_str())).map_err(storage)?;
    }
    Ok(())
}
