//! Clients in the world: they connect, ask, and read their answers.

use super::{Event, World};
use crate::client::{News, Taste};
use crate::network::Way;
use crate::wire::{Answered, Conn, Frame, Peer};

impl World {
    pub(crate) fn client_connects(&mut self, at: usize) {
        if self.clients[at].conn.is_some() {
            return;
        }
        let conn = self.network.open(Peer::Client(at), self.machine.boot);
        self.clients[at].conn = Some(conn);
        if let Some(asked) = self.clients[at].greet() {
            self.send(conn, Way::ToScheduler, Frame::Asked(asked));
        }
    }

    pub(crate) fn client_loses(&mut self, at: usize, conn: Conn) {
        if self.clients[at].conn != Some(conn) {
            return;
        }
        self.clients[at].conn = None;
        let after_ms = self.chance.pause(300);
        self.agenda.after(after_ms, Event::ClientConnects(at));
    }

    /// The next question, until the storm is over.
    pub(crate) fn client_asks(&mut self, at: usize) {
        if self.healed {
            return;
        }
        let after_ms = self.chance.pause(self.setup.ask_every_ms);
        self.agenda.after(after_ms, Event::ClientAsks(at));
        let Some(conn) = self.clients[at].conn else { return };
        if self.chance.percent(3) {
            let name = &self.configuration.accounts[at].name;
            if let Some(dead) = self.ledger.durable.dead_letter_of(name, &mut self.chance) {
                let asked = self.clients[at].retry(dead);
                return self.send(conn, Way::ToScheduler, Frame::Asked(asked));
            }
        }
        let taste = Taste { targets: self.setup.targets, resolves: self.setup.resolves };
        if let Some(asked) = self.clients[at].ask(taste, &mut self.chance) {
            self.send(conn, Way::ToScheduler, Frame::Asked(asked));
        }
    }

    pub(crate) fn client_answered(&mut self, at: usize, conn: Conn, answered: Answered) {
        if self.clients[at].conn != Some(conn) {
            return;
        }
        match self.clients[at].answered(answered) {
            News::Receipts { jobs, up_to, key } => {
                if let (Some(key), Some(job)) = (key, jobs.first()) {
                    self.ledger.named_by_key(at, key, *job);
                }
                jobs.into_iter().for_each(|job| self.ledger.receipt(job));
                if let Some(number) = up_to {
                    self.ledger.items_acknowledged(at, number);
                }
            }
            News::Cancelled(job) => self.ledger.told_cancelled(job),
            News::BatchCancelled(batch) => self.ledger.told_batch_cancelled(batch),
            News::Nothing => {}
            News::Refused if self.clients[at].streams => {
                // The stream begins anew where it stopped.
                self.send(conn, Way::ToScheduler, Frame::Close);
                self.client_loses(at, conn);
            }
            News::Refused => {}
        }
    }
}
