//! The fleet: virtual time, the real core, and everybody who asks it and does what it decides.

use gleaner_core::{
    Admission, Ask, Budget, ClientIndex, Effect, HostIndex, Joining, Moment, Needs, Options, Report, Scheduler,
    WorkerId,
};
use gleaner_model::{JobId, Lane, TaskId, Timestamp};

use super::bodies::{Bodies, Phase};
use super::demand::{CLIENTS, Demand, Wish};
use super::hosts::{HOSTS, HostSize, Places};
use super::measure::{Fact, Measure};
use super::scenario::{Asking, Scenario};
use super::work::Kind;
use crate::agenda::Agenda;
use crate::chance::Chance;

/// One way between scheduler and worker.
pub(super) const WAY_MS: u64 = 1;
/// From an outcome to its being durable: a group commit.
const COMMIT_MS: u64 = 3;
/// Workers give a sign of life every 2.5 s; a twenty-fifth of them at a time.
const BEAT_MS: u64 = 100;
const BEATS: u64 = 25;
/// How often those who always have something are given more, and up to how much each: more than they start meanwhile.
const FEED_MS: u64 = 100;
const FED: u64 = 2_000;
/// The host of work that asks nobody.
const NOWHERE: HostIndex = HostIndex(HOSTS);
/// Shares are looked at over so long.
const SHARE_MS: u64 = 60_000;

/// What happens of itself.
#[derive(Clone, Copy, Debug)]
pub(super) enum Event {
    Asks,
    PaidAsks,
    Feed,
    Step(TaskId, u32),
    Commit,
    Beat(u64),
    Leave,
    Return,
    Window,
    ShareWindow,
}

/// The fleet.
pub(super) struct World {
    pub(super) scenario: Scenario,
    pub(super) core: Scheduler,
    pub(super) agenda: Agenda<Event>,
    pub(super) now_ms: u64,
    pub(super) bodies: Bodies,
    pub(super) demand: Demand,
    pub(super) chance: Chance,
    pub(super) measure: Measure,
    pub(super) out: Vec<Effect>,
    clients: Vec<ClientIndex>,
    places: Places,
    commits: Vec<TaskId>,
    /// Microseconds of the next ask beyond its millisecond.
    rest_us: u64,
}

impl World {
    pub(super) fn new(scenario: Scenario) -> Self {
        let mut core = Scheduler::new(Options::default(), 1, scenario.seed);
        for rank in 0..=HOSTS {
            let name = format!("h{rank}.example").parse().expect("a host name");
            let host = core.host(&name).expect("room for a host");
            let nobody = Budget { interval_us: 1, burst: 1_000_000 };
            core.set_budget(host, if host == NOWHERE { nobody } else { HostSize::of(rank).budget() });
        }
        let name = |at: usize| format!("client-{at}").parse().expect("a client name");
        let clients = CLIENTS.iter().enumerate().map(|(at, size)| core.client(&name(at), size.weight)).collect();
        Self {
            demand: Demand::new(&scenario),
            chance: Chance::new(scenario.seed + 1),
            measure: Measure::new(&scenario),
            scenario,
            core,
            agenda: Agenda::new(0),
            now_ms: 0,
            bodies: Bodies::default(),
            out: Vec::new(),
            clients,
            places: Places::new(),
            commits: Vec::new(),
            rest_us: 0,
        }
    }

    pub(super) fn now(&self) -> Moment {
        let wall = Timestamp::from_millis(1_700_000_000_000).plus_ms(self.now_ms);
        Moment { wall, mono_ms: 1_000 + self.now_ms }
    }

    pub(super) fn live(mut self) -> Measure {
        self.begin();
        let mut wake_ms = None;
        loop {
            let next = [self.agenda.next_ms(), wake_ms].into_iter().flatten().min();
            let Some(at_ms) = next.filter(|at_ms| *at_ms <= self.scenario.lasts_ms) else { break };
            self.now_ms = at_ms;
            while self.agenda.next_ms() == Some(at_ms) {
                let event = self.agenda.next().expect("there is one");
                self.happens(event);
            }
            wake_ms = self.settle();
        }
        let hosts = self.core.hosts(self.now());
        self.measure.end(&self.core, &hosts);
        self.measure
    }

    fn begin(&mut self) {
        (1..=self.scenario.workers).for_each(|worker| self.join(WorkerId(worker)));
        for beat in 0..BEATS {
            self.agenda.at(beat * BEAT_MS, Event::Beat(beat));
        }
        if let Some((from_ms, to_ms)) = self.scenario.halved {
            self.agenda.at(from_ms - self.scenario.from_ms, Event::Leave);
            self.agenda.at(to_ms - self.scenario.from_ms, Event::Return);
        }
        let first = if self.scenario.asking == Asking::Always { Event::Feed } else { Event::Asks };
        for event in [first, Event::PaidAsks] {
            self.agenda.at(0, event);
        }
        self.agenda.at(self.scenario.window_ms(), Event::Window);
        self.agenda.at(SHARE_MS, Event::ShareWindow);
    }

    fn join(&mut self, worker: WorkerId) {
        let now = self.now();
        let joining = Joining { worker, slots: self.scenario.slots, needs: Needs(0b11), held: Vec::new() };
        self.core.join(joining, now, &mut self.out);
    }

