//! Batches, schedules and campaigns: a row each, however many jobs they have.

use std::ops::Bound;

use redb::{ReadableTable, TableDefinition, WriteTransaction};
use serde::de::DeserializeOwned;

use gleaner_model::{Batch, BatchId, Campaign, Schedule, Timestamp};

use crate::{OrderWrite, StoreError, frame};

use super::RedbStore;
use super::errors::{damaged, storage, table};
use super::tables::{BATCHES, CAMPAIGNS, EXPIRES_BATCH, EXPIRY, JOURNAL_LEVEL, SCHEDULES};
use super::{hosts, keys};

/// Rows by client and name.
type Named = TableDefinition<'static, (&'static str, &'static str), &'static [u8]>;

/// Writes rows; of several writes of one the last holds.
pub(crate) fn write(transaction: &WriteTransaction, orders: &[OrderWrite]) -> Result<(), StoreError> {
    for order in orders {
        match order {
            OrderWrite::Host(settings) => hosts::write(transaction, settings)?,
            OrderWrite::Batch(batch) => put_batch(transaction, batch)?,
            OrderWrite::Schedule(schedule) => {
                let row = frame::encode(&**schedule, JOURNAL_LEVEL);
                put(transaction, SCHEDULES, (schedule.client.as_str(), schedule.name.as_str()), Some(&row))?;
            }
            OrderWrite::Campaign(campaign) => {
                let row = frame::encode(campaign, JOURNAL_LEVEL);
                put(transaction, CAMPAIGNS, (campaign.client.as_str(), campaign.name.as_str()), Some(&row))?;
            }
            OrderWrite::ScheduleRemoved { client, name } => {
                put(transaction, SCHEDULES, (client.as_str(), name.as_str()), None)?;
            }
            OrderWrite::CampaignRemoved { client, name } => {
                put(transaction, CAMPAIGNS, (client.as_str(), name.as_str()), None)?;
            }
        }
    }
    Ok(())
}

/// Writes a batch; one that has come to its end will be forgotten some day.
fn put_batch(transaction: &WriteTransaction, batch: &Batch) -> Result<(), StoreError> {
    let mut batches = transaction.open_table(BATCHES).map_err(table)?;
    let mut expiry = transaction.open_table(EXPIRY).map_err(table)?;
    let row = frame::encode(batch, JOURNAL_LEVEL);
    if let Some(before) = batches.insert(batch.id.0, row.as_slice()).map_err(storage)? {
        let before: Batch = decode("batches", batch.id, before.value())?;
        if let Some((at, _)) = before.end {
            expiry.remove((at.as_millis(), EXPIRES_BATCH, batch.id.0)).map_err(storage)?;
        }
    }
    if let Some((at, _)) = batch.end {
        expiry.insert((at.as_millis(), EXPIRES_BATCH, batch.id.0), ()).map_err(storage)?;
    }
    Ok(())
}

fn put(transaction: &WriteTransaction, rows: Named, key: (&str, &str), row: Option<&[u8]>) -> Result<(), StoreError> {
    let mut rows = transaction.open_table(rows).map_err(table)?;
    match row {
        Some(row) => rows.insert(key, row).map(drop),
        None => rows.remove(key).map(drop),
    }
    .map_err(storage)
}

/// A stored row.
pub(crate) fn decode<T: DeserializeOwned>(
    name: &'static str,
    key: impl std::fmt::Display,
    stored: &[u8],
) -> Result<T, StoreError> {
    frame::decode(stored).map_err(|flaw| damaged(name, key, flaw))
}

impl RedbStore {
    /// Campaigns that were over before `moment`.
    pub(crate) fn campaigns_before(&self, moment: Timestamp) -> Result<Vec<Campaign>, StoreError> {
        let is_over = |campaign: &Campaign| campaign.ended_at.is_some_and(|at| at < moment);
        Ok(self.read_campaigns()?.into_iter().filter(is_over).collect())
    }

    pub(crate) fn read_batch(&self, id: BatchId) -> Result<Option<Batch>, StoreError> {
        let batches = self.read()?.open_table(BATCHES).map_err(table)?;
        let Some(stored) = batches.get(id.0).map_err(storage)? else { return Ok(None) };
        decode("batches", id, stored.value()).map(Some)
    }

    pub(crate) fn read_batches(&self, before: Option<BatchId>, limit: usize) -> Result<Vec<Batch>, StoreError> {
        let batches = self.read()?.open_table(BATCHES).map_err(table)?;
        let end = before.map_or(Bound::Unbounded, |before| Bound::Excluded(before.0));
        let newest_first = batches.range::<u64>((Bound::Unbounded, end)).map_err(storage)?.rev().take(limit);
        let read = newest_first.map(|stored| {
            let (id, stored) = stored.map_err(storage)?;
            decode("batches", id.value(), stored.value())
        });
        read.collect()
    }

    pub(crate) fn read_schedules(&self) -> Result<Vec<Schedule>, StoreError> {
        self.read_named("schedules", SCHEDULES)
    }

    pub(crate) fn read_campaigns(&self) -> Result<Vec<Campaign>, StoreError> {
        self.read_named("campaigns", CAMPAIGNS)
    }

    fn read_named<T: DeserializeOwned>(&self, name: &'static str, rows: Named) -> Result<Vec<T>, StoreError> {
        let rows = self.read()?.open_table(rows).map_err(table)?;
        let read = rows.iter().map_err(storage)?.map(|stored| {
            let (key, stored) = stored.map_err(storage)?;
            let (client, order) = key.value();
            decode(name, format_args!("{client} {order}"), stored.value())
        });
        read.collect()
    }
}

/// Forgets a batch, with the key under which it was submitted.
pub(crate) fn forget_batch(transaction: &WriteTransaction, id: u64) -> Result<(), StoreError> {
    let mut batches = transaction.open_table(BATCHES).map_err(table)?;
    let Some(stored) = batches.remove(id).map_err(storage)? else { return Ok(()) };
    let batch: Batch = decode("batches", id, stored.value())?;
    match &batch.key {
        Some(key) => keys::forget_batch(transaction, &batch.client, key.as_str(), batch.id),
        None => Ok(()),
    }
}

/// Forgets a campaign.
pub(crate) fn forget_campaign(transaction: &WriteTransaction, campaign: &Campaign) -> Result<(), StoreError> {
    put(transaction, CAMPAIGNS, (campaign.client.as_str(), campaign.name.as_str()), None)
}
