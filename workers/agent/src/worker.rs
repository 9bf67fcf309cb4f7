//! The actor that owns the roster.
//!
//! It decides nothing itself: each message goes to the roster, and what the roster says is carried out. It awaits
//! nothing but its mailbox, so a decision is never behind the network or the disk. The mailbox is bounded by who may
//! write to it: the session while it has leave to answer (64), each attempt once, at its end, and the agent's handle.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use gleaner_model::{Assignment, Attempt, Outcome};
use gleaner_proto::convert::{Claim, HeldAttempt};
use ractor::{Actor, ActorProcessingErr, ActorRef, RpcReplyPort};
use tokio::sync::watch;
use tokio::task::JoinHandle;
use tokio::time::Instant;
use tracing::Instrument as _;

use crate::agent::Snapshot;
use crate::attempt::{self, Errand, Lease, Stored, Tools};
use crate::roster::{Admission, Claimed, Dropped, Roster, Suspension};
use crate::session::{AnswerSlot, Incoming, Link, Shipments};
use crate::state::{OutboxId, StateFailed};

/// What the actor is told.
pub(crate) enum WorkerMessage {
    /// A session is about to begin: what is held?
    Greet(RpcReplyPort<Vec<HeldAttempt>>),
    /// It has begun, and this became of what is held.
    Welcomed { link: Link, shipments: Shipments, claims: Vec<Claim> },
    /// That session is over.
    Lost { number: u64 },
    /// The scheduler said something; the slot is for the answer.
    Said { said: Incoming, slot: AnswerSlot },
    /// An attempt's outcome is in the outbox.
    Ended { lease: Arc<Lease>, stored: Stored },
    /// The worker's own state cannot be written any more.
    StateFailed(StateFailed),
    /// Finish what has begun, give back what has not, and end.
    Drain,
}

/// A running attempt. It ends with this.
struct Live {
    lease: Arc<Lease>,
    task: JoinHandle<()>,
}

impl Drop for Live {
    fn drop(&mut self) {
        // Without effect on the attempt that has ended, which is the usual case.
        self.task.abort();
    }
}

/// The actor's state.
pub(crate) struct WorkerState {
    roster: Roster<Live>,
    tools: Tools,
    links: watch::Sender<Option<Link>>,
    shipments: Option<Shipments>,
    snapshot: watch::Sender<Snapshot>,
    ended: Arc<AtomicBool>,
    /// When it is drained, does it wait for its owner to end it?
    stays: bool,
}

/// What the actor starts with.
pub(crate) struct WorkerArguments {
    pub(crate) tools: Tools,
    pub(crate) links: watch::Sender<Option<Link>>,
    pub(crate) snapshot: watch::Sender<Snapshot>,
    pub(crate) outbox: Vec<(OutboxId, Attempt)>,
    /// Set when the actor ends because it was to end, and not by a defect.
    pub(crate) ended: Arc<AtomicBool>,
}

/// The actor.
pub(crate) struct Worker;

impl Actor for Worker {
    type Msg = WorkerMessage;
    type State = WorkerState;
    type Arguments = WorkerArguments;

    async fn pre_start(
        &self,
        _: ActorRef<WorkerMessage>,
        arguments: WorkerArguments,
    ) -> Result<WorkerState, ActorProcessingErr> {
        let WorkerArguments { tools, links, snapshot, outbox, ended } = arguments;
        let roster = Roster::new(tools.options.slots, tools.options.suspended_max, outbox);
        let state = WorkerState { roster, tools, links, shipments: None, snapshot, ended, stays: false };
        state.publish();
        Ok(state)
    }

