//! What operators have set for hosts: a row each.

use redb::{ReadableTable, WriteTransaction};

use gleaner_model::HostSettings;

use crate::{StoreError, frame};

use super::RedbStore;
use super::errors::{storage, table};
use super::orders::decode;
use super::tables::{HOSTS, JOURNAL_LEVEL};

/// Writes what holds for a host from now on.
pub(crate) fn write(transaction: &WriteTransaction, settings: &HostSettings) -> Result<(), StoreError> {
    let mut hosts = transaction.open_table(HOSTS).map_err(table)?;
    let row = frame::encode(settings, JOURNAL_LEVEL);
    hosts.insert(settings.host.as_str(), row.as_slice()).map(drop).map_err(storage)
}

impl RedbStore {
    pub(crate) fn read_host_settings(&self) -> Result<Vec<HostSettings>, StoreError> {
        let hosts = self.read()?.open_table(HOSTS).map_err(table)?;
        let read = hosts.iter().map_err(storage)?.map(|stored| {
            let (host, stored) = stored.map_err(storage)?;
            decode("hosts", host.value(), stored.value())
        });
        read.collect()
    }
}
