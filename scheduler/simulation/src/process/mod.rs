//! The simulated scheduler process: the real core, and around it thin hands that do what the engine's do.
//!
//! Each function here mirrors one of the engine's actor (`scheduler/engine/src/scheduler`), without the runtime, the
//! wire and the catalogue. Where the engine leaves its thread (describing an assignment, working out an outcome, the
//! commit), this leaves a message that comes back later, so that everything may happen in between.

mod answers;
mod batches;
mod cancelling;
mod committer;
mod effects;
mod jobs;
mod keyed;
mod message;
mod operator;
mod orders;
mod outcome;
mod payload;
mod recovery;
mod retry;
mod streams;
mod workers;

use std::collections::{BTreeMap, BTreeSet};

use gleaner_core::{ClientIndex, Effect, HostIndex, Moment, Options, Scheduler, WorkerId};
use gleaner_model::{Attempt, ClientName, JobId, Lane, TaskId};

use self::answers::AskedFor;
pub(crate) use self::answers::{Meaning, ROUNDS_MAX};
pub(crate) use self::committer::{Committer, Entry, Then, group};
pub(crate) use self::jobs::needs_of;
pub(crate) use self::message::{Committed, Message, Out, Throttle};
use self::operator::HostBook;
pub(crate) use self::operator::{index_of, limits_of};
use self::orders::Orders;
pub(crate) use self::payload::Payload;
use crate::chance::Chance;
use crate::fault::Fault;
use crate::ledger::Ledger;
use crate::packages::{OLDER, RESOLVE};
use crate::shelf::Shelf;
use crate::story::Story;
use crate::wire::{Conn, Frame, Peer, Said, Told};

/// A client as the clients file has it.
#[derive(Clone, Debug)]
pub(crate) struct Account {
    pub(crate) name: ClientName,
    pub(crate) lane: Lane,
    pub(crate) weight: u32,
}

/// What the process reads from its configuration.
#[derive(Clone, Debug)]
pub(crate) struct Configuration {
    pub(crate) options: Options,
    pub(crate) budgets: Vec<gleaner_core::Budget>,
    pub(crate) accounts: Vec<Account>,
    pub(crate) fault: Option<Fault>,
    pub(crate) watch_lanes: bool,
    /// The packages that campaigns come to: so many, from the first.
    pub(crate) targets: u64,
}

/// What the process sees and touches while it handles one message.
pub(crate) struct Scene<'a> {
    pub(crate) now: Moment,
    /// The time that nobody in the world can read.
    pub(crate) at_ms: u64,
    pub(crate) shelf: &'a Shelf,
    pub(crate) ledger: &'a mut Ledger,
    pub(crate) story: &'a mut Story,
    pub(crate) chance: &'a mut Chance,
    pub(crate) out: &'a mut Vec<Out>,
}

/// A worker's session.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Link {
    pub(crate) peer: usize,
    pub(crate) conn: Conn,
}

/// A running scheduler.
pub(crate) struct Process {
    pub(crate) core: Scheduler,
    pub(crate) committer: Committer,
    configuration: Configuration,
    epoch: u64,
    next_sequence: u64,
    links: BTreeMap<WorkerId, Link>,
    next_worker: u64,
    payloads: BTreeMap<JobId, Payload>,
    /// Keys of clients under which something is on its way to the disk.
    claims: BTreeSet<(usize, u64)>,
    pub(crate) orders: Orders,
    /// What operators have set for hosts.
    set: HostBook,
    /// The newest connection of each client's stream.
    speakers: BTreeMap<usize, Conn>,
    /// What each task has asked for so far.
    asked: BTreeMap<TaskId, AskedFor>,
    effects: Vec<Effect>,
    /// The newest attempt of each task; only a planted fault looks at it.
    newest: BTreeMap<TaskId, Attempt>,
}

/// The host of a target, of so many hosts; resolutions ask the catalogue, which has the number after these.
pub(crate) fn host_of(target: u64, hosts: usize) -> HostIndex {
    let number = if target & RESOLVE == 0 { (target & !OLDER) % hosts.max(1) as u64 } else { hosts as u64 };
    HostIndex(u16::try_from(number).unwrap_or(0))
}

impl Process {
    fn is_planted(&self, fault: Fault) -> bool {
        self.configuration.fault == Some(fault)
    }

    /// A client's number in the core.
    fn client_index(&mut self, name: &ClientName, weight: u32) -> ClientIndex {
        let weight = if self.is_planted(Fault::WeightIgnored) { 1 } else { weight };
        self.core.client(name, weight)
    }

