//! A scheduler that the test plays: it accepts sessions one by one, says what the test says, and hears everything.

use std::collections::{HashMap, VecDeque};
use std::net::SocketAddr;
use std::pin::Pin;
use std::time::Duration;

use gleaner_model::{
    Assignment, Attempt, ContentHash, CrawlPart, Document, Host, JobKind, Lane, Outcome, Permit, Purl, Question,
    Registry, RegistryName, TaskId, Token, Trace, Validators,
};
use gleaner_proto::convert::{Claim, ClaimVerdict, Hello, Welcome, pack_acks, pack_assigns, unpack_outcomes};
use gleaner_proto::v1;
use gleaner_proto::v1::session_request::Message as FromWorker;
use gleaner_proto::v1::session_response::Message as ToWorker;
use gleaner_proto::v1::worker_service_server::{WorkerService, WorkerServiceServer};
use tokio::net::TcpListener;
use tokio::sync::mpsc;
use tokio::time::timeout;
use tokio_stream::{Stream, StreamExt as _};
use tonic::transport::server::TcpIncoming;
use tonic::{Request, Response, Status, Streaming};

use crate::catalogue::{Catalogue, Told};

/// Nothing here takes long; whatever lasts longer than this never comes.
const NEVER: Duration = Duration::from_secs(20);

/// Waits for what must come.
pub(crate) async fn soon<T>(future: impl Future<Output = T>) -> T {
    timeout(NEVER, future).await.expect("it never came")
}

type Opened = (Streaming<v1::SessionRequest>, mpsc::Sender<Result<v1::SessionResponse, Status>>);

struct Service(mpsc::Sender<Opened>, Catalogue);

#[tonic::async_trait]
impl WorkerService for Service {
    type SessionStream = Pin<Box<dyn Stream<Item = Result<v1::SessionResponse, Status>> + Send>>;
    type ReadPackagesStream = Told;

    async fn read_events(
        &self,
        request: Request<v1::ReadEventsRequest>,
    ) -> Result<Response<v1::ReadEventsResponse>, Status> {
        self.1.events(request.get_ref())
    }

    async fn session(
        &self,
        request: Request<Streaming<v1::SessionRequest>>,
    ) -> Result<Response<Self::SessionStream>, Status> {
        let (sender, receiver) = mpsc::channel(1024);
        self.0.send((request.into_inner(), sender)).await.map_err(|_| Status::unavailable("the test is over"))?;
        Ok(Response::new(Box::pin(tokio_stream::wrappers::ReceiverStream::new(receiver))))
    }

    async fn read_packages(&self, request: Request<v1::ReadPackagesRequest>) -> Result<Response<Told>, Status> {
        self.1.read(request.into_inner()).await
    }
}

/// Where workers come to.
pub(crate) struct Scheduler {
    address: SocketAddr,
    opened: mpsc::Receiver<Opened>,
    pub(crate) catalogue: Catalogue,
}

impl Scheduler {
    pub(crate) async fn start() -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap();
        let (sender, opened) = mpsc::channel(8);
        let catalogue = Catalogue::default();
        let service = Service(sender, catalogue.clone());
        let server = tonic::transport::Server::builder()
            .add_service(WorkerServiceServer::new(service).max_decoding_message_size(64 << 20));
        tokio::spawn(server.serve_with_incoming(TcpIncoming::from(listener)));
        Self { address, opened, catalogue }
    }

    pub(crate) fn channel(&self) -> tonic::transport::Channel {
        tonic::transport::Endpoint::from_shared(format!("http://{}", self.address)).unwrap().connect_lazy()
    }

    /// The next session, up to its hello.
    pub(crate) async fn accept(&mut self) -> Session {
        let (mut from, to) = soon(self.opened.recv()).await.unwrap();
        let first = soon(from.next()).await.unwrap().unwrap().message.unwrap();
        let FromWorker::Hello(hello) = first else { panic!("the first message is {first:?}") };
        let (granted, ended, pieces, unheard, takes_several) = Default::default();
        Session { hello: hello.try_into().unwrap(), from, to, granted, ended, pieces, unheard, takes_several }
    }

    /// The next session, in which whatever is held is closed.
    pub(crate) async fn welcome(&mut self) -> Session {
        let session = self.accept().await;
        session.greet(|_| ClaimVerdict::Closed).await;
        session
    }

    /// The next session is refused with this status.
    pub(crate) async fn refuse(&mut self, status: Status) {
        let (_, to) = soon(self.opened.recv()).await.unwrap();
        to.send(Err(status)).await.unwrap();
    }
}

/// One session of a worker.
pub(crate) struct Session {
    pub(crate) hello: Hello,
    from: Streaming<v1::SessionRequest>,
    to: mpsc::Sender<Result<v1::SessionResponse, Status>>,
    /// Permits given so far, those of assignments included.
    pub(crate) granted: usize,
    /// What was said of requests that have ended.
    pub(crate) ended: Vec<v1::EndedRequests>,
    pieces: HashMap<(Attempt, Vec<u8>), (Vec<u8>, bool)>,
    /// What is left of a message that said several outcomes.
    unheard: VecDeque<v1::Outcome>,
    /// Does its welcome say that it takes several outcomes in one message?
    pub(crate) takes_several: bool,
}

