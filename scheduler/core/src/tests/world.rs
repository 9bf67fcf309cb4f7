//! The world of the random histories: clients, workers and journal at once. It believes nothing: every effect is
//! checked against what it knows.

use std::collections::{BTreeMap, BTreeSet};

use super::*;

pub(super) const HOSTS: [Budget; 3] = [
    Budget { interval_us: 100_000, burst: 3 },
    Budget { interval_us: 1_500, burst: 1 },
    Budget { interval_us: 700_000, burst: 2 },
];

/// One thing that happens; two numbers choose among what there is.
pub(super) type Step = (u8, u16, u16);

/// A worker process: its attempts outlive its sessions.
#[derive(Clone, Debug, Default)]
pub(super) struct Process {
    pub(super) session: Option<WorkerId>,
    pub(super) slots: u16,
    pub(super) needs: u16,
    /// With "finished, the outcome waits to be told".
    pub(super) attempts: Vec<(Attempt, bool)>,
}

pub(super) struct OpenJob {
    pub(super) ask: Ask,
    pub(super) task: TaskId,
}

pub(super) struct World {
    pub(super) core: Scheduler,
    pub(super) epoch: u64,
    pub(super) ms: u64,
    pub(super) next: u64,
    pub(super) sessions: u64,
    pub(super) jobs: BTreeMap<JobId, OpenJob>,
    pub(super) ended: BTreeSet<JobId>,
    pub(super) failures: BTreeMap<TaskId, (u32, Timestamp)>,
    pub(super) processes: Vec<Process>,
    /// The current attempt of each task, with the session that has it and whether it takes a slot.
    pub(super) current: BTreeMap<TaskId, (Attempt, Option<WorkerId>, bool)>,
    pub(super) committing: Vec<TaskId>,
    pub(super) committed: BTreeSet<TaskId>,
    pub(super) ghosts: Vec<Attempt>,
    pub(super) grants: [Vec<u64>; 3],
    pub(super) blocked_until: [u64; 3],
    pub(super) journaled_blocks: [Option<Timestamp>; 3],
    pub(super) log: String,
}

pub(super) fn options() -> Options {
    Options { queue_max: 20, attached_max: 4, dispatch_max: 7, tick_max: 5, ..Options::default() }
}

pub(super) fn begin(epoch: u64) -> Scheduler {
    let mut core = Scheduler::new(options(), epoch, 99);
    for (number, budget) in HOSTS.into_iter().enumerate() {
        let host = core.host(&format!("h{number}.example").parse().expect("valid")).expect("room");
        core.set_budget(host, budget);
        core.client(&format!("c{number}").parse().expect("valid"), 1 + u32::try_from(number).expect("small"));
    }
    core
}

impl World {
    pub(super) fn new() -> Self {
        Self {
            core: begin(1),
            epoch: 1,
            ms: 10_000,
            next: 1,
            sessions: 0,
            jobs: BTreeMap::new(),
            ended: BTreeSet::new(),
            failures: BTreeMap::new(),
            processes: vec![Process::default(); 4],
            current: BTreeMap::new(),
            committing: Vec::new(),
            committed: BTreeSet::new(),
            ghosts: Vec::new(),
            grants: Default::default(),
            blocked_until: [0; 3],
            journaled_blocks: [None; 3],
            log: String::new(),
        }
    }

    pub(super) fn now(&self) -> Moment {
        Moment { wall: Timestamp::from_millis(0).plus_ms(1_000_000 + self.ms), mono_ms: self.ms }
    }

