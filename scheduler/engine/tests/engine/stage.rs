//! A scheduler on a directory of its own, its clients, and a worker that does as it is told.

use std::path::{Path, PathBuf};
use std::sync::{Arc, Weak};
use std::time::Duration;

use gleaner_core::Budget;
use gleaner_engine::{Clients, Engine, EngineOptions, RegistryOptions};
use gleaner_model::{Ecosystem, Lane, Registry, RegistryName};
use gleaner_proto::v1::{self, session_request, session_response};
use gleaner_store::{Documents, RedbOptions, RedbStore, Store};
use tempfile::TempDir;
use tokio::net::TcpListener;
use tokio::sync::{mpsc, oneshot};
use tokio_stream::wrappers::ReceiverStream;
use tonic::transport::Channel;
use tonic::{Request, Status, Streaming};

/// Longer than anything here takes, so that a test that waits in vain ends.
pub(crate) const PATIENCE: Duration = Duration::from_secs(30);

pub(crate) struct Stage {
    pub(crate) engine: Engine,
    pub(crate) channel: Channel,
    /// Where it listens.
    pub(crate) url: String,
    close: oneshot::Sender<()>,
    store: Weak<dyn Store>,
    directory: TempDir,
}

/// What may differ between stages.
pub(crate) struct Setting {
    pub(crate) clients: Clients,
    pub(crate) ecosystems: Vec<Ecosystem>,
    pub(crate) lease_ttl_ms: u64,
}

impl Default for Setting {
    fn default() -> Self {
        let clients = Clients::everybody_is("tester".parse().unwrap(), Lane::Free);
        Self { clients, ecosystems: Ecosystem::ALL.into(), lease_ttl_ms: 1_500 }
    }
}

impl Stage {
    pub(crate) async fn new() -> Self {
        Self::with(Setting::default()).await
    }

    pub(crate) async fn with(setting: Setting) -> Self {
        Self::on(TempDir::new().unwrap(), setting).await
    }

    async fn on(directory: TempDir, setting: Setting) -> Self {
        let store = RedbStore::open(directory.path(), RedbOptions::default()).unwrap();
        Self::over(Arc::new(store), directory, setting).await
    }

    /// On a store of the test's own.
    pub(crate) async fn over(store: Arc<dyn Store>, directory: TempDir, setting: Setting) -> Self {
        let documents = documents(directory.path());
        let documents = Documents::open(documents.to_str().unwrap()).unwrap();
        let registries = setting.ecosystems.iter().map(|ecosystem| registry(*ecosystem)).collect();
        let mut options = EngineOptions::new(registries, setting.clients, 7);
        options.decisions.lease_ttl_ms = setting.lease_ttl_ms;
        // Many a lease, so that a worker on a busy machine keeps its own.
        options.heartbeat_ms = 50;
        options.decisions.reconnect_grace_ms = 20;
        options.decisions.backoff_base_ms = 1;
        let weak = Arc::downgrade(&store);
        let engine = Engine::start(options, store, Arc::new(documents)).await.unwrap();
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let url = format!("http://{}", listener.local_addr().unwrap());
        let (close, closed) = oneshot::channel::<()>();
        tokio::spawn(engine.serve(listener, None, async {
            let _ = closed.await;
        }));
        let channel = Channel::from_shared(url.clone()).unwrap().connect().await.unwrap();
        Self { engine, channel, url, close, store: weak, directory }
    }

    /// Ends the scheduler and starts another one on what it left. Workers must have been dropped.
    pub(crate) async fn restart(self, setting: Setting) -> Self {
        let Self { engine, channel, close, store, directory, .. } = self;
        drop((channel, close));
        engine.stop().await;
        // Its listener holds the store until the last connection is closed.
        let released = async {
            while store.strong_count() > 0 {
                tokio::time::sleep(Duration::from_millis(5)).await;
            }
        };
        tokio::time::timeout(PATIENCE, released).await.expect("the store is released");
        Self::on(directory, setting).await
    }

    pub(crate) fn jobs(&self) -> v1::job_service_client::JobServiceClient<Channel> {
        v1::job_service_client::JobServiceClient::new(self.channel.clone())
    }

    pub(crate) fn batches(&self) -> v1::batch_service_client::BatchServiceClient<Channel> {
        v1::batch_service_client::BatchServiceClient::new(self.channel.clone())
    }

    pub(crate) fn schedules(&self) -> v1::schedule_service_client::ScheduleServiceClient<Channel> {
        v1::schedule_service_client::ScheduleServiceClient::new(self.channel.clone())
    }

