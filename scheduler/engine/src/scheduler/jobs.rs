//! Taking jobs in, and ending them on request.

use std::sync::Arc;

use gleaner_core::{Admission, Ask, CancelOutcome, Effect, Terms};
use gleaner_model::{ClientName, JobId, JobResult, JobSpec, Lane, Origin, TaskId, Trace};
use gleaner_store::{Command, KeyEntry, Keyed, Payload, StreamPosition};

use super::message::{Admitted, CancelError, Committed, Credit, Message, Reply, Room, Submission, SubmitError};
use super::state::State;
use crate::clients::Client;
use crate::committer::{CommitError, Entry};
use crate::fingerprint::fingerprint_of_job;
use crate::registries::{needs_of, target_of};
use crate::services::Claim;

impl State {
    /// Takes in a submission, whole or not at all, and answers after its commit. Its work may begin before that.
    pub(super) fn submit(&mut self, submission: Submission) {
        if self.is_draining {
            let _ = submission.reply.send(Err(SubmitError::Draining));
            return;
        }
        let Submission { specs, client, trace, stream, reply, credit, origin, claims } = submission;
        let admitted = match self.admit(&specs, &client) {
            Ok(admitted) => admitted,
            Err(error) => return drop(reply.send(Err(error))),
        };
        let now = self.now();
        let mut entry = Entry::new(self.answer_submission(admitted.clone(), reply, (credit, claims)));
        for (spec, admitted) in specs.into_iter().zip(&admitted) {
            let payload = Payload { origin: origin.clone(), ..self.payload(admitted.task, spec, &client, &trace) };
            entry.keys.extend(key_of(admitted.job, &payload));
            self.put(&mut entry, admitted.job, payload);
        }
        if let (Some((stream, number)), Some(last)) = (stream, admitted.last()) {
            entry.streams.push(StreamPosition { client: client.name, stream, number, job: last.job, at: now.wall });
        }
        metrics::counter!("gleaner_jobs_submitted_total", "lane" => client.lane.as_str())
            .increment(admitted.len() as u64);
        self.commit(entry);
    }

    fn answer_submission(
        &self,
        admitted: Vec<Admitted>,
        reply: Reply<Result<Vec<Admitted>, SubmitError>>,
        held: ((Credit, Room), Vec<Claim>),
    ) -> crate::committer::Then {
        let myself = self.myself.clone();
        Box::new(move |result| {
            if result.is_ok() {
                let jobs = admitted.iter().map(|admitted| admitted.job).collect();
                let _ = myself.cast(Message::Committed(Committed::Submitted(jobs)));
            }
            // Before the answer, so that whoever asks again after it need not wait.
            drop(held);
            let _ = reply.send(result.map(|()| admitted).map_err(|error| SubmitError::Store(error.to_string())));
        })
    }

    pub(super) fn payload(&self, task: TaskId, spec: JobSpec, client: &Client, trace: &Trace) -> Payload {
        Payload {
            task,
            spec,
            client: client.name.clone(),
            lane: client.lane,
            created_at: self.now().wall,
            epoch: self.parts.store.opened().epoch,
            trace: trace.clone(),
            origin: Origin::Asked,
        }
    }

    /// Has a job journalled with an entry, and keeps at hand what it asks for.
    pub(super) fn put(&mut self, entry: &mut Entry, job: JobId, payload: Payload) {
        let payload = Arc::new(payload);
        entry.commands.push((job.0, Command::Submit(Arc::clone(&payload))));
        self.payloads.insert(job, payload);
    }

    /// Asks the core to take in every job; if it refuses one, those before it are taken back.
    fn admit(&mut self, specs: &[JobSpec], client: &Client) -> Result<Vec<Admitted>, SubmitError> {
        let mut admitted: Vec<Admitted> = Vec::with_capacity(specs.len());
        for spec in specs {
            match self.admit_one(spec, client) {
                Ok(job) => admitted.push(job),
                Err(error) => {
                    self.take_back(&admitted);
                    return Err(error);
                }
            }
        }
        Ok(admitted)
    }

    /// Asks the core to take in one job, under a fresh sequence number.
    pub(super) fn admit_one(&mut self, spec: &JobSpec, client: &Client) -> Result<Admitted, SubmitError> {
        let now = self.now();
        let Some(host) = self.parts.registries.host_of(spec) else {
            return Err(SubmitError::Registry { registry: spec.registry.to_string(), purl: spec.purl.to_string() });
        };
        let job = JobId(self.next_sequence());
        let ask = Ask {
            job,
            client: self.parts.core.client(&client.name, client.weight),
            lane: client.lane,
            host,
            needs: needs_of(spec),
            target: target_of(spec),
            max_age_ms: spec.max_age_ms,
            expires_at: spec.expires_at,
        };
        let terms = Terms { not_before: spec.not_before, deadline: spec.deadline };
        let admission = self.parts.core.submit_under(ask, terms, now).map_err(SubmitError::Refused)?;
        let attached = matches!(admission, Admission::Attached(_));
        Ok(Admitted { job, task: admission.task(), lane: client.lane, attached, known: false })
    }

    /// Nothing of these was journalled or handed out yet, so what their cancelling would lead to is of no interest.
    pub(super) fn take_back(&mut self, admitted: &[Admitted]) {
        let (now, mut ignored) = (self.now(), Vec::new());
        for admitted in admitted.iter().rev() {
            self.parts.core.cancel(admitted.job, now, &mut ignored);
        }
    }

