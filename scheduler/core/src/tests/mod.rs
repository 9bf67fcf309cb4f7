//! The rules of the scheduler, each on a small stage: a clock that is a number, a few hosts, clients and workers.

mod attaching;
mod backlog;
mod bounds;
mod endings;
mod explaining;
mod fairness;
mod forgetting;
mod happenings;
mod leases;
mod limits;
mod paid_waits;
mod permits;
mod placement;
mod preemption;
mod properties;
mod recovery;
mod resuming;
mod retries;
mod shares_in_time;
mod terms;
mod waiting;
mod world;

use gleaner_model::{Attempt, Fault, FaultKind, JobId, JobState, Lane, TaskId, Timestamp};

use crate::{
    Admission, Ask, Budget, Claim, ClientIndex, Effect, Held, HostIndex, HostLimits, Joining, Moment, Needs, Options,
    Refusal, Report, Scheduler, TargetKey, Verdict, WorkerId,
};

/// A budget that never matters.
const PLENTY: Budget = Budget { interval_us: 1, burst: 1_000_000 };
const W: WorkerId = WorkerId(1);

/// A scheduler with a clock and somebody who writes down what it wants.
struct Stage {
    core: Scheduler,
    ms: u64,
    jobs: u64,
    out: Vec<Effect>,
}

/// An assignment, as far as most tests care.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Given {
    worker: WorkerId,
    attempt: Attempt,
}

impl Given {
    fn task(self) -> u64 {
        self.attempt.task.0
    }
}

impl Stage {
    /// With one client `c` (number 0) and one host (number 0) that may be asked at will.
    fn new() -> Self {
        Self::with(Options { default_budget: PLENTY, ..Options::default() }, 1)
    }

    fn with(options: Options, epoch: u64) -> Self {
        let mut stage = Self { core: Scheduler::new(options, epoch, 42), ms: 1_000, jobs: 0, out: Vec::new() };
        stage.client("c", 1);
        stage.host("h");
        stage
    }

    fn now(&self) -> Moment {
        Moment { wall: Timestamp::from_millis(0).plus_ms(1_700_000_000_000 + self.ms), mono_ms: self.ms }
    }

    fn client(&mut self, name: &str, weight: u32) -> ClientIndex {
        self.core.client(&name.parse().expect("a client name"), weight)
    }

    fn host(&mut self, name: &str) -> HostIndex {
        self.core.host(&format!("{name}.example").parse().expect("a host name")).expect("room for a host")
    }

    /// An ask of client 0 in the free lane for host 0, about a target of its own.
    fn plain(&self) -> Ask {
        let job = JobId(self.jobs + 1);
        Ask {
            job,
            client: ClientIndex(0),
            lane: Lane::Free,
            host: HostIndex(0),
            needs: Needs(1),
            target: TargetKey(u128::from(job.0) << 64),
            max_age_ms: 0,
            expires_at: None,
        }
    }

    fn try_submit(&mut self, change: impl FnOnce(&mut Ask)) -> Result<Admission, Refusal> {
        let mut ask = self.plain();
        change(&mut ask);
        self.jobs += 1;
        self.core.submit(ask, self.now())
    }

    /// The number of the task.
    fn submit(&mut self, change: impl FnOnce(&mut Ask)) -> u64 {
        self.try_submit(change).expect("room").task().0
    }

    fn submit_in(&mut self, lane: Lane) -> u64 {
        self.submit(|ask| ask.lane = lane)
    }

    fn about(&mut self, target: u128) -> u64 {
        self.submit(|ask| ask.target = TargetKey(target))
    }

    fn join(&mut self, worker: WorkerId, slots: u16) {
        assert_eq!(self.rejoin(worker, slots, &[]), []);
    }

    fn rejoin(&mut self, worker: WorkerId, slots: u16, held: &[(Attempt, bool)]) -> Vec<Claim> {
        let held = held.iter().map(|(attempt, finished)| Held { attempt: *attempt, finished: *finished }).collect();
        let joining = Joining { worker, slots, needs: Needs(u16::MAX), held };
        self.core.join(joining, self.now(), &mut self.out)
    }

