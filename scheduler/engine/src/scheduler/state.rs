//! What the scheduler actor holds, and the round that every message goes through.

use std::sync::Arc;

use gleaner_core::{Backlog, Effect, Moment, Scheduler, WorkerId};
use gleaner_model::{JobId, TaskId, WorkerName};
use gleaner_store::Store;
use hashbrown::HashMap;
use tokio::sync::watch;

use super::Child;
use super::assign::Departure;
use super::children::Asked;
use super::gathered::Gathered;
use super::hosts::HostBook;
use super::inbox::{Inbox, SchedulerRef};
use super::message::{Committed, Message, Outbound, Reply};
use super::orders::Orders;
use super::outcome::Arrival;
use crate::clients::Clients;
use crate::clock::Clock;
use crate::committer::Committer;
use crate::options::EngineOptions;
use crate::payloads::Payloads;
use crate::registries::Registries;
use crate::watch::WatchHub;

/// What a scheduler is made of.
pub(crate) struct Parts {
    pub(crate) core: Scheduler,
    pub(crate) registries: Registries,
    pub(crate) options: EngineOptions,
    pub(crate) store: Arc<dyn Store>,
    pub(crate) committer: Committer,
    pub(crate) clock: Clock,
    pub(crate) hub: Arc<WatchHub>,
    /// The time of the next [`Message::Wake`], in monotonic milliseconds.
    pub(crate) alarm: watch::Sender<u64>,
    pub(crate) next_sequence: u64,
    /// Schedules, campaigns and batches, as they were found.
    pub(crate) orders: Orders,
    /// Open crawls that tasks asked for, as they were found.
    pub(crate) children: Vec<Child>,
    /// What holds for hosts.
    pub(crate) hosts: HostBook,
}

/// A worker's session.
pub(super) struct Link {
    pub(super) name: WorkerName,
    pub(super) version: String,
    pub(super) incarnation: u64,
    pub(super) connected: Moment,
    pub(super) seen: Moment,
    pub(super) accepted: u64,
    pub(super) outbound: Outbound,
}

pub(crate) struct State {
    pub(super) myself: SchedulerRef,
    inbox: Inbox,
    pub(super) parts: Parts,
    pub(super) payloads: Payloads,
    pub(super) links: HashMap<WorkerId, Link>,
    pub(super) next_worker: u64,
    /// When the message that is being dealt with was heard. One reading does for all that it leads to.
    moment: Moment,
    pub(super) effects: Vec<Effect>,
    pub(super) orders: Orders,
    pub(super) hosts: HostBook,
    /// Attempts of this round that are still to be described to their workers.
    pub(super) departures: Vec<Departure>,
    /// Outcomes that were accepted in this round, whose meaning is still to be worked out.
    pub(super) arrivals: Vec<Arrival>,
    /// What tasks with questions have asked for so far; those only that lacked something.
    pub(super) asked: HashMap<TaskId, Asked>,
    /// Crawls whose task has ended, to be cancelled in this round.
    pub(super) unwanted: Vec<JobId>,
    /// What this round makes durable together.
    pub(super) gathered: Gathered,
    /// Jobs that ended since the start, by lane.
    pub(super) ended: [u64; 4],
    /// What waited for slots when it was counted last, and when that was, in monotonic milliseconds.
    pub(super) backlog: Option<(u64, Backlog)>,
    /// Accepted outcomes that are not committed yet.
    pub(super) applying: usize,
    /// Who waits for the end of all that runs, once nothing new is handed out.
    pub(super) draining: Vec<Reply<()>>,
    pub(super) is_draining: bool,
}

impl State {
    pub(super) fn new(myself: SchedulerRef, inbox: Inbox, mut parts: Parts) -> Self {
        let children = std::mem::take(&mut parts.children);
        let mut state = Self {
            moment: parts.clock.now(),
            myself,
            inbox,
            orders: std::mem::take(&mut parts.orders),
            hosts: std::mem::take(&mut parts.hosts),
            parts,
            payloads: Payloads::default(),
            links: HashMap::new(),
            next_worker: 1,
            effects: Vec::new(),
            departures: Vec::new(),
            arrivals: Vec::new(),
            asked: HashMap::new(),
            unwanted: Vec::new(),
            gathered: Gathered::default(),
            ended: [0; 4],
            backlog: None,
            applying: 0,
            draining: Vec::new(),
            is_draining: false,
        };
        state.adopt(children);
        state
    }

    pub(super) const fn now(&self) -> Moment {
        self.moment
    }

    /// A sequence number that was never used.
    pub(super) fn next_sequence(&mut self) -> u64 {
        let sequence = self.parts.next_sequence;
        self.parts.next_sequence += 1;
        sequence
    }

