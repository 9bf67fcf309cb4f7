//! What goes wrong.

use super::{Event, World};
use crate::host::Mood;
use crate::setup::Mishap;
use crate::wire::Peer;

impl World {
    /// Something goes wrong, and again after a while, until the storm is over.
    pub(crate) fn mishap(&mut self, mishap: Mishap, every_ms: u64) {
        if self.healed {
            return;
        }
        let after_ms = self.chance.pause(every_ms) + 1;
        self.agenda.after(after_ms, Event::Mishap(mishap, every_ms));
        match mishap {
            Mishap::SchedulerKilled => self.scheduler_goes(false),
            Mishap::PowerCut => self.scheduler_goes(true),
            Mishap::DiskFails => {
                let operations = self.chance.within(0, 60);
                if self.machine.process.is_some() {
                    self.shelf.fail_after(operations);
                }
            }
            Mishap::SchedulerStalls => {
                let for_ms = self.chance.pause(4_000);
                self.machine.stalled_until_ms = self.now_ms() + for_ms;
            }
            Mishap::WorkerKilled => self.some_worker(|world, at| world.worker_goes(at, true)),
            Mishap::WorkerLost => self.some_worker(|world, at| world.worker_goes(at, false)),
            Mishap::WorkerFreezes => self.some_worker(|world, at| {
                let for_ms = world.chance.pause(8_000);
                world.workers[at].frozen_until_ms = world.now_ms() + for_ms;
            }),
            Mishap::WorkerDrains => self.some_worker(|world, at| {
                let wants = world.workers[at].drain();
                world.worker_wants(at, wants);
            }),
            Mishap::ConnectionBreaks => {
                let lines = self.network.of(None);
                if !lines.is_empty() {
                    let (line, within_ms) = (self.chance.pick(&lines), self.chance.pick(&[10, 100, 3_000, 20_000]));
                    self.break_line(line, within_ms);
                }
            }
            Mishap::Partition => self.partition(),
            Mishap::ClockSet => {
                let by_ms = self.chance.pick(&[50_i64, 2_000, 60_000, 300_000]);
                self.machine.wall_ahead_ms += if self.chance.percent(50) { by_ms } else { -by_ms };
            }
            Mishap::HostTurns => {
                let host = self.chance.below(self.moods.len());
                self.moods[host] = Mood::any(&mut self.chance);
            }
        }
    }

    fn scheduler_goes(&mut self, power: bool) {
        let in_commit = self.chance.percent(70);
        self.scheduler_dies(in_commit, power);
    }

    fn some_worker(&mut self, what: impl FnOnce(&mut Self, usize)) {
        let at = self.chance.below(self.workers.len());
        if self.workers[at].up {
            what(self, at);
        }
    }

    /// Somebody is cut off; if that is long, the connections break as well, and each side notices when it does.
    fn partition(&mut self) {
        let number = self.chance.below(self.workers.len() + self.clients.len());
        let workers = self.workers.len();
        let peer = if number < workers { Peer::Worker(number) } else { Peer::Client(number - workers) };
        let for_ms = self.chance.pause(8_000);
        self.cut_off.insert(peer, self.now_ms() + for_ms);
        if self.chance.percent(50) {
            for conn in self.network.of(Some(peer)) {
                self.break_line(conn, 20_000);
            }
        }
    }
}
