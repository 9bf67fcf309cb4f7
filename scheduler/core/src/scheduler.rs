//! The scheduler's state, and who and what it knows by name. What happens to it is in the files beside this one, one
//! an input or a decision: `admit`, `recover`, `detach`, `sessions`, `permits`, `outcomes`, `progress`, `dispatch`,
//! `preempt`, `suspend`, `timers`; `views` looks on.

use std::collections::{BTreeMap, BTreeSet};

use foldhash::fast::FixedState;
use gleaner_model::{ClientName, Host, JobId, Lane, TaskId, Timestamp, Token};
use hashbrown::HashMap;

use crate::attempts::Running;
use crate::births::Births;
use crate::chance::Chance;
use crate::costs::Costs;
use crate::expiry::Expiry;
use crate::field::Field;
use crate::hosts::Hosts;
use crate::journeys::Journeys;
use crate::roster::Roster;
use crate::shares::Shares;
use crate::sides::Sides;
use crate::streams::Streams;
use crate::tasks::{Chain, Slot, Tasks};
use crate::turns::Turns;
use crate::twins::Twins;
use crate::under_way::UnderWay;
use crate::waiting::Children;
use crate::waits::Waits;
use crate::{Budget, ClientIndex, Counters, Effect, HostIndex, Needs, Options, TargetKey};

/// What goes out of a call.
pub(crate) type Out<'a> = &'a mut Vec<Effect>;

/// A job among several that wait for one task.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Member {
    pub(crate) job: JobId,
    pub(crate) client: ClientIndex,
    pub(crate) lane: Lane,
    pub(crate) deadline: Option<Timestamp>,
}

/// All decisions about jobs, tasks and attempts of one shard.
pub struct Scheduler {
    pub(crate) options: Options,
    pub(crate) epoch: u64,
    pub(crate) leases_given: u64,
    pub(crate) chance: Chance,
    pub(crate) tasks: Tasks,
    pub(crate) twins: Twins,
    pub(crate) streams: Streams,
    pub(crate) shares: Shares,
    pub(crate) hosts: Hosts,
    pub(crate) under_way: UnderWay,
    /// Ready streams of open hosts.
    pub(crate) turns: Turns,
    pub(crate) roster: Roster,
    pub(crate) expiry: Expiry,
    /// Open jobs over all clients.
    pub(crate) held: u64,
    /// The jobs of tasks that are not waited for by exactly the job that made them; ascending.
    pub(crate) groups: BTreeMap<Slot, Vec<Member>>,
    /// Open jobs that did not make the task they wait for.
    pub(crate) attached: BTreeMap<JobId, Slot>,
    /// Boxed, since they are large and tables move what they hold. Nobody walks over them, so order does not matter.
    pub(crate) running: HashMap<Slot, Box<Running>, FixedState>,
    /// Who is in slots and who was set aside, as pre-emption looks at it.
    pub(crate) field: Field,
    /// Suspended attempts by the end of their patience.
    pub(crate) hand_backs: BTreeSet<(u64, Slot)>,
    /// Since when the ready tasks of a lane with these needs find no room though their host may be asked.
    pub(crate) presses: BTreeMap<(Lane, Needs, HostIndex), u64>,
    pub(crate) sides: Sides,
    pub(crate) journeys: Journeys,
    pub(crate) waits: Waits,
    pub(crate) costs: Costs,
    /// Running attempts without a worker, by the end of their grace.
    pub(crate) orphans: BTreeSet<(u64, Slot)>,
    /// Tasks in the pause after a failure, by its end. Those that left it otherwise are skipped when it comes.
    pub(crate) retries: BTreeSet<(u64, TaskId)>,
    /// Follow-ups by the running task that they wait for, and back.
    pub(crate) follow_ups: BTreeMap<Slot, Slot>,
    pub(crate) leaders: BTreeMap<Slot, Slot>,
    /// Tasks that wait for others, and for which.
    pub(crate) children: Children,
    /// Tasks whose time has not come, by that time.
    pub(crate) delays: BTreeSet<(Timestamp, Slot)>,
    /// When tasks are wanted: the earliest deadline among their jobs.
    pub(crate) deadlines: BTreeMap<Slot, Timestamp>,
    /// Open jobs whose own tasks went over into others when their time came.
    pub(crate) merged: BTreeSet<JobId>,
    /// Recovered tasks that no worker announced yet.
    pub(crate) limbo: Chain,
    pub(crate) limbo_until_ms: u64,
    /// Retry times of recovered tasks.
    pub(crate) limbo_retries: BTreeMap<Slot, Timestamp>,
    /// Were tasks recovered, and not yet looked at for whether anybody waits for them?
    pub(crate) unsifted: bool,
    /// In which epochs recovered tasks were journalled.
    pub(crate) births: Births,
    pub(crate) counters: Counters,
}

