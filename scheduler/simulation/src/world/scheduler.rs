//! The scheduler's machine: its process starts, handles messages, commits, and dies.

use super::{Event, World};
use crate::network::Way;
use crate::process::{Message, Out, Process, Scene, Then, group};
use crate::tell;
use crate::wire::{Answered, Frame, Peer};

/// The scheduler is woken at least this often.
const ALARM_PERIOD_MS: u64 = 250;

impl World {
    /// The process starts: the store is opened, and recovery reads it.
    pub(crate) fn boot(&mut self, boot: u64) {
        if self.machine.boot != boot || self.machine.process.is_some() {
            return;
        }
        self.machine.boot += 1;
        self.machine.booted_ms = self.now_ms();
        self.machine.alarm_ms = u64::MAX;
        let opened = match self.shelf.open() {
            Ok(opened) => opened,
            Err(error) => return self.ledger.fail(format!("the store does not open: {error}")),
        };
        self.ledger.tally.restarts += u64::from(opened.epoch > 1);
        let (now, at_ms, mut out) = (self.moment(), self.now_ms(), Vec::new());
        tell!(self.story, at_ms, "  the scheduler starts in epoch {}", opened.epoch);
        let seed = self.chance.next();
        let mut scene = Scene {
            now,
            at_ms,
            shelf: &self.shelf,
            ledger: &mut self.ledger,
            story: &mut self.story,
            chance: &mut self.chance,
            out: &mut out,
        };
        match Process::start(self.configuration.clone(), opened, seed, &mut scene) {
            Ok(process) => self.machine.process = Some(process),
            Err(error) => self.ledger.fail(format!("the journal cannot be read: {error}")),
        }
        self.inbox(self.machine.boot, Message::Wake);
    }

    /// A message for the scheduler; if it stands still, it gets it afterwards.
    pub(crate) fn inbox(&mut self, boot: u64, message: Message) {
        if boot != self.machine.boot {
            return;
        }
        if self.machine.stalled_until_ms > self.now_ms() {
            return self.agenda.at(self.machine.stalled_until_ms, Event::Inbox(boot, message));
        }
        let Some(mut process) = self.machine.process.take() else { return };
        if let Message::Came { peer, frame, .. } = &message {
            tell!(self.story, self.agenda.now_ms(), "  the scheduler hears from {peer:?}: {frame:?}");
        }
        let (now, at_ms, mut out) = (self.moment(), self.now_ms(), Vec::new());
        let mut scene = Scene {
            now,
            at_ms,
            shelf: &self.shelf,
            ledger: &mut self.ledger,
            story: &mut self.story,
            chance: &mut self.chance,
            out: &mut out,
        };
        process.handle(message, &mut scene);
        if process.committer.begin() {
            let flush_ms = self.chance.pause(self.setup.flush_ms) + 1;
            self.agenda.after(flush_ms, Event::Flushed(boot));
        }
        self.machine.process = Some(process);
        out.into_iter().for_each(|out| self.carry_out(boot, out));
    }

    fn carry_out(&mut self, boot: u64, out: Out) {
        match out {
            Out::Send { conn, frame } => self.send(conn, Way::FromScheduler, frame),
            Out::Close { conn } => self.send(conn, Way::FromScheduler, Frame::Close),
            Out::Later(message) => {
                let after_ms = self.chance.pick(&[0, 0, 1, 4]);
                self.agenda.after(after_ms, Event::Inbox(boot, message));
            }
            Out::Again => self.agenda.after(0, Event::Inbox(boot, Message::Wake)),
            Out::Alarm(mono_ms) => {
                let soonest_ms = self.machine.booted_ms.saturating_add(mono_ms).max(self.now_ms() + 1);
                let at_ms = soonest_ms.min(self.now_ms() + ALARM_PERIOD_MS);
                if at_ms < self.machine.alarm_ms {
                    self.machine.alarm_ms = at_ms;
                    self.agenda.at(at_ms, Event::Alarm(boot, at_ms));
                }
            }
        }
    }

    pub(crate) fn alarm(&mut self, boot: u64, at_ms: u64) {
        if boot == self.machine.boot && at_ms == self.machine.alarm_ms {
            self.machine.alarm_ms = u64::MAX;
            self.inbox(boot, Message::Wake);
        }
    }

