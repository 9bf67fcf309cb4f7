//! The task that keeps a session open.

use std::collections::VecDeque;
use std::time::Duration;

use gleaner_model::{Capability, WorkerName};
use gleaner_proto::convert::{HeldAttempt, Hello, Welcome, required};
use gleaner_proto::v1;
use gleaner_proto::v1::session_response::Message;
use gleaner_proto::v1::worker_service_client::WorkerServiceClient;
use ractor::ActorRef;
use tokio::sync::watch;
use tokio::time::{Instant, MissedTickBehavior, interval_at, timeout};
use tonic::transport::Channel;
use tonic::{Code, Status, Streaming};

use super::backoff::Backoff;
use super::incoming::Incoming;
use super::link::{Link, Outgoing, open};
use super::shipping;
use crate::AgentError;
use crate::agent::Snapshot;
use crate::chance::Chance;
use crate::state::State;
use crate::worker::WorkerMessage;

/// How long a scheduler may take to welcome a worker; then the stream is tried anew.
const GREETING: Duration = Duration::from_secs(15);
/// How long the end of a session may take when all is done, while what is queued is sent and the scheduler closes its
/// side.
const FAREWELL: Duration = Duration::from_secs(2);
/// Largest message of a scheduler. An assignment names settled versions, of which there may be tens of thousands.
const MESSAGE_BYTES: usize = 16 << 20;

/// What every hello of this process says alike.
#[derive(Clone, Debug)]
pub(crate) struct Greeting {
    pub(crate) worker: WorkerName,
    pub(crate) incarnation: u64,
    pub(crate) capabilities: Vec<Capability>,
    pub(crate) slots: usize,
}

/// Why one session is over.
enum Over {
    /// The agent is to end.
    Closing,
    /// The scheduler or the network ended it.
    Broken(Status),
}

/// Keeps a session open until the agent ends.
pub(crate) struct Session {
    pub(crate) client: WorkerServiceClient<Channel>,
    pub(crate) worker: ActorRef<WorkerMessage>,
    pub(crate) greeting: Greeting,
    pub(crate) state: State,
    pub(crate) snapshot: watch::Receiver<Snapshot>,
    pub(crate) closing: watch::Receiver<bool>,
    backoff: Backoff,
    number: u64,
}

impl Session {
    pub(crate) fn new(
        channel: Channel,
        worker: ActorRef<WorkerMessage>,
        greeting: Greeting,
        state: State,
        snapshot: watch::Receiver<Snapshot>,
        closing: watch::Receiver<bool>,
        chance: Chance,
    ) -> Self {
        let client = WorkerServiceClient::new(channel).max_decoding_message_size(MESSAGE_BYTES);
        Self { client, worker, greeting, state, snapshot, closing, backoff: Backoff::new(chance), number: 0 }
    }

    /// Opens session after session. Ends when the agent does.
    ///
    /// # Errors
    /// The very first greeting was refused for a reason that trying again does not change.
    pub(crate) async fn run(mut self) -> Result<(), AgentError> {
        let mut welcomed = false;
        while !*self.closing.borrow() {
            self.number += 1;
            let status = match self.one(&mut welcomed).await {
                Over::Closing => break,
                Over::Broken(status) => status,
            };
            if !welcomed && is_final(&status) {
                return Err(AgentError::Refused(status.message().to_owned()));
            }
            let _ = self.worker.cast(WorkerMessage::Lost { number: self.number });
            let wait = self.backoff.failed();
            tracing::warn!(%status, wait_ms = wait.as_millis(), "the session broke");
            let _ = timeout(wait, closed(&mut self.closing)).await;
        }
        Ok(())
    }

    async fn one(&mut self, welcomed: &mut bool) -> Over {
        let mut closing = self.closing.clone();
        let held = tokio::select! {
            held = async { ractor::call!(self.worker, WorkerMessage::Greet) } => held,
            () = closed(&mut closing) => return Over::Closing,
        };
        let Ok(held) = held else { return Over::Closing };
        let (link, outgoing) = open(self.number, self.hello(held).into());
        let greeted = tokio::select! {
            greeted = timeout(GREETING, self.greet(outgoing)) => greeted,
            () = closed(&mut closing) => return Over::Closing,
        };
        let late = |_| Status::deadline_exceeded("the scheduler sent no welcome");
        let (incoming, welcome) = match greeted.map_err(late).and_then(|greeted| greeted) {
            Ok(greeted) => greeted,
            Err(status) => return Over::Broken(status),
        };
        *welcomed = true;
        self.backoff.succeeded();
        crate::metrics::session();
        tracing::info!(epoch = welcome.epoch, held = welcome.claims.len(), "welcomed by the scheduler");
        self.serve(link, incoming, welcome).await
    }

    fn hello(&self, held: Vec<HeldAttempt>) -> Hello {
        Hello {
            worker: self.greeting.worker.clone(),
            incarnation: self.greeting.incarnation,
            version: env!("CARGO_PKG_VERSION").to_owned(),
            capabilities: self.greeting.capabilities.clone(),
            slots: u16::try_from(self.greeting.slots).unwrap_or(u16::MAX),
            held,
            tells_ends: true,
            takes_several: true,
        }
    }

