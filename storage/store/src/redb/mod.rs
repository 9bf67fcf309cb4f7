//! The engine for one machine: redb, laid out as a log.
//!
//! redb makes some hundreds of transactions durable a second and carries hundreds of thousands of records in them if
//! they come as few large values with ascending keys. So a commit writes one row of commands and one batch of closures
//! (see [`tables`]), never a row a job; what of them still matters is known in memory ([`index`]) and worked out before
//! anything is written ([`plan`]). A row of commands moves as it is, packed, from `chunks` to `ended` when nothing in
//! it matters any more; rows of which little is left are rewritten in the background ([`tidy`]).

mod backup;
mod catalogue;
mod check;
mod chunk;
mod compact;
mod documents;
mod errors;
mod events;
mod fold;
mod forget;
mod hosts;
mod index;
mod keys;
mod load;
mod open;
mod orders;
mod overlay;
mod pack;
mod plan;
mod read;
mod recover;
mod resolutions;
mod restored;
mod row;
mod snapshot;
mod stopped;
mod streams;
mod tables;
mod tidy;
mod upgrade;
mod view;
mod write;

pub use backup::{Backup, StoreCopy, WrittenBackup};
pub use compact::{Compacted, compact};
pub use stopped::StoppedStore;

use std::path::PathBuf;
use std::sync::{Mutex, PoisonError, RwLock};

use redb::{Database, WriteTransaction};

use gleaner_model::{
    Batch, BatchId, Campaign, ContentHash, HostSettings, JobId, PackageHead, PackageKey, PackageRecord, RegistryName,
    ResolutionRecord, Schedule, Timestamp,
};

use crate::{
    Command, Cursor, EventPage, Group, KeyEntry, Opened, Place, Recovered, ResolutionPage, Snapshot, Store, StoreError,
    StoredJob, StreamPosition,
};

use index::Index;

/// How to open a redb store.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RedbOptions {
    /// Bytes of memory for pages of the file. redb's own default is a gigabyte; the journal needs little, since it is
    /// written in order and read rarely, so this is mostly for package records.
    pub cache_bytes: usize,
    /// Let a store that was not closed properly open without reading the whole file, which takes about a second a
    /// gigabyte. Costs a second fsync in each commit, and the writing of which pages are in use: some 64 KB a gigabyte
    /// of file, each time.
    pub quick_repair: bool,
}

impl Default for RedbOptions {
    fn default() -> Self {
        Self { cache_bytes: 128 * 1024 * 1024, quick_repair: false }
    }
}

/// A store in one redb file.
#[derive(Debug)]
pub struct RedbStore {
    database: Database,
    /// Where it is, for messages.
    path: PathBuf,
    options: RedbOptions,
    opened: Opened,
    /// What memory knows. Locked for writing only for the moment after a commit, never while the disk works.
    index: RwLock<Index>,
    /// Held by whoever writes; tells whether and how writing failed.
    writer: Mutex<Writer>,
}

/// What only writers touch.
#[derive(Debug, Default)]
struct Writer {
    /// Why nothing can be written any more.
    failed: Option<String>,
    /// Where the search for outdated stream positions goes on.
    sweep: Option<(String, String)>,
}

impl RedbStore {
    /// Bytes of memory that the journal's index takes: see the design's bound a queued job.
    #[must_use]
    pub fn index_bytes(&self) -> usize {
        self.index.read().unwrap_or_else(PoisonError::into_inner).chunk_bytes()
    }

    /// Runs `work` in a write transaction and commits it durably. The caller holds `writer`. An I/O error means that
    /// nobody can know what is on disk, so from then on nothing is written.
    fn transact<T>(
        &self,
        writer: &mut Writer,
        work: impl FnOnce(&WriteTransaction, &mut Writer) -> Result<T, StoreError>,
    ) -> Result<T, StoreError> {
        if let Some(reason) = &writer.failed {
            return Err(StoreError::Io(std::io::Error::other(format!(
                "an earlier write failed, so the store must be opened anew: {reason}"
            ))));
        }
        let done = self.transact_once(writer, work);
        if let Err(StoreError::Io(error)) = &done {
            writer.failed = Some(error.to_string());
        }
        done
    }

    fn transact_once<T>(
        &self,
        writer: &mut Writer,
        work: impl FnOnce(&WriteTransaction, &mut Writer) -> Result<T, StoreError>,
    ) -> Result<T, StoreError> {
        let mut transaction = self.database.begin_write().map_err(errors::transaction)?;
        transaction.set_quick_repair(self.options.quick_repair);
        let done = work(&transaction, writer)?;
        transaction.commit().map_err(errors::commit)?;
        Ok(done)
    }

