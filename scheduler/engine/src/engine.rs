//! Putting a scheduler together, and taking it apart.
//!
//! Every long-lived task of the engine, and what its end means:
//!
//! | task | ends | if it ends otherwise |
//! |---|---|---|
//! | scheduler actor | when stopped | the engine has failed; the process must end |
//! | committer thread | when the last sender is gone and all is committed | a failed store refuses all further entries; the engine has failed |
//! | alarm, housekeeping | with the scheduler | they do nothing else |
//! | a session actor and its listener | with its stream | that worker's session is over; it comes back |
//! | a submit stream, a watch | with its client | nothing else |

use std::sync::Arc;
use std::thread::JoinHandle;
use std::time::Duration;

use gleaner_cluster::ServerTls;
use gleaner_core::Scheduler;
use gleaner_store::{Documents, Store, StoreError};
use ractor::SpawnErr;
use tokio::net::TcpListener;
use tokio::sync::{Semaphore, oneshot, watch};

use crate::clients::{Clients, ClientsChange, LiveClients};
use crate::clock::Clock;
use crate::committer::Committer;
use crate::options::EngineOptions;
use crate::past::Pasts;
use crate::registries::{Registries, RegistryError};
use crate::scheduler::{self, HostBook, Message, Parts, SchedulerRef};
use crate::server::{self, ServeError};
use crate::services::{Claims, EDGE_CREDITS, Quotas, Shared, Speakers};
use crate::watch::WatchHub;

/// The scheduler is woken at least this often, so that a lost alarm is never more than a short delay.
const ALARM_PERIOD: Duration = Duration::from_millis(250);

