//! Frames on their way.

use super::{Event, World};
use crate::network::{Arrival, Way};
use crate::process::Message;
use crate::wire::{Conn, Frame, Peer};

impl World {
    fn delay_ms(&mut self) -> u64 {
        self.chance.pause(self.setup.delay_ms)
    }

    pub(crate) fn send(&mut self, conn: Conn, way: Way, frame: Frame) {
        let due_ms = self.now_ms() + self.delay_ms();
        if let Some(due_ms) = self.network.send(conn, way, frame, due_ms) {
            self.agenda.at(due_ms, Event::Arrives(conn, way));
        }
    }

    /// Something may have arrived; whoever is cut off or stands still gets it afterwards.
    pub(crate) fn arrives(&mut self, conn: Conn, way: Way) {
        let now_ms = self.now_ms();
        let Some(peer) = self.network.peer(conn) else { return };
        let held_up = match (way, peer) {
            (Way::ToScheduler, _) => self.machine.stalled_until_ms,
            (Way::FromScheduler, Peer::Worker(worker)) => self.workers[worker].frozen_until_ms,
            (Way::FromScheduler, Peer::Client(_)) => 0,
        };
        let until_ms = held_up.max(self.cut_off.get(&peer).copied().unwrap_or(0));
        if until_ms > now_ms {
            let late_ms = until_ms + self.delay_ms();
            self.agenda.at(late_ms, Event::Arrives(conn, way));
            return;
        }
        match self.network.receive(conn, way, now_ms) {
            Arrival::Nothing => {}
            Arrival::Later(due_ms) => self.agenda.at(due_ms, Event::Arrives(conn, way)),
            Arrival::Frame(frame) => match way {
                Way::ToScheduler => self.reaches_scheduler(conn, peer, frame),
                Way::FromScheduler => self.reaches_peer(conn, peer, frame),
            },
        }
    }

    fn reaches_scheduler(&mut self, conn: Conn, peer: Peer, frame: Frame) {
        let boot = self.machine.boot;
        let lives = self.machine.process.is_some() && self.network.boot(conn) == Some(boot);
        if !lives {
            // Nobody listens there, or somebody who never heard of this connection.
            self.send(conn, Way::FromScheduler, Frame::Close);
            return;
        }
        self.inbox(boot, Message::Came { conn, peer, frame });
    }

    fn reaches_peer(&mut self, conn: Conn, peer: Peer, frame: Frame) {
        match (peer, frame) {
            (peer, Frame::Close) => self.peer_notices(peer, conn),
            (Peer::Worker(worker), Frame::Told(told)) => self.worker_told(worker, conn, told),
            (Peer::Client(client), Frame::Answered(answered)) => self.client_answered(client, conn, answered),
            _ => {}
        }
    }

    pub(crate) fn peer_notices(&mut self, peer: Peer, conn: Conn) {
        match peer {
            Peer::Worker(worker) => self.worker_loses(worker, conn),
            Peer::Client(client) => self.client_loses(client, conn),
        }
    }

    /// The connection breaks; each side notices within so long.
    pub(crate) fn break_line(&mut self, conn: Conn, within_ms: u64) {
        let Some(peer) = self.network.peer(conn) else { return };
        let boot = self.network.boot(conn).unwrap_or(0);
        self.network.cut(conn);
        let (theirs, ours) = (self.chance.within(0, within_ms), self.chance.within(0, within_ms));
        self.agenda.after(theirs, Event::PeerNotices(peer, conn));
        self.agenda.after(ours, Event::SchedulerNotices(boot, conn));
    }
}
