//! The gRPC doors: each turns wire messages into what the scheduler or the store is asked, and back.

mod admission;
mod batches;
mod campaigns;
mod catalog;
mod claims;
mod contents;
mod credentials;
mod errors;
mod explain;
mod jobs;
mod keyed;
mod operator;
mod owners;
mod quotas;
mod read_packages;
mod resolutions;
mod retry;
mod schedules;
mod shared;
mod speakers;
mod store;
mod submit_stream;
mod versions;
mod worker;

use std::sync::Arc;

use gleaner_store::{Documents, Store};
use tokio::sync::Semaphore;

pub(crate) use batches::Batches;
pub(crate) use campaigns::Campaigns;
pub(crate) use catalog::Catalog;
pub(crate) use claims::{Claim, Claims};
pub(crate) use jobs::Jobs;
pub(crate) use operator::Operator;
pub(crate) use quotas::Quotas;
pub(crate) use resolutions::Resolutions;
pub(crate) use schedules::Schedules;
pub(crate) use speakers::Speakers;
pub(crate) use store::StoreKeeper;
pub(crate) use worker::Workers;

use crate::clients::LiveClients;
use crate::past::Pasts;
use crate::scheduler::SchedulerRef;
use crate::watch::WatchHub;

/// Messages from the edge that may wait for the scheduler at once. An actor's own inbox knows no bound, so this is it:
/// some milliseconds of work, and far less than what would take noticeable memory.
pub(crate) const EDGE_CREDITS: usize = 4_096;

/// What all services share.
pub(crate) struct Shared {
    pub(crate) scheduler: SchedulerRef,
    pub(crate) store: Arc<dyn Store>,
    pub(crate) documents: Arc<Documents>,
    pub(crate) clients: LiveClients,
    pub(crate) quotas: Quotas,
    pub(crate) hub: Arc<WatchHub>,
    pub(crate) credits: Arc<Semaphore>,
    pub(crate) speakers: Arc<Speakers>,
    pub(crate) claims: Arc<Claims>,
    pub(crate) pasts: Arc<Pasts>,
    /// Held by whoever checks or copies the whole store: one at a time, since each takes a thread and pins a commit.
    pub(crate) upkeep: Arc<Semaphore>,
}
