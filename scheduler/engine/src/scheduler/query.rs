//! Answering questions about what is in memory.

use gleaner_core::{Backlog, HostIndex, Wait};
use gleaner_model::{JobId, JobResult, JobState, JobView, Lane};
use gleaner_store::Payload;

use super::state::State;
use crate::views::{Depths, LaneState, WorkerState};

/// A backlog that is younger than this is told again: to count it takes milliseconds when tens of thousands of queues have
/// something ready.
const BACKLOG_FRESH_MS: u64 = 1_000;

impl State {
    /// What open jobs look like, those that are not open left out.
    pub(super) fn job_views(&mut self, jobs: &[JobId]) -> Vec<JobView> {
        jobs.iter().filter_map(|job| self.job_view(*job)).collect()
    }

    fn job_view(&mut self, job: JobId) -> Option<JobView> {
        let view = self.parts.core.job_view(job, self.now())?;
        let payload = self.payloads.get(job, &*self.parts.store).ok().flatten()?;
        let mut waiting_for = view.waiting_for.as_ref().map(|wait| self.describe(wait)).unwrap_or_default();
        if let (Some(Wait::Children { .. }), Some(asked)) = (&view.waiting_for, self.asked.get(&view.task)) {
            waiting_for += &format!(", of {} so far", asked.len());
        }
        let open = JobView { attempts: view.attempts, waiting_for, ..bare_view(job, &payload, view.state) };
        // Not always as it was submitted: another one may have raised the task, and one whose time came may have joined.
        Some(JobView { lane: view.lane, task: view.task, ..open })
    }

    fn describe(&self, wait: &Wait) -> String {
        match wait {
            Wait::Worker => "no connected worker can do this".to_owned(),
            Wait::Slot => "all fitting workers are busy".to_owned(),
            Wait::Host { host, ms } => format!("{} may be asked again in {ms} ms", self.name_of(*host)),
            Wait::Paused(host) => format!("{} is paused by an operator", self.name_of(*host)),
            Wait::Crowded(host) => format!("{} has as many requests under way as it may have", self.name_of(*host)),
            Wait::Time(at) => format!("its time: it is not to begin before {at}"),
            Wait::Turn => "other tasks come first".to_owned(),
            Wait::Retry => "the pause after a failed attempt".to_owned(),
            Wait::Task(task) => format!("{task}, which is at the same package"),
            Wait::Children { left: 1 } => "a crawl of a package that its answer needs".to_owned(),
            Wait::Children { left } => format!("crawls of {left} packages that its answer needs"),
            Wait::Recovery => "a worker may still be at it since before the restart".to_owned(),
            Wait::Commit => "the outcome is being committed".to_owned(),
        }
    }

    fn name_of(&self, host: HostIndex) -> String {
        self.parts.core.host_name(host).map(ToString::to_string).unwrap_or_default()
    }

    /// Tells the watchers of a job how it ended, and forgets what it asked for; answers its lane, if that is known without
    /// asking the disk.
    pub(super) fn tell_end(&mut self, job: JobId, result: JobResult) -> Option<Lane> {
        let watched = !self.parts.hub.is_idle() && self.parts.hub.is_watched(job);
        let payload = match self.payloads.remove(job) {
            Some(payload) => payload,
            None if watched => {
                let stored = self.parts.store.job(job).ok().flatten()?;
                stored.submit.into_payload()?
            }
            None => return None,
        };
        if watched {
            let (state, attempts) = (result.state, result.attempts);
            let view = JobView { attempts, result: Some(result), ..bare_view(job, &payload, state) };
            self.parts.hub.tell(&view);
        }
        Some(payload.lane)
    }

    pub(super) fn worker_states(&self) -> Vec<WorkerState> {
        let mut states: Vec<WorkerState> = self
            .parts
            .core
            .workers()
            .into_iter()
            .filter_map(|view| {
                let link = self.links.get(&view.worker)?;
                Some(WorkerState {
                    name: link.name.clone(),
                    version: link.version.clone(),
                    connected_at: link.connected.wall,
                    last_seen: link.seen.wall,
                    accepted: link.accepted,
                    view,
                })
            })
            .collect();
        states.sort_by(|a, b| a.name.cmp(&b.name));
        states
    }

    /// What waits and runs.
    pub(super) fn depths(&mut self) -> Depths {
        let backlog = self.backlog();
        let core = &self.parts.core;
        let views = core.lanes();
        let (weights, floors) = core.lane_terms();
        let lanes = Lane::ALL.map(|lane| {
            let at = lane.index();
            LaneState {
                lane,
                view: views[at],
                ended: self.ended[at],
                weight: weights[at],
                floor_permille: floors[at],
                backlog_ms: backlog.ms(lane),
                waits_for_hosts: backlog.lanes[at].waits_for_hosts,
            }
        });
        Depths { slots: backlog.slots, lanes }
    }

    /// What waits for slots, counted anew once a second at most.
    fn backlog(&mut self) -> Backlog {
        let now = self.now();
        match self.backlog {
            Some((at_ms, backlog)) if now.mono_ms.saturating_sub(at_ms) < BACKLOG_FRESH_MS => backlog,
            _ => self.backlog.insert((now.mono_ms, self.parts.core.backlog(now))).1,
        }
    }
}

/// A job's view with nothing in it but what was asked and its state.
pub(crate) fn bare_view(job: JobId, payload: &Payload, state: JobState) -> JobView {
    JobView {
        id: job,
        spec: payload.spec.clone(),
        client: payload.client.clone(),
        lane: payload.lane,
        task: payload.task,
        created_at: payload.created_at,
        origin: payload.origin.clone(),
        retried_as: None,
        state,
        attempts: 0,
        waiting_for: String::new(),
        result: None,
    }
}