/// Why an engine does not start.
#[derive(Debug, thiserror::Error)]
pub enum EngineError {
    /// The configured registries make no sense.
    #[error(transparent)]
    Registry(#[from] RegistryError),
    /// The store cannot be read.
    #[error(transparent)]
    Store(#[from] StoreError),
    /// The system gives no thread.
    #[error("the committer's thread cannot be started: {0}")]
    Thread(#[from] std::io::Error),
    /// The scheduler actor cannot be started.
    #[error("the scheduler cannot be started: {0}")]
    Spawn(#[from] SpawnErr),
}

/// A running scheduler.
pub struct Engine {
    shared: Arc<Shared>,
    failure: watch::Receiver<Option<String>>,
    recovered: u64,
    committer: JoinHandle<()>,
    scheduler: tokio::task::JoinHandle<()>,
}

impl Engine {
    /// Recovers what the store holds and starts deciding.
    ///
    /// # Errors
    /// The store cannot be read, or the options make no sense.
    pub async fn start(
        options: EngineOptions,
        store: Arc<dyn Store>,
        documents: Arc<Documents>,
    ) -> Result<Self, EngineError> {
        let clock = Clock::start();
        let opened = store.opened();
        let mut core = Scheduler::new(options.decisions.clone(), opened.epoch, options.seed);
        let (weights, floors) = options.clients.lanes(&options.decisions);
        core.set_lanes(weights, floors);
        let registries = Registries::new(&options.registries, &mut core)?;
        let hosts = HostBook::load(&*store, &mut core, options.decisions.default_budget, clock.now())?;
        let found = scheduler::recover(&*store, &mut core, &registries, &options.clients, clock.now())?;
        tracing::info!(epoch = opened.epoch, jobs = found.jobs, "the journal was read");
        if found.homeless > 0 {
            tracing::warn!(jobs = found.homeless, "open jobs wait for registries that are not configured here");
        }

        let (failed, failure) = watch::channel(None);
        let (committer, committer_thread) = Committer::start(Arc::clone(&store), failed.clone())?;
        let hub = Arc::new(WatchHub::default());
        let (alarm, alarms) = watch::channel(0);
        let (clients, quotas) = (LiveClients::new(options.clients.clone()), Quotas::new(clock.clone()));
        let housekeeping = Duration::from_millis(options.housekeeping_ms.max(1));
        let parts = Parts {
            core,
            registries,
            options,
            store: Arc::clone(&store),
            committer,
            clock: clock.clone(),
            hub: Arc::clone(&hub),
            alarm,
            next_sequence: opened.next_sequence,
            orders: found.orders,
            children: found.children,
            hosts,
        };
        let (scheduler, running) = scheduler::start(parts).await?;
        tokio::spawn(ring(scheduler.clone(), alarms, clock));
        tokio::spawn(keep_house(scheduler.clone(), housekeeping));
        tokio::spawn(crate::gauges::show(scheduler.clone()));
        let credits = Arc::new(Semaphore::new(EDGE_CREDITS));
        let (speakers, claims) = (Arc::new(Speakers::default()), Arc::new(Claims::default()));
        let upkeep = Arc::new(Semaphore::new(1));
        let pasts = Arc::new(Pasts::default());
        let shared = Arc::new(Shared {
            scheduler,
            store,
            documents,
            clients,
            quotas,
            hub,
            credits,
            speakers,
            claims,
            pasts,
            upkeep,
        });
        let scheduler = tokio::spawn(mind(running, failed));
        Ok(Self { shared, failure, recovered: found.jobs, committer: committer_thread, scheduler })
    }

    /// Open jobs that were found when the engine started.
    #[must_use]
    pub fn recovered(&self) -> u64 {
        self.recovered
    }

    /// Tells why the engine cannot go on, once it cannot: then the process must end, and be started again when the
    /// cause is mended. Nothing that was acknowledged is lost.
    #[must_use]
    pub fn failure(&self) -> watch::Receiver<Option<String>> {
        self.failure.clone()
    }

    /// The way to change who may ask, while this runs.
    #[must_use]
    pub fn clients(&self) -> ClientsHandle {
        ClientsHandle(Arc::clone(&self.shared))
    }

    /// Serves all of `gleaner.v1`, with health and reflection, until `shutdown`. May be called for several listeners.
    ///
    /// # Errors
    /// The listener fails, or TLS is configured wrongly.
    pub fn serve(
        &self,
        listener: TcpListener,
        tls: Option<ServerTls>,
        shutdown: impl Future<Output = ()> + Send + 'static,
    ) -> impl Future<Output = Result<(), ServeError>> + Send + 'static {
        server::serve(Arc::clone(&self.shared), listener, tls, shutdown)
    }

    /// Takes nothing new in, hands nothing new out, and returns when nothing runs any more and what was found is
    /// committed. Workers are not sent away: they wait for the next scheduler.
    pub async fn drain(&self) {
        let (reply, drained) = oneshot::channel();
        if self.shared.scheduler.cast(Message::Drain { reply }).is_ok() {
            let _ = drained.await;
        }
    }

    /// Ends, with everything committed that was decided. Listeners must have ended before.
    pub async fn stop(self) {
        self.shared.scheduler.stop();
        let _ = self.scheduler.await;
        let committer = self.committer;
        // Waits for the last commit, which is a flush of the disk.
        let _ = tokio::task::spawn_blocking(move || committer.join()).await;
    }
}

/// Changes who may ask, how urgent that is, and how much. To be dropped before the engine is stopped.
#[derive(Clone)]
pub struct ClientsHandle(Arc<Shared>);

impl ClientsHandle {
    /// From now on these are the clients. Who is none of them any more is refused from the next request on, and running
    /// streams end; what was accepted of them goes on. Other weights and floors hold for what is queued already.
    pub fn replace(&self, clients: Clients) -> ClientsChange {
        let change = self.0.clients.replace(clients);
        let clients = self.0.clients.now();
        self.0.quotas.keep(&clients);
        // A scheduler that has ended needs no weights.
        let _ = self.0.scheduler.cast(Message::Clients(clients));
        change
    }
}

/// Wakes the scheduler at the time that it asked for, and every now and then.
async fn ring(scheduler: SchedulerRef, mut alarms: watch::Receiver<u64>, clock: Clock) {
    loop {
        let at = *alarms.borrow_and_update();
        let wait = Duration::from_millis(at.saturating_sub(clock.now().mono_ms).max(1)).min(ALARM_PERIOD);
        tokio::select! {
            () = tokio::time::sleep(wait) => {
                if scheduler.cast(Message::Wake).is_err() {
                    return;
                }
            }
            changed = alarms.changed() => {
                if changed.is_err() {
                    return;
                }
            }
        }
    }
}

async fn keep_house(scheduler: SchedulerRef, period: Duration) {
    loop {
        tokio::time::sleep(period).await;
        if scheduler.cast(Message::Housekeeping).is_err() {
            return;
        }
    }
}

/// A scheduler that ends by itself has failed.
async fn mind(running: tokio::task::JoinHandle<()>, failed: watch::Sender<Option<String>>) {
    let ended = running.await;
    failed.send_if_modified(|reason| {
        let first = reason.is_none();
        reason.get_or_insert_with(|| match ended {
            Ok(()) => "the scheduler has ended".to_owned(),
            Err(error) => format!("the scheduler has failed: {error}"),
        });
        first
    });
}
