//! A simulated client: it asks in bursts, tries again what was refused or not answered, cancels some of it, and holds
//! on to its receipts. Some asks are under a key of its own, and asked again and again; some are for resolutions. Some
//! clients send a numbered stream of items instead, which goes on wherever it stopped.

use std::collections::{BTreeMap, BTreeSet};

use gleaner_model::{BatchId, JobId};

use crate::chance::Chance;
use crate::packages::{RESOLVE, UNIVERSE};
use crate::wire::{Answered, Asked, Conn, Wish};

/// What became of an answer.
#[derive(Debug)]
pub(crate) enum News {
    Receipts {
        jobs: Vec<JobId>,
        up_to: Option<u64>,
        /// The key under which it was asked.
        key: Option<u64>,
    },
    Cancelled(JobId),
    BatchCancelled(BatchId),
    Refused,
    /// Nothing that matters to others.
    Nothing,
}

/// What clients ask for: one of so many packages, and in so many of a hundred cases that it is resolved and not crawled.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Taste {
    pub(crate) targets: u64,
    pub(crate) resolves: u64,
}

impl Taste {
    fn target(self, chance: &mut Chance) -> u64 {
        let (package, resolves) = (chance.next(), chance.percent(self.resolves));
        if resolves { (package % UNIVERSE) | RESOLVE } else { package % self.targets }
    }
}

/// A client.
#[derive(Debug)]
pub(crate) struct Client {
    pub(crate) conn: Option<Conn>,
    pub(crate) streams: bool,
    asked: u64,
    /// Questions without an answer yet; items by the number of the last one. At most a few dozen: it waits.
    open: BTreeMap<u64, Option<u64>>,
    /// Jobs that it may still cancel, the newest ones.
    jobs: Vec<JobId>,
    /// Where its stream goes on, once it was told.
    pub(crate) next_item: Option<u64>,
    keys: u64,
    /// What it asked under its newest keys.
    keyed: Vec<Wish>,
    /// Its newest batches, and the questions that may become some.
    batches: Vec<BatchId>,
    asked_for_batch: BTreeSet<u64>,
    /// The keys of questions without an answer yet.
    asked_under: BTreeMap<u64, u64>,
}

/// The key under which a dead letter is tried again; no client has so many keys of its own.
pub(crate) const fn retry_key(dead: JobId) -> u64 {
    dead.0 | (1 << 40)
}

/// Asks under keys that a client may repeat.
const KEYS_KEPT: usize = 4;

/// Questions that a client leaves open before it waits for answers.
const OPEN_MAX: usize = 24;

impl Client {
    pub(crate) fn new(streams: bool) -> Self {
        Self {
            conn: None,
            streams,
            asked: 0,
            open: BTreeMap::new(),
            jobs: Vec::new(),
            next_item: None,
            keys: 0,
            keyed: Vec::new(),
            batches: Vec::new(),
            asked_for_batch: BTreeSet::new(),
            asked_under: BTreeMap::new(),
        }
    }

    fn request(&mut self, last: Option<u64>) -> u64 {
        self.asked += 1;
        self.open.insert(self.asked, last);
        self.asked
    }

    /// What it asks first on a new connection.
    pub(crate) fn greet(&mut self) -> Option<Asked> {
        self.open.clear();
        self.asked_under.clear();
        self.asked_for_batch.clear();
        self.next_item = None;
        if self.streams { Some(Asked::Open { request: self.request(None) }) } else { None }
    }