impl Scheduler {
    /// A scheduler with nothing in it. `epoch` is the store's, higher at every opening and 1 at the first; above 1,
    /// hosts begin without an allowance for bursts, since an earlier owner may have granted some a moment ago. `seed`
    /// spreads retries.
    #[must_use]
    pub fn new(options: Options, epoch: u64, seed: u64) -> Self {
        Self {
            epoch,
            leases_given: 0,
            chance: Chance::new(seed),
            tasks: Tasks::default(),
            twins: Twins::default(),
            streams: Streams::default(),
            shares: Shares::new(options.lane_weights),
            hosts: Hosts::new(epoch > 1),
            under_way: UnderWay::default(),
            turns: Turns::default(),
            roster: Roster::default(),
            expiry: Expiry::default(),
            held: 0,
            groups: BTreeMap::new(),
            attached: BTreeMap::new(),
            running: HashMap::default(),
            field: Field::default(),
            hand_backs: BTreeSet::new(),
            presses: BTreeMap::new(),
            sides: Sides::new(options.checkpoint_max, options.checkpoints_max),
            journeys: Journeys::default(),
            waits: Waits::default(),
            costs: Costs::default(),
            orphans: BTreeSet::new(),
            retries: BTreeSet::new(),
            follow_ups: BTreeMap::new(),
            leaders: BTreeMap::new(),
            children: Children::default(),
            delays: BTreeSet::new(),
            deadlines: BTreeMap::new(),
            merged: BTreeSet::new(),
            limbo: Chain::default(),
            limbo_until_ms: 0,
            limbo_retries: BTreeMap::new(),
            unsifted: false,
            births: Births::default(),
            counters: Counters::default(),
            options,
        }
    }

    /// Registers a client, or gives it another weight from now on. Weights are 1 to 10,000; others are read as the
    /// nearest of these. Beyond 65,536 clients new ones share the part of the last one.
    pub fn client(&mut self, name: &ClientName, weight: u32) -> ClientIndex {
        self.shares.register(name, weight)
    }

    /// Gives every client that is registered the weight that `weight_of` says, from now on. What waits already is handed
    /// out by the new weights: a weight counts when something starts, not when it is submitted.
    pub fn reweigh(&mut self, weight_of: impl FnMut(&ClientName) -> u32) {
        self.shares.reweigh(weight_of);
    }

    /// Gives the lanes other weights and floors from now on, in the form of [`Options::lane_weights`] and
    /// [`Options::lane_floors_permille`]. What waits or runs already goes by them, too.
    pub fn set_lanes(&mut self, weights: [u32; 4], floors_permille: [u16; 4]) {
        self.options.lane_weights = weights;
        self.options.lane_floors_permille = floors_permille;
        self.shares.reweigh_lanes(weights);
    }

    /// Registers a host for good, with the default budget; one that is known stays as it is. None when there are too many.
    /// See [`Self::meet_host`] for hosts that somebody wants to ask just now.
    pub fn host(&mut self, host: &Host) -> Option<HostIndex> {
        self.hosts.register(host, self.options.default_budget, self.options.hosts_max)
    }

    /// The host of work that asks no host. It grants without end, and is not listed among the hosts.
    pub fn catalogue(&mut self) -> HostIndex {
        self.hosts.catalogue()
    }

    /// The host's name, if there is such a host.
    #[must_use]
    pub fn host_name(&self, host: HostIndex) -> Option<&Host> {
        self.hosts.find(host).map(|host| &host.name)
    }

    /// Gives a host another budget before it is asked anything; later, see [`Self::limit_host`].
    ///
    /// # Panics
    /// There is no such host.
    pub fn set_budget(&mut self, host: HostIndex, budget: Budget) {
        self.hosts.get_mut(host).set_budget(budget);
    }

    /// The task to which an ask for `target` would attach, if it may. The engine compares payloads before it asks.
    #[must_use]
    pub fn twin(&self, target: TargetKey) -> Option<TaskId> {
        self.twins.find(&self.tasks, target).map(|slot| self.tasks[slot].task())
    }

    pub(crate) fn next_token(&mut self) -> Token {
        self.leases_given += 1;
        Token { epoch: self.epoch, sequence: self.leases_given }
    }
}
