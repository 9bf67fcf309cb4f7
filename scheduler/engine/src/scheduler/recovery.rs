//! Bringing the core back to where the journal says it was.
//!
//! That a task waits for crawls is nowhere on disk. But the crawls say for which task they are: so that the task, when it
//! finds out anew what it lacks, waits for them and asks for no second ones, and so that they end with it.

use gleaner_core::{Moment, RecoveredJob, Scheduler, Terms};
use gleaner_model::{JobId, Origin, PackageName, TaskId};
use gleaner_store::{Payload, Recovered, Store, StoreError};

use super::orders::Orders;
use crate::clients::Clients;
use crate::registries::{Registries, needs_of, target_of};

/// What recovery found.
#[derive(Default)]
pub(crate) struct Found {
    /// Open jobs that the core holds again.
    pub(crate) jobs: u64,
    /// Open jobs whose registry is not configured; they stay in the journal until a scheduler has it again.
    pub(crate) homeless: u64,
    /// Schedules, campaigns and batches, with their open jobs.
    pub(crate) orders: Orders,
    /// Open crawls that tasks asked for.
    pub(crate) children: Vec<Child>,
}

/// An open crawl that a task asked for before the restart.
pub(crate) struct Child {
    pub(crate) task: TaskId,
    pub(crate) name: PackageName,
    pub(crate) job: JobId,
}

/// Hands everything that has not ended to the core, by one scan of the journal.
pub(crate) fn recover(
    store: &dyn Store,
    core: &mut Scheduler,
    registries: &Registries,
    clients: &Clients,
    now: Moment,
) -> Result<Found, StoreError> {
    let mut found = Found::default();
    store.recover(&mut |recovered| match recovered {
        Recovered::Job { job, open, submit } => {
            let Some(payload) = submit.into_payload() else { return };
            if open {
                found.orders.recovered(job, &payload);
            }
            match registries.host_of(&payload.spec) {
                Some(host) => {
                    found.jobs += u64::from(open);
                    let client = core.client(&payload.client, clients.weight_of(&payload.client));
                    core.recovered_from(job, payload.epoch);
                    let terms = Terms { not_before: payload.spec.not_before, deadline: payload.spec.deadline };
                    core.recover_under(recovered_job(job, open, &payload, client, host), terms, now);
                    if let (Origin::Child(task), true) = (&payload.origin, open) {
                        found.children.push(Child { task: *task, name: payload.spec.purl.name().clone(), job });
                    }
                }
                None => found.homeless += u64::from(open),
            }
        }
        Recovered::AttemptFailed { task, attempts, retry_at } => core.recover_attempts(task, attempts, retry_at),
        Recovered::HostBlocked { host, until } => {
            if let Some(host) = core.meet_host(&host, now) {
                core.block_host(host, until, now);
            }
        }
    })?;
    found.orders.load(store, now.wall)?;
    Ok(found)
}

fn recovered_job(
    job: JobId,
    open: bool,
    payload: &Payload,
    client: gleaner_core::ClientIndex,
    host: gleaner_core::HostIndex,
) -> RecoveredJob {
    RecoveredJob {
        job,
        open,
        task: payload.task,
        client,
        lane: payload.lane,
        host,
        needs: needs_of(&payload.spec),
        target: target_of(&payload.spec),
        expires_at: payload.spec.expires_at,
    }
}