    async fn greet(&mut self, outgoing: Outgoing) -> Result<(Streaming<v1::SessionResponse>, Welcome), Status> {
        let mut incoming = self.client.session(outgoing).await?.into_inner();
        let first = incoming.message().await?.and_then(|response| response.message);
        let Some(Message::Welcome(welcome)) = first else {
            return Err(Status::internal("the scheduler's first message is no welcome"));
        };
        let welcome = required(Some(welcome), "welcome").map_err(|error| Status::internal(error.to_string()))?;
        Ok((incoming, welcome))
    }

    /// Passes on what comes in, and sends signs of life, until the stream or the agent ends.
    async fn serve(&self, link: Link, mut incoming: Streaming<v1::SessionResponse>, welcome: Welcome) -> Over {
        let lease_ttl = Duration::from_millis(welcome.lease_ttl_ms);
        let period = Duration::from_millis(welcome.heartbeat_ms);
        let mut heartbeat = interval_at(Instant::now() + period, period);
        heartbeat.set_missed_tick_behavior(MissedTickBehavior::Delay);
        let worker = self.worker.clone();
        let state_failed = move |error| drop(worker.cast(WorkerMessage::StateFailed(error)));
        if welcome.takes_several {
            link.takes_several();
        }
        let shipments = shipping::start(link.clone(), self.state.clone(), state_failed);
        let welcomed = WorkerMessage::Welcomed { link: link.clone(), shipments, claims: welcome.claims };
        if self.worker.cast(welcomed).is_err() {
            return Over::Closing;
        }
        let (mut closing, mut snapshot) = (self.closing.clone(), self.snapshot.clone());
        let (mut slot, mut told_of_drain) = (None, false);
        // What the last message says and nobody has heard: for each there must be leave to answer it.
        let mut unheard = VecDeque::new();
        let over = loop {
            if let Some(slot) = slot.take_if(|_| !unheard.is_empty())
                && let Some(said) = unheard.pop_front()
                && self.worker.cast(WorkerMessage::Said { said, slot }).is_err()
            {
                break Over::Closing;
            }
            tokio::select! {
                () = closed(&mut closing) => break Over::Closing,
                got = link.answer_slot(), if slot.is_none() => match got {
                    Ok(got) => slot = Some(got),
                    Err(_) => break Over::Broken(Status::unavailable("the stream ended")),
                },
                message = incoming.message(), if slot.is_some() => match read(message) {
                    Ok(said) => unheard.extend(said),
                    Err(status) => break Over::Broken(status),
                },
                () = draining(&mut snapshot), if !told_of_drain => {
                    told_of_drain = true;
                    heartbeat.reset_immediately();
                }
                _ = heartbeat.tick() => {
                    // A stream that takes nothing for the length of a lease is as good as none.
                    if timeout(lease_ttl, self.beat(&link)).await.is_err() {
                        break Over::Broken(Status::unavailable("the stream stands still"));
                    }
                }
            }
        };
        // What is still held stays so, and who stops with that in hand is in a hurry.
        let now = *self.snapshot.borrow();
        if matches!(over, Over::Closing) && now.running + now.suspended + now.unacknowledged == 0 {
            drop((link, slot));
            farewell(incoming).await;
        }
        over
    }

    async fn beat(&self, link: &Link) {
        let now = *self.snapshot.borrow();
        let count = |number: usize| u32::try_from(number).unwrap_or(u32::MAX);
        let heartbeat = v1::Heartbeat {
            running: count(now.running),
            suspended: count(now.suspended),
            unacknowledged: count(now.unacknowledged),
            draining: now.draining,
        };
        // If the stream is over, the next read says so.
        let _ = link.heartbeat(heartbeat).await;
    }
}

fn read(message: Result<Option<v1::SessionResponse>, Status>) -> Result<Vec<Incoming>, Status> {
    let response = message?.ok_or_else(|| Status::unavailable("the scheduler closed the stream"))?;
    Incoming::read(response, Instant::now()).map_err(|error| Status::internal(format!("not understood: {error}")))
}

/// Returns when the agent is to end.
async fn closed(closing: &mut watch::Receiver<bool>) {
    let _ = closing.wait_for(|closing| *closing).await;
}

/// Returns when the agent takes nothing new any more.
async fn draining(snapshot: &mut watch::Receiver<Snapshot>) {
    let _ = snapshot.wait_for(|snapshot| snapshot.draining).await;
}

/// Lets what is queued go out and the scheduler close its side.
async fn farewell(mut incoming: Streaming<v1::SessionResponse>) {
    let closed = async { while let Ok(Some(_)) = incoming.message().await {} };
    let _ = timeout(FAREWELL, closed).await;
}

/// Will this be said again, however often one asks?
fn is_final(status: &Status) -> bool {
    matches!(
        status.code(),
        Code::Unauthenticated
            | Code::PermissionDenied
            | Code::InvalidArgument
            | Code::FailedPrecondition
            | Code::Unimplemented
    )
}
