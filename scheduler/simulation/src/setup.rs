//! What a seed makes of the world: how many there are of each, how fast, and how often what goes wrong.
//!
//! Each sort of mishap is left out of many histories altogether, and dense in some: what needs three restarts in a row,
//! or none for a minute, is then found as well.

use gleaner_core::{Budget, Options};

use crate::chance::Chance;
use crate::world::Act;

/// What a history is made of.
#[derive(Clone, Debug)]
pub(crate) struct Setup {
    pub(crate) options: Options,
    /// How long jobs arrive and things go wrong, in milliseconds of virtual time.
    pub(crate) stormy_ms: u64,
    pub(crate) budgets: Vec<Budget>,
    pub(crate) workers: usize,
    /// Slots of one worker at most.
    pub(crate) slots_max: u64,
    pub(crate) clients: usize,
    /// Different targets; few, so that twins meet.
    pub(crate) targets: u64,
    /// How many of a hundred asks are for resolutions.
    pub(crate) resolves: u64,
    /// Mean time between two asks of one client.
    pub(crate) ask_every_ms: u64,
    /// Mean time on the way of one message.
    pub(crate) delay_ms: u64,
    /// Mean time of a commit.
    pub(crate) flush_ms: u64,
    /// Mean time of one answer of a host.
    pub(crate) answer_ms: u64,
    /// How often, in mean, each sort of mishap happens; zero for never.
    pub(crate) mishaps: Vec<(Mishap, u64)>,
    /// How often, in mean, operators do something of each sort; zero for never.
    pub(crate) acts: Vec<(Act, u64)>,
    /// Does the journal lie on the real store, or on a model of it?
    pub(crate) real_store: bool,
    /// Are the lanes' shares watched? That costs a look at every open job at each decision.
    pub(crate) watch_lanes: bool,
    /// Is it about shares under contention, and nothing else?
    pub(crate) contended: bool,
}

/// What goes wrong.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Mishap {
    /// The scheduler's process is killed; the kernel keeps what it wrote.
    SchedulerKilled,
    /// The scheduler's machine loses power; what was not synced is lost, or partly there.
    PowerCut,
    /// The disk fails in the middle of a commit.
    DiskFails,
    /// The scheduler stands still for a while.
    SchedulerStalls,
    /// A worker's process is killed; what is in its outbox stays.
    WorkerKilled,
    /// A worker's machine is lost with all that it had.
    WorkerLost,
    /// A worker stands still for a while.
    WorkerFreezes,
    /// A worker is told to go.
    WorkerDrains,
    /// A connection breaks.
    ConnectionBreaks,
    /// Somebody cannot be reached for a while.
    Partition,
    /// The scheduler's wall clock is set, forward or back.
    ClockSet,
    /// A host begins or ends to behave badly.
    HostTurns,
}

impl Mishap {
    const ALL: [(Self, u64); 12] = [
        (Self::SchedulerKilled, 15_000),
        (Self::PowerCut, 15_000),
        (Self::DiskFails, 30_000),
        (Self::SchedulerStalls, 20_000),
        (Self::WorkerKilled, 8_000),
        (Self::WorkerLost, 15_000),
        (Self::WorkerFreezes, 10_000),
        (Self::WorkerDrains, 15_000),
        (Self::ConnectionBreaks, 4_000),
        (Self::Partition, 12_000),
        (Self::ClockSet, 15_000),
        (Self::HostTurns, 5_000),
    ];
}

