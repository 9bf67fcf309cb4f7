//! The truth, written down by nobody who can be wrong about it, and what must always hold of it.
//!
//! The ledger sees what is durable, what was decided and what everybody was told. It decides nothing. The first thing
//! that must not be ends the history.

mod cancelled;
mod displacing;
mod durable;
mod floors;
mod grants;
mod lanes;
mod orders;
mod promises;
mod recovered;
mod runs;
mod shares;
mod times;
mod under_way;
mod waits;

use std::collections::{BTreeMap, BTreeSet};

use gleaner_core::{Budget, Effect, HostIndex, Options, Scheduler, WorkerId};
use gleaner_model::{ClientName, JobId, Lane, Origin, TaskId, Timestamp};

pub(crate) use self::cancelled::Cancelled;
pub(crate) use self::durable::Durable;
pub(crate) use self::grants::Grants;
pub(crate) use self::lanes::Lanes;
pub(crate) use self::promises::Promises;
pub(crate) use self::recovered::Found;
pub(crate) use self::runs::Runs;
pub(crate) use self::shares::Shares;
pub(crate) use self::under_way::UnderWay;
pub(crate) use self::waits::Waits;
use crate::process::{Entry, Payload};

/// What is known of a job from its admission on.
#[derive(Clone, Debug)]
pub(crate) struct Facts {
    pub(crate) task: TaskId,
    pub(crate) target: u64,
    pub(crate) max_age_ms: u64,
    pub(crate) admitted_ms: u64,
    /// Of which client's stream it is which item.
    pub(crate) item: Option<(usize, u64)>,
    /// Of which client's key it is the job.
    pub(crate) key: Option<(usize, u64)>,
    pub(crate) not_before: Option<Timestamp>,
    pub(crate) expires_at: Option<Timestamp>,
    pub(crate) client: ClientName,
    pub(crate) lane: Lane,
    pub(crate) origin: Origin,
}

impl Facts {
    pub(crate) fn new(payload: &Payload, at_ms: u64) -> Self {
        Self {
            task: payload.task,
            target: payload.target,
            max_age_ms: payload.max_age_ms,
            admitted_ms: at_ms,
            item: None,
            key: None,
            not_before: payload.not_before,
            expires_at: payload.expires_at,
            client: payload.client.clone(),
            lane: payload.lane,
            origin: payload.origin.clone(),
        }
    }
}

/// How much came to pass, so that a history in which nothing happens is not taken for a good one.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Tally {
    /// Jobs that clients have receipts for.
    pub receipts: u64,
    /// Jobs that ended.
    pub ended: u64,
    /// Outcomes that counted.
    pub accepted: u64,
    /// Outcomes that did not.
    pub refused: u64,
    /// Attempts that a scheduler took over from its predecessor, or from a broken stream.
    pub adopted: u64,
    /// Permits, those of new attempts included.
    pub grants: u64,
    /// Starts of the scheduler after the first one.
    pub restarts: u64,
    /// Groups whose commit was cut off and that were there afterwards.
    pub unsure_kept: u64,
    /// Attempts that a worker suspended.
    pub suspended: u64,
    /// Attempts that were displaced.
    pub displaced: u64,
    /// Of these, displacements after which a lane had exactly its floor.
    pub at_floor: u64,
    /// Requests to hosts with a bound of requests at once, as far as the bound can be kept.
    pub bounded: u64,
    /// Changes that operators made to hosts.
    pub host_changes: u64,
    /// Batches, campaigns and schedules.
    pub orders: u64,
    /// Times that a task began to wait for others.
    pub waited: u64,
    /// Dead letters that were tried again.
    pub retried: u64,
    /// Batches and campaigns that were cancelled.
    pub cancelled_orders: u64,
    /// Starts of which is known that they were no more than fair.
    pub shared: u64,
}

/// The truth.
pub(crate) struct Ledger {
    violation: Option<String>,
    pub(crate) tally: Tally,
    pub(crate) lanes: Lanes,
    pub(crate) durable: Durable,
    pub(crate) grants: Grants,
    pub(crate) promises: Promises,
    pub(crate) runs: Runs,
    pub(crate) under_way: UnderWay,
    pub(crate) waits: Waits,
    pub(super) cancelled: Cancelled,
    pub(crate) shares: Shares,
    /// The time that nobody in the world can read.
    pub(crate) at_ms: u64,
    /// Workers that an operator drains, of this life of the scheduler.
    pub(super) drained: BTreeSet<WorkerId>,
    /// Attempts that were as urgent as paid work when they asked for a permit.
    pub(super) paid: BTreeSet<TaskId>,
    /// How often each task was displaced in this life of the scheduler.
    displaced: BTreeMap<TaskId, u64>,
    /// Admitted in this life of the scheduler and not durable yet.
    pending: BTreeMap<JobId, Facts>,
    /// Hosts' wishes that are on their way to the disk, each with the number of the command at or before which it is.
    wishes: Vec<(u64, HostIndex, Timestamp)>,
    /// A group whose commit was cut off.
    unsure: Vec<Entry>,
    /// The latest time that this life of the scheduler has read from its wall clock, which may be set back.
    latest: Option<Timestamp>,
    /// What is to begin later in this life of the scheduler is about these targets.
    later: BTreeSet<(Timestamp, u64)>,
    /// Open jobs that the last recovery found; they may be more than the queue takes.
    found: u64,
}

