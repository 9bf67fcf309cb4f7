//! One body of work: some requests one after the other, each within a permit, then some thinking, then an outcome.

use gleaner_core::HostIndex;
use gleaner_model::{Attempt, FaultKind, JobState};

use super::{Want, Worker};
use crate::chance::Chance;
use crate::host::Answer;
use crate::packages::Packages;
use crate::wire::{Ended, Run, Said};

/// Where a body stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Phase {
    Running,
    Suspended,
    /// Its outcome is in the outbox.
    Finished(Ended),
}

/// A permit, as it was received.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Leave {
    pub(crate) host: HostIndex,
    pub(crate) until_ms: u64,
}

/// What happens next to a body.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Step {
    /// It makes its next request, if it has leave.
    Request,
    Answer(HostIndex, Answer),
    /// It has thought about what it got.
    Done,
}

/// A body of work.
#[derive(Clone, Debug)]
pub(crate) struct Body {
    pub(crate) attempt: Attempt,
    pub(crate) phase: Phase,
    /// The hosts of the requests that are still to be made, the next one last.
    pub(crate) requests: Vec<HostIndex>,
    pub(crate) leave: Option<Leave>,
    /// It asked for a permit and has none yet.
    pub(crate) thirsty: bool,
    /// A request is under way, or it thinks.
    pub(crate) busy: bool,
    pub(crate) begun: bool,
    pub(crate) missing: bool,
    /// Of a resolution, what it lacks; it asks no host.
    pub(crate) lacks: Option<Packages>,
    pub(crate) throttles: u32,
}

impl Worker {
    /// A step of a body is due.
    pub(crate) fn step(&mut self, run: Run, step: Step, now_ms: u64, chance: &mut Chance) -> Vec<Want> {
        let clock_ms = self.clock_ms(now_ms);
        let Some(body) = self.bodies.get_mut(&run).filter(|body| !matches!(body.phase, Phase::Finished(_))) else {
            return Vec::new();
        };
        match step {
            Step::Request => self.request(run, clock_ms),
            Step::Answer(host, answer) => {
                body.busy = false;
                let well = matches!(answer, Answer::Good | Answer::NotFound);
                let ended = Want::Say(Said::RequestEnded { attempt: body.attempt, host, well });
                let mut wants: Vec<Want> = (self.tells && self.welcomed).then_some(ended).into_iter().collect();
                wants.extend(self.answered(run, host, answer, chance));
                wants
            }
            Step::Done => {
                body.busy = false;
                let state = if body.missing { JobState::NotFound } else { JobState::Done };
                let fault = chance.pick(&[FaultKind::Malformed, FaultKind::Denied, FaultKind::Internal]);
                let ended = match body.lacks {
                    _ if chance.percent(3) => Ended::Failed(fault),
                    Some(lacks) => Ended::Answered(lacks),
                    None => Ended::Finished(state),
                };
                self.finish(run, ended)
            }
        }
    }

    /// Makes the next request, or asks for leave to make it.
    pub(super) fn request(&mut self, run: Run, clock_ms: u64) -> Vec<Want> {
        let welcomed = self.welcomed;
        let Some(body) = self.bodies.get_mut(&run) else { return Vec::new() };
        if body.phase != Phase::Running || body.busy {
            return Vec::new();
        }
        if body.lacks.is_some() {
            (body.busy, body.begun) = (true, true);
            return vec![Want::Reads { run }];
        }
        let Some(host) = body.requests.last().copied() else { return Vec::new() };
        match body.leave.take() {
            Some(leave) if leave.host == host && clock_ms < leave.until_ms => {
                (body.busy, body.begun, body.thirsty) = (true, true, false);
                body.requests.pop();
                vec![Want::Request { run, host }]
            }
            _ => {
                let asked = std::mem::replace(&mut body.thirsty, true);
                let attempt = body.attempt;
                // Without a session it asks at the beginning of the next one.
                if asked || !welcomed { Vec::new() } else { vec![Want::Say(Said::WantsPermit { attempt, host })] }
            }
        }
    }

    fn answered(&mut self, run: Run, host: HostIndex, answer: Answer, chance: &mut Chance) -> Vec<Want> {
        let (welcomed, thinks_ms) = (self.welcomed, self.mean_ms(chance.pick(&[1, 20, 20, 200, 1_500])));
        let Some(body) = self.bodies.get_mut(&run) else { return Vec::new() };
        match answer {
            Answer::Good | Answer::NotFound => {
                body.missing |= answer == Answer::NotFound;
                if body.missing {
                    body.requests.clear();
                }
                let is_last = body.requests.is_empty();
                body.busy = is_last;
                let mean_ms = if is_last { thinks_ms } else { 5 };
                let step = if is_last { Step::Done } else { Step::Request };
                vec![Want::Step { run, step, after_ms: chance.pause(mean_ms) }]
            }
            Answer::Failed | Answer::Silence => self.finish(run, Ended::Failed(FaultKind::Outage)),
            Answer::Throttled { retry_after_ms } => {
                body.throttles += 1;
                let mut wants = Vec::new();
                if welcomed {
                    wants.push(Want::Say(Said::Throttled { attempt: body.attempt, host, retry_after_ms }));
                }
                if body.throttles > 2 || chance.percent(50) {
                    wants.extend(self.finish(run, Ended::Failed(FaultKind::Throttled)));
                } else {
                    body.requests.push(host);
                    wants.push(Want::Step { run, step: Step::Request, after_ms: 1 });
                }
                wants
            }
        }
    }

    /// The outcome is in the outbox, and is told if there is a session.
    pub(super) fn finish(&mut self, run: Run, ended: Ended) -> Vec<Want> {
        let welcomed = self.welcomed;
        let Some(body) = self.bodies.get_mut(&run) else { return Vec::new() };
        body.phase = Phase::Finished(ended);
        let said = Said::Outcome { attempt: body.attempt, run, outcome: ended };
        if welcomed { vec![Want::Say(said)] } else { Vec::new() }
    }
}