    pub(crate) fn campaigns(&self) -> v1::campaign_service_client::CampaignServiceClient<Channel> {
        v1::campaign_service_client::CampaignServiceClient::new(self.channel.clone())
    }

    pub(crate) fn catalog(&self) -> v1::catalog_service_client::CatalogServiceClient<Channel> {
        v1::catalog_service_client::CatalogServiceClient::new(self.channel.clone())
    }

    pub(crate) fn resolutions(&self) -> v1::resolution_service_client::ResolutionServiceClient<Channel> {
        v1::resolution_service_client::ResolutionServiceClient::new(self.channel.clone())
    }

    pub(crate) fn operator(&self) -> v1::operator_service_client::OperatorServiceClient<Channel> {
        v1::operator_service_client::OperatorServiceClient::new(self.channel.clone())
    }

    pub(crate) async fn submit(&self, purls: &[&str]) -> Vec<v1::Receipt> {
        let jobs = purls.iter().map(|purl| spec(purl)).collect();
        self.jobs().submit(v1::SubmitRequest { jobs }).await.unwrap().into_inner().receipts
    }

    pub(crate) async fn get(&self, id: &str) -> v1::Job {
        self.jobs().get(v1::GetRequest { id: id.to_owned() }).await.unwrap().into_inner().job.unwrap()
    }

    /// The job once it has ended.
    pub(crate) async fn ended(&self, id: &str) -> v1::Job {
        let request = v1::WatchRequest { ids: vec![id.to_owned()] };
        let mut changes = self.jobs().watch(request).await.unwrap().into_inner();
        let mut last = None;
        while let Some(change) = tokio::time::timeout(PATIENCE, changes.message()).await.expect("an end").unwrap() {
            last = change.job;
        }
        last.expect("a watch tells at least the end")
    }

    pub(crate) async fn worker(&self, name: &str, held: Vec<v1::Held>) -> Worker {
        Worker::join(self.channel.clone(), name, held).await.unwrap()
    }
}

fn documents(directory: &Path) -> PathBuf {
    directory.join("documents")
}

fn registry(ecosystem: Ecosystem) -> RegistryOptions {
    let registry = Registry {
        name: RegistryName::default_of(ecosystem),
        ecosystem,
        base_url: format!("http://registry.invalid/{ecosystem}/"),
    };
    RegistryOptions { registry, budget: Some(Budget { interval_us: 1, burst: 1_000 }) }
}

pub(crate) fn spec(purl: &str) -> v1::JobSpec {
    v1::JobSpec { kind: v1::JobKind::Crawl.into(), purl: purl.to_owned(), ..v1::JobSpec::default() }
}

/// A worker that the test plays.
pub(crate) struct Worker {
    said: mpsc::Sender<v1::SessionRequest>,
    told: Streaming<v1::SessionResponse>,
    pub(crate) welcome: v1::Welcome,
    /// What it was told and the test has not asked for yet: an acknowledgement waits for a commit and an assignment
    /// does not, so they come in either order.
    waiting: Vec<session_response::Message>,
}

impl Worker {
    pub(crate) async fn join(channel: Channel, name: &str, held: Vec<v1::Held>) -> Result<Self, Status> {
        Self::join_as(channel, name, 1, held).await
    }

    /// The same, as another process of that name.
    pub(crate) async fn join_as(
        channel: Channel,
        name: &str,
        incarnation: u64,
        held: Vec<v1::Held>,
    ) -> Result<Self, Status> {
        let (said, saying) = mpsc::channel(1_024);
        let kinds = [v1::JobKind::Crawl, v1::JobKind::Resolve];
        let capabilities: Vec<_> = ["cargo", "npm", "pypi"]
            .into_iter()
            .flat_map(|name| kinds.map(|kind| v1::Capability { kind: kind.into(), ecosystem: name.to_owned() }))
            .collect();
        let hello = v1::Hello {
            worker: name.to_owned(),
            incarnation,
            version: env!("CARGO_PKG_VERSION").to_owned(),
            capabilities,
            slots: 4,
            held,
            tells_ends: true,
        };
        said.send(request(session_request::Message::Hello(hello))).await.unwrap();
        let mut client = v1::worker_service_client::WorkerServiceClient::new(channel);
        let mut told = client.session(Request::new(ReceiverStream::new(saying))).await?.into_inner();
        let welcome = match told.message().await?.and_then(|response| response.message) {
            Some(session_response::Message::Welcome(welcome)) => welcome,
            other => panic!("a session begins with a welcome, not {other:?}"),
        };
        tokio::spawn(beat(said.downgrade(), welcome.heartbeat_ms));
        Ok(Self { said, told, welcome, waiting: Vec::new() })
    }

