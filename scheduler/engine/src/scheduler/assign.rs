//! Turning a decision to assign into what a worker needs to know.

use std::sync::Arc;

use gleaner_core::{HostIndex, Report, WorkerId};
use gleaner_model::{
    Assignment, Attempt, ClientName, CrawlPart, Document, Fault, FaultKind, Host, JobKind, Lane, Outcome, PackageHead,
    PackageKey, Permit, Registry, Validators,
};
use gleaner_store::{Payload, Store, StoreError};
use tokio::runtime::Handle;

use super::gathered::by_worker;
use super::message::{Message, Outbound, Reported, ToWorker, WorkerSaid};
use super::state::State;
use crate::committer::Entry;
use crate::positions::position_of;

/// An attempt on its way to a worker: what is needed to describe it.
pub(super) struct Departure {
    worker: WorkerId,
    outbound: Outbound,
    attempt: Attempt,
    payload: Arc<Payload>,
    registry: Arc<Registry>,
    permit: Permit,
    lane: Lane,
    checkpoint: Vec<u8>,
    span: tracing::Span,
}

impl State {
    /// Puts an attempt among those that [`State::send_off`] sends on their way.
    pub(super) fn assign(
        &mut self,
        worker: WorkerId,
        attempt: Attempt,
        host: HostIndex,
        use_within_ms: u64,
        lane: Lane,
    ) {
        let prepared = self.assignable(attempt, host);
        let (payload, registry, host) = match prepared {
            Ok(prepared) => prepared,
            Err(fault) => return self.give_up(attempt, fault),
        };
        self.tell_open(attempt.task);
        let Some(link) = self.links.get(&worker) else { return };
        let outbound = link.outbound.clone();
        let permit = Permit { host, use_within_ms };
        let checkpoint = self.parts.core.checkpoint_of(attempt.task).unwrap_or_default().to_vec();
        let span = tracing::debug_span!("lease", task = %attempt.task, purl = %payload.spec.purl, %lane);
        self.departures.push(Departure {
            worker,
            outbound,
            attempt,
            payload,
            registry,
            permit,
            lane,
            checkpoint,
            span,
        });
    }

    /// Sends the attempts of this round on their way. What is known of their packages is read off the actor's thread,
    /// since a disk may be slow.
    pub(super) fn send_off(&mut self) {
        let departures = std::mem::take(&mut self.departures);
        if departures.is_empty() {
            return;
        }
        let (after_commit, at_once): (Vec<_>, Vec<_>) =
            departures.into_iter().partition(|departure| self.builds_on_a_commit(departure));
        let (myself, store) = (self.myself.clone(), Arc::clone(&self.parts.store));
        let leave = move |departures: Vec<Departure>| {
            for message in leave_together(departures, &*store) {
                let _ = myself.cast(message);
            }
        };
        if !after_commit.is_empty() {
            let (leave, runtime) = (leave.clone(), Handle::current());
            self.commit(Entry::new(Box::new(move |result| {
                // A store that failed ends the engine; nobody need be told of an attempt then.
                if result.is_ok() {
                    runtime.spawn_blocking(move || leave(after_commit));
                }
            })));
        }
        if !at_once.is_empty() {
            tokio::task::spawn_blocking(move || leave(at_once));
        }
    }

    /// What an outcome leaves to do is taken in with it and may be handed out before that is committed. But it needs what
    /// the outcome says: which document there is, and which versions are settled. Without that all of it is fetched again.
    fn builds_on_a_commit(&self, departure: &Departure) -> bool {
        let Payload { spec, client, epoch, .. } = &*departure.payload;
        let is_left_over = spec.part == CrawlPart::Older && *client == ClientName::gleaner();
        is_left_over && *epoch == self.parts.store.opened().epoch
    }

    fn assignable(&mut self, attempt: Attempt, host: HostIndex) -> Result<(Arc<Payload>, Arc<Registry>, Host), Fault> {
        let internal = |detail: String| Fault::new(FaultKind::Internal, detail);
        let payload = self
            .payloads
            .get(attempt.task.maker(), &*self.parts.store)
            .map_err(|error| internal(error.to_string()))?
            .ok_or_else(|| internal(format!("the journal does not know {}", attempt.task)))?;
        let known = self
            .parts
            .registries
            .of(&payload.spec)
            .ok_or_else(|| internal(format!("registry `{}` is not configured any more", payload.spec.registry)))?;
        let host = self.parts.core.host_name(host).cloned().ok_or_else(|| internal("an unknown host".to_owned()))?;
        Ok((payload, Arc::clone(&known.registry), host))
    }