    async fn handle(
        &self,
        myself: ActorRef<WorkerMessage>,
        message: WorkerMessage,
        state: &mut WorkerState,
    ) -> Result<(), ActorProcessingErr> {
        match message {
            WorkerMessage::Greet(reply) => drop(reply.send(state.roster.held())),
            WorkerMessage::Welcomed { link, shipments, claims } => state.welcomed(link, shipments, claims),
            WorkerMessage::Lost { number } => state.lost(number),
            WorkerMessage::Said { said, slot } => state.said(&myself, said, slot),
            WorkerMessage::Ended { lease, stored } => state.ended(&lease, stored),
            WorkerMessage::StateFailed(error) => {
                tracing::error!(%error, "the worker's state failed; stopping");
                myself.stop(None);
            }
            WorkerMessage::Drain => {
                state.stays = false;
                state.drain(|live| live.lease.take_back());
            }
        }
        state.publish();
        if state.roster.is_drained() && !state.stays {
            myself.stop(None);
        }
        Ok(())
    }

    async fn post_stop(&self, _: ActorRef<WorkerMessage>, state: &mut WorkerState) -> Result<(), ActorProcessingErr> {
        state.ended.store(true, Ordering::Release);
        Ok(())
    }
}

impl WorkerState {
    fn welcomed(&mut self, link: Link, shipments: Shipments, claims: Vec<Claim>) {
        for claim in claims {
            match self.roster.claim(claim) {
                Claimed::GoesOn(live, attempt) => live.lease.adopt(attempt),
                Claimed::Send(id, attempt) => {
                    self.tools.state.adopt(id, attempt);
                    shipments.add(id, attempt, None);
                }
                Claimed::Dropped(dropped) => Self::discard(&self.tools, dropped),
            }
        }
        self.shipments = Some(shipments);
        // Last, so that attempts speak only under the tokens that hold now.
        self.links.send_replace(Some(link));
    }

    fn lost(&mut self, number: u64) {
        let ended = self.links.send_if_modified(|link| link.take_if(|link| link.number() == number).is_some());
        if ended {
            self.shipments = None;
        }
    }

    fn said(&mut self, myself: &ActorRef<WorkerMessage>, said: Incoming, slot: AnswerSlot) {
        match said {
            Incoming::Assign(assignment, received) => self.assign(myself, *assignment, received, slot),
            Incoming::Unintelligible(attempt, fault) => slot.outcome(attempt, Outcome::Failed(fault)),
            Incoming::Permit(attempt, leave) => {
                // A permit for an attempt that is over, or that nobody waits for any more, lapses.
                let delivered = self.roster.live(attempt).is_some_and(|live| live.lease.desk.deliver(leave));
                tracing::trace!(task = %attempt.task, delivered, "permit");
            }
            Incoming::Suspend(attempt) => self.suspend(attempt, slot),
            Incoming::Resume(attempt) => {
                if let Some(live) = self.roster.resume(attempt) {
                    live.lease.resume();
                }
            }
            Incoming::Cancel(attempt) => {
                let dropped = self.roster.cancel(attempt);
                Self::discard(&self.tools, dropped);
            }
            Incoming::Acknowledge(attempts) => {
                let known = attempts.into_iter().filter_map(|attempt| self.roster.acknowledge(attempt));
                known.for_each(|id| self.tools.state.forget(id));
            }
            // Those that have not begun will begin: only the worker's own owner is in a hurry.
            Incoming::Drain { stay } => {
                self.stays |= stay && !self.roster.is_draining();
                self.drain(|_| false);
            }
        }
    }

    fn assign(
        &mut self,
        myself: &ActorRef<WorkerMessage>,
        assignment: Assignment,
        received: Instant,
        slot: AnswerSlot,
    ) {
        let attempt = assignment.attempt;
        match self.roster.admit(attempt) {
            Admission::Known => {}
            Admission::HandBack => slot.outcome(attempt, Outcome::HandedBack),
            Admission::Run => {
                let lease = self.lease(attempt);
                let live = spawn(myself.clone(), lease, assignment, received, self.tools.clone());
                self.roster.start(attempt, live);
            }
            Admission::Wait => {
                let lease = self.lease(attempt);
                lease.suspend();
                let live = spawn(myself.clone(), lease, assignment, received, self.tools.clone());
                self.roster.start_suspended(attempt, live);
                slot.suspended(attempt, Vec::new());
            }
        }
    }

    fn lease(&self, attempt: Attempt) -> Arc<Lease> {
        Arc::new(Lease::new(attempt, Arc::clone(&self.tools.drains)))
    }

