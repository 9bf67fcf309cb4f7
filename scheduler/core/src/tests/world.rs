//! The world of the random histories: clients, workers and journal at once. It believes nothing: every effect is
//! checked against what it knows.

use std::collections::{BTreeMap, BTreeSet};

use super::*;
use crate::Terms;

pub(super) const HOSTS: [Budget; 4] = [
    Budget { interval_us: 100_000, burst: 3 },
    Budget { interval_us: 1_500, burst: 1 },
    Budget { interval_us: 700_000, burst: 2 },
    Budget { interval_us: 100, burst: 1_000 },
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
    pub(super) terms: Terms,
    /// As the journal has it.
    pub(super) submitted: TaskId,
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
    /// Of these, the ones that are suspended.
    pub(super) suspended: BTreeSet<Attempt>,
    /// How often each task was displaced.
    pub(super) displaced: BTreeMap<TaskId, usize>,
    pub(super) committing: Vec<TaskId>,
    /// Tasks that wait, and the jobs that had not ended when they began to.
    pub(super) waiting: BTreeMap<TaskId, BTreeSet<JobId>>,
    /// In which lane each task waited at the last look, and which more urgent jobs about the same were to come later.
    pub(super) looked: BTreeMap<TaskId, (Lane, Vec<JobId>)>,
    /// Tasks that somebody waited for; they wait for nobody.
    pub(super) barred: BTreeSet<TaskId>,
    pub(super) committed: BTreeSet<TaskId>,
    pub(super) ghosts: Vec<Attempt>,
    pub(super) grants: [Vec<u64>; 4],
    pub(super) blocked_until: [u64; 4],
    pub(super) journaled_blocks: [Option<Timestamp>; 4],
    pub(super) log: String,
}

pub(super) fn options() -> Options {
    Options {
        queue_max: 20,
        attached_max: 4,
        dispatch_max: 7,
        tick_max: 5,
        displace_after_ms: [Some(2), Some(40), None, None],
        displaced_max: 2,
        suspended_max: 2,
        hand_back_ms: 700,
        ..Options::default()
    }
}

pub(super) fn begin(epoch: u64, now: Moment) -> Scheduler {
    let mut core = Scheduler::new(options(), epoch, 99);
    for (number, budget) in HOSTS.into_iter().enumerate() {
        let host = core.host(&format!("h{number}.example").parse().expect("valid")).expect("room");
        core.set_budget(host, budget);
        // Some of the first one's is kept for who pays, and the third one bears one request at a time.
        let limits = match number {
            0 => HostLimits { reserve_permille: 300, ..HostLimits::of(budget) },
            2 => HostLimits { concurrency: Some(1), ..HostLimits::of(budget) },
            _ => HostLimits::of(budget),
        };
        core.limit_host(host, limits, now);
        core.client(&format!("c{number}").parse().expect("valid"), 1 + u32::try_from(number).expect("small"));
    }
    core
}

impl World {
    pub(super) fn new() -> Self {
        Self {
            core: begin(1, Moment { wall: Timestamp::from_millis(1_010_000), mono_ms: 10_000 }),
            epoch: 1,
            ms: 10_000,
            next: 1,
            sessions: 0,
            jobs: BTreeMap::new(),
            ended: BTreeSet::new(),
            failures: BTreeMap::new(),
            processes: vec![Process::default(); 4],
            current: BTreeMap::new(),
            suspended: BTreeSet::new(),
            displaced: BTreeMap::new(),
            committing: Vec::new(),
            waiting: BTreeMap::new(),
            looked: BTreeMap::new(),
            barred: BTreeSet::new(),
            committed: BTreeSet::new(),
            ghosts: Vec::new(),
            grants: Default::default(),
            blocked_until: [0; 4],
            journaled_blocks: [None; 4],
            log: String::new(),
        }
    }

    pub(super) fn now(&self) -> Moment {
        Moment { wall: Timestamp::from_millis(0).plus_ms(1_000_000 + self.ms), mono_ms: self.ms }
    }

    /// Jobs whose time came may have joined other tasks.
    fn look_for_merged(&mut self) {
        let now = self.now();
        for (job, open) in self.jobs.iter_mut().filter(|(_, open)| open.terms.not_before.is_some()) {
            let Some(view) = self.core.job_view(*job, now) else { continue };
            if view.task != open.task {
                assert_eq!(open.task.maker(), *job, "only the job of a task that never began goes over");
                assert!(self.core.merged_into(view.task).contains(&open.task));
                open.task = view.task;
            }
        }
    }

