//! The committer, as the engine has it: it takes all that has gathered while it was busy, commits that as one group,
//! and then calls what each entry wants called. Here a commit takes virtual time, and whoever drives the world says
//! when it is over.

use std::collections::VecDeque;

use gleaner_model::{ClientName, TaskId};
use gleaner_store::{Closure, Command, Group, KeyEntry, OrderWrite, StreamPosition};

use super::message::Committed;
use crate::wire::{Conn, Frame, Run};

/// A group closes at this many records. Few, so that a burst is several groups.
const GROUP_RECORDS: usize = 64;

/// What is done once an entry is durable.
#[derive(Clone, Debug)]
pub(crate) enum Then {
    Nothing,
    /// Somebody is answered.
    Answer {
        conn: Conn,
        frame: Frame,
    },
    /// The same, and the client's key is free for others who ask under it.
    Keyed {
        conn: Conn,
        frame: Frame,
        client: usize,
        key: u64,
    },
    /// The scheduler is told.
    Tell(Committed),
    /// The position of a client's stream is read and told.
    Position {
        conn: Conn,
        request: u64,
        client: usize,
    },
}

/// What becomes durable together.
#[derive(Clone, Debug)]
pub(crate) struct Entry {
    pub(crate) commands: Vec<(u64, Command)>,
    pub(crate) closures: Vec<Closure>,
    pub(crate) streams: Vec<StreamPosition>,
    pub(crate) keys: Vec<KeyEntry>,
    pub(crate) orders: Vec<OrderWrite>,
    /// Packages that a client's campaign passed over; only the ledger looks at it.
    pub(crate) skipped: Vec<(ClientName, u64)>,
    /// The task whose outcome this is, and who did the work.
    pub(crate) outcome: Option<(TaskId, Run)>,
    pub(crate) then: Then,
}

impl Entry {
    pub(crate) const fn new(then: Then) -> Self {
        Self {
            commands: Vec::new(),
            closures: Vec::new(),
            streams: Vec::new(),
            keys: Vec::new(),
            orders: Vec::new(),
            skipped: Vec::new(),
            outcome: None,
            then,
        }
    }

    fn records(&self) -> usize {
        self.commands.len() + self.closures.len()
    }
}

/// The entries on their way to the disk.
#[derive(Debug, Default)]
pub(crate) struct Committer {
    waiting: VecDeque<Entry>,
    busy: Vec<Entry>,
    /// Entries of a planted fault, which come one group too late.
    apart: Vec<Entry>,
}

impl Committer {
    pub(crate) fn send(&mut self, entry: Entry) {
        self.waiting.push_back(entry);
    }

    /// Sends an entry so that the group in the making does not carry it.
    pub(crate) fn send_apart(&mut self, entry: Entry) {
        self.apart.push(entry);
    }

    pub(crate) fn waiting(&self) -> usize {
        self.waiting.len()
    }

    /// Takes the next group in hand, if it is idle and there is one.
    pub(crate) fn begin(&mut self) -> bool {
        if !self.busy.is_empty() {
            return false;
        }
        let mut records = 0;
        while records < GROUP_RECORDS {
            let Some(entry) = self.waiting.pop_front() else { break };
            records += entry.records();
            self.busy.push(entry);
        }
        self.waiting.extend(self.apart.drain(..));
        !self.busy.is_empty()
    }

    /// What is in hand.
    pub(crate) fn in_hand(&self) -> &[Entry] {
        &self.busy
    }

    /// Takes the entries in hand away: they are durable, or will never be.
    pub(crate) fn take(&mut self) -> Vec<Entry> {
        std::mem::take(&mut self.busy)
    }

    /// Puts back what is left of the entries in hand.
    pub(crate) fn put_back(&mut self, entries: Vec<Entry>) {
        self.busy = entries;
    }
}

/// The group that these entries make.
pub(crate) fn group(entries: &[Entry]) -> Group {
    Group {
        commands: entries.iter().flat_map(|entry| entry.commands.iter().cloned()).collect(),
        closures: entries.iter().flat_map(|entry| entry.closures.iter().cloned()).collect(),
        streams: entries.iter().flat_map(|entry| entry.streams.iter().cloned()).collect(),
        orders: entries.iter().flat_map(|entry| entry.orders.iter().cloned()).collect(),
        keys: entries.iter().flat_map(|entry| entry.keys.iter().cloned()).collect(),
        ..Group::default()
    }
}