    /// Hears all that has gathered, and then decides once.
    pub(super) fn hear(&mut self) {
        for message in self.inbox.take() {
            self.moment = self.parts.clock.now();
            self.handle(message);
        }
        self.moment = self.parts.clock.now();
        self.settle();
        self.send_off();
        self.take_in();
        self.part_with_gathered();
    }

    fn handle(&mut self, message: Message) {
        match message {
            Message::Submit(submission) => self.submit(submission),
            Message::Cancel { job, client, reply, credit } => self.cancel(job, client.as_ref(), reply, credit),
            Message::Join { hello, outbound, reply } => self.join(*hello, outbound, reply),
            Message::Leave { worker } => self.leave(worker),
            Message::Worker { worker, said, credit } => {
                self.worker_said(worker, said);
                drop(credit);
            }
            Message::Prepared(prepared) => self.prepared(*prepared),
            Message::Committed(committed) => self.committed(committed),
            Message::Order(order) => self.order(*order),
            Message::Clients(clients) => self.clients_changed(&clients),
            Message::Wake => {}
            Message::Housekeeping => self.housekeeping(),
            Message::Drain { reply } => self.drain(reply),
            Message::JobViews { jobs, reply } => {
                let _ = reply.send(self.job_views(&jobs));
            }
            Message::Explain { job, reply } => {
                let _ = reply.send(self.explain(job));
            }
            Message::Workers { reply } => {
                let _ = reply.send(self.worker_states());
            }
            Message::Hosts { reply } => {
                let _ = reply.send(self.parts.core.hosts(self.now()));
            }
            Message::SetHost(set) => self.set_host(*set),
            Message::DrainWorker { name, operator, reply } => self.drain_worker(&name, &operator, reply),
            Message::Lanes { reply } => {
                let _ = reply.send(self.depths());
            }
        }
    }

    /// After every round of messages: let the core look at the time, hand out what can be handed out, do what was decided, and
    /// set the alarm for whatever comes next. What is handed out at once is bounded by the core's own limits; if there is more to hand
    /// out, the scheduler goes on after the messages that wait already.
    fn settle(&mut self) {
        let now = self.now();
        self.keep_orders(now);
        self.cancel_unwanted();
        let mut effects = std::mem::take(&mut self.effects);
        self.parts.core.tick(now, &mut effects);
        let more = !self.is_draining && self.parts.core.dispatch(now, &mut effects);
        self.perform(&mut effects, now);
        self.effects = effects;
        let more = self.cancel_unwanted() || more;
        self.parts.core.account(now);
        self.answer_drained();
        if more {
            let _ = self.myself.cast(Message::Wake);
        } else {
            let orders = if self.keeps_orders() { self.orders.next_wake(now) } else { None };
            let wakes = [self.parts.core.next_wake(now), orders];
            let wake = wakes.into_iter().flatten().min().unwrap_or(u64::MAX);
            self.parts.alarm.send_if_modified(|alarm| std::mem::replace(alarm, wake) != wake);
        }
    }

    /// What waits already is handed out by the new weights and floors.
    fn clients_changed(&mut self, clients: &Clients) {
        let (weights, floors) = clients.lanes(&self.parts.options.decisions);
        self.parts.core.set_lanes(weights, floors);
        self.parts.core.reweigh(|name| clients.weight_of(name));
        self.parts.options.clients = clients.clone();
    }

    fn committed(&mut self, committed: Committed) {
        match committed {
            Committed::Submitted(jobs) => jobs.into_iter().for_each(|job| self.payloads.committed(job)),
            Committed::Ended { ended, acks } => {
                self.jobs_ended(ended);
                acks.into_iter().for_each(|(worker, attempt)| self.acknowledge(worker, attempt));
            }
            Committed::Outcome { worker, attempt, ended, submitted } => {
                self.outcome_committed(worker, attempt, ended, submitted);
            }
            Committed::Asked { worker, attempt, children } => self.asked_committed(worker, attempt, children),
            Committed::Conflict { attempt } => self.outcome_conflicted(attempt),
        }
    }

    fn housekeeping(&mut self) {
        self.parts.hub.sweep();
        let (store, now) = (Arc::clone(&self.parts.store), self.now());
        let forgotten = self.parts.core.forget_hosts(now);
        if forgotten > 0 {
            tracing::debug!(forgotten, "hosts that nobody has asked for long are forgotten");
        }
        let kept = i64::try_from(self.parts.options.results_kept_ms).unwrap_or(i64::MAX);
        let before = gleaner_model::Timestamp::from_millis(now.wall.as_millis().saturating_sub(kept));
        self.orders.campaigns.forget_before(before);
        let myself = self.myself.clone();
        // A store that fails here fails the next commit as well, which is where that is dealt with.
        tokio::task::spawn_blocking(move || match store.forget_before(before) {
            Ok(true) => drop(myself.cast(Message::Housekeeping)),
            Ok(false) => {}
            Err(error) => tracing::warn!(%error, "old results could not be forgotten"),
        });
    }
}
