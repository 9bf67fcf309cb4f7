//! A scheduler in this process: store, documents, engine, listeners.

use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use gleaner_cluster::ServerTls;
use gleaner_engine::{Clients, Engine, EngineOptions, RegistryOptions, ServeError};
use gleaner_store::{Documents, RedbOptions, RedbStore, StoreError};
use tokio::net::TcpListener;
use tokio::sync::{oneshot, watch};

use crate::chance;
use crate::clients_file::ClientsFile;
use crate::exit::Failure;

/// What a scheduler is started with.
pub(crate) struct SchedulerNodeOptions<'a> {
    /// Its data directory.
    pub(crate) data: &'a Path,
    /// Where documents go; beside the store if not said.
    pub(crate) documents: Option<&'a str>,
    pub(crate) registries: Vec<RegistryOptions>,
    pub(crate) clients: Clients,
    /// The numbers of its decisions.
    pub(crate) decisions: gleaner_core::Options,
    /// Where it listens; port 0 takes a free one.
    pub(crate) listen: SocketAddr,
    pub(crate) tls: Option<ServerTls>,
}

/// A running scheduler with its gRPC listener.
pub(crate) struct SchedulerNode {
    engine: Engine,
    data: PathBuf,
    address: SocketAddr,
    secure: bool,
    close: oneshot::Sender<()>,
    listener: tokio::task::JoinHandle<Result<(), ServeError>>,
    /// Follows the clients file, if there is one.
    following: Option<tokio::task::JoinHandle<()>>,
}

impl SchedulerNode {
    /// Opens the store, recovers, and listens.
    pub(crate) async fn start(options: SchedulerNodeOptions<'_>) -> Result<Self, Failure> {
        let data = options.data.to_owned();
        let store = tokio::task::spawn_blocking({
            let data = data.clone();
            move || RedbStore::open(&data, RedbOptions::default())
        });
        let store = store.await.map_err(Failure::failed)?.map_err(|error| opening(&data, error))?;
        let beside = options.data.join("documents");
        let location = match options.documents {
            Some(location) => location.to_owned(),
            None => beside.to_str().ok_or_else(|| Failure::usage("the data directory's name is not UTF-8"))?.to_owned(),
        };
        let documents = Documents::open(&location).map_err(Failure::failed)?;
        let engine_options = EngineOptions {
            decisions: options.decisions,
            ..EngineOptions::new(options.registries, options.clients, chance::seed())
        };
        let engine = Engine::start(engine_options, Arc::new(store), Arc::new(documents)).await?;
        let listener = TcpListener::bind(options.listen)
            .await
            .map_err(|error| Failure::failed(format!("cannot listen on {}: {error}", options.listen)))?;
        let address = listener.local_addr()?;
        let secure = options.tls.is_some();
        let (close, closed) = oneshot::channel();
        let listening = engine.serve(listener, options.tls, async {
            let _ = closed.await;
        });
        let listener = tokio::spawn(listening);
        Ok(Self { engine, data, address, secure, close, listener, following: None })
    }

    /// Where it listens, as a URL.
    pub(crate) fn url(&self) -> String {
        let scheme = if self.secure { "https" } else { "http" };
        format!("{scheme}://{}", self.address)
    }

    /// Tells why it cannot go on, once it cannot.
    pub(crate) fn failure(&self) -> watch::Receiver<Option<String>> {
        self.engine.failure()
    }

    /// Waits until its store fails, and tells why and what to do.
    pub(crate) fn failed(&self) -> impl Future<Output = Failure> + Send + use<> {
        let (mut failure, data) = (self.engine.failure(), self.data.clone());
        async move {
            match failure.wait_for(Option::is_some).await {
                Ok(reason) => Failure::failed(format!(
                    "the data directory {}: {}; what was acknowledged is stored: start again when the cause is gone",
                    data.display(),
                    reason.as_deref().unwrap_or("the store failed")
                )),
                Err(_) => Failure::failed("the scheduler has ended"),
            }
        }
    }

    /// Open jobs that it found at its start.
    pub(crate) fn recovered(&self) -> u64 {
        self.engine.recovered()
    }

    /// Goes by the clients file from now on, in which there are so many.
    pub(crate) fn follow(&mut self, file: ClientsFile, clients: usize) {
        self.following = Some(file.follow(self.engine.clients(), clients));
    }

    /// Hands nothing new out, and returns when nothing runs any more.
    pub(crate) async fn drain(&self) {
        self.engine.drain().await;
    }

    /// Ends: commits what was decided; streams that are still open are cut.
    pub(crate) async fn stop(self) {
        let _ = self.close.send(());
        if let Some(following) = self.following {
            following.abort();
            let _ = following.await;
        }
        self.listener.abort();
        let _ = self.listener.await;
        self.engine.stop().await;
    }
}

/// What is wrong with a data directory, and what to do.
fn opening(data: &Path, error: StoreError) -> Failure {
    match error {
        StoreError::Io(error) => Failure::failed(format!(
            "the data directory {} cannot be used: {error}; free or repair it, or give another with --data",
            data.display()
        )),
        other => other.into(),
    }
}