/// An outcome with the documents that were sent before it.
#[derive(Debug)]
pub(crate) struct Delivered {
    pub(crate) attempt: Attempt,
    pub(crate) outcome: Outcome,
    pub(crate) documents: HashMap<ContentHash, Vec<u8>>,
}

/// An attempt at task `task`.
pub(crate) fn attempt(task: u64) -> Attempt {
    Attempt { task: TaskId(task), token: Token { epoch: 1, sequence: task } }
}

/// A crawl of the newest part of `purl` in a registry at `base_url`, with a permit that lasts.
pub(crate) fn assignment(task: u64, purl: &str, base_url: &str) -> Assignment {
    let purl: Purl = purl.parse().unwrap();
    Assignment {
        attempt: attempt(task),
        kind: JobKind::Crawl,
        part: CrawlPart::Newest,
        registry: Registry {
            name: RegistryName::default_of(purl.ecosystem()),
            ecosystem: purl.ecosystem(),
            base_url: base_url.to_owned(),
        }
        .into(),
        purl,
        validators: Validators::default(),
        document: None,
        settled: Vec::new(),
        lane: Lane::Free,
        permit: Permit { host: Host::of_url(base_url).unwrap(), use_within_ms: 60_000 },
        trace: Trace(None),
        question: None,
        position: 0,
        checkpoint: Vec::new(),
    }
}

/// A resolution of `purl` at a position in the catalogue's events.
pub(crate) fn resolution(task: u64, purl: &str, position: u64, question: Question) -> Assignment {
    let question = Some(Box::new(question));
    Assignment { kind: JobKind::Resolve, question, position, ..assignment(task, purl, "http://registry.invalid/") }
}

impl Session {
    /// Answers the hello; `verdict` says what becomes of each held attempt.
    pub(crate) async fn greet(&self, verdict: impl Fn(Attempt) -> ClaimVerdict) {
        let claims = self.hello.held.iter().map(|held| held.attempt);
        let claims = claims.map(|attempt| Claim { attempt, verdict: verdict(attempt) }).collect();
        let welcome =
            Welcome { epoch: 1, heartbeat_ms: 50, lease_ttl_ms: 5_000, claims, takes_several: self.takes_several };
        self.say(ToWorker::Welcome(welcome.into())).await;
    }

    pub(crate) async fn say(&self, message: ToWorker) {
        let _ = self.to.send(Ok(v1::SessionResponse { message: Some(message) })).await;
    }

    pub(crate) async fn assign(&mut self, assignment: Assignment) {
        if assignment.permit.use_within_ms > 0 {
            self.granted += 1;
        }
        self.say(ToWorker::Assign(assignment.into())).await;
    }

    /// The same for several, in as few messages as can be.
    pub(crate) async fn assign_together(&mut self, assignments: Vec<Assignment>) {
        self.granted += assignments.len();
        for assigns in pack_assigns(assignments) {
            self.say(ToWorker::Assigns(assigns)).await;
        }
    }

    pub(crate) async fn permit(&mut self, attempt: Attempt, host: &str, use_within_ms: u64) {
        self.granted += 1;
        let permit = Permit { host: host.parse().unwrap(), use_within_ms };
        self.say(ToWorker::Permit((attempt, permit).into())).await;
    }

    pub(crate) async fn suspend(&self, attempt: Attempt) {
        self.say(ToWorker::Suspend(v1::Suspend { attempt: Some(attempt.into()) })).await;
    }

    pub(crate) async fn resume(&self, attempt: Attempt) {
        self.say(ToWorker::Resume(v1::Resume { attempt: Some(attempt.into()) })).await;
    }

    pub(crate) async fn cancel(&self, attempt: Attempt) {
        self.say(ToWorker::Cancel(v1::Cancel { attempt: Some(attempt.into()) })).await;
    }

    pub(crate) async fn acknowledge(&self, attempt: Attempt) {
        self.say(ToWorker::Ack(v1::Ack { attempt: Some(attempt.into()) })).await;
    }

    /// The same for several, in as few messages as can be.
    pub(crate) async fn acknowledge_together(&self, attempts: &[Attempt]) {
        for acks in pack_acks(attempts) {
            self.say(ToWorker::Acks(acks)).await;
        }
    }

    /// The next message that is no heartbeat and no progress. Pieces are put together on the way, and what is said of
    /// requests that have ended is written down.
    pub(crate) async fn hear(&mut self) -> FromWorker {
        soon(self.try_hear()).await.expect("the worker ended the stream")
    }

