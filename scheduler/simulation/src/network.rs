//! The network: connections between the scheduler and everybody else.
//!
//! What is sent over one connection arrives in order or not at all; connections do not wait for each other. A
//! connection that breaks takes with it what is on its way, and each side learns of it in its own time. Who is cut off
//! is neither heard nor reached until that ends; what was sent meanwhile arrives late.

use std::collections::{BTreeMap, VecDeque};

use crate::wire::{Conn, Frame, Peer};

/// Which way.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Way {
    ToScheduler,
    FromScheduler,
}

#[derive(Debug, Default)]
struct Pipe {
    /// Bounded by what its sender may have under way: a few frames an attempt or a request.
    frames: VecDeque<(u64, Frame)>,
    last_due_ms: u64,
    shut: bool,
}

#[derive(Debug)]
struct Line {
    peer: Peer,
    /// The life of the scheduler that it leads to.
    boot: u64,
    up: Pipe,
    down: Pipe,
}

/// What waits at the end of a pipe.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum Arrival {
    Nothing,
    /// Not before this time.
    Later(u64),
    Frame(Frame),
}

/// All connections.
#[derive(Debug, Default)]
pub(crate) struct Network {
    lines: BTreeMap<Conn, Line>,
    opened: u64,
}

impl Network {
    pub(crate) fn open(&mut self, peer: Peer, boot: u64) -> Conn {
        self.opened += 1;
        let conn = Conn(self.opened);
        self.lines.insert(conn, Line { peer, boot, up: Pipe::default(), down: Pipe::default() });
        conn
    }

    fn pipe(&mut self, conn: Conn, way: Way) -> Option<&mut Pipe> {
        let line = self.lines.get_mut(&conn)?;
        Some(match way {
            Way::ToScheduler => &mut line.up,
            Way::FromScheduler => &mut line.down,
        })
    }

    /// Sends a frame that takes so long; tells when it arrives, if it is sent at all.
    pub(crate) fn send(&mut self, conn: Conn, way: Way, frame: Frame, due_ms: u64) -> Option<u64> {
        let pipe = self.pipe(conn, way).filter(|pipe| !pipe.shut)?;
        pipe.shut = frame == Frame::Close;
        let due_ms = due_ms.max(pipe.last_due_ms);
        pipe.last_due_ms = due_ms;
        pipe.frames.push_back((due_ms, frame));
        Some(due_ms)
    }

    /// What has arrived.
    pub(crate) fn receive(&mut self, conn: Conn, way: Way, now_ms: u64) -> Arrival {
        let Some(pipe) = self.pipe(conn, way) else { return Arrival::Nothing };
        match pipe.frames.front() {
            None => Arrival::Nothing,
            Some((due_ms, _)) if *due_ms > now_ms => Arrival::Later(*due_ms),
            Some(_) => pipe.frames.pop_front().map_or(Arrival::Nothing, |(_, frame)| Arrival::Frame(frame)),
        }
    }

    pub(crate) fn peer(&self, conn: Conn) -> Option<Peer> {
        self.lines.get(&conn).map(|line| line.peer)
    }

    /// Which life of the scheduler a connection leads to.
    pub(crate) fn boot(&self, conn: Conn) -> Option<u64> {
        self.lines.get(&conn).map(|line| line.boot)
    }

    /// The connection is no more, and with it all that was on its way.
    pub(crate) fn cut(&mut self, conn: Conn) -> bool {
        self.lines.remove(&conn).is_some()
    }

    /// What was on its way to the scheduler is lost, and perhaps what comes from it.
    pub(crate) fn orphan(&mut self, conn: Conn, keep_down: bool) {
        let Some(line) = self.lines.get_mut(&conn) else { return };
        line.up.frames.clear();
        if !keep_down {
            line.down.frames.clear();
            line.down.shut = false;
        }
    }

    /// The connections of somebody, or all.
    pub(crate) fn of(&self, peer: Option<Peer>) -> Vec<Conn> {
        let of = |line: &Line| peer.is_none_or(|peer| line.peer == peer);
        self.lines.iter().filter(|(_, line)| of(line)).map(|(conn, _)| *conn).collect()
    }
}