    /// Cancels a job and answers after the commit. A job that has ended, or is about to, is left as it is.
    pub(super) fn cancel(
        &mut self,
        job: JobId,
        client: Option<&ClientName>,
        reply: Reply<Result<(), CancelError>>,
        credit: Credit,
    ) {
        let payload = match self.payloads.get(job, &*self.parts.store) {
            Ok(payload) => payload,
            Err(error) => return drop(reply.send(Err(CancelError::Store(error.to_string())))),
        };
        if payload.is_some_and(|payload| client.is_some_and(|client| *client != payload.client)) {
            return drop(reply.send(Err(CancelError::NotYours)));
        }
        let (now, mut effects) = (self.now(), Vec::new());
        let outcome = self.parts.core.cancel(job, now, &mut effects);
        self.perform(&mut effects, now);
        self.cancel_unwanted();
        match outcome {
            CancelOutcome::Unknown => drop(reply.send(Ok(()))),
            // The committer works in order: once this empty entry is through, so is what ends the job.
            CancelOutcome::Cancelled | CancelOutcome::Committing => {
                self.commit(Entry::new(Box::new(move |result: Result<(), CommitError>| {
                    let _ = reply.send(result.map_err(|error| CancelError::Store(error.to_string())));
                    drop(credit);
                })));
            }
        }
    }

    /// Ends jobs in the journal, for an [`Effect::Close`].
    pub(super) fn close(&mut self, effect: Effect, now: gleaner_core::Moment) {
        let Effect::Close { jobs, task_ended, merged, state, attempts, fault, journey } = effect else { return };
        task_ended.into_iter().for_each(|task| self.asks_no_more(task));
        let result = JobResult { error: fault, journey: Some(journey), ..JobResult::bare(state, now.wall, attempts) };
        let alike = std::iter::repeat_n(result, jobs.len());
        let ended: Vec<_> = jobs.into_iter().zip(alike).collect();
        let closures = match task_ended.filter(|_| ended.is_empty()) {
            Some(task) => self.unwanted(task).into_iter().collect(),
            None => closures(ended.clone(), task_ended, merged),
        };
        self.end(closures, ended);
    }

    /// The end of a task for which nobody waits. A closure names a job: its maker, which stays as it ended. Read here and
    /// not elsewhere, since it happens after a restart only, and rarely.
    fn unwanted(&self, task: TaskId) -> Option<gleaner_store::Closure> {
        match self.parts.store.job(task.maker()) {
            Ok(stored) => {
                let result = stored?.result?;
                Some(gleaner_store::Closure { job: task.maker(), result, ends_task: Some(task) })
            }
            Err(error) => {
                tracing::warn!(%task, %error, "a task that nobody waits for cannot be ended");
                None
            }
        }
    }

    /// Tells watchers that jobs have ended, and forgets what they asked for.
    pub(super) fn jobs_ended(&mut self, ended: Vec<(JobId, JobResult)>) {
        for alike in ended.chunk_by(|(_, a), (_, b)| a.state == b.state) {
            if let Some((_, result)) = alike.first() {
                let state = result.state.as_str();
                metrics::counter!("gleaner_jobs_ended_total", "state" => state).increment(alike.len() as u64);
            }
        }
        for (job, result) in ended {
            let lane = self.tell_end(job, result);
            self.ended[lane.unwrap_or(Lane::Bulk).index()] += 1;
            self.orders_hear_of_ends(job);
        }
    }
}

/// What the client's key for a job is to say, or that of a dead letter for the job that tries it again.
fn key_of(job: JobId, payload: &Payload) -> Option<KeyEntry> {
    let key = match (&payload.origin, &payload.spec.key) {
        (Origin::Retry(of), _) => KeyEntry::of_retry(*of),
        (_, Some(key)) => key.to_string(),
        (_, None) => return None,
    };
    let fingerprint = fingerprint_of_job(&payload.spec);
    Some(KeyEntry { client: payload.client.clone(), key, names: Keyed::Job(job), fingerprint })
}

/// The closures of jobs that ended alike. Of `merged` tasks, which are those of some of these jobs and end as well, each
/// has one more: a closure names one task.
pub(super) fn closures(
    ended: Vec<(JobId, JobResult)>,
    ends_task: Option<TaskId>,
    merged: Vec<TaskId>,
) -> Vec<gleaner_store::Closure> {
    let of_merged = |task: TaskId| {
        let (job, result) = ended.iter().find(|(job, _)| *job == task.maker())?.clone();
        Some(gleaner_store::Closure { job, result, ends_task: Some(task) })
    };
    let more: Vec<_> = merged.into_iter().filter_map(of_merged).collect();
    let closures = ended.into_iter().map(|(job, result)| gleaner_store::Closure { job, result, ends_task });
    closures.chain(more).collect()
}

#[cfg(test)]
mod tests {
    use gleaner_model::JobState;

    use super::*;

    #[test]
    fn a_job_that_went_over_ends_its_own_task_too() {
        let result = JobResult::bare(JobState::Done, gleaner_model::Timestamp::from_millis(5), 1);
        let ended = vec![(JobId(3), result.clone()), (JobId(7), result)];
        let ends = |task, merged| -> Vec<_> {
            let closures = closures(ended.clone(), task, merged);
            closures.into_iter().map(|closure| (closure.job.0, closure.ends_task.map(|task| task.0))).collect()
        };
        assert_eq!(ends(Some(TaskId(7)), vec![TaskId(3)]), [(3, Some(7)), (7, Some(7)), (3, Some(3))]);
        assert_eq!(ends(None, vec![]), [(3, None), (7, None)]);
    }
}
