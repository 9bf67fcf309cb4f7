//! Taking jobs in, and ending them (the engine's `jobs` and `admission`).

use gleaner_core::{Admission, Ask, CancelOutcome, Effect, Needs, Refusal, TargetKey, Terms};
use gleaner_model::{JobId, JobResult, Origin, TaskId};
use gleaner_store::{Closure, StreamPosition};

use super::{Account, Committed, Entry, Out, Payload, Process, Scene, Then};
use crate::fault::Fault as Planted;
use crate::ledger::Facts;
use crate::wire::{Answered, Asked, Conn, Frame, Wish};

impl Process {
    pub(super) fn client_asked(&mut self, conn: Conn, client: usize, asked: Asked, scene: &mut Scene<'_>) {
        match asked {
            Asked::Submit { request, wishes } => {
                let key = wishes.first().and_then(|wish| wish.key);
                let answer = match key {
                    Some(key) => self.submit_keyed(conn, client, key, request, &wishes, scene),
                    None => self.submit(client, &wishes, None, request, conn, scene),
                };
                if let Err(why) = answer {
                    let frame = Frame::Answered(Answered::Refused { request, why });
                    scene.out.push(Out::Send { conn, frame });
                }
            }
            Asked::Cancel { request, job } => self.cancel(conn, request, job, scene),
            Asked::Batch { request, wishes } => {
                if let Err(why) = self.submit_batch(conn, client, request, &wishes, scene) {
                    let frame = Frame::Answered(Answered::Refused { request, why });
                    scene.out.push(Out::Send { conn, frame });
                }
            }
            Asked::Campaign { request } => self.add_campaign(conn, client, request, scene),
            Asked::Schedule { request } => self.add_schedule(conn, client, request, scene),
            Asked::Retry { request, job } => {
                if let Err(why) = self.retry(conn, client, request, job, scene) {
                    let frame = Frame::Answered(Answered::Refused { request, why });
                    scene.out.push(Out::Send { conn, frame });
                }
            }
            Asked::CancelBatch { request, batch } => self.cancel_batch(conn, request, batch, scene),
            Asked::CancelCampaign { request } => self.cancel_campaign(conn, client, request, scene),
            Asked::Open { request } => self.open_stream(conn, client, request),
            Asked::Items { request, first, wishes } => self.items(conn, client, request, first, &wishes, scene),
        }
    }

    /// Takes in a submission, whole or not at all, and answers after its commit. Its work may begin before that.
    pub(super) fn submit(
        &mut self,
        client: usize,
        wishes: &[Wish],
        position: Option<u64>,
        request: u64,
        conn: Conn,
        scene: &mut Scene<'_>,
    ) -> Result<(), Refusal> {
        let account = self.configuration.accounts[client].clone();
        let first = position.map(|last| (client, last + 1 - wishes.len() as u64));
        let payloads = self.admit(wishes, &account, client, first, scene)?;
        let jobs: Vec<JobId> = payloads.iter().map(|(job, _)| *job).collect();
        let last = jobs.last().copied();
        let frame = Frame::Answered(Answered::Receipts { request, jobs });
        let mut entry = Entry::new(Then::Answer { conn, frame: frame.clone() });
        if self.is_planted(Planted::ReceiptBeforeCommit) {
            entry.then = Then::Nothing;
            scene.out.push(Out::Send { conn, frame: frame.clone() });
        }
        self.name_by_keys(client, conn, &frame, &payloads, &mut entry);
        for (job, payload) in payloads {
            entry.commands.push((job.0, payload.to_command(scene.now.wall)));
            self.payloads.insert(job, payload);
        }
        let mut late = None;
        if let (Some(number), Some(job)) = (position, last) {
            let position =
                StreamPosition { client: account.name, stream: "s".to_owned(), number, job, at: scene.now.wall };
            if self.is_planted(Planted::PositionLate) {
                late = Some(position);
            } else {
                entry.streams.push(position);
            }
        }
        self.committer.send(entry);
        if let Some(position) = late {
            let mut entry = Entry::new(Then::Nothing);
            entry.streams.push(position);
            // So late that the next group carries it.
            self.committer.send_apart(entry);
        }
        Ok(())
    }

    /// Asks the core to take in every job; if it refuses one, those before it are taken back.
    fn admit(
        &mut self,
        wishes: &[Wish],
        account: &Account,
        client: usize,
        first: Option<(usize, u64)>,
        scene: &mut Scene<'_>,
    ) -> Result<Vec<(JobId, Payload)>, Refusal> {
        let mut admitted: Vec<(JobId, Payload)> = Vec::new();
        for wish in wishes {
            match self.admit_one(*wish, account, scene) {
                Ok(one) => admitted.push(one),
                Err(refusal) => {
                    self.take_back(&admitted, scene);
                    return Err(refusal);
                }
            }
        }
        for (nth, (job, payload)) in (0..).zip(&admitted) {
            let item = first.map(|(client, number)| (client, number + nth));
            let key = payload.key.map(|key| (client, key));
            scene.ledger.admitted(*job, Facts { item, key, ..Facts::new(payload, scene.at_ms) });
        }
        Ok(admitted)
    }

