//! The world: everybody, the network between them, and the one agenda by which everything happens.

mod build;
mod clients;
mod heal;
mod mishaps;
mod operator;
mod scheduler;
mod traffic;
mod workers;

use gleaner_model::Timestamp;

pub(crate) use self::heal::CALM_MS;
pub(crate) use self::operator::Act;
use crate::agenda::Agenda;
use crate::chance::Chance;
use crate::client::Client;
use crate::host::{Answer, Mood};
use crate::ledger::Ledger;
use crate::network::{Network, Way};
use crate::process::{Configuration, Message, Process};
use crate::setup::{Mishap, Setup};
use crate::shelf::Shelf;
use crate::story::Story;
use crate::tell;
use crate::wire::{Conn, Peer, Run};
use crate::worker::{Step, Worker};

/// Virtual time begins here, so that nothing depends on its being zero.
const BEGINNING_MS: u64 = 1_000_000;

/// What can happen.
#[derive(Debug)]
pub(crate) enum Event {
    /// Something may have arrived at the end of a pipe.
    Arrives(Conn, Way),
    /// One side of a broken connection learns that it is.
    SchedulerNotices(u64, Conn),
    PeerNotices(Peer, Conn),
    /// A message for that life of the scheduler.
    Inbox(u64, Message),
    /// The flush of that life's commit is over.
    Flushed(u64),
    Alarm(u64, u64),
    Boot(u64),
    Connect(usize, u64),
    /// That life of a worker has waited long enough for a welcome on this connection.
    NoWelcome(usize, Conn),
    Heartbeat(usize, Conn),
    Step(usize, u64, Run, Step),
    WorkerStarts(usize, u64),
    ClientAsks(usize),
    ClientConnects(usize),
    Mishap(Mishap, u64),
    Operator(Act, u64),
    HouseKeeping,
    Heal,
}

/// The scheduler's machine.
pub(crate) struct Machine {
    pub(crate) process: Option<Process>,
    /// Rises with every start of the process.
    pub(crate) boot: u64,
    pub(crate) booted_ms: u64,
    /// It stands still until then.
    pub(crate) stalled_until_ms: u64,
    /// The time that its wall clock shows, less the virtual time.
    pub(crate) wall_ahead_ms: i64,
    pub(crate) alarm_ms: u64,
}

/// Everything.
pub(crate) struct World {
    pub(crate) setup: Setup,
    pub(crate) configuration: Configuration,
    pub(crate) agenda: Agenda<Event>,
    pub(crate) chance: Chance,
    pub(crate) network: Network,
    pub(crate) shelf: Shelf,
    pub(crate) machine: Machine,
    pub(crate) workers: Vec<Worker>,
    pub(crate) clients: Vec<Client>,
    pub(crate) moods: Vec<Mood>,
    /// Until when somebody is cut off.
    pub(crate) cut_off: std::collections::BTreeMap<Peer, u64>,
    pub(crate) ledger: Ledger,
    pub(crate) story: Story,
    pub(crate) healed: bool,
    pub(crate) events: u64,
}

impl World {
    pub(crate) const fn now_ms(&self) -> u64 {
        self.agenda.now_ms()
    }

    /// The time as the scheduler's process reads it.
    pub(crate) fn moment(&self) -> gleaner_core::Moment {
        let now_ms = self.now_ms();
        let wall_ms = i64::try_from(now_ms).unwrap_or(i64::MAX).saturating_add(self.machine.wall_ahead_ms);
        gleaner_core::Moment {
            wall: Timestamp::from_millis(wall_ms.saturating_add(1_700_000_000_000)),
            mono_ms: now_ms - self.machine.booted_ms,
        }
    }

    /// Lets the next thing happen. False if nothing ever will.
    pub(crate) fn step(&mut self) -> bool {
        let Some(event) = self.agenda.next() else { return false };
        self.events += 1;
        tell!(self.story, self.agenda.now_ms(), "{event:?}");
        match event {
            Event::Arrives(conn, way) => self.arrives(conn, way),
            Event::SchedulerNotices(boot, conn) => self.inbox(boot, Message::Gone { conn }),
            Event::PeerNotices(peer, conn) => self.peer_notices(peer, conn),
            Event::Inbox(boot, message) => self.inbox(boot, message),
            Event::Flushed(boot) => self.flushed(boot),
            Event::Alarm(boot, at_ms) => self.alarm(boot, at_ms),
            Event::Boot(boot) => self.boot(boot),
            Event::Connect(worker, life) => self.connect(worker, life),
            Event::NoWelcome(worker, conn) => self.no_welcome(worker, conn),
            Event::Heartbeat(worker, conn) => self.heartbeat(worker, conn),
            Event::Step(worker, life, run, step) => self.worker_step(worker, life, run, step),
            Event::WorkerStarts(worker, life) => self.worker_starts(worker, life),
            Event::ClientAsks(client) => self.client_asks(client),
            Event::ClientConnects(client) => self.client_connects(client),
            Event::Mishap(mishap, every_ms) => self.mishap(mishap, every_ms),
            Event::Operator(act, every_ms) => self.operator(act, every_ms),
            Event::HouseKeeping => self.keep_house(),
            Event::Heal => self.heal(),
        }
        true
    }

    /// The answer of a host to a request that goes out now.
    pub(crate) fn ask_host(&mut self, host: usize) -> (Answer, u64) {
        let mood = self.moods.get(host).copied().unwrap_or(Mood::Good);
        mood.answer(self.setup.answer_ms, &mut self.chance)
    }
}
