//! Workers that come, speak and go.

use gleaner_core::{ClaimVerdict, Held, Joining, WorkerId};
use gleaner_model::{Attempt, ClientName, Host, WorkerName};
use gleaner_proto::convert::{self, EndedRequests, Hello, Welcome};

use super::message::{JoinError, Outbound, Reply, Reported, ToWorker, WorkerSaid};
use super::state::{Link, State};
use crate::registries::{identity_of, needs};
use crate::views::WorkerState;

impl State {
    /// Opens a session. An older session of the same process is over: it would not have come back otherwise. One of
    /// another process with the same name is over if that one is silent; else there are two of them, and the first stays.
    pub(super) fn join(&mut self, hello: Hello, outbound: Outbound, reply: Reply<Result<WorkerId, JoinError>>) {
        if let Err(refusal) = self.make_way(&hello) {
            tracing::warn!(%refusal, "a worker was refused");
            let _ = reply.send(Err(refusal));
            return;
        }
        let (now, worker) = (self.now(), WorkerId(self.next_worker));
        self.next_worker += 1;
        let held = hello.held.iter().map(|held| Held { attempt: held.attempt, finished: held.finished }).collect();
        let joining = Joining { worker, slots: hello.slots, needs: needs(&hello.capabilities), held };
        let mut effects = std::mem::take(&mut self.effects);
        let claims = self.parts.core.join(joining, now, &mut effects);
        self.parts.core.identify(worker, identity_of(&hello.worker));
        if hello.tells_ends {
            self.parts.core.tells_ends(worker);
        }
        self.effects = effects;

        tracing::info!(worker = %hello.worker, slots = hello.slots, held = claims.len(), "a worker joined");
        let link = Link {
            name: hello.worker,
            version: hello.version,
            incarnation: hello.incarnation,
            connected: now,
            seen: now,
            accepted: 0,
            outbound,
        };
        self.links.insert(worker, link);
        self.say(worker, ToWorker::Welcome(self.welcome(&claims)));
        let _ = reply.send(Ok(worker));
    }

    /// Ends older sessions of a worker that says hello.
    fn make_way(&mut self, hello: &Hello) -> Result<(), JoinError> {
        let now = self.now();
        let older: Vec<WorkerId> =
            self.links.iter().filter(|(_, link)| link.name == hello.worker).map(|(worker, _)| *worker).collect();
        for worker in older {
            let link = &self.links[&worker];
            let seen_ms = now.mono_ms.saturating_sub(link.seen.mono_ms);
            let is_alive = seen_ms < 2 * self.parts.options.heartbeat_ms;
            if link.incarnation != hello.incarnation && is_alive && !link.outbound.is_closed() {
                return Err(JoinError::Connected { name: hello.worker.clone(), seen_ms });
            }
            self.leave(worker);
        }
        Ok(())
    }

    /// Gives a worker nothing new. It is told, so that it stays drained in its next session, with whichever scheduler.
    pub(super) fn drain_worker(
        &mut self,
        name: &WorkerName,
        operator: &ClientName,
        reply: Reply<Option<Box<WorkerState>>>,
    ) {
        let found = self.links.iter().find(|(_, link)| link.name == *name).map(|(worker, _)| *worker);
        if let Some(worker) = found {
            tracing::info!(worker = %name, %operator, "an operator drains a worker");
            self.parts.core.drain(worker);
            self.say(worker, ToWorker::Drain);
        }
        let state = self.worker_states().into_iter().find(|state| state.name == *name);
        let _ = reply.send(state.map(Box::new));
    }

    /// Requests of a worker's attempt have ended.
    fn requests_ended(&mut self, worker: WorkerId, attempt: Attempt, ended: Vec<EndedRequests>) {
        let now = self.now();
        for EndedRequests { host, requests, well } in ended {
            if let Some(host) = self.parts.core.find_host(&host) {
                self.parts.core.requests_ended(worker, attempt, host, requests, well, now);
            }
        }
    }

