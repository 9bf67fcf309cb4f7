//! Starting: the store is open, the core is brought back to where the journal says it was (the engine's `engine` and
//! `recovery`).

use gleaner_core::{Budget, HostIndex, Moment, RecoveredJob, Scheduler, TargetKey, Terms};
use gleaner_model::{JobId, TaskId};
use gleaner_store::{Opened, Recovered, StoreError};

use super::jobs::needs_of;
use super::operator::name_of;
use super::{Committer, Configuration, Payload, Process, Scene};
use crate::fault::Fault as Planted;
use crate::ledger::Found;

impl Process {
    /// A scheduler with what the journal holds.
    pub(crate) fn start(
        configuration: Configuration,
        opened: Opened,
        seed: u64,
        scene: &mut Scene<'_>,
    ) -> Result<Self, StoreError> {
        let same_epoch = configuration.fault == Some(Planted::SameEpoch);
        let epoch = if same_epoch { 1 } else { opened.epoch };
        let promised = &configuration.options;
        let options = configuration.fault.map_or_else(|| promised.clone(), |fault| fault.bend(promised));
        let mut process = Self {
            core: Scheduler::new(options, epoch, seed),
            committer: Committer::default(),
            configuration,
            epoch: opened.epoch,
            next_sequence: opened.next_sequence,
            links: Default::default(),
            next_worker: 1,
            payloads: Default::default(),
            claims: Default::default(),
            orders: Default::default(),
            speakers: Default::default(),
            asked: Default::default(),
            effects: Vec::new(),
            newest: Default::default(),
            set: Default::default(),
        };
        scene.ledger.clock_read(scene.now.wall);
        process.register(|budget| budget);
        process.core.catalogue();
        process.recover(scene)?;
        Ok(process)
    }

    fn register(&mut self, change: impl Fn(Budget) -> Budget) {
        for (number, budget) in self.configuration.budgets.iter().enumerate() {
            let name = name_of(HostIndex(u16::try_from(number).expect("there are few hosts")));
            let host = self.core.host(&name).expect("there are few hosts");
            self.core.set_budget(host, change(*budget));
        }
    }

    /// Hands everything that has not ended to the core, by one scan of the journal.
    fn recover(&mut self, scene: &mut Scene<'_>) -> Result<(), StoreError> {
        let reset = self.is_planted(Planted::BudgetReset);
        if reset {
            // A cell that is looked at first under a burst of one has all of a larger burst afterwards.
            self.register(|budget| Budget { burst: 1, ..budget });
        }
        let (shelf, now) = (scene.shelf, scene.now);
        let settings = scene.shelf.host_settings()?;
        self.load_settings(settings.clone(), scene);
        let rows = scene.shelf.rows()?;
        let (campaigns, batches) = (rows.campaigns.clone(), rows.batches.clone());
        let mut found = Found { epoch: self.epoch, settings, campaigns, batches, ..Found::default() };
        shelf.recover(&mut |recovered| self.take(recovered, now, &mut found))?;
        if reset {
            self.register(|budget| budget);
        }
        if self.is_planted(Planted::NoLimbo) {
            self.end_limbo(&found, scene);
        }
        scene.ledger.recovered(&found, scene.now, scene.at_ms, self.configuration.options.lease_ttl_ms);
        scene.ledger.orders_agree(&rows);
        self.orders.load(rows);
        Ok(())
    }

    fn take(&mut self, recovered: Recovered, now: Moment, found: &mut Found) {
        match recovered {
            Recovered::Job { job, open, submit } => {
                let Some(payload) = Payload::of_command(submit) else { return };
                found.jobs.push((job, payload.task, open));
                if open {
                    self.orders.found(job, &payload);
                }
                if self.is_planted(Planted::JobNotRecovered) && job.0.is_multiple_of(7) {
                    return;
                }
                let account = self.configuration.accounts.iter().find(|account| account.name == payload.client);
                let weight = account.map_or(1, |account| account.weight);
                let client = self.client_index(&payload.client, weight);
                if !self.is_planted(Planted::NoBirths) {
                    self.core.recovered_from(job, payload.epoch);
                }
                let host = self.host_of(payload.target);
                let terms = if self.is_planted(Planted::TimesForgotten) { Terms::default() } else { payload.terms() };
                self.core.recover_under(recovered_job(job, open, &payload, client, host), terms, now);
            }
            Recovered::AttemptFailed { task, attempts, retry_at } => {
                found.failed.push(task);
                self.core.recover_attempts(task, attempts, retry_at);
            }
            Recovered::HostBlocked { host, until } => {
                if let Some(index) = self.core.host(&host) {
                    found.wishes.push((index, until));
                    self.core.block_host(index, until, now);
                }
            }
        }
    }

    /// What the engine must never do: somebody asks for each recovered task and takes that back.
    fn end_limbo(&mut self, found: &Found, scene: &mut Scene<'_>) {
        for task in found.jobs.iter().filter(|(_, _, open)| *open).map(|(_, task, _)| *task).collect::<Vec<TaskId>>() {
            let Some(target) = scene.ledger.target_of(task) else { continue };
            let job = JobId(self.next_sequence());
            let account = self.configuration.accounts[0].clone();
            let host = self.host_of(target);
            let ask = gleaner_core::Ask {
                job,
                client: self.core.client(&account.name, account.weight),
                lane: gleaner_model::Lane::Bulk,
                host,
                needs: needs_of(host),
                target: TargetKey(u128::from(target)),
                max_age_ms: 0,
                expires_at: None,
            };
            let mut ignored = Vec::new();
            if self.core.submit(ask, scene.now).is_ok() {
                self.core.cancel(job, scene.now, &mut ignored);
            }
        }
    }
}

fn recovered_job(
    job: JobId,
    open: bool,
    payload: &Payload,
    client: gleaner_core::ClientIndex,
    host: HostIndex,
) -> RecoveredJob {
    RecoveredJob {
        job,
        open,
        task: payload.task,
        client,
        lane: payload.lane,
        host,
        needs: needs_of(host),
        target: TargetKey(u128::from(payload.target)),
        expires_at: payload.expires_at,
    }
}
