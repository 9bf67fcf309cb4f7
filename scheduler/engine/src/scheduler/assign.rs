//! Turning a decision to assign into what a worker needs to know.

use std::sync::Arc;

use gleaner_core::{HostIndex, Report, WorkerId};
use gleaner_model::{
    Assignment, Attempt, Document, Fault, FaultKind, Host, Lane, Outcome, PackageHead, PackageKey, Permit, Registry,
    Validators,
};
use gleaner_store::{Store, StoreError};

use super::message::{Message, ToWorker, WorkerSaid};
use super::state::State;
use crate::payloads::Payload;

impl State {
    /// Sends an attempt on its way. What is known of the package is read off the actor's thread, since a disk may be
    /// slow.
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
        let (outbound, store) = (link.outbound.clone(), Arc::clone(&self.parts.store));
        let permit = Permit { host, use_within_ms };
        let checkpoint = self.parts.core.checkpoint_of(attempt.task).unwrap_or_default().to_vec();
        let myself = self.myself.clone();
        let span = tracing::info_span!("lease", task = %attempt.task, purl = %payload.spec.purl, %lane);
        let trace = gleaner_proto::trace::continued(&span, &payload.trace);
        tokio::task::spawn_blocking(move || {
            // Whatever goes wrong here must be said: a worker that never hears of an attempt never ends it.
            let described = span.in_scope(|| describe(&*store, &payload, registry, attempt, permit, lane));
            let message = match described.map(|assignment| Assignment { trace, checkpoint, ..assignment }) {
                Ok(assignment) => match outbound.try_send(ToWorker::Assign(Box::new(assignment))) {
                    Ok(()) => return,
                    Err(_) => Message::Leave { worker },
                },
                Err(error) => {
                    let outcome = Outcome::Failed(Fault::new(FaultKind::Internal, error.to_string()));
                    let said = WorkerSaid::Outcome { attempt, outcome, documents: Vec::new() };
                    Message::Worker { worker, said, credit: None }
                }
            };
            let _ = myself.cast(message);
        });
    }

    fn assignable(&mut self, attempt: Attempt, host: HostIndex) -> Result<(Arc<Payload>, Registry, Host), Fault> {
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
        Ok((payload, known.registry.clone(), host))
    }

    /// Treats an attempt that cannot even be described as failed.
    fn give_up(&mut self, attempt: Attempt, fault: Fault) {
        tracing::error!(task = %attempt.task, %fault, "an attempt cannot be assigned");
        let (now, mut effects) = (self.now(), Vec::new());
        self.parts.core.outcome(attempt, Report::Failed(fault), now, &mut effects);
        self.perform(&mut effects, now);
    }
}

fn describe(
    store: &dyn Store,
    payload: &Payload,
    registry: Registry,
    attempt: Attempt,
    permit: Permit,
    lane: Lane,
) -> Result<Assignment, StoreError> {
    let key = PackageKey::new(payload.spec.registry.clone(), &payload.spec.purl);
    let (validators, document, settled) = store.package_head(&key)?.map(known).unwrap_or_default();
    Ok(Assignment {
        attempt,
        kind: payload.spec.kind,
        part: payload.spec.part,
        purl: payload.spec.purl.without_version(),
        registry,
        validators,
        document,
        settled,
        lane,
        permit,
        trace: payload.trace.clone(),
        checkpoint: Vec::new(),
    })
}

/// What a worker may use of a record: the validators and the document that it was made from, and the versions whose
/// dependencies came from documents of their own and need not be fetched again.
fn known(head: PackageHead) -> (Validators, Option<Document>, Vec<String>) {
    match head.source {
        Some(source) => (source.validators, Some(source.document), head.outline.settled),
        None => Default::default(),
    }
}