    fn welcome(&self, claims: &[gleaner_core::Claim]) -> Welcome {
        let claim = |claim: &gleaner_core::Claim| convert::Claim {
            attempt: claim.attempt,
            verdict: match claim.verdict {
                ClaimVerdict::Adopted(token) => convert::ClaimVerdict::Adopted(token),
                ClaimVerdict::Abandoned => convert::ClaimVerdict::Abandoned,
                ClaimVerdict::Closed => convert::ClaimVerdict::Closed,
            },
        };
        Welcome {
            epoch: self.parts.store.opened().epoch,
            heartbeat_ms: self.parts.options.heartbeat_ms,
            lease_ttl_ms: self.parts.options.decisions.lease_ttl_ms,
            claims: claims.iter().map(claim).collect(),
            takes_several: true,
        }
    }

    /// A session is over. Its attempts wait a moment for the worker to come back.
    pub(super) fn leave(&mut self, worker: WorkerId) {
        if let Some(link) = self.links.remove(&worker) {
            tracing::info!(worker = %link.name, "a worker left");
            let now = self.now();
            self.parts.core.leave(worker, now);
        }
    }

    pub(super) fn worker_said(&mut self, worker: WorkerId, said: WorkerSaid) {
        let now = self.now();
        let Some(link) = self.links.get_mut(&worker) else { return };
        link.seen = now;
        match said {
            WorkerSaid::Heartbeat { draining } => {
                if !self.parts.core.heartbeat(worker, now) {
                    self.leave(worker);
                } else if draining {
                    self.parts.core.drain(worker);
                }
            }
            WorkerSaid::Progress { attempt, checkpoint } => {
                self.parts.core.progress(worker, attempt, checkpoint, now);
            }
            WorkerSaid::WantsPermit { attempt, host, ended } => {
                self.requests_ended(worker, attempt, ended);
                self.wants_permit(worker, attempt, &host);
            }
            WorkerSaid::RequestsEnded { attempt, ended } => self.requests_ended(worker, attempt, ended),
            WorkerSaid::Throttled { attempt, host, retry_after_ms } => {
                if let Some(host) = self.parts.core.meet_host(&host, now) {
                    let mut effects = std::mem::take(&mut self.effects);
                    self.parts.core.throttled(worker, attempt, host, retry_after_ms, now, &mut effects);
                    self.effects = effects;
                }
            }
            WorkerSaid::Outcomes(reported) => {
                for Reported { attempt, outcome, documents } in reported {
                    self.outcome(worker, attempt, outcome, documents);
                }
            }
        }
    }

    /// A permit that cannot be given at all is an attempt that cannot go on.
    fn wants_permit(&mut self, worker: WorkerId, attempt: Attempt, host: &Host) {
        let now = self.now();
        let mut effects = std::mem::take(&mut self.effects);
        let granted = match self.parts.core.meet_host(host, now) {
            Some(host) => self.parts.core.ask_permit(worker, attempt, host, now, &mut effects),
            None => false,
        };
        self.effects = effects;
        if !granted {
            tracing::warn!(%host, task = %attempt.task, "a permit was refused");
            self.say(worker, ToWorker::Cancel(attempt));
        }
    }

    /// Hands something to a worker's stream, if it has one. A stream that takes nothing more is over: its worker must
    /// not miss a word, so it comes back and says what it has.
    pub(super) fn say(&mut self, worker: WorkerId, message: ToWorker) {
        let taken = self.links.get(&worker).map(|link| link.outbound.try_send(message).is_ok());
        if taken == Some(false) {
            self.leave(worker);
        }
    }

    /// From now on nothing new is taken in or handed out; `reply` hears when nothing runs any more and what was found
    /// is committed. Workers are told nothing: a scheduler that is started anew finds them waiting.
    pub(super) fn drain(&mut self, reply: Reply<()>) {
        self.is_draining = true;
        self.draining.push(reply);
    }

    pub(super) fn answer_drained(&mut self) {
        let idle = self.applying == 0 && self.parts.core.lanes().iter().all(|lane| lane.running == 0);
        if self.is_draining && idle {
            for reply in self.draining.drain(..) {
                let _ = reply.send(());
            }
        }
    }
}