    /// The same; none if the worker has ended the stream.
    pub(crate) async fn try_hear(&mut self) -> Option<FromWorker> {
        loop {
            if let Some(outcome) = self.unheard.pop_front() {
                return Some(FromWorker::Outcome(outcome));
            }
            match self.from.next().await?.ok()?.message.unwrap() {
                FromWorker::Outcomes(outcomes) => {
                    assert!(
                        self.takes_several,
                        "only a scheduler that says so is told several outcomes in one message"
                    );
                    self.unheard.extend(unpack_outcomes(outcomes).unwrap());
                }
                FromWorker::Heartbeat(_) | FromWorker::Progress(_) => {}
                FromWorker::DocumentPiece(piece) => self.collect(piece),
                FromWorker::RequestsEnded(said) => self.ended.extend(said.ended),
                FromWorker::PermitRequest(request) => {
                    self.ended.extend(request.ended.iter().cloned());
                    return Some(FromWorker::PermitRequest(request));
                }
                other => return Some(other),
            }
        }
    }

    /// Heartbeats until one says so.
    pub(crate) async fn heartbeat(&mut self, wanted: impl Fn(&v1::Heartbeat) -> bool) {
        soon(async {
            loop {
                let message = self.from.next().await.unwrap().unwrap().message.unwrap();
                if matches!(&message, FromWorker::Heartbeat(heartbeat) if wanted(heartbeat)) {
                    return;
                }
            }
        })
        .await;
    }

    fn collect(&mut self, piece: v1::DocumentPiece) {
        assert!(piece.data.len() <= 262_144, "{} bytes in a piece", piece.data.len());
        let attempt = piece.attempt.unwrap().try_into().unwrap();
        let (frame, ended) = self.pieces.entry((attempt, piece.hash)).or_default();
        assert!(!*ended, "a piece after the last");
        frame.extend_from_slice(&piece.data);
        *ended = piece.last;
    }

    /// The next message, which must be an outcome.
    pub(crate) async fn outcome(&mut self) -> Delivered {
        match self.hear().await {
            FromWorker::Outcome(outcome) => self.delivered(outcome),
            other => panic!("an outcome was expected, not {other:?}"),
        }
    }

    /// Grants whatever is asked for until an outcome comes.
    pub(crate) async fn grant_until_outcome(&mut self) -> Delivered {
        loop {
            match self.hear().await {
                FromWorker::Outcome(outcome) => return self.delivered(outcome),
                FromWorker::PermitRequest(request) => {
                    let attempt = request.attempt.unwrap().try_into().unwrap();
                    self.permit(attempt, &request.host, 60_000).await;
                }
                FromWorker::Throttled(_) => {}
                other => panic!("an outcome was expected, not {other:?}"),
            }
        }
    }

    /// The next message, which must ask for a permit: for which attempt and host.
    pub(crate) async fn permit_request(&mut self) -> (Attempt, String) {
        match self.hear().await {
            FromWorker::PermitRequest(request) => (request.attempt.unwrap().try_into().unwrap(), request.host),
            other => panic!("a permit request was expected, not {other:?}"),
        }
    }

    /// The next message, which must say that a host asked to slow down: which and for how long.
    pub(crate) async fn throttled(&mut self) -> (String, Option<u64>) {
        match self.hear().await {
            FromWorker::Throttled(throttled) => (throttled.host, throttled.retry_after_ms),
            other => panic!("a throttled was expected, not {other:?}"),
        }
    }

    /// The next message, which must say that an attempt waits.
    pub(crate) async fn suspended(&mut self) -> Attempt {
        self.suspension().await.0
    }

    /// The same, with the checkpoint.
    pub(crate) async fn suspension(&mut self) -> (Attempt, Vec<u8>) {
        match self.hear().await {
            FromWorker::Suspended(suspended) => (suspended.attempt.unwrap().try_into().unwrap(), suspended.checkpoint),
            other => panic!("a suspended was expected, not {other:?}"),
        }
    }

    /// The next checkpoint that is told without being asked for.
    pub(crate) async fn streamed_checkpoint(&mut self) -> Vec<u8> {
        soon(async {
            loop {
                let message = self.from.next().await.unwrap().unwrap().message.unwrap();
                if let FromWorker::Progress(progress) = message
                    && !progress.checkpoint.is_empty()
                {
                    return progress.checkpoint;
                }
            }
        })
        .await
    }

    fn delivered(&mut self, outcome: v1::Outcome) -> Delivered {
        let (attempt, outcome): (Attempt, Outcome) = outcome.try_into().unwrap();
        let mut documents = HashMap::new();
        if let Outcome::Fetched(facts) = &outcome {
            for document in &facts.documents {
                documents.insert(document.hash, self.unpack(attempt, document));
            }
        }
        Delivered { attempt, outcome, documents }
    }

    fn unpack(&mut self, attempt: Attempt, document: &Document) -> Vec<u8> {
        let (frame, ended) = self.pieces.remove(&(attempt, document.hash.0.to_vec())).expect("pieces came before");
        assert!(ended, "the last piece came");
        let stated = zstd::zstd_safe::get_frame_content_size(&frame).ok().flatten();
        assert_eq!(stated, Some(document.length), "the frame states its content's size");
        zstd::bulk::decompress(&frame, usize::try_from(document.length).unwrap()).unwrap()
    }
}
