//! Workers that come, speak and go (the engine's `workers`).

use gleaner_core::{ClaimVerdict, Held, Joining, Needs, WorkerId};
use gleaner_model::Attempt;

use super::{Link, Out, Process, Scene, Throttle};
use crate::tell;
use crate::wire::{Conn, HeldRun, Said, Told};

impl Process {
    /// Opens a session. An older session of the same worker is over: it would not have come back otherwise.
    pub(super) fn join(
        &mut self,
        conn: Conn,
        peer: usize,
        slots: u16,
        needs: u16,
        held: &[HeldRun],
        scene: &mut Scene<'_>,
    ) -> WorkerId {
        let older: Vec<WorkerId> =
            self.links.iter().filter(|(_, link)| link.peer == peer).map(|(worker, _)| *worker).collect();
        older.into_iter().for_each(|worker| self.leave(worker, scene));
        let worker = WorkerId(self.next_worker);
        self.next_worker += 1;
        let announced = held.iter().map(|held| Held { attempt: held.attempt, finished: held.finished }).collect();
        let joining = Joining { worker, slots, needs: Needs(needs), held: announced };
        let mut effects = std::mem::take(&mut self.effects);
        let claims = self.core.join(joining, scene.now, &mut effects);
        self.effects = effects;
        for (claim, held) in claims.iter().zip(held) {
            tell!(scene.story, scene.at_ms, "    {:?} held by {:?}: {:?}", claim.attempt, held.run, claim.verdict);
            scene.ledger.claimed(claim.attempt.task, *held, worker, claim.verdict, scene.at_ms);
            if let ClaimVerdict::Adopted(token) = claim.verdict {
                self.newest.insert(claim.attempt.task, Attempt { token, ..claim.attempt });
            }
        }
        self.links.insert(worker, Link { peer, conn });
        let claims = claims.iter().map(|claim| (claim.attempt, claim.verdict)).collect();
        let heartbeat_ms = self.configuration.options.lease_ttl_ms / 4;
        self.say(worker, Told::Welcome { heartbeat_ms, claims }, scene);
        worker
    }

    /// A session is over. Its attempts wait a moment for the worker to come back.
    fn leave(&mut self, worker: WorkerId, scene: &mut Scene<'_>) {
        if let Some(link) = self.links.remove(&worker) {
            self.core.leave(worker, scene.now);
            scene.ledger.worker_left(worker);
            scene.out.push(Out::Close { conn: link.conn });
        }
    }

    /// A connection is over, a worker's or a client's.
    pub(super) fn gone(&mut self, conn: Conn, scene: &mut Scene<'_>) {
        let worker = self.links.iter().find(|(_, link)| link.conn == conn).map(|(worker, _)| *worker);
        worker.into_iter().for_each(|worker| self.leave(worker, scene));
        self.forget_speaker(conn);
    }

    pub(super) fn said(&mut self, worker: WorkerId, said: &Said, scene: &mut Scene<'_>) {
        match *said {
            Said::Hello { .. } => {}
            Said::Heartbeat { draining } => {
                if !self.core.heartbeat(worker, scene.now) {
                    self.leave(worker, scene);
                } else if draining {
                    self.core.drain(worker);
                }
            }
            Said::Suspended { attempt } => self.core.progressed(attempt, scene.now),
            Said::RequestEnded { attempt, host, well } => {
                self.core.requests_ended(worker, attempt, host, 1, u32::from(well), scene.now);
            }
            Said::WantsPermit { attempt, host } => {
                scene.ledger.asked_as_paid(&self.core, attempt.task);
                let mut effects = std::mem::take(&mut self.effects);
                let granted = self.core.ask_permit(worker, attempt, host, scene.now, &mut effects);
                self.effects = effects;
                if !granted {
                    self.say(worker, Told::Cancel(attempt), scene);
                }
            }
            Said::Throttled { attempt, host, retry_after_ms } => {
                let mut effects = std::mem::take(&mut self.effects);
                self.core.throttled(worker, attempt, host, retry_after_ms, scene.now, &mut effects);
                self.effects = effects;
                let throttle = Throttle { host, retry_after_ms };
                scene.ledger.throttled(throttle, &self.configuration.options, scene.at_ms);
            }
            Said::Outcome { attempt, run, outcome } => self.outcome(worker, attempt, run, outcome, scene),
        }
    }
}
