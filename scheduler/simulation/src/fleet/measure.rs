//! What came to pass: waits, slots, hosts, shares, displacements; in total and window by window, for the curves.

use gleaner_core::{Counters, HostView, Refusal, Resident, Scheduler};
use gleaner_model::{JobId, TaskId};

use super::bodies::Body;
use super::demand::CLIENTS;
use super::figures::fraction;
use super::hosts::{HOSTS, HostSize};
use super::scenario::Scenario;
use super::shares::Shares;
use super::waits::{Waits, median_and_p99};
use super::work::Kind;

/// What is kept of every job.
#[derive(Clone, Copy, Debug)]
pub(super) struct Fact {
    at_ms: u32,
    client: u8,
    kind: Kind,
    /// Its work was begun, or it joined work that was.
    begun: bool,
}

impl Fact {
    pub(super) fn new(at_ms: u64, client: u8, kind: Kind) -> Self {
        Self { at_ms: u32::try_from(at_ms).unwrap_or(u32::MAX), client, kind, begun: false }
    }

    const fn lane(self) -> usize {
        CLIENTS[self.client as usize].lane.index()
    }
}

/// A point of the curves.
#[derive(Clone, Debug)]
pub(super) struct Window {
    pub(super) slots: u64,
    pub(super) running: [u64; 4],
    pub(super) queued: [u64; 4],
    /// Median and 99th percentile of the waits that ended.
    pub(super) waits: [Option<(u64, u64)>; 4],
    pub(super) displaced: u64,
    /// Requests granted, as a part of all budgets.
    pub(super) host_use: f64,
}

/// A host's requests beside its budget.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct HostUse {
    pub(super) granted: u64,
    /// Over the whole time, as a part of the budget.
    pub(super) mean: f64,
    /// In the window in which it was asked most, as a part of what its budget allows in such a window.
    pub(super) most: f64,
}

/// What came to pass.
#[derive(Debug)]
pub struct Measure {
    facts: Vec<Fact>,
    /// By lane and kind.
    pub(super) waits: [[Waits; 2]; 4],
    pub(super) asked: [u64; 4],
    /// Jobs that joined a task that was there.
    pub(super) attached: [u64; 4],
    pub(super) ended: [u64; 4],
    /// By lane: because too many waited for the same task already, and for any other reason.
    pub(super) crowded: [u64; 4],
    pub(super) refused: u64,
    pub(super) failed: u64,
    pub(super) slot_ms: [u64; 4],
    /// Slot time of what workers had that went.
    pub(super) lost_ms: u64,
    pub(super) shares: Shares,
    pub(super) windows: Vec<Window>,
    pub(super) hosts: Vec<HostUse>,
    granted: Vec<u64>,
    pub(super) counters: Counters,
    pub(super) queued: [u64; 4],
    /// Tasks at workers, suspended ones included, when it ended.
    pub(super) at_workers: u64,
    /// The tables of the core at their largest.
    pub(super) resident: Resident,
    pub(super) held_most: u64,
    window_ms: u64,
    lasts_ms: u64,
}

impl Measure {
    pub(super) fn new(scenario: &Scenario) -> Self {
        Self {
            facts: Vec::new(),
            waits: Default::default(),
            asked: [0; 4],
            attached: [0; 4],
            ended: [0; 4],
            crowded: [0; 4],
            refused: 0,
            failed: 0,
            slot_ms: [0; 4],
            lost_ms: 0,
            shares: Shares::default(),
            windows: Vec::new(),
            hosts: vec![HostUse::default(); usize::from(HOSTS)],
            granted: vec![0; usize::from(HOSTS)],
            counters: Counters::default(),
            queued: [0; 4],
            at_workers: 0,
            resident: Resident::default(),
            held_most: 0,
            window_ms: scenario.window_ms(),
            lasts_ms: scenario.lasts_ms,
        }
    }

    /// The number of the next job.
    pub(super) const fn next_job(&self) -> u64 {
        self.facts.len() as u64 + 1
    }

    fn of(&mut self, job: JobId) -> Option<&mut Fact> {
        self.facts.get_mut(usize::try_from(job.0).ok()?.checked_sub(1)?)
    }

    fn ask(&mut self, fact: Fact) {
        self.asked[fact.lane()] += 1;
        self.facts.push(fact);
    }

    pub(super) fn made(&mut self, fact: Fact) {
        if fact.kind == Kind::Analyse {
            self.shares.queued(fact.client);
        }
        self.ask(fact);
    }

