//! What always holds, under random work, workers, deaths, restarts and times. The world plays clients, workers and
//! journal, believes nothing, and checks every effect.

use std::collections::{BTreeMap, BTreeSet};

use proptest::prelude::*;

use super::*;
use crate::{CancelOutcome, ClaimVerdict, RecoveredJob};

const HOSTS: [Budget; 3] = [
    Budget { interval_us: 100_000, burst: 3 },
    Budget { interval_us: 1_500, burst: 1 },
    Budget { interval_us: 700_000, burst: 2 },
];

/// One thing that happens; two numbers choose among what there is.
type Step = (u8, u16, u16);

/// A worker process: its attempts outlive its sessions.
#[derive(Clone, Debug, Default)]
struct Process {
    session: Option<WorkerId>,
    slots: u16,
    needs: u16,
    /// With "finished, the outcome waits to be told".
    attempts: Vec<(Attempt, bool)>,
}

struct OpenJob {
    ask: Ask,
    task: TaskId,
}

struct World {
    core: Scheduler,
    epoch: u64,
    ms: u64,
    next: u64,
    sessions: u64,
    jobs: BTreeMap<JobId, OpenJob>,
    ended: BTreeSet<JobId>,
    failures: BTreeMap<TaskId, (u32, Timestamp)>,
    processes: Vec<Process>,
    /// The current attempt of each task, with the session that has it and whether it takes a slot.
    current: BTreeMap<TaskId, (Attempt, Option<WorkerId>, bool)>,
    committing: Vec<TaskId>,
    committed: BTreeSet<TaskId>,
    ghosts: Vec<Attempt>,
    grants: [Vec<u64>; 3],
    blocked_until: [u64; 3],
    journaled_blocks: [Option<Timestamp>; 3],
    log: String,
}

fn options() -> Options {
    Options { queue_max: 60, attached_max: 6, dispatch_max: 7, tick_max: 5, ..Options::default() }
}

fn begin(epoch: u64) -> Scheduler {
    let mut core = Scheduler::new(options(), epoch, 99);
    for (number, budget) in HOSTS.into_iter().enumerate() {
        let host = core.host(&format!("h{number}.example").parse().expect("valid")).expect("room");
        core.set_budget(host, budget);
        core.client(&format!("c{number}").parse().expect("valid"), 1 + u32::try_from(number).expect("small"));
    }
    core
}

