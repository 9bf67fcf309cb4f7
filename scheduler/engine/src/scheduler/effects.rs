//! Doing what the core decided.

use gleaner_core::{Effect, HostIndex, Moment, WorkerId};
use gleaner_model::{Attempt, Permit, TaskId, Timestamp};
use gleaner_store::Command;

use super::message::ToWorker;
use super::state::State;

impl State {
    /// Does what was decided, in order, and leaves `effects` empty.
    pub(super) fn perform(&mut self, effects: &mut Vec<Effect>, now: Moment) {
        self.perform_for(effects, now, None);
    }

    /// The same; whatever is journalled on the way is an outcome's consequence, which `ack`'s worker is waiting for.
    pub(super) fn perform_for(&mut self, effects: &mut Vec<Effect>, now: Moment, ack: Option<(WorkerId, Attempt)>) {
        for effect in effects.drain(..) {
            match effect {
                Effect::Assign { worker, attempt, host, use_before_ms, lane } => {
                    self.assign(worker, attempt, host, use_before_ms, lane);
                }
                Effect::Permit { worker, attempt, host, use_before_ms } => {
                    self.permit(worker, attempt, host, use_before_ms);
                }
                Effect::CancelAttempt { worker, attempt } => self.say(worker, ToWorker::Cancel(attempt)),
                Effect::Suspend { worker, attempt } => self.say(worker, ToWorker::Suspend(attempt)),
                Effect::Resume { worker, attempt } => self.say(worker, ToWorker::Resume(attempt)),
                Effect::AttemptFailed { task, attempts, fault, retry_at } => {
                    tracing::info!(%task, attempts, %fault, %retry_at, "an attempt failed and is tried again");
                    self.journal(Command::AttemptFailed { task, attempts, fault, retry_at });
                    self.tell_open(task);
                }
                Effect::HostBlocked { host, until } => self.host_blocked(host, until),
                Effect::Requeued { task } => self.tell_open(task),
                close @ Effect::Close { .. } => self.close(close, now),
            }
        }
        if let Some((worker, attempt)) = ack {
            self.acknowledge_after_commit(worker, attempt);
        }
    }

    fn permit(&mut self, worker: WorkerId, attempt: Attempt, host: HostIndex, use_within_ms: u64) {
        if let Some(host) = self.parts.core.host_name(host).cloned() {
            self.say(worker, ToWorker::Permit { attempt, permit: Permit { host, use_within_ms } });
        }
    }

    fn host_blocked(&mut self, host: HostIndex, until: Timestamp) {
        if let Some(host) = self.parts.core.host_name(host).cloned() {
            tracing::info!(%host, %until, "a host wants to be left alone");
            metrics::counter!("gleaner_hosts_throttled_total").increment(1);
            self.journal(Command::HostBlocked { host, until });
        }
    }

    /// Tells the watchers of a task's jobs how these are now.
    pub(super) fn tell_open(&mut self, task: TaskId) {
        if self.parts.hub.is_idle() {
            return;
        }
        for job in self.parts.core.jobs_of(task) {
            if self.parts.hub.is_watched(job) {
                self.job_views(&[job]).iter().for_each(|view| self.parts.hub.tell(view));
            }
        }
    }
}
