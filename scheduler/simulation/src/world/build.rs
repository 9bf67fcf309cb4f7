//! A world from a seed.

use gleaner_model::Lane;

use super::{BEGINNING_MS, Event, Machine, World};
use crate::agenda::Agenda;
use crate::chance::Chance;
use crate::client::Client;
use crate::fault::Fault;
use crate::host::Mood;
use crate::ledger::{Ledger, Shares};
use crate::network::Network;
use crate::process::{Account, Configuration};
use crate::setup::Setup;
use crate::shelf::Shelf;
use crate::story::Story;
use crate::worker::Worker;

/// Packages that a campaign comes to at most.
const PACKAGES_MAX: u64 = 30;

impl World {
    pub(crate) fn of_seed(seed: u64, fault: Option<Fault>, told: bool) -> Self {
        let mut chance = Chance::new(seed);
        let setup = Setup::of_seed(&mut chance);
        let mut accounts: Vec<Account> = (0..setup.clients).map(|number| account(number, &mut chance)).collect();
        if setup.contended {
            contend(&mut accounts);
        }
        let shares = Shares::new(&accounts, setup.contended);
        let options = setup.options.clone();
        let configuration = Configuration {
            options,
            budgets: setup.budgets.clone(),
            accounts,
            fault,
            watch_lanes: setup.watch_lanes,
            targets: setup.targets.min(PACKAGES_MAX),
        };
        let mut workers: Vec<Worker> =
            (0..setup.workers).map(|number| worker(number, setup.slots_max, &mut chance)).collect();
        if setup.contended {
            workers.iter_mut().for_each(|worker| worker.is_brisk = true);
        }
        let clients = (0..setup.clients).map(|_| Client::new(chance.percent(30))).collect();
        let mut world = Self {
            ledger: Ledger::new(&setup.budgets, shares),
            configuration,
            agenda: Agenda::new(BEGINNING_MS),
            network: Network::default(),
            shelf: Shelf::new(setup.real_store),
            machine: Machine {
                process: None,
                boot: 0,
                booted_ms: 0,
                stalled_until_ms: 0,
                wall_ahead_ms: 0,
                alarm_ms: u64::MAX,
            },
            workers,
            clients,
            moods: vec![Mood::Good; setup.budgets.len()],
            cut_off: Default::default(),
            story: Story::new(told),
            healed: false,
            events: 0,
            chance,
            setup,
        };
        world.begin();
        world
    }

    fn begin(&mut self) {
        self.agenda.after(0, Event::Boot(0));
        for worker in 0..self.workers.len() {
            let after_ms = self.chance.within(0, 2_000);
            self.agenda.after(after_ms, Event::WorkerStarts(worker, 0));
        }
        for client in 0..self.clients.len() {
            let after_ms = self.chance.within(0, 1_000);
            self.agenda.after(after_ms, Event::ClientConnects(client));
            self.agenda.after(after_ms, Event::ClientAsks(client));
        }
        for (mishap, every_ms) in self.setup.mishaps.clone() {
            let after_ms = self.chance.pause(every_ms);
            self.agenda.after(after_ms, Event::Mishap(mishap, every_ms));
        }
        for (act, every_ms) in self.setup.acts.clone() {
            let after_ms = self.chance.pause(every_ms);
            self.agenda.after(after_ms, Event::Operator(act, every_ms));
        }
        self.agenda.after(7_000, Event::HouseKeeping);
        self.agenda.after(self.setup.stormy_ms, Event::Heal);
    }
}

fn account(number: usize, chance: &mut Chance) -> Account {
    Account {
        name: format!("c{number}").parse().expect("a client's name"),
        lane: chance.pick(&Lane::ALL),
        weight: chance.pick(&[1, 1, 3, 10]),
    }
}

/// All of them in one lane, one part of them with many times the weight of the other.
fn contend(accounts: &mut [Account]) {
    for (number, account) in accounts.iter_mut().enumerate() {
        account.lane = Lane::Free;
        account.weight = if number.is_multiple_of(2) { 1 } else { 10 };
    }
}

/// The first worker can do everything, so that everything can be done; others perhaps a part.
fn worker(number: usize, slots_max: u64, chance: &mut Chance) -> Worker {
    let needs = if number == 0 { 0b111 } else { chance.pick(&[0b111, 0b001, 0b011, 0b110]) };
    let slots = u16::try_from(chance.within(1, slots_max)).unwrap_or(1);
    Worker::new(slots, needs, chance.percent(75), chance.pick(&[0, 0, 1, 10]))
}
