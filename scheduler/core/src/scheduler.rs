//! The signatures, for those who build against them; bodies follow.
#![allow(unused_variables, missing_docs, clippy::unimplemented, clippy::needless_pass_by_value)]

use gleaner_model::{Attempt, ClientName, Fault, Host, JobId, Lane, TaskId, Timestamp};

use crate::{
    Admission, Ask, Budget, CancelOutcome, Claim, ClientIndex, ClientView, Counters, Effect, HostIndex, HostView,
    JobView, Joining, LaneView, Moment, Options, RecoveredJob, Refusal, Report, Resident, TargetKey, Verdict, WorkerId,
    WorkerView,
};

pub struct Scheduler {}

type Out<'a> = &'a mut Vec<Effect>;

impl Scheduler {
    pub fn new(options: Options, epoch: u64, seed: u64) -> Self {
        unimplemented!()
    }
    pub fn client(&mut self, name: &ClientName, weight: u32) -> ClientIndex {
        unimplemented!()
    }
    pub fn host(&mut self, host: &Host) -> Option<HostIndex> {
        unimplemented!()
    }
    pub fn host_name(&self, host: HostIndex) -> Option<&Host> {
        unimplemented!()
    }
    pub fn set_budget(&mut self, host: HostIndex, budget: Budget) {
        unimplemented!()
    }
    pub fn twin(&self, target: TargetKey) -> Option<TaskId> {
        unimplemented!()
    }
    pub fn submit(&mut self, ask: Ask, now: Moment) -> Result<Admission, Refusal> {
        unimplemented!()
    }
    pub fn recover_job(&mut self, job: RecoveredJob, now: Moment) {
        unimplemented!()
    }
    pub fn recover_attempts(&mut self, task: TaskId, attempts: u32, retry_at: Timestamp) {
        unimplemented!()
    }
    pub fn block_host(&mut self, host: HostIndex, until: Timestamp, now: Moment) {
        unimplemented!()
    }
    pub fn cancel(&mut self, job: JobId, now: Moment, out: Out<'_>) -> CancelOutcome {
        unimplemented!()
    }
    pub fn join(&mut self, joining: Joining, now: Moment, out: Out<'_>) -> Vec<Claim> {
        unimplemented!()
    }
    /// False: no such session; the worker must join again.
    pub fn heartbeat(&mut self, worker: WorkerId, now: Moment) -> bool {
        unimplemented!()
    }
    pub fn leave(&mut self, worker: WorkerId, now: Moment) {
        unimplemented!()
    }
    pub fn drain(&mut self, worker: WorkerId) {
        unimplemented!()
    }
    /// False: refused (stale attempt: a `CancelAttempt` follows; or too many waiting).
    pub fn ask_permit(
        &mut self,
        worker: WorkerId,
        attempt: Attempt,
        host: HostIndex,
        now: Moment,
        out: Out<'_>,
    ) -> bool {
        unimplemented!()
    }
    pub fn throttled(
        &mut self,
        worker: WorkerId,
        attempt: Attempt,
        host: HostIndex,
        retry_after_ms: Option<u64>,
        now: Moment,
        out: Out<'_>,
    ) {
        unimplemented!()
    }
    pub fn progressed(&mut self, attempt: Attempt, now: Moment) {
        unimplemented!()
    }
    pub fn outcome(&mut self, attempt: Attempt, report: Report, now: Moment, out: Out<'_>) -> Verdict {
        unimplemented!()
    }
    pub fn jobs_of(&self, task: TaskId) -> Vec<JobId> {
        unimplemented!()
    }
    pub fn attempts_of(&self, task: TaskId) -> u32 {
        unimplemented!()
    }
    pub fn lane_of(&self, task: TaskId) -> Option<Lane> {
        unimplemented!()
    }
    pub fn committed(&mut self, task: TaskId, now: Moment, out: Out<'_>) {
        unimplemented!()
    }
    pub fn reopen(&mut self, task: TaskId, fault: Fault, now: Moment, out: Out<'_>) -> Verdict {
        unimplemented!()
    }
    /// True: there is more to hand out; call again.
    pub fn dispatch(&mut self, now: Moment, out: Out<'_>) -> bool {
        unimplemented!()
    }
    pub fn tick(&mut self, now: Moment, out: Out<'_>) {
        unimplemented!()
    }
    pub fn next_wake(&self, now: Moment) -> Option<u64> {
        unimplemented!()
    }
    pub fn job_view(&self, job: JobId, now: Moment) -> Option<JobView> {
        unimplemented!()
    }
    pub fn workers(&self) -> Vec<WorkerView> {
        unimplemented!()
    }
    pub fn hosts(&self, now: Moment) -> Vec<HostView> {
        unimplemented!()
    }
    pub fn clients(&self) -> Vec<ClientView> {
        unimplemented!()
    }
    pub fn lanes(&self) -> [LaneView; 4] {
        unimplemented!()
    }
    pub fn counters(&self) -> Counters {
        unimplemented!()
    }
    pub fn held(&self) -> u64 {
        unimplemented!()
    }
    pub fn resident(&self) -> Resident {
        unimplemented!()
    }
}
