//! What a worker is told, and what it does then (the agent's `worker` actor and `roster`).

use gleaner_core::{ClaimVerdict, HostIndex};
use gleaner_model::Attempt;

use super::{Body, Leave, Phase, Step, Want, Worker};
use crate::chance::Chance;
use crate::packages::Packages;
use crate::wire::{Ended, Run, Said, Told};

impl Worker {
    /// The scheduler said something over the current connection.
    pub(crate) fn told(&mut self, told: Told, hosts: usize, now_ms: u64, chance: &mut Chance) -> Vec<Want> {
        let clock_ms = self.clock_ms(now_ms);
        match told {
            Told::Welcome { heartbeat_ms, claims } => self.welcome(heartbeat_ms, &claims),
            Told::Assign { attempt, run, host, use_within_ms } => {
                let leave = Leave { host, until_ms: clock_ms + use_within_ms };
                self.assign(attempt, run, leave, hosts, chance)
            }
            Told::Permit { attempt, host, use_within_ms } => {
                let Some(run) = self.find(attempt) else { return Vec::new() };
                let Some(body) = self.bodies.get_mut(&run).filter(|body| body.thirsty) else { return Vec::new() };
                body.thirsty = false;
                body.leave = Some(Leave { host, until_ms: clock_ms + use_within_ms });
                self.request(run, clock_ms)
            }
            Told::Suspend(attempt) => self.suspend(attempt),
            Told::Resume(attempt) => {
                let Some(run) = self.find(attempt) else { return Vec::new() };
                let body = self.bodies.get_mut(&run).filter(|body| body.phase == Phase::Suspended);
                let Some(body) = body else { return Vec::new() };
                (body.phase, body.thirsty) = (Phase::Running, false);
                self.request(run, clock_ms)
            }
            Told::Drain => self.drain(),
            Told::Cancel(attempt) => self.forget(attempt, false),
            Told::Ack(attempt) => {
                let finished = |body: &Body| matches!(body.phase, Phase::Finished(_));
                let run = self.find(attempt).filter(|run| finished(&self.bodies[run]));
                if run.is_some() { self.forget(attempt, true) } else { Vec::new() }
            }
        }
    }

    fn welcome(&mut self, heartbeat_ms: u64, claims: &[(Attempt, ClaimVerdict)]) -> Vec<Want> {
        let mut wants = vec![Want::Heartbeat { after_ms: heartbeat_ms }];
        (self.welcomed, self.heartbeat_ms, self.failures) = (true, heartbeat_ms, 0);
        // By the bodies that were announced, since one's fresh token may be another's old one.
        let announced: Vec<_> = claims.iter().map(|(attempt, verdict)| (self.find(*attempt), *verdict)).collect();
        for (run, verdict) in announced {
            let Some(run) = run else { continue };
            let ClaimVerdict::Adopted(token) = verdict else {
                self.bodies.remove(&run);
                wants.push(Want::Forgot { run, acknowledged: false });
                continue;
            };
            let Some(body) = self.bodies.get_mut(&run) else { continue };
            body.attempt.token = token;
            let attempt = body.attempt;
            match (body.phase, body.thirsty, body.requests.last()) {
                (Phase::Finished(outcome), ..) => wants.push(Want::Say(Said::Outcome { attempt, run, outcome })),
                (Phase::Running, true, Some(host)) => {
                    wants.push(Want::Say(Said::WantsPermit { attempt, host: *host }));
                }
                // A suspended one is told whether it goes on.
                (Phase::Running | Phase::Suspended, ..) => {}
            }
        }
        wants
    }

    fn assign(&mut self, attempt: Attempt, run: Run, leave: Leave, hosts: usize, chance: &mut Chance) -> Vec<Want> {
        if self.find(attempt).is_some() {
            return Vec::new();
        }
        if self.draining || self.running() >= usize::from(self.slots) {
            return vec![Want::Say(Said::Outcome { attempt, run, outcome: Ended::HandedBack })];
        }
        let asks_nobody = usize::from(leave.host.0) >= hosts;
        let mut requests = Vec::new();
        if !asks_nobody {
            requests.extend((0..chance.pick(&[0, 0, 1, 3])).map(|_| any_host(hosts, chance)));
            requests.push(leave.host);
        }
        let body = Body {
            attempt,
            phase: Phase::Running,
            requests,
            leave: Some(leave),
            thirsty: false,
            busy: false,
            begun: false,
            missing: false,
            lacks: asks_nobody.then_some(Packages::default()),
            throttles: 0,
        };
        self.bodies.insert(run, body);
        // Most begin at once; some so late that their permit is void.
        let mean_ms = self.mean_ms(chance.pick(&[1, 1, 1, 1, 20, 2_000]));
        vec![Want::Step { run, step: Step::Request, after_ms: chance.pause(mean_ms) }]
    }

    fn suspend(&mut self, attempt: Attempt) -> Vec<Want> {
        let Some(run) = self.find(attempt) else { return Vec::new() };
        let body = self.bodies.get_mut(&run).filter(|body| body.phase == Phase::Running);
        let Some(body) = body else { return Vec::new() };
        (body.phase, body.thirsty) = (Phase::Suspended, false);
        vec![Want::Say(Said::Suspended { attempt }), Want::Suspended]
    }

    fn forget(&mut self, attempt: Attempt, acknowledged: bool) -> Vec<Want> {
        let Some(run) = self.find(attempt) else { return Vec::new() };
        self.bodies.remove(&run);
        vec![Want::Forgot { run, acknowledged }]
    }

    /// It takes nothing new any more, and gives back what has not begun.
    pub(crate) fn drain(&mut self) -> Vec<Want> {
        self.draining = true;
        let leaving = |body: &Body| match body.phase {
            Phase::Running => !body.begun,
            Phase::Suspended => true,
            Phase::Finished(_) => false,
        };
        let runs: Vec<(Run, Attempt)> =
            self.bodies.iter().filter(|(_, body)| leaving(body)).map(|(run, body)| (*run, body.attempt)).collect();
        let mut wants = vec![Want::Say(Said::Heartbeat { draining: true })];
        for (run, attempt) in runs {
            self.bodies.remove(&run);
            wants.push(Want::Say(Said::Outcome { attempt, run, outcome: Ended::HandedBack }));
        }
        wants
    }
}

fn any_host(hosts: usize, chance: &mut Chance) -> HostIndex {
    HostIndex(u16::try_from(chance.below(hosts)).unwrap_or(0))
}
