//! `gleaner.v1.WorkerService`: opens a session for each stream and moves messages in and out.

use std::pin::Pin;
use std::sync::Arc;
use std::time::Duration;

use futures_util::{Stream, StreamExt, stream};
use gleaner_core::WorkerId;
use gleaner_model::Assignment;
use gleaner_proto::convert::{Hello, ReadPackages, SLOTS_MAX, pack_acks, pack_assigns};
use gleaner_proto::v1;
use gleaner_proto::v1::session_response::Message as Told;
use ractor::{Actor, ActorRef};
use tokio::sync::{Semaphore, mpsc, oneshot};
use tokio_stream::wrappers::ReceiverStream;
use tonic::{Code, Request, Response, Status, Streaming};

use super::{Shared, catalog, errors, read_packages, versions};
use crate::scheduler::{Message, ToWorker};
use crate::session::{SessionActor, SessionMessage, SessionParts};

/// How long a worker may take to say hello.
const HELLO_WITHIN: Duration = Duration::from_secs(10);

/// Messages of one worker that may wait for its session, documents that are being stored included: as many of those as
/// make a good pack. With pieces of 256 KiB that is 64 MiB at most.
const SESSION_CREDITS: usize = 256;

/// Messages to one worker that may wait for its stream: for each slot an assignment, a few permits, a cancellation and
/// an acknowledgement, which may also come several in one. A worker that lets more gather is not reading, and loses its session.
const OUTBOUND: usize = 8 * SLOTS_MAX as usize;

/// The service.
pub(crate) struct Workers(pub(crate) Arc<Shared>);

#[tonic::async_trait]
impl v1::worker_service_server::WorkerService for Workers {
    type SessionStream = Pin<Box<dyn Stream<Item = Result<v1::SessionResponse, Status>> + Send>>;
    type ReadPackagesStream = read_packages::Answers<v1::ReadPackagesResponse>;

    async fn read_packages(
        &self,
        request: Request<v1::ReadPackagesRequest>,
    ) -> Result<Response<Self::ReadPackagesStream>, Status> {
        let asked = ReadPackages::try_from(request.into_inner()).map_err(|error| errors::invalid(error.to_string()))?;
        Ok(Response::new(read_packages::start(&self.0, asked)))
    }

    async fn read_events(
        &self,
        request: Request<v1::ReadEventsRequest>,
    ) -> Result<Response<v1::ReadEventsResponse>, Status> {
        let v1::ReadEventsRequest { cursor, page_size } = request.into_inner();
        let (events, next_cursor) = catalog::events(&self.0, &cursor, page_size).await?;
        Ok(Response::new(v1::ReadEventsResponse { events, next_cursor }))
    }

    async fn session(
        &self,
        request: Request<Streaming<v1::SessionRequest>>,
    ) -> Result<Response<Self::SessionStream>, Status> {
        let mut said = request.into_inner();
        let hello = hello(&mut said).await?;
        let takes_several = hello.takes_several;
        let (outbound, told) = mpsc::channel(OUTBOUND);
        let (reply, answer) = oneshot::channel();
        let join = Message::Join { hello: Box::new(hello), outbound, reply };
        self.0.scheduler.cast(join).map_err(|_| errors::gone())?;
        let worker = answer.await.map_err(|_| errors::gone())?.map_err(|refusal| {
            // Not for good: the other process may be about to be found dead.
            errors::status(Code::AlreadyExists, "WORKER_CONNECTED", refusal.to_string())
        })?;
        let parts =
            SessionParts { worker, scheduler: self.0.scheduler.clone(), documents: Arc::clone(&self.0.documents) };
        let (session, _) =
            Actor::spawn(None, SessionActor, parts).await.map_err(|error| Status::internal(error.to_string()))?;
        tokio::spawn(listen(Arc::clone(&self.0), worker, session, said));
        let words = ReceiverStream::new(told).flat_map(move |told| stream::iter(words(told, takes_several)));
        Ok(Response::new(words.map(|word| Ok(v1::SessionResponse { message: Some(word) })).boxed()))
    }
}

async fn hello(said: &mut Streaming<v1::SessionRequest>) -> Result<Hello, Status> {
    let first = tokio::time::timeout(HELLO_WITHIN, said.message())
        .await
        .map_err(|_| errors::status(Code::DeadlineExceeded, "NO_HELLO", "the worker said nothing"))??;
    match first.and_then(|request| request.message) {
        Some(v1::session_request::Message::Hello(hello)) => {
            let hello = Hello::try_from(hello).map_err(|error| errors::invalid(format!("hello: {error}")))?;
            versions::welcome(&hello.version)?;
            Ok(hello)
        }
        _ => Err(errors::invalid("a session begins with a hello")),
    }
}

/// Moves what a worker says into its session, as fast as the session takes it, until either ends.
async fn listen(
    shared: Arc<Shared>,
    worker: WorkerId,
    session: ActorRef<SessionMessage>,
    said: Streaming<v1::SessionRequest>,
) {
    let credits = Arc::new(Semaphore::new(SESSION_CREDITS));
    // Fewer at a time than there are credits, so that the session never waits for the rest of a breath.
    let mut said = said.ready_chunks(SESSION_CREDITS / 2);
    let mut open = true;
    while let Some(requests) = said.next().await {
        let mut heard = Vec::with_capacity(requests.len());
        for request in requests {
            let credit = Arc::clone(&credits).acquire_owned().await;
            let (Ok(request), Ok(credit)) = (request, credit) else {
                open = false;
                break;
            };
            heard.extend(request.message.map(|message| (message, credit)));
        }
        if session.cast(SessionMessage::Said(heard)).is_err() || !open {
            break;
        }
    }
    session.stop(None);
    let _ = shared.scheduler.cast(Message::Leave { worker });
}

/// The messages that say it: to a worker that does not take several things in one message, one for each.
fn words(told: ToWorker, takes_several: bool) -> Vec<Told> {
    let attempt = |attempt: gleaner_model::Attempt| Some(attempt.into());
    match told {
        ToWorker::Welcome(welcome) => vec![Told::Welcome(welcome.into())],
        ToWorker::Assign(assignments) => assigns(assignments, takes_several),
        ToWorker::Permit { attempt, permit } => vec![Told::Permit((attempt, permit).into())],
        ToWorker::Suspend(which) => vec![Told::Suspend(v1::Suspend { attempt: attempt(which) })],
        ToWorker::Resume(which) => vec![Told::Resume(v1::Resume { attempt: attempt(which) })],
        ToWorker::Cancel(which) => vec![Told::Cancel(v1::Cancel { attempt: attempt(which) })],
        ToWorker::Drain => vec![Told::Drain(v1::Drain { stay: true })],
        ToWorker::Ack(attempts) if takes_several && attempts.len() > 1 => {
            pack_acks(&attempts).map(Told::Acks).collect()
        }
        ToWorker::Ack(attempts) => {
            attempts.into_iter().map(|which| Told::Ack(v1::Ack { attempt: attempt(which) })).collect()
        }
    }
}

fn assigns(assignments: Vec<Assignment>, takes_several: bool) -> Vec<Told> {
    if takes_several && assignments.len() > 1 {
        return pack_assigns(assignments).into_iter().map(Told::Assigns).collect();
    }
    assignments.into_iter().map(|assignment| Told::Assign(assignment.into())).collect()
}
