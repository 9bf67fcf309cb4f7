//! Events: numbered as they are committed, some hundreds a value.

use redb::{ReadTransaction, WriteTransaction};

use gleaner_model::Event;

use crate::{Cursor, EventPage, PackageWrite, StoreError, frame};

use super::RedbStore;
use super::errors::{damaged, storage, table};
use super::pack;
use super::tables::{EVENTS, JOURNAL_LEVEL, SHARD};

/// Most events of one value: what a reader must unpack to see one.
pub(crate) const VALUE_MAX: usize = 1024;

/// Writes the events of `packages` from number `next` on; tells the next number.
pub(crate) fn write(
    transaction: &WriteTransaction,
    mut next: u64,
    packages: &[PackageWrite],
) -> Result<u64, StoreError> {
    let events = packages.iter().flat_map(|package| &package.events).collect::<Vec<_>>();
    for part in events.chunks(VALUE_MAX) {
        let mut payload = Vec::new();
        part.iter().for_each(|event| pack::append(&mut payload, event));
        let mut stored = transaction.open_table(EVENTS).map_err(table)?;
        stored.insert((SHARD, next), frame::seal(&payload, JOURNAL_LEVEL).as_slice()).map_err(storage)?;
        next += part.len() as u64;
    }
    Ok(next)
}

impl RedbStore {
    pub(crate) fn read_events(&self, cursor: &Cursor, limit: usize) -> Result<EventPage, StoreError> {
        let from = cursor.positions.iter().find(|(shard, _)| *shard == SHARD).map_or(0, |(_, next)| *next);
        let reading = self.read()?;
        let mut page = EventPage { events: Vec::new(), next: cursor.clone() };
        for (at, event) in read(&reading, from, limit)? {
            page.next = after(cursor, at);
            page.events.push((page.next.clone(), event));
        }
        Ok(page)
    }
}

/// The place right after event `at`. Places in other shards stay as they are.
fn after(cursor: &Cursor, at: u64) -> Cursor {
    let mut positions = cursor.positions.iter().filter(|(shard, _)| *shard != SHARD).copied().collect::<Vec<_>>();
    positions.push((SHARD, at + 1));
    positions.sort_unstable();
    Cursor { positions }
}

/// Up to `limit` events from number `from` on, with their numbers.
fn read(reading: &ReadTransaction, from: u64, limit: usize) -> Result<Vec<(u64, Event)>, StoreError> {
    let stored = reading.open_table(EVENTS).map_err(table)?;
    let around = stored.range((SHARD, 0)..=(SHARD, from)).map_err(storage)?.next_back().transpose().map_err(storage)?;
    let begin = around.map_or(0, |(key, _)| key.value().1);
    let mut events = Vec::new();
    for value in stored.range((SHARD, begin)..=(SHARD, u64::MAX)).map_err(storage)? {
        let (key, value) = value.map_err(storage)?;
        let (_, first) = key.value();
        let unpacked = frame::open(value.value()).and_then(|payload| pack::unpack(&payload));
        let unpacked: Vec<Event> = unpacked.map_err(|flaw| damaged("events", first, flaw))?;
        events.extend((first..).zip(unpacked).filter(|(at, _)| *at >= from).take(limit - events.len()));
        if events.len() >= limit {
            break;
        }
    }
    Ok(events)
}