impl Setup {
    pub(crate) fn of_seed(chance: &mut Chance) -> Self {
        let mishaps = Mishap::ALL.map(|(mishap, usual_ms)| {
            let every_ms = chance.pick(&[0, 0, usual_ms, usual_ms * 2, usual_ms / 4]);
            (mishap, every_ms)
        });
        let acts = Act::ALL.map(|(act, usual_ms)| (act, chance.pick(&[0, usual_ms, usual_ms / 3])));
        let hosts = chance.within(1, 4);
        let workers = chance.below(5) + 1;
        let ask_every_ms = chance.pick(&[150, 400, 1_500]);
        let setup = Self {
            options: options(chance),
            stormy_ms: chance.pick(&[10_000, 25_000, 40_000]),
            budgets: (0..hosts).map(|_| budget(chance)).collect(),
            workers,
            // Of few slots the floors of lanes come to nothing.
            slots_max: chance.pick(&[3, 6, 15]),
            clients: chance.below(5) + 2,
            targets: chance.pick(&[6, 30, 300]),
            resolves: chance.pick(&[0, 10, 40, 95]),
            ask_every_ms,
            delay_ms: chance.pick(&[1, 5, 40]),
            flush_ms: chance.pick(&[1, 5, 30]),
            answer_ms: chance.pick(&[10, 100, 800]),
            mishaps: mishaps.into_iter().filter(|(_, every_ms)| *every_ms > 0).collect(),
            acts: acts.into_iter().filter(|(_, every_ms)| *every_ms > 0).collect(),
            real_store: chance.percent(25),
            watch_lanes: chance.percent(25),
            contended: false,
        };
        if chance.percent(3) { setup.contend(chance) } else { setup }
    }

    /// More work than slots, all of it short and at one host, and nothing goes wrong.
    fn contend(self, chance: &mut Chance) -> Self {
        let options = Options { displace_after_ms: [None; 4], queue_max: 100, lease_ttl_ms: 10_000, ..self.options };
        Self {
            options,
            stormy_ms: 25_000,
            budgets: vec![Budget { interval_us: 2_000, burst: 10 }],
            workers: 1,
            slots_max: 3,
            clients: chance.below(2) + 2,
            targets: 100_000,
            resolves: 0,
            ask_every_ms: 30,
            delay_ms: 1,
            flush_ms: 1,
            answer_ms: 10,
            mishaps: Vec::new(),
            acts: Vec::new(),
            watch_lanes: false,
            contended: true,
            ..self
        }
    }
}

fn budget(chance: &mut Chance) -> Budget {
    let interval_us = chance.pick(&[2_000, 20_000, 50_000, 150_000, 400_000]);
    Budget { interval_us, burst: u32::try_from(chance.within(1, 10)).unwrap_or(1) }
}

/// Small bounds and short pauses, so that both are met within a minute.
fn options(chance: &mut Chance) -> Options {
    Options {
        lease_ttl_ms: chance.pick(&[3_000, 10_000]),
        reconnect_grace_ms: chance.pick(&[100, 500, 2_000]),
        backoff_base_ms: chance.pick(&[100, 1_000]),
        backoff_cap_ms: 10_000,
        queue_max: chance.pick(&[20, 100, 1_000]),
        attached_max: chance.pick(&[2, 8, 1_024]),
        permit_ttl_ms: chance.pick(&[200, 5_000]),
        permits_waiting_max: chance.below(4) + 1,
        throttle_default_ms: 1_000,
        throttle_cap_ms: 60_000,
        pace_recovery_ms: 1_000,
        losses_max: chance.pick(&[3, 10]),
        displace_after_ms: chance.pick(&[
            [Some(2), None, None, None],
            [Some(2), None, None, None],
            [Some(0), Some(50), None, None],
            [None; 4],
        ]),
        lane_floors_permille: chance.pick(&[[0; 4], [0, 60, 30, 10], [0, 200, 200, 100], [0, 100, 200, 300]]),
        lane_weights: chance.pick(&[[64, 16, 8, 1], [4, 3, 2, 1], [1; 4]]),
        min_run_ms: chance.pick(&[0, 5, 100]),
        displaced_max: chance.pick(&[1, 3]),
        protected_permille: chance.pick(&[0, 200, 500]),
        suspended_max: chance.pick(&[1, 8]),
        calm_ms: chance.pick(&[0, 50]),
        hand_back_ms: chance.pick(&[500, 30_000]),
        dispatch_max: chance.pick(&[1, 7, 256]),
        tick_max: chance.pick(&[1, 5, 4_096]),
        ..Options::default()
    }
}
