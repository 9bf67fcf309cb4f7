//! What the core decides is done: attempts begin, get leave, make room and go on.

use gleaner_core::{Effect, HostIndex, WorkerId};
use gleaner_model::{Attempt, Lane, TaskId};

use super::bodies::{Body, Phase};
use super::hosts::{HOSTS, HostSize};
use super::work::{Kind, Left};
use super::world::{Event, WAY_MS, World};

/// A checkpoint's bytes; what they say is kept in [`super::bodies::Bodies::carried`].
const CHECKPOINT: &[u8] = b"what is stored already";

impl World {
    /// Lets the core look at the time and decide all that it can; tells when it wants to be asked again.
    pub(super) fn settle(&mut self) -> Option<u64> {
        let now = self.now();
        self.core.tick(now, &mut self.out);
        loop {
            let more = self.core.dispatch(now, &mut self.out);
            if !more && self.out.is_empty() {
                break;
            }
            let mut effects = std::mem::take(&mut self.out);
            effects.drain(..).for_each(|effect| self.carry_out(effect));
            effects.append(&mut self.out);
            self.out = effects;
        }
        let offset_ms = now.mono_ms - self.now_ms;
        let wake_ms = self.core.next_wake(now).map(|at_ms| at_ms - offset_ms);
        // All that could be decided now was.
        wake_ms.map(|at_ms| at_ms.max(self.now_ms + 1))
    }

    fn carry_out(&mut self, effect: Effect) {
        match effect {
            Effect::Assign { worker, attempt, host, lane, .. } => self.assigned(worker, attempt, host, lane),
            Effect::Permit { attempt, .. } => {
                let Some(body) = self.bodies.get(attempt).filter(|body| body.phase == Phase::Asks) else { return };
                let host = body.host;
                self.request(attempt.task, host);
            }
            Effect::Suspend { worker, attempt } => self.suspended(worker, attempt),
            Effect::Resume { attempt, .. } => self.resumed(attempt),
            Effect::CancelAttempt { attempt, .. } => self.handed_back(attempt),
            Effect::Requeued { task } | Effect::AttemptFailed { task, .. } => self.measure.queued_again(task),
            Effect::Close { jobs, .. } => self.measure.failed += jobs.len() as u64,
            Effect::HostBlocked { .. } => {}
        }
    }

    fn assigned(&mut self, worker: WorkerId, attempt: Attempt, host: HostIndex, lane: Lane) {
        let task = attempt.task;
        let (client, kind) = self.measure.task(task);
        let left = self.bodies.carried.remove(&task);
        let left = left.unwrap_or_else(|| Left::of(task, kind, self.scenario.asking));
        self.measure.started(task, self.core.jobs_of(task), self.now_ms);
        let body = Body {
            attempt,
            worker,
            host,
            client,
            lane,
            kind,
            left,
            phase: Phase::Still,
            turn: 0,
            since_ms: Some(self.now_ms),
            slot_ms: 0,
        };
        self.bodies.of.insert(task, body);
        match kind {
            Kind::Crawl => self.request(task, host),
            Kind::Analyse => self.compute(task),
        }
    }

    /// The request goes out: the permit is on its way, then the request, then its answer or the outcome.
    fn request(&mut self, task: TaskId, host: HostIndex) {
        let Some(body) = self.bodies.of.get_mut(&task) else { return };
        body.phase = Phase::Requests;
        let mean_ms = HostSize::of(host.0.min(HOSTS - 1)).answer_ms;
        let answer_ms = self.chance.within(mean_ms / 2, mean_ms * 3 / 2);
        self.agenda.at(self.now_ms + answer_ms + 2 * WAY_MS, Event::Step(task, body.turn));
    }

    fn compute(&mut self, task: TaskId) {
        let Some(body) = self.bodies.of.get_mut(&task) else { return };
        let until_ms = self.now_ms + body.left.compute_ms + 2 * WAY_MS;
        body.phase = Phase::Computes(until_ms);
        self.agenda.at(until_ms, Event::Step(task, body.turn));
    }

    /// It makes room at once; what it has done it saves if it can.
    fn suspended(&mut self, worker: WorkerId, attempt: Attempt) {
        let now = self.now();
        let now_ms = self.now_ms;
        let Some(body) = self.bodies.get(attempt).filter(|body| body.since_ms.is_some()) else { return };
        let slot_ms = body.pause(now_ms);
        let body = *body;
        self.measure.took(&body, slot_ms);
        if body.left.saves {
            self.core.progress(worker, attempt, CHECKPOINT.to_vec(), now);
        }
    }

    fn resumed(&mut self, attempt: Attempt) {
        let now_ms = self.now_ms;
        let Some(body) = self.bodies.get(attempt).filter(|body| body.since_ms.is_none()) else { return };
        body.since_ms = Some(now_ms);
        let (task, turn) = (attempt.task, body.turn);
        match (body.phase, body.kind) {
            (Phase::Still, Kind::Analyse) => self.compute(task),
            (Phase::Still, Kind::Crawl) => {
                body.phase = Phase::Begins;
                self.agenda.at(now_ms + 2 * WAY_MS, Event::Step(task, turn));
            }
            // It drained into its slot.
            _ => {}
        }
    }

    /// Suspended for too long: it goes to the head of its queue, with what it saved.
    fn handed_back(&mut self, attempt: Attempt) {
        if self.bodies.get(attempt).is_none() {
            return;
        }
        let Some(body) = self.bodies.of.remove(&attempt.task) else { return };
        if body.left.saves {
            self.bodies.carried.insert(attempt.task, body.left);
        }
    }
}