    pub(super) fn digest(&mut self, out: Vec<Effect>) {
        for effect in out {
            use std::fmt::Write as _;
            writeln!(self.log, "{} {effect:?}", self.ms).expect("a string takes all");
            match effect {
                Effect::Assign { worker, attempt, host, .. } => self.assigned(worker, attempt, host),
                Effect::Permit { worker, attempt, host, .. } => {
                    let (current, holder, _) = self.current[&attempt.task];
                    assert_eq!((current, holder), (attempt, Some(worker)), "permits go to current attempts");
                    self.granted(host);
                }
                Effect::CancelAttempt { attempt, .. } => {
                    self.end_attempt(attempt);
                    let holder = (0..self.processes.len())
                        .find(|at| self.processes[*at].attempts.iter().any(|(held, _)| *held == attempt));
                    if let Some(at) = holder {
                        self.forget(at, attempt);
                    }
                }
                Effect::AttemptFailed { task, attempts, retry_at, .. } => {
                    self.failures.insert(task, (attempts, retry_at));
                    if let Some((attempt, _, _)) = self.current.get(&task).copied() {
                        self.end_attempt(attempt);
                    }
                }
                Effect::HostBlocked { host, until } => self.journaled_blocks[usize::from(host.0)] = Some(until),
                Effect::Close { jobs, task_ended, state, .. } => {
                    assert!(state.is_terminal());
                    self.end(&jobs);
                    if let Some(task) = task_ended {
                        assert!(!self.committed.contains(&task));
                        assert!(self.jobs.values().all(|job| job.task != task), "all of its jobs end with a task");
                        self.current.remove(&task);
                    }
                }
                Effect::Requeued { .. } | Effect::Suspend { .. } | Effect::Resume { .. } => {}
            }
        }
    }

    pub(super) fn end_attempt(&mut self, attempt: Attempt) {
        if self.current.get(&attempt.task).is_some_and(|(current, _, _)| *current == attempt) {
            self.current.remove(&attempt.task);
        }
    }

    pub(super) fn assigned(&mut self, worker: WorkerId, attempt: Attempt, host: HostIndex) {
        let task = attempt.task;
        let lives = self.current.insert(task, (attempt, Some(worker), true));
        assert_eq!(lives, None, "one attempt at a time");
        let needs = self.jobs.values().find(|job| job.task == task).expect("somebody waits").ask.needs;
        let taken = self.current.values().filter(|(_, holder, takes)| *holder == Some(worker) && *takes).count();
        let process = self.processes.iter_mut().find(|process| process.session == Some(worker)).expect("connected");
        assert!(Needs(process.needs).cover(needs), "the worker can do it");
        assert!(taken <= usize::from(process.slots), "within its slots");
        process.attempts.push((attempt, false));
        self.granted(host);
    }

    /// A permit left: within the budget over every stretch of time, and not while the host wants to be left alone.
    pub(super) fn granted(&mut self, host: HostIndex) {
        let at = usize::from(host.0);
        assert!(self.ms >= self.blocked_until[at], "no grants before {}", self.blocked_until[at]);
        let grants = &mut self.grants[at];
        grants.push(self.ms * 1_000);
        let last = self.ms * 1_000;
        for (count, since) in (1..).zip(grants.iter().rev()) {
            let allowed = u64::from(HOSTS[at].burst) + (last - since) / HOSTS[at].interval_us;
            assert!(count <= allowed, "{count} grants since {since}, allowed are {allowed}");
        }
    }

    pub(super) fn check(&self) {
        assert_eq!(self.core.held(), u64::try_from(self.jobs.len()).expect("few"));
        assert!(self.core.held() <= options().queue_max);
        for (job, open) in &self.jobs {
            let view = self.core.job_view(*job, self.now()).expect("an open job is held");
            assert_eq!(view.task, open.task);
            assert!(self.core.jobs_of(open.task).contains(job));
        }
        let clients: u64 = self.core.clients().iter().map(|client| client.held).sum();
        assert_eq!(clients, self.core.held());
        let running: u64 = self.core.lanes().iter().map(|lane| lane.running).sum();
        assert_eq!(running, u64::try_from(self.current.len()).expect("few"), "{:?}", self.current);
        if let Some(wake) = self.core.next_wake(self.now()) {
            assert!(wake >= self.ms);
        }
    }
}