    fn commit_group(&self, writer: &mut Writer, group: &Group) -> Result<(), StoreError> {
        let index = self.index.read().unwrap_or_else(PoisonError::into_inner);
        let mut plan = plan::plan(&index, group)?;
        self.transact(writer, |transaction, _| {
            catalogue::write(transaction, &group.packages)?;
            plan.state.next_event = events::write(transaction, plan.state.next_event, &group.packages)?;
            documents::write(transaction, &group.documents)?;
            streams::write(transaction, &group.streams)?;
            keys::write(transaction, &group.keys)?;
            orders::write(transaction, &group.orders)?;
            resolutions::write(transaction, &group.resolutions)?;
            write::write(transaction, &index, &plan)
        })?;
        drop(index);
        self.index.write().unwrap_or_else(PoisonError::into_inner).apply(plan);
        Ok(())
    }

    fn writer(&self) -> std::sync::MutexGuard<'_, Writer> {
        self.writer.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Store for RedbStore {
    fn opened(&self) -> Opened {
        self.opened
    }

    fn commit(&self, group: &Group) -> Result<(), StoreError> {
        self.commit_group(&mut self.writer(), group)
    }

    fn recover(&self, take: &mut dyn FnMut(Recovered)) -> Result<(), StoreError> {
        self.recover_all(take)
    }

    fn job(&self, job: JobId) -> Result<Option<StoredJob>, StoreError> {
        self.read_job(job)
    }

    fn jobs(&self, before: Option<JobId>, limit: usize) -> Result<Vec<StoredJob>, StoreError> {
        self.read_jobs(before, limit)
    }

    fn neighbours(&self, job: JobId) -> Result<Vec<(JobId, Command)>, StoreError> {
        self.read_neighbours(job)
    }

    fn package(&self, key: &PackageKey) -> Result<Option<PackageRecord>, StoreError> {
        self.read_package(key)
    }

    fn package_head(&self, key: &PackageKey) -> Result<Option<PackageHead>, StoreError> {
        self.read_head(key)
    }

    fn package_heads(&self, keys: &[PackageKey]) -> Result<Vec<Result<Option<PackageHead>, StoreError>>, StoreError> {
        self.read_heads(keys)
    }

    fn place(&self, document: ContentHash) -> Result<Option<Place>, StoreError> {
        self.read_place(document)
    }

    fn events(&self, cursor: &Cursor, limit: usize) -> Result<EventPage, StoreError> {
        self.read_events(cursor, limit)
    }

    fn position(&self) -> u64 {
        self.index.read().unwrap_or_else(PoisonError::into_inner).state.next_event
    }

    fn stream(&self, client: &str, stream: &str) -> Result<Option<StreamPosition>, StoreError> {
        self.read_stream(client, stream)
    }

    fn key(&self, client: &str, key: &str) -> Result<Option<KeyEntry>, StoreError> {
        self.read_key(client, key)
    }

    fn batch(&self, batch: BatchId) -> Result<Option<Batch>, StoreError> {
        self.read_batch(batch)
    }

    fn batches(&self, before: Option<BatchId>, limit: usize) -> Result<Vec<Batch>, StoreError> {
        self.read_batches(before, limit)
    }

    fn schedules(&self) -> Result<Vec<Schedule>, StoreError> {
        self.read_schedules()
    }

    fn campaigns(&self) -> Result<Vec<Campaign>, StoreError> {
        self.read_campaigns()
    }

    fn host_settings(&self) -> Result<Vec<HostSettings>, StoreError> {
        self.read_host_settings()
    }

    fn package_keys(
        &self,
        registry: &RegistryName,
        beginning: &str,
        after: Option<&str>,
        limit: usize,
    ) -> Result<Vec<PackageKey>, StoreError> {
        self.read_package_keys(registry, beginning, after, limit)
    }

    fn resolution(
        &self,
        key: &PackageKey,
        version: Option<&str>,
        fingerprint: &[u8; 16],
        not_after: Option<Timestamp>,
    ) -> Result<Option<ResolutionRecord>, StoreError> {
        self.read_resolution(key, version, fingerprint, not_after)
    }

    fn resolutions(
        &self,
        registry: &RegistryName,
        beginning: &str,
        fingerprint: Option<&[u8; 16]>,
        after: Option<&[u8]>,
        most: (usize, usize),
    ) -> Result<ResolutionPage, StoreError> {
        self.read_resolutions(registry, beginning, fingerprint, after, most)
    }

    fn snapshot(&self) -> Result<Box<dyn Snapshot>, StoreError> {
        Ok(Box::new(snapshot::RedbSnapshot(self.read()?)))
    }

    fn forget_before(&self, moment: Timestamp) -> Result<bool, StoreError> {
        // In this order, since what is tidied away may be old enough to forget.
        let tidies_more = self.tidy()?;
        let forgets_more = self.forget(moment)?;
        Ok(forgets_more || tidies_more)
    }
}