    pub(super) fn digest(&mut self, out: Vec<Effect>) {
        self.look_for_merged();
        for effect in out {
            use std::fmt::Write as _;
            writeln!(self.log, "{} {effect:?}", self.ms).expect("a string takes all");
            match effect {
                Effect::Assign { worker, attempt, host, .. } => self.assigned(worker, attempt, host),
                Effect::Permit { worker, attempt, host, .. } => {
                    let (current, holder, _) = self.current[&attempt.task];
                    assert_eq!((current, holder), (attempt, Some(worker)), "permits go to current attempts");
                    assert!(!self.suspended.contains(&attempt), "and not to suspended ones");
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
                Effect::Close { jobs, task_ended, merged, state, .. } => {
                    assert!(state.is_terminal());
                    assert!(merged.iter().all(|task| jobs.contains(&task.maker())));
                    self.end(&jobs);
                    if let Some(task) = task_ended {
                        assert!(!self.committed.contains(&task));
                        assert!(self.jobs.values().all(|job| job.task != task), "all of its jobs end with a task");
                        self.current.remove(&task);
                    }
                }
                Effect::Suspend { worker, attempt } => self.suspend(worker, attempt),
                Effect::Resume { worker, attempt } => self.resume(worker, attempt),
                Effect::Requeued { task } => {
                    self.current.remove(&task);
                }
            }
        }
    }

    fn suspend(&mut self, worker: WorkerId, attempt: Attempt) {
        let (current, holder, takes) = self.current.get_mut(&attempt.task).expect("of a task that runs");
        assert_eq!((*current, *holder), (attempt, Some(worker)), "the current attempt is suspended");
        *takes = false;
        self.suspended.insert(attempt);
    }

    fn resume(&mut self, worker: WorkerId, attempt: Attempt) {
        let (current, holder, takes) = self.current.get_mut(&attempt.task).expect("of a task that runs");
        assert_eq!((*current, *holder), (attempt, Some(worker)), "the current attempt is resumed");
        *takes = true;
        self.suspended.remove(&attempt);
    }

    /// Who was displaced since the last look, and by whom.
    fn check_displacements(&mut self) {
        for task in self.current.keys() {
            let displacements = self.core.displacements_of(*task);
            let before = self.displaced.insert(*task, displacements.len()).unwrap_or(0);
            let lane = self.core.lane_of(*task).expect("a live task");
            for displacement in displacements.iter().skip(before) {
                assert!(displacement.lane < lane, "never across equal lanes: {displacement:?}, {lane}");
            }
            assert!(displacements.len() <= usize::from(options().displaced_max), "no task without end");
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
        let early = |job: &&OpenJob| job.task == task && job.terms.not_before.is_some_and(|at| at > self.now().wall);
        assert_eq!(self.jobs.values().filter(early).count(), 0, "nothing is done before its time");
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

    pub(super) fn check(&mut self) {
        self.check_displacements();
        self.check_workers();
        self.check_waiting();
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
        let suspended: u64 = self.core.lanes().iter().map(|lane| lane.suspended).sum();
        let aside = self.current.values().filter(|(attempt, _, _)| self.suspended.contains(attempt)).count();
        assert_eq!(suspended, u64::try_from(aside).expect("few"));
        assert_eq!(running + suspended, u64::try_from(self.current.len()).expect("few"), "{:?}", self.current);
        if let Some(wake) = self.core.next_wake(self.now()) {
            assert!(wake >= self.ms);
        }
    }

    /// A task waits exactly as long as one of its children is open; whoever raised it has it ask anew.
    fn check_waiting(&mut self) {
        let live: Vec<TaskId> = self.waiting.keys().copied().collect();
        for task in live {
            let Some(children) = self.waiting.get_mut(&task) else { continue };
            children.retain(|job| self.jobs.contains_key(job));
            let (told, left) = (self.core.children_of(task), children.iter().copied().collect::<Vec<_>>());
            if told.is_empty() {
                let is_over = self.core.lane_of(task).is_none();
                assert!(is_over || left.is_empty() || self.was_raised(task), "{task} was woken too early");
                self.waiting.remove(&task);
            } else {
                assert_eq!(told, left, "{task} waits for what is open");
                assert!(!self.current.contains_key(&task), "a task that waits has no attempt");
            }
        }
        assert_eq!(self.core.waiting(), self.waiting.len());
        self.looked = self.waiting.keys().filter_map(|task| Some((*task, self.look_at(*task)?))).collect();
    }

    /// The lane of a task that waits, and the more urgent jobs about the same whose time has not come.
    fn look_at(&self, task: TaskId) -> Option<(Lane, Vec<JobId>)> {
        let lane = self.core.lane_of(task)?;
        let target = self.jobs.values().find(|open| open.task == task)?.ask.target;
        let later = self.jobs.iter().filter(|(_, open)| {
            open.terms.not_before.is_some() && open.task != task && open.ask.target == target && open.ask.lane < lane
        });
        Some((lane, later.map(|(job, _)| *job).collect()))
    }

    /// Did somebody more urgent join a task since the last look? One whose time came may have, and have ended at once.
    fn was_raised(&self, task: TaskId) -> bool {
        let Some((lane, later)) = self.looked.get(&task) else { return false };
        let joined = |job: &JobId| self.jobs.get(job).is_none_or(|open| open.task == task);
        self.core.lane_of(task).is_some_and(|now| now < *lane) || later.iter().any(joined)
    }

    fn check_workers(&self) {
        for view in self.core.workers() {
            let its_own = |takes: bool| {
                let all = self.current.values();
                let of = all.filter(|(_, holder, _)| *holder == Some(view.worker));
                of.filter(|(attempt, _, slot)| if takes { *slot } else { self.suspended.contains(attempt) }).count()
            };
            assert_eq!((usize::from(view.running), usize::from(view.suspended)), (its_own(true), its_own(false)));
            assert!(view.running <= view.slots, "within its slots: {view:?}");
            assert!(view.suspended <= options().suspended_max.min(view.slots), "only so many: {view:?}");
        }
    }
}