    fn happens(&mut self, event: Event) {
        match event {
            Event::Asks => self.asks(),
            Event::PaidAsks => {
                let wish = self.demand.paid();
                self.submit(wish);
                let next_ms = self.demand.next_paid_ms(self.now_ms);
                self.agenda.at(next_ms, Event::PaidAsks);
            }
            Event::Feed => self.feed(),
            Event::Step(task, turn) => self.step(task, turn),
            Event::Commit => self.commit(),
            Event::Beat(beat) => self.beat(beat),
            Event::Leave => self.leave(),
            Event::Return => self.halved().for_each(|worker| self.join(worker)),
            Event::Window => {
                let hosts = self.core.hosts(self.now());
                self.measure.window(&self.core, &hosts);
                self.agenda.at(self.now_ms + self.scenario.window_ms(), Event::Window);
            }
            Event::ShareWindow => {
                for body in self.bodies.of.values_mut() {
                    let slot_ms = body.count(self.now_ms);
                    self.measure.took(body, slot_ms);
                }
                self.measure.shares.close_window();
                self.agenda.at(self.now_ms + SHARE_MS, Event::ShareWindow);
            }
        }
    }

    fn asks(&mut self) {
        let wish = self.demand.other();
        self.submit(wish);
        let time_of_day = self.scenario.time_of_day(self.now_ms);
        if let Some(pause_us) = self.demand.next_us(time_of_day) {
            let us = self.rest_us + pause_us;
            self.rest_us = us % 1_000;
            self.agenda.at(self.now_ms + us / 1_000, Event::Asks);
        }
    }

    fn feed(&mut self) {
        for client in (0_u8..).take(CLIENTS.len()).filter(|client| CLIENTS[usize::from(*client)].lane != Lane::Paid) {
            for _ in self.measure.shares.waiting(client)..FED {
                let wish = self.demand.of(client);
                self.submit(wish);
            }
        }
        self.agenda.at(self.now_ms + FEED_MS, Event::Feed);
    }

    fn submit(&mut self, wish: Wish) {
        let job = JobId(self.measure.next_job());
        let lane = CLIENTS[usize::from(wish.client)].lane;
        let host = match wish.kind {
            Kind::Crawl => HostIndex(self.places.host_of(wish.package)),
            Kind::Analyse => NOWHERE,
        };
        let ask = Ask {
            job,
            client: self.clients[usize::from(wish.client)],
            lane,
            host,
            needs: wish.kind.needs(),
            target: wish.target(),
            max_age_ms: 60_000,
            expires_at: None,
        };
        let fact = Fact::new(self.now_ms, wish.client, wish.kind);
        match self.core.submit(ask, self.now()) {
            Ok(Admission::Made(_)) => self.measure.made(fact),
            Ok(Admission::Attached(task)) => {
                let running = self.bodies.of.contains_key(&task);
                self.measure.attached(fact, running);
            }
            Err(why) => self.measure.refused(fact, &why),
        }
    }

    /// The next step of a body is due.
    fn step(&mut self, task: TaskId, turn: u32) {
        let Some(body) = self.bodies.of.get_mut(&task).filter(|body| body.turn == turn) else { return };
        match body.phase {
            Phase::Requests => {
                body.left.requests -= 1;
                match (body.left.requests, body.since_ms) {
                    (0, _) => self.ends(task),
                    (_, Some(_)) => self.ask(task),
                    (_, None) => body.phase = Phase::Still,
                }
            }
            Phase::Begins => self.ask(task),
            Phase::Computes(_) => self.ends(task),
            Phase::Still | Phase::Asks => {}
        }
    }

    fn ask(&mut self, task: TaskId) {
        let now = self.now();
        let Some(body) = self.bodies.of.get_mut(&task) else { return };
        body.phase = Phase::Asks;
        let granted = self.core.ask_permit(body.worker, body.attempt, body.host, now, &mut self.out);
        debug_assert!(granted, "a body has one request at a time");
    }

    /// A body has its outcome, which the scheduler accepts and commits.
    fn ends(&mut self, task: TaskId) {
        let now = self.now();
        let Some(mut body) = self.bodies.of.remove(&task) else { return };
        let slot_ms = body.pause(self.now_ms);
        self.measure.took(&body, slot_ms);
        self.measure.ended(&body);
        self.core.outcome(body.attempt, Report::Finished, now, &mut self.out);
        if self.commits.is_empty() {
            self.agenda.at(self.now_ms + COMMIT_MS, Event::Commit);
        }
        self.commits.push(task);
    }

    fn commit(&mut self) {
        let now = self.now();
        for task in std::mem::take(&mut self.commits) {
            self.core.committed(task, now, &mut self.out);
        }
    }

    fn beat(&mut self, beat: u64) {
        let now = self.now();
        for worker in (1..=self.scenario.workers).filter(|worker| worker % BEATS == beat) {
            self.core.heartbeat(WorkerId(worker), now);
        }
        self.agenda.at(self.now_ms + BEATS * BEAT_MS, Event::Beat(beat));
    }

    fn halved(&self) -> impl Iterator<Item = WorkerId> + use<> {
        (1..=self.scenario.workers).filter(|worker| worker.is_multiple_of(2)).map(WorkerId)
    }

    /// Half of the workers are gone, with all that they had.
    fn leave(&mut self) {
        let now = self.now();
        for worker in self.halved() {
            self.core.leave(worker, now);
            for mut body in self.bodies.lose(worker) {
                let slot_ms = body.pause(self.now_ms);
                self.measure.took(&body, slot_ms);
                self.measure.lost(&body);
            }
        }
    }
}
