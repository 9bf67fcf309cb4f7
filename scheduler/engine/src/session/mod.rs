//! One actor a worker's stream: it turns what the worker says into what the scheduler is told.
//!
//! The problem: an outcome names documents whose pieces come before it, and the scheduler may only hear of the outcome
//! when the documents are on disk. So the session gathers pieces, has complete documents stored in the background, and
//! holds an outcome back until its documents are there. Pieces of one attempt arrive in order; different attempts do
//! not wait for each other.

mod uploads;

use std::sync::Arc;

use bytes::Bytes;
use gleaner_core::WorkerId;
use gleaner_model::{Attempt, ContentHash, Fault, FaultKind, Outcome};
use gleaner_proto::convert::{
    DocumentPiece, PermitRequest, Progress, RequestsEnded, Suspended, Throttled, unpack_outcomes,
};
use gleaner_proto::v1;
use gleaner_store::{Documents, Place};
use ractor::{Actor, ActorProcessingErr, ActorRef};
use tokio::sync::OwnedSemaphorePermit;

use self::uploads::{Ready, Uploads};
use crate::scheduler::{Message, Reported, SchedulerRef, WorkerSaid};

/// What a session is told.
pub(crate) enum SessionMessage {
    /// The worker said these things, in order. The credits bound how much may wait here.
    Said(Vec<(v1::session_request::Message, OwnedSemaphorePermit)>),
    /// A document was stored, or could not be.
    Stored { attempt: Attempt, hash: ContentHash, result: Result<Place, String> },
}

pub(crate) struct SessionActor;

pub(crate) struct Session {
    worker: WorkerId,
    scheduler: SchedulerRef,
    documents: Arc<Documents>,
    uploads: Uploads,
}

/// What a session is made of.
pub(crate) struct SessionParts {
    pub(crate) worker: WorkerId,
    pub(crate) scheduler: SchedulerRef,
    pub(crate) documents: Arc<Documents>,
}

impl Actor for SessionActor {
    type Msg = SessionMessage;
    type State = Session;
    type Arguments = SessionParts;

    async fn pre_start(&self, _: ActorRef<SessionMessage>, parts: SessionParts) -> Result<Session, ActorProcessingErr> {
        let SessionParts { worker, scheduler, documents } = parts;
        Ok(Session { worker, scheduler, documents, uploads: Uploads::default() })
    }

    async fn handle(
        &self,
        myself: ActorRef<SessionMessage>,
        message: SessionMessage,
        session: &mut Session,
    ) -> Result<(), ActorProcessingErr> {
        match message {
            SessionMessage::Said(heard) => {
                for (said, credit) in heard {
                    // A worker that breaks the protocol loses its session; it comes back and announces what it has.
                    session
                        .said(&myself, said, credit)
                        .inspect_err(|error| tracing::warn!(%error, "a session ends"))?;
                }
            }
            SessionMessage::Stored { attempt, hash, result } => {
                if let Some(ready) = session.uploads.stored(attempt, hash, result) {
                    session.pass_on(vec![reported(attempt, ready)]);
                }
            }
        }
        Ok(())
    }
}

impl Session {
    fn said(
        &mut self,
        myself: &ActorRef<SessionMessage>,
        said: v1::session_request::Message,
        credit: OwnedSemaphorePermit,
    ) -> Result<(), ActorProcessingErr> {
        use v1::session_request::Message as Said;
        let passed_on = match said {
            Said::Hello(_) => return Err("a second hello in one session".into()),
            Said::Heartbeat(beat) => WorkerSaid::Heartbeat { draining: beat.draining },
            Said::PermitRequest(wish) => {
                let PermitRequest { attempt, host, ended } = wish.try_into()?;
                WorkerSaid::WantsPermit { attempt, host, ended }
            }
            Said::Throttled(throttled) => {
                let Throttled { attempt, host, retry_after_ms } = throttled.try_into()?;
                WorkerSaid::Throttled { attempt, host, retry_after_ms }
            }
            Said::Progress(progress) => {
                let Progress { attempt, checkpoint, .. } = progress.try_into()?;
                WorkerSaid::Progress { attempt, checkpoint }
            }
            Said::Suspended(suspended) => {
                let Suspended { attempt, checkpoint } = suspended.try_into()?;
                WorkerSaid::Progress { attempt, checkpoint }
            }
            Said::RequestsEnded(said) => {
                let RequestsEnded { attempt, ended } = said.try_into()?;
                WorkerSaid::RequestsEnded { attempt, ended }
            }
            Said::DocumentPiece(piece) => return self.piece(myself, piece, credit),
            Said::Outcome(outcome) => return self.outcomes(vec![outcome]),
            Said::Outcomes(outcomes) => return self.outcomes(unpack_outcomes(outcomes)?),
        };
        let _ = self.scheduler.cast(Message::Worker { worker: self.worker, said: passed_on, credit: Some(credit) });
        Ok(())
    }

    fn piece(
        &mut self,
        myself: &ActorRef<SessionMessage>,
        piece: v1::DocumentPiece,
        credit: OwnedSemaphorePermit,
    ) -> Result<(), ActorProcessingErr> {
        let DocumentPiece { attempt, hash, data, last } = piece.try_into()?;
        if let Some(compressed) = self.uploads.piece(attempt, hash, data, last)? {
            self.store(myself.clone(), attempt, hash, compressed, credit);
        }
        Ok(())
    }

    /// Has a document stored in the background. The credit is held meanwhile, so a slow disk is felt by the worker.
    fn store(
        &self,
        myself: ActorRef<SessionMessage>,
        attempt: Attempt,
        hash: ContentHash,
        compressed: Bytes,
        credit: OwnedSemaphorePermit,
    ) {
        let documents = Arc::clone(&self.documents);
        tokio::spawn(async move {
            let result = documents.keep(hash, compressed).await.map_err(|error| error.to_string());
            drop(credit);
            let _ = myself.cast(SessionMessage::Stored { attempt, hash, result });
        });
    }

    /// Passes on, together, those outcomes whose documents are all there.
    fn outcomes(&mut self, outcomes: Vec<v1::Outcome>) -> Result<(), ActorProcessingErr> {
        let mut complete = Vec::with_capacity(outcomes.len());
        for outcome in outcomes {
            let (attempt, outcome) = outcome.try_into()?;
            complete.extend(self.uploads.outcome(attempt, outcome).map(|ready| reported(attempt, ready)));
        }
        self.pass_on(complete);
        Ok(())
    }

    fn pass_on(&self, reported: Vec<Reported>) {
        if !reported.is_empty() {
            let said = WorkerSaid::Outcomes(reported);
            let _ = self.scheduler.cast(Message::Worker { worker: self.worker, said, credit: None });
        }
    }
}

fn reported(attempt: Attempt, ready: Result<Ready, String>) -> Reported {
    let Ready { outcome, documents } = ready.unwrap_or_else(|reason| Ready {
        outcome: Outcome::Failed(Fault::new(FaultKind::Internal, reason)),
        documents: Vec::new(),
    });
    Reported { attempt, outcome, documents }
}