    /// The next thing that it asks, if it is not waiting.
    pub(crate) fn ask(&mut self, taste: Taste, chance: &mut Chance) -> Option<Asked> {
        if self.open.len() >= OPEN_MAX {
            return None;
        }
        if !self.jobs.is_empty() && chance.percent(8) {
            let job = self.jobs.swap_remove(chance.below(self.jobs.len()));
            return Some(Asked::Cancel { request: self.request(None), job });
        }
        if !self.streams && chance.percent(15) {
            let wish = self.under_a_key(taste, chance);
            let request = self.request(None);
            self.asked_under.extend(wish.key.map(|key| (request, key)));
            return Some(Asked::Submit { request, wishes: vec![wish] });
        }
        match chance.below(100) {
            0 => return Some(Asked::Campaign { request: self.request(None) }),
            1 => return Some(Asked::Schedule { request: self.request(None) }),
            2..8 => {
                let wishes = (0..chance.within(1, 5)).map(|_| wish(taste, chance)).collect();
                let request = self.request(None);
                self.asked_for_batch.insert(request);
                return Some(Asked::Batch { request, wishes });
            }
            8 => return Some(Asked::CancelCampaign { request: self.request(None) }),
            9..12 if !self.batches.is_empty() => {
                let batch = self.batches.swap_remove(chance.below(self.batches.len()));
                return Some(Asked::CancelBatch { request: self.request(None), batch });
            }
            _ => {}
        }
        let wishes: Vec<Wish> = (0..chance.pick(&[1, 1, 1, 2, 5])).map(|_| wish(taste, chance)).collect();
        if !self.streams {
            return Some(Asked::Submit { request: self.request(None), wishes });
        }
        let first = self.next_item?;
        let last = first + wishes.len() as u64 - 1;
        self.next_item = Some(last + 1);
        Some(Asked::Items { request: self.request(Some(last)), first, wishes })
    }

    /// It wants a dead letter of its own to be tried again.
    pub(crate) fn retry(&mut self, job: JobId) -> Asked {
        let request = self.request(None);
        self.asked_under.insert(request, retry_key(job));
        Asked::Retry { request, job }
    }

    /// Something under a key: new, or the same as before. Its times would be other moments the second time.
    fn under_a_key(&mut self, taste: Taste, chance: &mut Chance) -> Wish {
        if !self.keyed.is_empty() && chance.percent(70) {
            return self.keyed[chance.below(self.keyed.len())];
        }
        self.keys += 1;
        let wish = Wish { key: Some(self.keys), ..Wish::plain(taste.target(chance)) };
        if self.keyed.len() == KEYS_KEPT {
            self.keyed.remove(0);
        }
        self.keyed.push(wish);
        wish
    }

    /// An answer came.
    pub(crate) fn answered(&mut self, answered: Answered) -> News {
        match answered {
            Answered::Receipts { request, jobs } => {
                let Some(up_to) = self.open.remove(&request) else { return News::Nothing };
                self.jobs.extend(&jobs);
                if let Some(first) = jobs.first().filter(|_| self.asked_for_batch.remove(&request)) {
                    self.batches.push(BatchId(first.0));
                }
                let excess = self.jobs.len().saturating_sub(50);
                self.jobs.drain(..excess);
                News::Receipts { jobs, up_to, key: self.asked_under.remove(&request) }
            }
            Answered::Cancelled { request, job, over } => {
                self.open.remove(&request);
                if over { News::Cancelled(job) } else { News::Nothing }
            }
            Answered::Ordered { request } => {
                self.open.remove(&request);
                self.asked_under.remove(&request);
                News::Nothing
            }
            Answered::BatchCancelled { request, batch } => {
                self.open.remove(&request);
                News::BatchCancelled(batch)
            }
            Answered::Position { request, number } => {
                if self.open.remove(&request).is_none() {
                    return News::Nothing;
                }
                self.next_item = Some(number + 1);
                News::Nothing
            }
            Answered::Refused { request, .. } => {
                let was = self.open.remove(&request);
                self.asked_under.remove(&request);
                if was.is_some_and(|last| last.is_some()) {
                    // The items that it sent after this one are out of order now.
                    self.next_item = None;
                }
                News::Refused
            }
        }
    }
}

fn wish(taste: Taste, chance: &mut Chance) -> Wish {
    let target = taste.target(chance);
    let begins_in_ms = chance.pick(&[None, None, None, None, None, Some(50), Some(2_000), Some(15_000)]);
    // Ends before the beginning are refused; one in some dozens is.
    let from_ms = begins_in_ms.filter(|_| !chance.percent(3)).unwrap_or(0);
    let later = |in_ms: Option<u64>| in_ms.map(|in_ms| from_ms + in_ms);
    Wish {
        max_age_ms: chance.pick(&[0, 0, 100, 5_000]),
        expires_in_ms: later(chance.pick(&[None, None, None, Some(300), Some(20_000)])),
        begins_in_ms,
        deadline_in_ms: later(chance.pick(&[None, None, None, Some(100), Some(10_000)])),
        ..Wish::plain(target)
    }
}
