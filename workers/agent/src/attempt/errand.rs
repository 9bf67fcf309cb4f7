//! What an attempt carries with it.

use std::sync::atomic::{AtomicU32, AtomicU64, Ordering};
use std::sync::{Arc, Mutex, PoisonError};

use gleaner_model::{Assignment, Host};
use tokio::sync::watch;
use tokio::time::Instant;

use super::checkpoint::{Carried, Draft};
use super::desk::Leave;
use super::drain::Drains;
use super::ended::Ended;
use super::lease::Lease;
use crate::Options;
use crate::catalogue::Catalogue;
use crate::http::HttpClient;
use crate::session::Link;
use crate::state::State;
use crate::workshop::Workshop;

/// What all attempts of an agent share.
#[derive(Clone)]
pub(crate) struct Tools {
    pub(crate) options: Arc<Options>,
    pub(crate) http: HttpClient,
    pub(crate) workshop: Workshop,
    pub(crate) state: State,
    /// What is known of the catalogue.
    pub(crate) catalogue: Catalogue,
    /// What suspended attempts may still receive.
    pub(crate) drains: Arc<Drains>,
    /// The running session, if there is one.
    pub(crate) links: watch::Receiver<Option<Link>>,
}

/// One attempt and its means.
pub(crate) struct Errand {
    pub(crate) assignment: Assignment,
    pub(crate) lease: Arc<Lease>,
    pub(crate) tools: Tools,
    /// What an earlier attempt left.
    pub(super) carried: Carried,
    /// The permit that came with the assignment, until it is used.
    spare: Mutex<Option<Leave>>,
    requests: AtomicU32,
    received_bytes: AtomicU64,
    pub(super) ended: Ended,
}

impl Errand {
    /// An errand whose assignment, and with it its first permit, arrived at `received`.
    pub(crate) fn new(assignment: Assignment, received: Instant, lease: Arc<Lease>, tools: Tools) -> Self {
        let spare = Leave::new(assignment.permit.clone(), received);
        let carried = Carried::read(&assignment.checkpoint);
        Self {
            carried,
            assignment,
            lease,
            tools,
            spare: Mutex::new(Some(spare)),
            requests: AtomicU32::new(0),
            received_bytes: AtomicU64::new(0),
            ended: Ended::default(),
        }
    }

    /// Uses up the permit of the assignment, if it is for this host and its time is not over.
    pub(crate) fn use_spare(&self, host: &Host) -> bool {
        let mut spare = self.spare.lock().unwrap_or_else(PoisonError::into_inner);
        spare.take_if(|leave| leave.allows(host, Instant::now())).is_some()
    }

    pub(crate) fn count_request(&self) {
        self.requests.fetch_add(1, Ordering::Relaxed);
    }

    pub(crate) fn count_received(&self, bytes: usize) {
        self.received_bytes.fetch_add(bytes as u64, Ordering::Relaxed);
    }

    /// A request to a host has ended. One that is suspended has nothing else to say soon, so it says so.
    pub(crate) fn note_ended(&self, host: &Host, well: bool) {
        self.ended.note(host, well);
        if self.lease.is_suspended() {
            self.tell_ended();
        }
    }

    fn tell_ended(&self) {
        let ended = self.ended.take();
        if ended.is_empty() {
            return;
        }
        let told = match &*self.tools.links.borrow() {
            Some(link) => link.requests_ended(self.lease.attempt(), ended.clone()),
            None => false,
        };
        if !told {
            self.ended.put_back(ended);
        }
    }

    /// Tells the scheduler how far it has got, with a checkpoint if there is anything new in it.
    pub(crate) async fn report_progress(&self) {
        self.tell_ended();
        let checkpoint = match self.lease.notes.news() {
            Some(draft) => pack(&self.tools.workshop, draft).await,
            None if self.lease.is_suspended() => return,
            None => Vec::new(),
        };
        let is_new = !checkpoint.is_empty();
        let (requests, bytes) = (self.requests.load(Ordering::Relaxed), self.received_bytes.load(Ordering::Relaxed));
        let told = match &*self.tools.links.borrow() {
            Some(link) => link.progress(self.lease.attempt(), requests, bytes, checkpoint),
            None => false,
        };
        if is_new && !told {
            self.lease.notes.tell_again();
        }
    }
}

/// Packs a checkpoint where work for the processor is done. Empty if the worker is about to end.
pub(crate) async fn pack(workshop: &Workshop, draft: Draft) -> Vec<u8> {
    workshop.run(draft.bytes(), move || draft.pack()).await.unwrap_or_default()
}