    pub(crate) async fn say(&self, message: session_request::Message) {
        self.said.send(request(message)).await.unwrap();
    }

    /// What it is told next.
    pub(crate) async fn told(&mut self) -> session_response::Message {
        let told = tokio::time::timeout(PATIENCE, self.told.message()).await.expect("a word").unwrap();
        told.expect("an open stream").message.unwrap()
    }

    /// The first thing that it is told, or was told before, that `take` takes.
    async fn told_some<T>(&mut self, take: impl Fn(&session_response::Message) -> Option<T>) -> T {
        if let Some(at) = self.waiting.iter().position(|message| take(message).is_some()) {
            return take(&self.waiting.remove(at)).unwrap();
        }
        loop {
            let message = self.told().await;
            match take(&message) {
                Some(taken) => return taken,
                None => self.waiting.push(message),
            }
        }
    }

    pub(crate) async fn assigned(&mut self) -> v1::Assign {
        let assign = |message: &session_response::Message| match message {
            session_response::Message::Assign(assign) => Some(assign.clone()),
            _ => None,
        };
        self.told_some(assign).await
    }

    pub(crate) async fn acknowledged(&mut self) -> v1::Attempt {
        let ack = |message: &session_response::Message| match message {
            session_response::Message::Ack(ack) => ack.attempt,
            _ => None,
        };
        self.told_some(ack).await
    }

    pub(crate) async fn permitted(&mut self) -> v1::Permit {
        let permit = |message: &session_response::Message| match message {
            session_response::Message::Permit(permit) => Some(permit.clone()),
            _ => None,
        };
        self.told_some(permit).await
    }

    pub(crate) async fn drained(&mut self) -> v1::Drain {
        let drain = |message: &session_response::Message| match message {
            session_response::Message::Drain(drain) => Some(*drain),
            _ => None,
        };
        self.told_some(drain).await
    }

    pub(crate) async fn outcome(&self, attempt: &v1::Attempt, result: v1::outcome::Result) {
        let outcome = v1::Outcome { attempt: Some(*attempt), result: Some(result) };
        self.say(session_request::Message::Outcome(outcome)).await;
    }

    /// Reports a package with these versions, its document included.
    pub(crate) async fn fetched(&self, assign: &v1::Assign, versions: &[&str]) {
        let attempt = assign.attempt.unwrap();
        let document = format!("{} {versions:?}", assign.purl).into_bytes();
        let hash = gleaner_store::content_hash(&document).0.to_vec();
        let data = gleaner_store::compress(&document).into();
        let piece = v1::DocumentPiece { attempt: Some(attempt), hash: hash.clone(), data, last: true };
        self.say(session_request::Message::DocumentPiece(piece)).await;
        let url = format!("{}document", assign.base_url);
        let fetched = v1::Fetched {
            package: Some(package(versions)),
            documents: vec![v1::Document { hash, length_bytes: document.len() as u64, url }],
            validators: Some(v1::Validators { etag: "\"1\"".to_owned(), last_modified: String::new() }),
            fetched_at_ms: 1_000,
        };
        self.outcome(&attempt, v1::outcome::Result::Fetched(fetched)).await;
    }
}

/// Gives signs of life for as long as the worker is there.
async fn beat(said: mpsc::WeakSender<v1::SessionRequest>, every_ms: u64) {
    while let Some(said) = said.upgrade() {
        let _ = said.send(request(session_request::Message::Heartbeat(v1::Heartbeat::default()))).await;
        drop(said);
        tokio::time::sleep(Duration::from_millis(every_ms)).await;
    }
}

/// A request of whoever has this token.
pub(crate) fn with_token<T>(mut request: Request<T>, token: &str) -> Request<T> {
    request.metadata_mut().insert("authorization", format!("Bearer {token}").parse().unwrap());
    request
}

fn request(message: session_request::Message) -> v1::SessionRequest {
    v1::SessionRequest { message: Some(message) }
}

fn package(versions: &[&str]) -> v1::Package {
    let version = |number: &&str| v1::Version {
        number: (*number).to_owned(),
        dependencies_state: v1::DependenciesState::Fetched.into(),
        ..v1::Version::default()
    };
    v1::Package {
        latest: versions.last().map(ToString::to_string).unwrap_or_default(),
        versions: versions.iter().map(version).collect(),
        ..v1::Package::default()
    }
}