    /// The commit in hand reaches the disk, unless some of its entries conflict: those are refused and the rest is
    /// tried again.
    pub(crate) fn flushed(&mut self, boot: u64) {
        if boot != self.machine.boot {
            return;
        }
        let Some(process) = &mut self.machine.process else { return };
        let mut entries = process.committer.take();
        if let Some(at) = entries.iter().position(|entry| entry.outcome.is_some()).filter(|_| self.chance.percent(2)) {
            // What the outcome left to do was admitted and may have been handed out: it is committed all the same.
            let refused = std::mem::replace(&mut entries[at], crate::process::Entry::new(Then::Nothing));
            entries[at].commands = refused.commands;
            if let Then::Tell(crate::process::Committed::Outcome { worker, attempt, .. }) = refused.then {
                let conflict = crate::process::Committed::Conflict { worker, attempt };
                self.agenda.after(0, Event::Inbox(boot, Message::Committed(conflict)));
            }
        }
        if let Err(error) = self.shelf.commit(&group(&entries)) {
            tell!(self.story, self.agenda.now_ms(), "  the commit fails: {error}");
            process.committer.put_back(entries);
            return self.scheduler_dies(true, true);
        }
        self.ledger.committed(&entries);
        for entry in entries {
            self.call(boot, entry.then);
        }
        let begun = self.machine.process.as_mut().is_some_and(|process| process.committer.begin());
        if begun {
            let flush_ms = self.chance.pause(self.setup.flush_ms) + 1;
            self.agenda.after(flush_ms, Event::Flushed(boot));
        }
    }

    fn call(&mut self, boot: u64, then: Then) {
        match then {
            Then::Nothing => {}
            Then::Answer { conn, frame } => self.send(conn, Way::FromScheduler, frame),
            Then::Keyed { conn, frame, client, key } => {
                if let Some(process) = &mut self.machine.process {
                    process.release(client, key);
                }
                self.send(conn, Way::FromScheduler, frame);
            }
            Then::Tell(committed) => {
                let after_ms = self.chance.pick(&[0, 0, 0, 2]);
                self.agenda.after(after_ms, Event::Inbox(boot, Message::Committed(committed)));
            }
            Then::Position { conn, request, client } => {
                let name = self.configuration.accounts[client].name.to_string();
                let number = self.shelf.position(&name, "s").unwrap_or(0);
                self.ledger.position_told(client, number);
                self.send(conn, Way::FromScheduler, Frame::Answered(Answered::Position { request, number }));
            }
        }
    }

    pub(crate) fn keep_house(&mut self) {
        self.inbox(self.machine.boot, Message::Housekeeping);
        self.agenda.after(7_000, Event::HouseKeeping);
    }

    /// The process is gone, perhaps in the middle of a commit, perhaps with its machine. It comes back after a while.
    pub(crate) fn scheduler_dies(&mut self, in_commit: bool, power: bool) {
        let Some(mut process) = self.machine.process.take() else { return };
        let in_hand = process.committer.take();
        let mut unsure = Vec::new();
        if in_commit && !in_hand.is_empty() {
            let operations = self.chance.within(0, 30);
            self.shelf.fail_after(operations);
            // It dies whatever the disk says; what of it is on the disk nobody knows.
            let _ = self.shelf.commit(&group(&in_hand));
            unsure = in_hand;
        }
        if power {
            self.shelf.cut_power(&mut self.chance);
        } else {
            self.shelf.kill(&mut self.chance);
        }
        drop(process);
        self.ledger.crashed(unsure);
        for conn in self.network.of(None) {
            self.forsake(conn, power);
        }
        let after_ms = self.chance.pause(if power { 3_000 } else { 500 }) + 1;
        self.agenda.after(after_ms, Event::Boot(self.machine.boot));
    }

    /// The other end of a connection learns that the scheduler is gone, at once or when it says something.
    fn forsake(&mut self, conn: crate::wire::Conn, power: bool) {
        let Some(peer) = self.network.peer(conn) else { return };
        let keep = !power && self.chance.percent(50);
        self.network.orphan(conn, keep);
        if power {
            let after_ms = self.chance.within(0, 10_000);
            self.agenda.after(after_ms, Event::PeerNotices(peer, conn));
        } else {
            self.send(conn, Way::FromScheduler, Frame::Close);
        }
    }

    /// Does nobody have a connection that leads nowhere?
    pub(crate) fn is_connected(&self, peer: Peer) -> bool {
        let conn = match peer {
            Peer::Worker(worker) => self.workers[worker].conn.filter(|_| self.workers[worker].welcomed),
            Peer::Client(client) => self.clients[client].conn,
        };
        conn.is_some_and(|conn| self.network.boot(conn) == Some(self.machine.boot))
    }
}