    /// The slot is free when this returns. The answer follows when the checkpoint is packed, and one that is given back
    /// ends after it.
    fn suspend(&mut self, attempt: Attempt, slot: AnswerSlot) {
        let (lease, given_back) = match self.roster.suspend(attempt) {
            Suspension::Nothing => return,
            Suspension::Waits(live) => {
                live.lease.suspend();
                (Arc::clone(&live.lease), None)
            }
            Suspension::GivenBack(live) => (Arc::clone(&live.lease), Some(live)),
        };
        let link = self.links.borrow().clone().filter(|_| given_back.is_some());
        drop(given_back);
        let workshop = self.tools.workshop.clone();
        tokio::spawn(async move {
            let checkpoint = match lease.notes.all() {
                Some(draft) => attempt::pack(&workshop, draft).await,
                None => Vec::new(),
            };
            slot.suspended(attempt, checkpoint);
            if let Some(link) = link {
                // If the stream is over, the next hello does not name it.
                let _ = link.hand_back(attempt).await;
            }
        });
    }

    fn ended(&mut self, lease: &Lease, stored: Stored) {
        let attempt = lease.attempt();
        if !self.roster.finish(attempt, stored.id) {
            self.tools.state.forget(stored.id);
            return;
        }
        if attempt != stored.attempt {
            self.tools.state.adopt(stored.id, attempt);
        }
        if let Some(shipments) = &self.shipments {
            shipments.add(stored.id, attempt, Some(stored.parcel));
        }
    }

    fn drain(&mut self, untouched: impl FnMut(&Live) -> bool) {
        self.roster.drain();
        let leaving: Vec<Attempt> = self.roster.hand_back(untouched).into_iter().map(|(attempt, _)| attempt).collect();
        let link = self.links.borrow().clone();
        // Without a session nobody need be told: the next hello does not name them, or there is none.
        if let Some(link) = link.filter(|_| !leaving.is_empty()) {
            tokio::spawn(async move {
                for attempt in leaving {
                    if link.hand_back(attempt).await.is_err() {
                        break;
                    }
                }
            });
        }
    }

    fn discard(tools: &Tools, dropped: Dropped<Live>) {
        match dropped {
            Dropped::Stop(live) => drop(live),
            Dropped::Forget(id) => tools.state.forget(id),
            Dropped::Nothing => {}
        }
    }

    fn publish(&self) {
        let counts = self.roster.counts();
        let now = Snapshot {
            connected: self.shipments.is_some(),
            running: counts.running,
            suspended: counts.suspended,
            unacknowledged: counts.finished,
            draining: self.roster.is_draining(),
        };
        let changed = self.snapshot.send_if_modified(|snapshot| std::mem::replace(snapshot, now) != now);
        if changed {
            crate::metrics::holdings(now.running, now.suspended, now.unacknowledged);
        }
    }
}

/// Starts an attempt as a task of its own.
fn spawn(
    worker: ActorRef<WorkerMessage>,
    lease: Arc<Lease>,
    assignment: Assignment,
    received: Instant,
    tools: Tools,
) -> Live {
    let attempt = assignment.attempt;
    let span = tracing::info_span!(
        "attempt",
        task = %attempt.task,
        token = %attempt.token,
        purl = %assignment.purl,
        lane = %assignment.lane,
        traceparent = assignment.trace.0.as_deref().unwrap_or_default(),
    );
    gleaner_proto::trace::set_parent(&span, &assignment.trace);
    let errand = Errand::new(assignment, received, Arc::clone(&lease), tools);
    let shared = Arc::clone(&lease);
    let task = async move {
        let message = match attempt::run(errand).await {
            Ok(stored) => WorkerMessage::Ended { lease: shared, stored },
            Err(error) => WorkerMessage::StateFailed(error),
        };
        // If the actor is gone, so is the agent; what is in the outbox stays there.
        let _ = worker.cast(message);
    };
    Live { lease, task: tokio::spawn(task.instrument(span)) }
}