    fn next_sequence(&mut self) -> u64 {
        self.next_sequence += 1;
        self.next_sequence - 1
    }

    /// The host of a target.
    fn host_of(&self, target: u64) -> HostIndex {
        host_of(target, self.configuration.budgets.len())
    }

    /// Handles one message, and then what the engine does after every message.
    pub(crate) fn handle(&mut self, message: Message, scene: &mut Scene<'_>) {
        scene.ledger.at_ms = scene.at_ms;
        scene.ledger.clock_read(scene.now.wall);
        match message {
            Message::Came { conn, peer: Peer::Worker(peer), frame: Frame::Said(said) } => {
                self.worker_said(conn, peer, said, scene);
            }
            Message::Came { conn, peer: Peer::Client(client), frame: Frame::Asked(asked) } => {
                self.client_asked(conn, client, asked, scene);
            }
            Message::Came { conn, .. } | Message::Gone { conn } => self.gone(conn, scene),
            Message::Described { worker, conn, told } => self.described(worker, conn, told, scene),
            Message::Prepared { worker, attempt, run, result } => self.prepared(worker, attempt, run, result, scene),
            Message::Committed(committed) => self.committed(committed, scene),
            Message::CampaignPage { client } => self.campaign_page(&client, scene),
            Message::SetHost { host, change } => self.set_host(host, &change, scene),
            Message::DrainWorker { peer } => self.drain_worker(peer, scene),
            Message::Wake => {}
            Message::Housekeeping => self.keep_house(scene),
        }
        self.settle(scene);
        scene.ledger.waits_agree(&self.core, scene.now);
    }

    /// Lets the core look at the time, hands out what can be handed out, and sets the alarm.
    fn settle(&mut self, scene: &mut Scene<'_>) {
        self.keep_orders(scene);
        let mut effects = std::mem::take(&mut self.effects);
        self.core.tick(scene.now, &mut effects);
        let before = effects.len();
        let more = self.core.dispatch(scene.now, &mut effects);
        scene.ledger.displaced(&self.core, &self.configuration.options, &effects, before);
        self.perform(&mut effects, None, scene);
        if !more {
            scene.ledger.look_at_shares(&self.core, scene.now);
        }
        if self.configuration.watch_lanes && !more {
            scene.ledger.after_dispatch(&self.core, scene.now, scene.at_ms, &self.configuration.options);
        }
        self.effects = effects;
        scene.ledger.bounds(&self.core, &self.configuration.options, self.committer.waiting());
        if more {
            scene.out.push(Out::Again);
        } else {
            let wake = self.core.next_wake(scene.now).unwrap_or(u64::MAX);
            scene.out.push(Out::Alarm(wake));
        }
    }

    fn committed(&mut self, committed: Committed, scene: &mut Scene<'_>) {
        match committed {
            Committed::Outcome { worker, attempt, jobs } => self.outcome_committed(worker, attempt, &jobs, scene),
            Committed::Conflict { worker, attempt } => {
                let kind = gleaner_model::FaultKind::Internal;
                self.reopen(attempt, kind, Some((worker, attempt)), scene);
            }
            Committed::Ack { worker, attempt } => self.say(worker, Told::Ack(attempt), scene),
            Committed::Ended { jobs } => {
                jobs.iter().for_each(|job| drop(self.payloads.remove(job)));
                self.orders_hear(&jobs, scene);
            }
        }
    }

    fn keep_house(&mut self, scene: &mut Scene<'_>) {
        let kept_ms = 3 * 24 * 3_600_000;
        let before = gleaner_model::Timestamp::from_millis(scene.now.wall.as_millis() - kept_ms);
        if scene.shelf.keep_house(before).unwrap_or(false) {
            scene.out.push(Out::Later(Message::Housekeeping));
        }
    }

    /// Hands something to a worker's stream, if it has one.
    fn say(&mut self, worker: WorkerId, told: Told, scene: &mut Scene<'_>) {
        if let Some(link) = self.links.get(&worker) {
            scene.out.push(Out::Send { conn: link.conn, frame: Frame::Told(told) });
        }
    }

    fn worker_said(&mut self, conn: Conn, peer: usize, said: Said, scene: &mut Scene<'_>) {
        if let Said::Hello { slots, needs, tells, held } = said {
            let worker = self.join(conn, peer, slots, needs, &held, scene);
            if tells {
                self.core.tells_ends(worker);
                scene.ledger.tells_ends(worker);
            }
            return;
        }
        let worker = self.links.iter().find(|(_, link)| link.conn == conn).map(|(worker, _)| *worker);
        if let Some(worker) = worker {
            self.said(worker, &said, scene);
        }
    }
}
