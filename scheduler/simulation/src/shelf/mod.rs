//! Where the simulated scheduler keeps its journal, and what becomes of it when the process or the machine dies: the
//! real redb store on a disk in memory, or a model of what the port promises, which is some ten times as fast.

mod disk;
mod model;

use gleaner_model::{Batch, BatchId, Campaign, HostSettings, JobId, JobResult, JobState, Origin, Schedule};
use gleaner_store::{Command, Group, Keyed, Opened, Recovered, RedbOptions, RedbStore, Store, StoreError};

use self::disk::Disk;
use self::model::Model;
use crate::chance::Chance;

/// More than any history has.
const BATCHES_MAX: usize = 100_000;

/// Rows that stand for several jobs.
#[derive(Clone, Debug, Default)]
pub(crate) struct Rows {
    pub(crate) batches: Vec<Batch>,
    pub(crate) campaigns: Vec<Campaign>,
    pub(crate) schedules: Vec<Schedule>,
}

/// A journal.
pub(crate) enum Shelf {
    /// The store, while a process has it open, and the disk below it.
    Real { store: Option<Box<RedbStore>>, disk: Disk },
    /// The model.
    Model(Box<Model>),
}

impl Shelf {
    pub(crate) fn new(real: bool) -> Self {
        if real { Self::Real { store: None, disk: Disk::default() } } else { Self::Model(Box::default()) }
    }

    /// Opens it: the epoch rises.
    pub(crate) fn open(&mut self) -> Result<Opened, StoreError> {
        match self {
            Self::Real { store, disk } => {
                // A small cache, so that the disk is read and not the memory.
                let options = RedbOptions { cache_bytes: 1 << 18, ..RedbOptions::default() };
                let opened = RedbStore::with_backend(disk.clone(), options)?;
                Ok(store.insert(Box::new(opened)).opened())
            }
            Self::Model(model) => Ok(model.open()),
        }
    }

    pub(crate) fn commit(&mut self, group: &Group) -> Result<(), StoreError> {
        match self {
            Self::Real { store, .. } => opened(store)?.commit(group),
            Self::Model(model) => model.commit(group),
        }
    }

    pub(crate) fn recover(&self, take: &mut dyn FnMut(Recovered)) -> Result<(), StoreError> {
        match self {
            Self::Real { store, .. } => opened(store)?.recover(take),
            Self::Model(model) => {
                model.recover(take);
                Ok(())
            }
        }
    }

    /// Does the journal know this job?
    pub(crate) fn knows(&self, job: JobId) -> Result<bool, StoreError> {
        match self {
            Self::Real { store, .. } => Ok(opened(store)?.job(job)?.is_some()),
            Self::Model(model) => Ok(model.knows(job)),
        }
    }

    /// How a job ended, if it has.
    pub(crate) fn result(&self, job: JobId) -> Result<Option<JobResult>, StoreError> {
        match self {
            Self::Real { store, .. } => Ok(opened(store)?.job(job)?.and_then(|stored| stored.result)),
            Self::Model(model) => Ok(model.result(job)),
        }
    }

    /// The last committed number of a client's stream.
    pub(crate) fn position(&self, client: &str, stream: &str) -> Result<u64, StoreError> {
        match self {
            Self::Real { store, .. } => {
                Ok(opened(store)?.stream(client, stream)?.map_or(0, |position| position.number))
            }
            Self::Model(model) => Ok(model.position(client, stream)),
        }
    }

    /// The job that a client's key names.
    pub(crate) fn key(&self, client: &str, key: &str) -> Result<Option<JobId>, StoreError> {
        match self {
            Self::Real { store, .. } => Ok(opened(store)?.key(client, key)?.and_then(|entry| match entry.names {
                Keyed::Job(job) => Some(job),
                Keyed::Batch(_) => None,
            })),
            Self::Model(model) => Ok(model.key(client, key)),
        }
    }

    /// All rows.
    pub(crate) fn rows(&self) -> Result<Rows, StoreError> {
        match self {
            Self::Real { store, .. } => {
                let store = opened(store)?;
                let (campaigns, schedules) = (store.campaigns()?, store.schedules()?);
                Ok(Rows { batches: store.batches(None, BATCHES_MAX)?, campaigns, schedules })
            }
            Self::Model(model) => Ok(model.rows()),
        }
    }

    /// What operators have set for hosts.
    pub(crate) fn host_settings(&self) -> Result<Vec<HostSettings>, StoreError> {
        match self {
            Self::Real { store, .. } => opened(store)?.host_settings(),
            Self::Model(model) => Ok(model.host_settings()),
        }
    }

    /// How a job ended, if it is one of this batch and has.
    pub(crate) fn ended_of_batch(&self, job: JobId, batch: BatchId) -> Result<Option<JobState>, StoreError> {
        match self {
            Self::Real { store, .. } => {
                let stored = opened(store)?.job(job)?;
                Ok(stored.filter(|stored| is_of(&stored.submit, batch)).and_then(|stored| Some(stored.result?.state)))
            }
            Self::Model(model) => Ok(model.ended_of_batch(job, batch)),
        }
    }

    /// What the engine does every minute.
    pub(crate) fn keep_house(&self, before: gleaner_model::Timestamp) -> Result<bool, StoreError> {
        match self {
            Self::Real { store, .. } => opened(store)?.forget_before(before),
            Self::Model(_) => Ok(false),
        }
    }

    /// After so many more operations the disk fails.
    pub(crate) fn fail_after(&mut self, operations: u64) {
        match self {
            Self::Real { disk, .. } => disk.fail_after(operations),
            Self::Model(model) => model.fail_next(),
        }
    }

    /// The disk is well again, if nobody found out that it was not.
    pub(crate) fn heal(&mut self) {
        match self {
            Self::Real { disk, .. } => disk.heal(),
            Self::Model(model) => model.heal(),
        }
    }

    /// The process is gone; what it wrote is there.
    pub(crate) fn kill(&mut self, chance: &mut Chance) {
        match self {
            Self::Real { store, disk } => {
                // The dead process says nothing more to its disk.
                let left = disk.after_kill();
                *store = None;
                *disk = left;
            }
            Self::Model(model) => model.lose(chance),
        }
    }

    /// The machine is without power; what was not synced is lost, or partly there.
    pub(crate) fn cut_power(&mut self, chance: &mut Chance) {
        match self {
            Self::Real { store, disk } => {
                let left = disk.after_power_cut(chance);
                *store = None;
                *disk = left;
            }
            Self::Model(model) => model.lose(chance),
        }
    }
}

/// Is this the submission of one of a batch's jobs?
fn is_of(command: &Command, batch: BatchId) -> bool {
    matches!(command, Command::Submit(payload) if payload.origin == Origin::Batch(batch))
}

fn opened(store: &Option<Box<RedbStore>>) -> Result<&RedbStore, StoreError> {
    store.as_deref().ok_or_else(|| StoreError::Damaged("nobody has opened it".to_owned()))
}
