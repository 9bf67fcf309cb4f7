//! How far numbered submit streams have got.

use redb::WriteTransaction;

use crate::{StoreError, StreamPosition, frame};

use super::RedbStore;
use super::errors::{damaged, storage, table};
use super::tables::{JOURNAL_LEVEL, STREAMS};

/// Writes positions; of several for one stream the last holds.
pub(crate) fn write(transaction: &WriteTransaction, positions: &[StreamPosition]) -> Result<(), StoreError> {
    if positions.is_empty() {
        return Ok(());
    }
    let mut streams = transaction.open_table(STREAMS).map_err(table)?;
    for position in positions {
        let key = (position.client.as_str(), position.stream.as_str());
        streams.insert(key, frame::encode(position, JOURNAL_LEVEL).as_slice()).map_err(storage)?;
    }
    Ok(())
}

impl RedbStore {
    pub(crate) fn read_stream(&self, client: &str, stream: &str) -> Result<Option<StreamPosition>, StoreError> {
        let streams = self.read()?.open_table(STREAMS).map_err(table)?;
        let Some(stored) = streams.get((client, stream)).map_err(storage)? else { return Ok(None) };
        decode((client, stream), stored.value()).map(Some)
    }
}

/// A stored position.
pub(crate) fn decode(key: (&str, &str), stored: &[u8]) -> Result<StreamPosition, StoreError> {
    frame::decode(stored).map_err(|flaw| damaged("streams", format_args!("{} {}", key.0, key.1), flaw))
}