    /// Treats an attempt that cannot even be described as failed.
    fn give_up(&mut self, attempt: Attempt, fault: Fault) {
        tracing::error!(task = %attempt.task, %fault, "an attempt cannot be assigned");
        let (now, mut effects) = (self.now(), Vec::new());
        self.parts.core.outcome(attempt, Report::Failed(fault), now, &mut effects);
        self.perform(&mut effects, now);
    }
}

/// Tells the workers, each once. What is known of the packages is read in one go. Whatever goes wrong here must be said to
/// the scheduler: a worker that never hears of an attempt never ends it.
fn leave_together(departures: Vec<Departure>, store: &dyn Store) -> Vec<Message> {
    let keys: Vec<PackageKey> = departures.iter().map(Departure::key).collect();
    let heads = match store.package_heads(&keys) {
        Ok(heads) => heads,
        Err(error) => return departures.into_iter().map(|departure| departure.stay(&error)).collect(),
    };
    let (mut failed, mut leaving) = (Vec::new(), Vec::new());
    for ((departure, key), head) in departures.into_iter().zip(keys).zip(heads) {
        let position = departure.position(store);
        match head.and_then(|head| Ok((head, position?))) {
            Ok((head, position)) => leaving.push((departure.worker, departure.describe(key, head, position))),
            Err(error) => failed.push(departure.stay(&error)),
        }
    }
    for (worker, assigned) in by_worker(leaving) {
        let (outbounds, assignments): (Vec<Outbound>, Vec<Assignment>) = assigned.into_iter().unzip();
        let told = outbounds.first().is_some_and(|outbound| outbound.try_send(ToWorker::Assign(assignments)).is_ok());
        if !told {
            failed.push(Message::Leave { worker });
        }
    }
    failed
}

impl Departure {
    fn key(&self) -> PackageKey {
        PackageKey::new(self.payload.spec.registry.clone(), &self.payload.spec.purl)
    }

    /// Where the catalogue's events stand for what is asked; zero for a crawl.
    fn position(&self, store: &dyn Store) -> Result<u64, StoreError> {
        self.payload.spec.question.as_ref().map_or(Ok(0), |question| position_of(store, question.as_of))
    }

    /// As if the worker had told that it failed.
    fn stay(self, error: &StoreError) -> Message {
        let Self { worker, attempt, .. } = self;
        let outcome = Outcome::Failed(Fault::new(FaultKind::Internal, error.to_string()));
        let said = WorkerSaid::Outcomes(vec![Reported { attempt, outcome, documents: Vec::new() }]);
        Message::Worker { worker, said, credit: None }
    }

    fn describe(self, key: PackageKey, head: Option<PackageHead>, position: u64) -> (Outbound, Assignment) {
        let Payload { spec, trace, .. } = &*self.payload;
        let is_crawl = spec.kind == JobKind::Crawl;
        let (validators, document, settled) = head.filter(|_| is_crawl).map(known).unwrap_or_default();
        let assignment = Assignment {
            attempt: self.attempt,
            kind: spec.kind,
            part: spec.part,
            // A crawl is about a package, whichever version it was asked for.
            purl: if is_crawl { key.into_purl() } else { spec.purl.clone() },
            registry: self.registry,
            validators,
            document,
            settled,
            lane: self.lane,
            permit: self.permit,
            trace: gleaner_proto::trace::continued(&self.span, trace),
            question: spec.question.clone(),
            position,
            checkpoint: self.checkpoint,
        };
        (self.outbound, assignment)
    }
}

/// What a worker may use of a record: the validators and the document that it was made from, and the versions whose
/// dependencies came from documents of their own and need not be fetched again.
fn known(head: PackageHead) -> (Validators, Option<Document>, Vec<String>) {
    match head.source {
        Some(source) => (source.validators, Some(source.document), head.outline.settled),
        None => Default::default(),
    }
}