impl Ledger {
    pub(crate) fn new(budgets: &[Budget], shares: Shares) -> Self {
        Self {
            violation: None,
            tally: Tally::default(),
            lanes: Lanes::default(),
            durable: Durable::default(),
            grants: Grants::new(budgets),
            promises: Promises::default(),
            runs: Runs::default(),
            under_way: UnderWay::default(),
            waits: Waits::default(),
            cancelled: Cancelled::default(),
            shares,
            at_ms: 0,
            drained: BTreeSet::new(),
            paid: BTreeSet::new(),
            displaced: BTreeMap::new(),
            pending: BTreeMap::new(),
            wishes: Vec::new(),
            unsure: Vec::new(),
            latest: None,
            later: BTreeSet::new(),
            found: 0,
        }
    }

    /// Something must not be. The first one counts.
    pub(crate) fn fail(&mut self, what: String) {
        self.violation.get_or_insert(what);
    }

    pub(crate) fn expect(&mut self, held: Result<(), String>) {
        if let Err(what) = held {
            self.fail(what);
        }
    }

    pub(crate) const fn violation(&self) -> Option<&String> {
        self.violation.as_ref()
    }

    pub(crate) fn admitted(&mut self, job: JobId, facts: Facts) {
        self.may_be_asked(job, &facts);
        self.later.extend(facts.not_before.map(|at| (at, facts.target)));
        self.pending.insert(job, facts);
    }

    /// The jobs that are open as far as the scheduler knows.
    pub(crate) fn open(&self) -> impl Iterator<Item = (JobId, &Facts)> {
        let durable = self.durable.open();
        durable.chain(self.pending.iter().map(|(job, facts)| (*job, facts)))
    }

    /// What a task is about.
    pub(crate) fn target_of(&self, task: TaskId) -> Option<u64> {
        let pending = self.pending.get(&task.maker()).map(|facts| facts.target);
        pending.or_else(|| self.durable.facts(task.maker()).map(|facts| facts.target))
    }

    /// These effects were ignored; none of them may be about what is durable.
    pub(crate) fn taken_back(&mut self, ignored: &[Effect]) {
        for effect in ignored {
            let Effect::Close { jobs, task_ended, .. } = effect else { continue };
            if let Some(job) = jobs.iter().find(|job| self.durable.facts(**job).is_some()) {
                self.fail(format!("{job} ends with a submission that was refused"));
            }
            if let Some(task) = task_ended.filter(|task| self.durable.facts(task.maker()).is_some()) {
                self.fail(format!("{task} ends with a submission that was refused"));
            }
        }
    }

    /// These entries are durable now.
    pub(crate) fn committed(&mut self, entries: &[Entry]) {
        for entry in entries {
            let kept = self.promises.end_well(entry, &self.durable);
            self.expect(kept);
            let closed = self.durable.apply(entry, &mut self.pending);
            self.tally.ended += entry.closures.len() as u64;
            self.expect(closed);
            let fresh = self.runs.fresh_enough(entry, &self.durable);
            self.expect(fresh);
        }
        self.wishes_durable(entries);
        let whole = self.durable.tasks_end_whole(entries, &self.pending);
        self.expect(whole);
    }

    /// The scheduler is gone, with these entries on their way to the disk.
    pub(crate) fn crashed(&mut self, in_hand: Vec<Entry>) {
        let commands = in_hand.iter().flat_map(|entry| &entry.commands);
        let kept: BTreeSet<JobId> = commands.map(|(sequence, _)| JobId(*sequence)).collect();
        self.pending.retain(|job, _| kept.contains(job));
        self.unsure = in_hand;
        self.wishes.clear();
        self.latest = None;
        self.later.clear();
        self.displaced.clear();
        self.runs.crashed();
        self.under_way.crashed();
        self.drained.clear();
        self.paid.clear();
        self.lanes.crashed();
        self.waits.crashed();
        self.shares.crashed();
    }

    /// What is bounded is within its bounds.
    pub(crate) fn bounds(&mut self, core: &Scheduler, options: &Options, waiting: usize) {
        let most = options.queue_max.max(self.found);
        if core.held() > most {
            self.fail(format!("{} jobs are held, and {most} are the bound", core.held()));
        }
        self.few_are_aside(core, options);
        // Each open job is closed once, each attempt fails or ends once a round: far fewer than this.
        if waiting > 20_000 {
            self.fail(format!("{waiting} entries wait for the committer"));
        }
    }

    /// All that is open, of those whose receipt somebody has.
    pub(crate) fn unfinished(&self) -> BTreeSet<JobId> {
        self.open().map(|(job, _)| job).collect()
    }
}