    pub(super) fn attached(&mut self, fact: Fact, begun: bool) {
        self.attached[fact.lane()] += 1;
        self.ask(Fact { begun, ..fact });
    }

    pub(super) fn refused(&mut self, fact: Fact, why: &Refusal) {
        match why {
            Refusal::TooManyAttached { .. } => self.crowded[fact.lane()] += 1,
            _ => self.refused += 1,
        }
        self.ask(Fact { begun: true, ..fact });
    }

    /// Whose a task is, and of which kind.
    pub(super) fn task(&self, task: TaskId) -> (u8, Kind) {
        let maker = usize::try_from(task.maker().0).ok().and_then(|number| self.facts.get(number.checked_sub(1)?));
        maker.map_or((0, Kind::Crawl), |fact| (fact.client, fact.kind))
    }

    /// A task begins, for all of these jobs.
    pub(super) fn started(&mut self, task: TaskId, jobs: Vec<JobId>, now_ms: u64) {
        if let (client, Kind::Analyse) = self.task(task) {
            self.shares.started(client);
        }
        for job in jobs {
            let Some(fact) = self.of(job).filter(|fact| !fact.begun) else { continue };
            fact.begun = true;
            let fact = *fact;
            self.waits[fact.lane()][fact.kind as usize].note(now_ms - u64::from(fact.at_ms));
        }
    }

    /// A task that was begun waits for its next attempt.
    pub(super) fn queued_again(&mut self, task: TaskId) {
        if let (client, Kind::Analyse) = self.task(task) {
            self.shares.queued(client);
        }
    }

    /// A body had its slot for this long since it was last told.
    pub(super) fn took(&mut self, body: &Body, slot_ms: u64) {
        self.slot_ms[body.lane.index()] += slot_ms;
        // What another lane's client has raised is that one's, whoever asked first.
        if CLIENTS[usize::from(body.client)].lane == body.lane {
            self.shares.took(body.client, slot_ms);
        }
    }

    pub(super) const fn ended(&mut self, body: &Body) {
        self.ended[body.lane.index()] += 1;
    }

    pub(super) const fn lost(&mut self, body: &Body) {
        self.lost_ms += body.slot_ms;
    }

    /// A window of the curves is over.
    pub(super) fn window(&mut self, core: &Scheduler, hosts: &[HostView]) {
        let (lanes, counters) = (core.lanes(), core.counters());
        let workers = core.workers();
        let waits = std::array::from_fn(|lane| {
            let of_kinds = self.waits[lane].iter_mut().flat_map(Waits::close_window);
            median_and_p99(of_kinds.collect())
        });
        let window = Window {
            slots: workers.iter().map(|worker| u64::from(worker.slots)).sum(),
            running: lanes.map(|lane| lane.running),
            queued: lanes.map(|lane| lane.queued),
            waits,
            displaced: counters.preempted - self.counters.preempted,
            host_use: self.hosts_asked(hosts),
        };
        self.windows.push(window);
        self.counters = counters;
        if core.held() > self.held_most {
            (self.held_most, self.resident) = (core.held(), core.resident());
        }
    }

    fn hosts_asked(&mut self, hosts: &[HostView]) -> f64 {
        let (mut asked, mut budgets) = (0.0, 0.0);
        for (rank, host) in (0..HOSTS).zip(hosts) {
            let at = usize::from(rank);
            let granted = fraction(host.granted - self.granted[at]);
            self.granted[at] = host.granted;
            let size = HostSize::of(rank);
            let budget = f64::from(size.per_s) * fraction(self.window_ms) / 1e3;
            self.hosts[at].most = self.hosts[at].most.max(granted / (budget + f64::from(size.burst)));
            asked += granted;
            budgets += budget;
        }
        asked / budgets
    }

    /// All is over.
    pub(super) fn end(&mut self, core: &Scheduler, hosts: &[HostView]) {
        for waits in self.waits.iter_mut().flatten() {
            waits.close_window();
            waits.order();
        }
        for (rank, host) in (0..HOSTS).zip(hosts) {
            let of = &mut self.hosts[usize::from(rank)];
            of.granted = host.granted;
            let budget = f64::from(HostSize::of(rank).per_s) * fraction(self.lasts_ms) / 1e3;
            of.mean = fraction(host.granted) / budget;
        }
        self.counters = core.counters();
        self.queued = core.lanes().map(|lane| lane.queued);
        self.at_workers = core.lanes().iter().map(|lane| lane.running + lane.suspended).sum();
    }
}
