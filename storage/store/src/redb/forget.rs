//! Forgetting: results, stream positions and hosts' wishes of long ago.

use std::ops::Bound;
use std::sync::PoisonError;

use redb::{ReadTransaction, WriteTransaction};

use gleaner_model::{Campaign, Timestamp};

use crate::StoreError;

use super::errors::{damaged, storage, table};
use super::plan::{Plan, forget_hosts};
use super::tables::{ENDED, EXPIRES_BATCH, EXPIRES_ENDED, EXPIRY, RESULTS, STREAMS};
use super::{RedbStore, Writer, keys, orders, resolutions, row, streams, write};

/// Most rows and batches that one call forgets: they are some hundred kilobytes each at most, and the committer waits
/// meanwhile.
const ROWS_MAX: usize = 64;

/// Most of them where clients use keys: then rows are unpacked, which takes up to a fifth of a millisecond each.
const ROWS_WITH_KEYS_MAX: usize = 16;

/// Most stream positions that one call looks at; each is a small value.
const STREAMS_MAX: usize = 1024;

/// What one call will forget.
#[derive(Default)]
struct Forgotten {
    /// Keys in [`EXPIRY`], each naming a row or a batch.
    expired: Vec<(i64, u8, u64)>,
    /// Streams.
    streams: Vec<(String, String)>,
    /// Campaigns that were over long ago.
    campaigns: Vec<Campaign>,
    /// Answers that were superseded long ago: rows of `superseded`.
    answers: Vec<Vec<u8>>,
    /// Where the search of streams goes on; none if it came to the end.
    sweep: Option<(String, String)>,
}

impl Forgotten {
    fn is_empty(&self) -> bool {
        self.expired.is_empty() && self.streams.is_empty() && self.campaigns.is_empty() && self.answers.is_empty()
    }
}

impl RedbStore {
    /// Forgets what ended before `moment`, up to a bound; tells whether there is more.
    pub(crate) fn forget(&self, moment: Timestamp) -> Result<bool, StoreError> {
        let mut writer = self.writer();
        let index = self.index.read().unwrap_or_else(PoisonError::into_inner);
        let reading = self.read()?;
        let most = if keys::is_empty(&reading)? { ROWS_MAX } else { ROWS_WITH_KEYS_MAX };
        let mut found = search(&reading, moment, writer.sweep.as_ref(), most)?;
        found.campaigns = self.campaigns_before(moment)?;
        found.answers = resolutions::before(self, moment)?;
        writer.sweep.clone_from(&found.sweep);
        let plan = forget_hosts(&index, moment);
        // A chunk that only a wish held is over now, and perhaps old enough to forget.
        let more = found.expired.len() == most
            || found.answers.len() == resolutions::FORGOTTEN_MAX
            || found.sweep.is_some()
            || !plan.hosts.is_empty();
        if found.is_empty() && plan.hosts.is_empty() {
            return Ok(more);
        }
        self.transact(&mut writer, |transaction, _: &mut Writer| {
            remove(transaction, &found, most < ROWS_MAX)?;
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
    most: usize,
) -> Result<Forgotten, StoreError> {
    let mut found = Forgotten::default();
    let expiry = reading.open_table(EXPIRY).map_err(table)?;
    for expired in expiry.range(..(moment.as_millis(), 0, 0)).map_err(storage)?.take(most) {
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

fn remove(transaction: &WriteTransaction, found: &Forgotten, has_keys: bool) -> Result<(), StoreError> {
    let mut expiry = transaction.open_table(EXPIRY).map_err(table)?;
    for (at, kind, key) in &found.expired {
        expiry.remove((*at, *kind, *key)).map_err(storage)?;
        match *kind {
            EXPIRES_ENDED => remove_ended(transaction, *key, has_keys)?,
            EXPIRES_BATCH => orders::forget_batch(transaction, *key)?,
            _ => drop(transaction.open_table(RESULTS).map_err(table)?.remove(*key).map_err(storage)?),
        }
    }
    drop(expiry);
    found.campaigns.iter().try_for_each(|campaign| orders::forget_campaign(transaction, campaign))?;
    if !found.answers.is_empty() {
        resolutions::forget(transaction, &found.answers)?;
    }
    let mut streams = transaction.open_table(STREAMS).map_err(table)?;
    for (client, stream) in &found.streams {
        streams.remove((client.as_str(), stream.as_str())).map_err(storage)?;
    }
    Ok(())
}

/// Removes a row of ended jobs, and the keys that name them.
fn remove_ended(transaction: &WriteTransaction, first: u64, has_keys: bool) -> Result<(), StoreError> {
    let mut ended = transaction.open_table(ENDED).map_err(table)?;
    let Some(stored) = ended.remove(first).map_err(storage)?.filter(|_| has_keys) else { return Ok(()) };
    let commands = row::split(stored.value()).and_then(|(_, commands)| row::commands(commands));
    keys::forget_jobs(transaction, first, &commands.map_err(|flaw| damaged("ended", first, flaw))?)
}