impl World {
    fn new() -> Self {
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

    fn now(&self) -> Moment {
        Moment { wall: Timestamp::from_millis(0).plus_ms(1_000_000 + self.ms), mono_ms: self.ms }
    }

    fn step(&mut self, (what, a, b): Step) {
        let mut out = Vec::new();
        match what {
            0..=5 => self.submit(a, b),
            6 => self.cancel(a, &mut out),
            7..=8 => self.join(a, b, &mut out),
            9 => self.leave(a),
            10..=11 => self.pass(u64::from(a % 300), &mut out),
            12 => self.pass(u64::from(a % 12_000), &mut out),
            13 => self.live(),
            14..=16 => self.finish(a, b, &mut out),
            17 => self.fail(a, b, &mut out),
            18..=19 => self.thirst(a, b, &mut out),
            20 => self.throttle(a, b, &mut out),
            21 => self.ghost(a, &mut out),
            22 => self.settle(a, b, &mut out),
            23 => self.work_on(a),
            24 if a % 4 == 0 => self.restart(),
            24 => self.drain(a),
            _ => while self.core.dispatch(self.now(), &mut out) {},
        }
        self.digest(out);
        self.check();
    }

    fn submit(&mut self, a: u16, b: u16) {
        let host = a % 3;
        let ask = Ask {
            job: JobId(self.next),
            client: ClientIndex(b % 3),
            lane: Lane::ALL[usize::from(b / 3 % 4)],
            host: HostIndex(host),
            needs: Needs(1 << (a / 3 % 2)),
            // What a target needs, and of whom, is a matter of the target.
            target: TargetKey(u128::from(a % 24)),
            max_age_ms: u64::from(b % 7) * 100,
            expires_at: (b % 5 == 0).then(|| self.now().wall.plus_ms(u64::from(b))),
        };
        self.next += 1;
        if let Ok(admission) = self.core.submit(ask, self.now()) {
            self.jobs.insert(ask.job, OpenJob { ask, task: admission.task() });
        }
    }

    fn cancel(&mut self, a: u16, out: &mut Vec<Effect>) {
        let Some(job) = pick(self.jobs.keys().copied(), a) else { return };
        let outcome = self.core.cancel(job, self.now(), out);
        let committing = self.committing.contains(&self.jobs[&job].task);
        assert_eq!(outcome, if committing { CancelOutcome::Committing } else { CancelOutcome::Cancelled });
    }

    fn join(&mut self, a: u16, b: u16, out: &mut Vec<Effect>) {
        let at = usize::from(a) % self.processes.len();
        self.sessions += 1;
        let worker = WorkerId(self.sessions);
        let before = self.processes[at].session.replace(worker);
        let process = &mut self.processes[at];
        (process.slots, process.needs) = (b % 4, 1 + (b / 4) % 3);
        let held: Vec<_> = process
            .attempts
            .iter()
            .map(|(attempt, finished)| Held { attempt: *attempt, finished: *finished })
            .collect();
        let joining = Joining { worker, slots: process.slots, needs: Needs(process.needs), held: held.clone() };
        let claims = self.core.join(joining, self.now(), out);
        assert_eq!(
            claims.iter().map(|claim| claim.attempt).collect::<Vec<_>>(),
            held.iter().map(|h| h.attempt).collect::<Vec<_>>()
        );
        let mut kept = Vec::new();
        for (claim, held) in claims.iter().zip(&held) {
            let task = claim.attempt.task;
            match claim.verdict {
                ClaimVerdict::Adopted(token) => {
                    assert!(token > claim.attempt.token, "a fresh token");
                    let attempt = Attempt { task, token };
                    if let Some((beaten, _, _)) = self.current.insert(task, (attempt, Some(worker), !held.finished)) {
                        self.ghosts.push(beaten);
                    }
                    kept.push((attempt, held.finished));
                }
                ClaimVerdict::Abandoned => assert!(self.core.lane_of(task).is_some(), "of a live task"),
                ClaimVerdict::Closed => {
                    assert!(self.core.lane_of(task).is_none() || self.committing.contains(&task));
                }
            }
            self.ghosts.push(claim.attempt);
        }
        self.processes[at].attempts = kept;
        if let Some(before) = before {
            self.forsake(before);
            self.core.leave(before, self.now());
        }
    }

    fn leave(&mut self, a: u16) {
        let at = usize::from(a) % self.processes.len();
        if let Some(session) = self.processes[at].session.take() {
            self.forsake(session);
            self.core.leave(session, self.now());
        }
    }

    fn forsake(&mut self, session: WorkerId) {
        for (_, worker, _) in self.current.values_mut().filter(|(_, worker, _)| *worker == Some(session)) {
            *worker = None;
        }
    }

    fn pass(&mut self, ms: u64, out: &mut Vec<Effect>) {
        self.ms += ms;
        self.core.tick(self.now(), out);
    }

    fn live(&mut self) {
        for session in self.processes.iter().filter_map(|process| process.session) {
            assert!(self.core.heartbeat(session, self.now()));
        }
    }

    /// Some attempt that a connected process has.
    fn attempt(&self, a: u16) -> Option<(usize, WorkerId, Attempt)> {
        let all = self.processes.iter().enumerate().flat_map(|(at, process)| {
            let session = process.session;
            process.attempts.iter().filter_map(move |(attempt, _)| Some((at, session?, *attempt)))
        });
        pick(all, a)
    }

    /// Reports, and checks that only the current token counts.
    fn report(&mut self, attempt: Attempt, report: Report, out: &mut Vec<Effect>) -> Verdict {
        let current = self.current.get(&attempt.task).is_some_and(|(current, _, _)| *current == attempt);
        let verdict = self.core.outcome(attempt, report, self.now(), out);
        assert_eq!(current, !matches!(verdict, Verdict::Refused | Verdict::Closed), "{attempt:?}: {verdict:?}");
        if current {
            self.current.remove(&attempt.task);
        }
        if verdict == Verdict::Accept {
            assert!(!self.committed.contains(&attempt.task) && !self.committing.contains(&attempt.task));
            self.committing.push(attempt.task);
        }
        verdict
    }

    fn forget(&mut self, at: usize, attempt: Attempt) {
        self.processes[at].attempts.retain(|(held, _)| *held != attempt);
        self.ghosts.push(attempt);
    }

    fn finish(&mut self, a: u16, b: u16, out: &mut Vec<Effect>) {
        let Some((at, _, attempt)) = self.attempt(a) else { return };
        self.report(attempt, Report::Finished, out);
        self.forget(at, attempt);
        if b % 3 > 0 {
            self.settle(u16::MAX, 1, out);
        }
    }

    fn fail(&mut self, a: u16, b: u16, out: &mut Vec<Effect>) {
        let Some((at, _, attempt)) = self.attempt(a) else { return };
        let kind = FaultKind::ALL[usize::from(b) % FaultKind::ALL.len()];
        let report = if b % 9 == 0 { Report::HandedBack } else { Report::Failed(Fault::new(kind, "played")) };
        self.report(attempt, report, out);
        self.forget(at, attempt);
    }

    /// Commits an accepted outcome, or finds that it cannot.
    fn settle(&mut self, a: u16, b: u16, out: &mut Vec<Effect>) {
        if self.committing.is_empty() {
            return;
        }
        let task = self.committing.remove(usize::from(a) % self.committing.len());
        if b % 4 == 0 {
            let verdict = self.core.reopen(task, Fault::new(FaultKind::Stale, "played"), self.now(), out);
            assert!(matches!(verdict, Verdict::Retried { .. } | Verdict::DeadLetter));
            return;
        }
        let jobs = self.core.jobs_of(task);
        assert!(!jobs.is_empty());
        self.end(&jobs);
        self.core.committed(task, self.now(), out);
        assert!(self.committed.insert(task), "committed once");
    }

    fn end(&mut self, jobs: &[JobId]) {
        for job in jobs {
            assert!(self.jobs.remove(job).is_some(), "{job} was open");
            assert!(self.ended.insert(*job), "{job} ends once");
        }
    }

    fn thirst(&mut self, a: u16, b: u16, out: &mut Vec<Effect>) {
        if let Some((_, session, attempt)) = self.attempt(a) {
            self.core.ask_permit(session, attempt, HostIndex(b % 3), self.now(), out);
        }
    }

    fn throttle(&mut self, a: u16, b: u16, out: &mut Vec<Effect>) {
        let Some((_, session, attempt)) = self.attempt(a) else { return };
        let host = usize::from(b % 3);
        let after_ms = u64::from(b);
        let said = (b % 2 == 0).then_some(after_ms);
        self.core.throttled(session, attempt, HostIndex(b % 3), said, self.now(), out);
        let until = self.ms + said.unwrap_or(options().throttle_default_ms);
        self.blocked_until[host] = self.blocked_until[host].max(until);
    }

    fn ghost(&mut self, a: u16, out: &mut Vec<Effect>) {
        if let Some(attempt) = pick(self.ghosts.iter().copied(), a) {
            if self.current.get(&attempt.task).is_none_or(|(current, _, _)| *current != attempt) {
                let verdict = self.report(attempt, Report::Finished, out);
                assert!(matches!(verdict, Verdict::Refused | Verdict::Closed));
            }
        }
    }

    /// A process gets done with something and does not tell yet.
    fn work_on(&mut self, a: u16) {
        let at = usize::from(a) % self.processes.len();
        if let Some((_, finished)) = self.processes[at].attempts.first_mut() {
            *finished = true;
        }
    }

    fn drain(&mut self, a: u16) {
        let at = usize::from(a) % self.processes.len();
        if let Some(session) = self.processes[at].session {
            self.core.drain(session);
            self.processes[at].slots = 0;
        }
    }

    /// The scheduler dies and comes back with what the journal has.
    fn restart(&mut self) {
        self.epoch += 1;
        self.core = begin(self.epoch);
        self.current.clear();
        self.committing.clear();
        self.processes.iter_mut().for_each(|process| process.session = None);
        let now = self.now();
        let mut makers = BTreeSet::new();
        for (job, open) in &self.jobs {
            let recovered = |job, open_job: bool| RecoveredJob {
                job,
                open: open_job,
                task: open.task,
                client: open.ask.client,
                lane: open.ask.lane,
                host: open.ask.host,
                needs: open.ask.needs,
                target: open.ask.target,
                expires_at: open.ask.expires_at,
            };
            if makers.insert(open.task) && open.task.maker() != *job {
                self.core.recover_job(recovered(open.task.maker(), false), now);
            }
            self.core.recover_job(recovered(*job, true), now);
        }
        for (task, (attempts, retry_at)) in &self.failures {
            self.core.recover_attempts(*task, *attempts, *retry_at);
        }
        for (host, until) in (0..).map(HostIndex).zip(self.journaled_blocks) {
            if let Some(until) = until {
                self.core.block_host(host, until, now);
            }
        }
    }

    fn digest(&mut self, out: Vec<Effect>) {
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
                Effect::Requeued { .. } => {}
            }
        }
    }

    fn end_attempt(&mut self, attempt: Attempt) {
        if self.current.get(&attempt.task).is_some_and(|(current, _, _)| *current == attempt) {
            self.current.remove(&attempt.task);
        }
    }

    fn assigned(&mut self, worker: WorkerId, attempt: Attempt, host: HostIndex) {
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
    fn granted(&mut self, host: HostIndex) {
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

    fn check(&self) {
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

    /// Everybody behaves from now on: everything that is open must end, without anyone else's help.
    fn come_to_rest(&mut self) {
        for at in 0..4 {
            self.leave(at);
            self.processes[usize::from(at)] = Process::default();
        }
        while !self.committing.is_empty() {
            self.step((22, 0, 1));
        }
        self.step((7, 0, 3 + 4 * 2));
        for _ in 0..5_000 {
            if self.jobs.is_empty() {
                return;
            }
            let mut out = Vec::new();
            self.core.tick(self.now(), &mut out);
            self.digest(out);
            self.step((25, 0, 0));
            while self.attempt(0).is_some() {
                self.step((14, 0, 1));
            }
            self.step((25, 0, 0));
            let wake = self.core.next_wake(self.now()).expect("something is to come");
            // Never beyond a heartbeat.
            self.ms = wake.clamp(self.ms + u64::from(self.attempt(0).is_none()), self.ms + 5_000);
            self.live();
        }
        unreachable!("still open: {:?}", self.jobs.keys());
    }
}

fn pick<T>(mut from: impl Iterator<Item = T> + Clone, number: u16) -> Option<T> {
    match from.clone().count() {
        0 => None,
        count => from.nth(usize::from(number) % count),
    }
}

fn play(steps: &[Step]) -> String {
    let mut world = World::new();
    steps.iter().for_each(|step| world.step(*step));
    world.come_to_rest();
    let resident = world.core.resident();
    assert_eq!((resident.jobs, resident.tasks), (0, 0));
    assert!(world.core.is_empty(), "nothing is left behind");
    world.log
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 400, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn what_always_holds(steps in prop::collection::vec((0_u8..30, any::<u16>(), any::<u16>()), 0..250)) {
        let log = play(&steps);
        prop_assert_eq!(log, play(&steps), "the same inputs give the same effects");
    }
}