    fn dispatch(&mut self) -> Vec<Given> {
        let before = self.out.len();
        while self.core.dispatch(self.now(), &mut self.out) {}
        let given = self.out[before..].iter().filter_map(|effect| match effect {
            Effect::Assign { worker, attempt, .. } => Some(Given { worker: *worker, attempt: *attempt }),
            _ => None,
        });
        given.collect()
    }

    /// Dispatches and tells the tasks only.
    fn started(&mut self) -> Vec<u64> {
        self.dispatch().into_iter().map(Given::task).collect()
    }

    fn one(&mut self) -> Attempt {
        let given = self.dispatch();
        assert_eq!(given.len(), 1, "exactly one start: {given:?}");
        given[0].attempt
    }

    fn report(&mut self, attempt: Attempt, report: Report) -> Verdict {
        self.core.outcome(attempt, report, self.now(), &mut self.out)
    }

    /// Accepts and commits.
    fn finish(&mut self, attempt: Attempt) {
        assert_eq!(self.report(attempt, Report::Finished), Verdict::Accept);
        self.core.committed(attempt.task, self.now(), &mut self.out);
    }

    fn fail(&mut self, attempt: Attempt, kind: FaultKind) -> Verdict {
        self.report(attempt, Report::Failed(Fault::new(kind, "played")))
    }

    fn cancel(&mut self, job: u64) -> crate::CancelOutcome {
        self.core.cancel(JobId(job), self.now(), &mut self.out)
    }

    fn pass(&mut self, ms: u64) {
        self.ms += ms;
        self.core.tick(self.now(), &mut self.out);
    }

    /// Lets time pass in steps, each wake kept; workers give signs of life.
    fn pass_alive(&mut self, ms: u64, workers: &[WorkerId]) {
        let end = self.ms + ms;
        while self.ms < end {
            self.ms = (self.ms + 1_000).min(end);
            for worker in workers {
                assert!(self.core.heartbeat(*worker, self.now()));
            }
            self.core.tick(self.now(), &mut self.out);
        }
    }

    fn ask_permit(&mut self, attempt: Attempt, host: HostIndex) -> bool {
        self.core.ask_permit(W, attempt, host, self.now(), &mut self.out)
    }

    /// What came out since the last look.
    fn effects(&mut self) -> Vec<Effect> {
        std::mem::take(&mut self.out)
    }

    /// The tasks that were suspended, and those that were resumed, since the last look.
    fn moved(&mut self) -> (Vec<u64>, Vec<u64>) {
        let (mut suspended, mut resumed) = (Vec::new(), Vec::new());
        for effect in self.effects() {
            match effect {
                Effect::Suspend { attempt, .. } => suspended.push(attempt.task.0),
                Effect::Resume { attempt, .. } => resumed.push(attempt.task.0),
                _ => {}
            }
        }
        (suspended, resumed)
    }

    /// Starts `count` tasks of a lane.
    fn occupy(&mut self, lane: Lane, count: usize) -> Vec<Attempt> {
        (0..count).for_each(|_| _ = self.submit_in(lane));
        let given = self.dispatch();
        assert_eq!(given.len(), count, "there was room");
        given.into_iter().map(|given| given.attempt).collect()
    }

    /// The jobs that were closed since the last look, with how.
    fn closed(&mut self) -> Vec<(Vec<u64>, JobState, bool)> {
        let close = |effect| match effect {
            Effect::Close { jobs, state, task_ended, .. } => {
                Some((jobs.into_iter().map(|job| job.0).collect(), state, task_ended.is_some()))
            }
            _ => None,
        };
        self.effects().into_iter().filter_map(close).collect()
    }

    /// The attempts that got a permit since the last look, by task.
    fn permits(&mut self) -> Vec<u64> {
        let permit = |effect| match effect {
            Effect::Permit { attempt, .. } => Some(attempt.task.0),
            _ => None,
        };
        self.effects().into_iter().filter_map(permit).collect()
    }

    fn jobs_of(&self, task: u64) -> Vec<u64> {
        self.core.jobs_of(TaskId(task)).into_iter().map(|job| job.0).collect()
    }

    fn wait(&self, job: u64) -> Option<crate::Wait> {
        self.core.job_view(JobId(job), self.now()).expect("an open job").waiting_for
    }
}