    /// Asks the core to take in one job, under a fresh sequence number.
    pub(super) fn admit_one(
        &mut self,
        wish: Wish,
        account: &Account,
        scene: &mut Scene<'_>,
    ) -> Result<(JobId, Payload), Refusal> {
        let job = JobId(self.next_sequence());
        let client = self.client_index(&account.name, account.weight);
        let expires_at = wish.expires_in_ms.map(|in_ms| scene.now.wall.plus_ms(in_ms));
        let host = self.host_of(wish.target);
        let ask = Ask {
            job,
            client,
            lane: account.lane,
            host,
            needs: needs_of(host),
            target: TargetKey(u128::from(wish.target)),
            max_age_ms: wish.max_age_ms,
            expires_at,
        };
        let later = |in_ms: Option<u64>| in_ms.map(|in_ms| scene.now.wall.plus_ms(in_ms));
        let terms = Terms { not_before: later(wish.begins_in_ms), deadline: later(wish.deadline_in_ms) };
        let told = if self.is_planted(Planted::BeginsEarly) { Terms { not_before: None, ..terms } } else { terms };
        let admission = self.core.submit_under(ask, told, scene.now)?;
        if let Admission::Attached(task) = admission {
            scene.ledger.attached(task);
            scene.ledger.may_raise(task, account.lane);
        }
        let payload = Payload {
            task: admission.task(),
            target: wish.target,
            max_age_ms: wish.max_age_ms,
            expires_at,
            not_before: terms.not_before,
            deadline: terms.deadline,
            key: wish.key,
            origin: Origin::Asked,
            client: account.name.clone(),
            lane: account.lane,
            epoch: self.epoch,
        };
        Ok((job, payload))
    }

    pub(super) fn take_back(&mut self, admitted: &[(JobId, Payload)], scene: &mut Scene<'_>) {
        let mut ignored = Vec::new();
        for (job, _) in admitted.iter().rev() {
            self.core.cancel(*job, scene.now, &mut ignored);
        }
        scene.ledger.taken_back(&ignored);
    }

    fn cancel(&mut self, conn: Conn, request: u64, job: JobId, scene: &mut Scene<'_>) {
        if self.is_planted(Planted::CancelForgotten) {
            let frame = Frame::Answered(Answered::Cancelled { request, job, over: true });
            return self.committer.send(Entry::new(Then::Answer { conn, frame }));
        }
        let mut effects = Vec::new();
        let outcome = self.core.cancel(job, scene.now, &mut effects);
        self.perform(&mut effects, None, scene);
        let frame = Frame::Answered(Answered::Cancelled { request, job, over: outcome != CancelOutcome::Committing });
        match outcome {
            // An unknown job has ended, but perhaps its end is still on its way to the disk.
            CancelOutcome::Cancelled | CancelOutcome::Committing | CancelOutcome::Unknown
                if !self.is_planted(Planted::CancelBeforeCommit) =>
            {
                self.committer.send(Entry::new(Then::Answer { conn, frame }));
            }
            _ => scene.out.push(Out::Send { conn, frame }),
        }
    }

    /// Ends jobs in the journal, for an [`Effect::Close`].
    pub(super) fn close(&mut self, effect: Effect, scene: &mut Scene<'_>) {
        let Effect::Close { jobs, task_ended, merged, state, attempts, fault, .. } = effect else { return };
        scene.ledger.ends_in_time(&jobs, state, scene.now.wall);
        let merged = if self.is_planted(Planted::MergedLeftOpen) { Vec::new() } else { merged };
        if let Some(task) = task_ended {
            scene.ledger.attempt_over(task);
            self.asked.remove(&task);
        }
        scene.ledger.jobs_over(&jobs);
        let result = JobResult { error: fault, ..JobResult::bare(state, scene.now.wall, attempts) };
        let mut entry = Entry::new(Then::Tell(Committed::Ended { jobs: jobs.clone() }));
        entry.closures = match task_ended.filter(|_| jobs.is_empty()) {
            Some(task) => unwanted(task, scene),
            None => closures(&jobs, &result, task_ended, &merged),
        };
        if self.is_planted(Planted::ClosureLost) && scene.chance.percent(10) {
            entry.closures.clear();
        }
        self.committer.send(entry);
    }
}

/// The end of a task for which nobody waits; its maker stays as it ended.
fn unwanted(task: TaskId, scene: &mut Scene<'_>) -> Vec<Closure> {
    let job = task.maker();
    let result = scene.shelf.result(job).unwrap_or(None);
    result.into_iter().map(|result| Closure { job, result, ends_task: Some(task) }).collect()
}

/// The closures of jobs that ended alike. Of `merged` tasks, which are those of some of these jobs and end as well, each
/// has one more: a closure names one task.
pub(super) fn closures(
    jobs: &[JobId],
    result: &JobResult,
    ends_task: Option<TaskId>,
    merged: &[TaskId],
) -> Vec<Closure> {
    let closure = |job, ends_task| Closure { job, result: result.clone(), ends_task };
    let own = jobs.iter().map(|job| closure(*job, ends_task));
    own.chain(merged.iter().map(|task| closure(task.maker(), Some(*task)))).collect()
}

/// What a worker must be able to do for work at this host: one bit of three, in turn.
pub(crate) const fn needs_of(host: gleaner_core::HostIndex) -> Needs {
    Needs(1 << (host.0 % 3))
}
