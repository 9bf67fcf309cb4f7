//! Workers in the world: they connect, are told things, work, and come and go.

use super::{Event, World};
use crate::network::Way;
use crate::tell;
use crate::wire::{Conn, Frame, Peer, Run, Said, Told};
use crate::worker::{Step, Want};

/// How long a worker waits for a welcome.
const GREETING_MS: u64 = 15_000;

impl World {
    pub(crate) fn worker_starts(&mut self, at: usize, life: u64) {
        let worker = &mut self.workers[at];
        if worker.life == life && !worker.up {
            worker.up = true;
            self.connect(at, life);
        }
    }

    /// Opens a stream and says hello.
    pub(crate) fn connect(&mut self, at: usize, life: u64) {
        let now_ms = self.now_ms();
        let worker = &mut self.workers[at];
        if worker.life != life || !worker.up || worker.conn.is_some() {
            return;
        }
        if worker.frozen_until_ms > now_ms {
            return self.agenda.at(worker.frozen_until_ms, Event::Connect(at, life));
        }
        let conn = self.network.open(Peer::Worker(at), self.machine.boot);
        worker.conn = Some(conn);
        let hello = Said::Hello { slots: worker.slots, needs: worker.needs, tells: worker.tells, held: worker.held() };
        self.agenda.after(GREETING_MS, Event::NoWelcome(at, conn));
        self.send(conn, Way::ToScheduler, Frame::Said(hello));
    }

    pub(crate) fn no_welcome(&mut self, at: usize, conn: Conn) {
        if self.workers[at].conn == Some(conn) && !self.workers[at].welcomed {
            self.send(conn, Way::ToScheduler, Frame::Close);
            self.worker_loses(at, conn);
        }
    }

    /// The stream is over; it is tried anew.
    pub(crate) fn worker_loses(&mut self, at: usize, conn: Conn) {
        let worker = &mut self.workers[at];
        if worker.conn != Some(conn) {
            return;
        }
        (worker.conn, worker.welcomed) = (None, false);
        worker.failures = (worker.failures + 1).min(6);
        let (full_ms, life) = ((100 << worker.failures).min(10_000) / 2, worker.life);
        let after_ms = full_ms / 2 + self.chance.within(0, full_ms / 2);
        self.agenda.after(after_ms, Event::Connect(at, life));
    }

    pub(crate) fn heartbeat(&mut self, at: usize, conn: Conn) {
        let now_ms = self.now_ms();
        let worker = &self.workers[at];
        if worker.conn != Some(conn) {
            return;
        }
        if worker.frozen_until_ms > now_ms {
            return self.agenda.at(worker.frozen_until_ms, Event::Heartbeat(at, conn));
        }
        let (said, after_ms) = (Said::Heartbeat { draining: worker.draining }, worker.heartbeat_ms.max(1));
        self.send(conn, Way::ToScheduler, Frame::Said(said));
        self.agenda.after(after_ms, Event::Heartbeat(at, conn));
    }

    pub(crate) fn worker_told(&mut self, at: usize, conn: Conn, told: Told) {
        if self.workers[at].conn != Some(conn) {
            return;
        }
        tell!(self.story, self.agenda.now_ms(), "  worker {at} is told {told:?}");
        let (hosts, now_ms) = (self.moods.len(), self.now_ms());
        let wants = self.workers[at].told(told, hosts, now_ms, &mut self.chance);
        self.worker_wants(at, wants);
    }

    pub(crate) fn worker_step(&mut self, at: usize, life: u64, run: Run, step: Step) {
        let now_ms = self.now_ms();
        let worker = &mut self.workers[at];
        if worker.life != life {
            return;
        }
        if worker.frozen_until_ms > now_ms {
            return self.agenda.at(worker.frozen_until_ms, Event::Step(at, life, run, step));
        }
        if matches!(step, Step::Answer(..)) {
            self.ledger.request_ends(run);
        }
        let wants = worker.step(run, step, now_ms, &mut self.chance);
        self.worker_wants(at, wants);
    }

    pub(crate) fn worker_wants(&mut self, at: usize, wants: Vec<Want>) {
        let life = self.workers[at].life;
        for want in wants {
            match want {
                Want::Say(said) => {
                    // Without a session nobody need be told: the next hello says what there is.
                    if let Some(conn) = self.workers[at].conn.filter(|_| self.workers[at].welcomed) {
                        self.send(conn, Way::ToScheduler, Frame::Said(said));
                    }
                }
                Want::Step { run, step, after_ms } => self.agenda.after(after_ms, Event::Step(at, life, run, step)),
                Want::Request { run, host } => {
                    self.ledger.request_begins(run, host, self.agenda.now_ms());
                    let (answer, after_ms) = self.ask_host(usize::from(host.0));
                    self.agenda.after(after_ms, Event::Step(at, life, run, Step::Answer(host, answer)));
                }
                Want::Reads { run } => {
                    let lacks = self.ledger.reads_catalogue(run, self.agenda.now_ms());
                    if let Some(body) = self.workers[at].bodies.get_mut(&run) {
                        body.lacks = Some(lacks);
                    }
                    let mean_ms = self.workers[at].mean_ms(self.chance.pick(&[1, 20, 20, 200, 1_500]));
                    let after_ms = self.chance.pause(mean_ms);
                    self.agenda.after(after_ms, Event::Step(at, life, run, Step::Done));
                }
                Want::Forgot { run, acknowledged } => {
                    if acknowledged {
                        self.ledger.forgotten(run);
                    }
                }
                Want::Heartbeat { after_ms } => {
                    if let Some(conn) = self.workers[at].conn {
                        self.agenda.after(after_ms, Event::Heartbeat(at, conn));
                    }
                }
                Want::Suspended => self.ledger.tally.suspended += 1,
            }
        }
        if self.workers[at].is_drained() {
            self.worker_goes(at, true);
        }
    }

    /// The process ends; its connection is closed, unless the whole machine is gone. It starts anew after a while.
    pub(crate) fn worker_goes(&mut self, at: usize, outbox_survives: bool) {
        let conn = self.workers[at].conn;
        self.workers[at].die(outbox_survives);
        if let Some(conn) = conn {
            if outbox_survives {
                self.send(conn, Way::ToScheduler, Frame::Close);
            } else {
                // Nobody says goodbye for a machine that is gone; the scheduler may learn of it or not.
                self.network.cut(conn);
                if self.chance.percent(50) {
                    let (boot, after_ms) = (self.machine.boot, self.chance.within(0, 30_000));
                    self.agenda.after(after_ms, Event::SchedulerNotices(boot, conn));
                }
            }
        }
        let (life, after_ms) = (self.workers[at].life, self.chance.pause(2_000));
        self.agenda.after(after_ms, Event::WorkerStarts(at, life));
    }
}
