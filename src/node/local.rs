//! A scheduler and a worker in this process, for one command on one machine.

use std::net::{Ipv4Addr, SocketAddr};
use std::path::{Path, PathBuf};

use gleaner_agent::{Handle, Timeouts};
use gleaner_engine::{Clients, RegistryOptions};
use gleaner_model::Lane;

use super::{SchedulerNode, SchedulerNodeOptions, WorkerNodeOptions, start_worker};
use crate::exit::{Exit, Failure};
use crate::remote::{TlsArgs, endpoint};
use crate::resolving::Resolving;

/// What the worker is started with.
pub(crate) struct LocalWorker {
    /// How many attempts run at a time.
    pub(crate) slots: usize,
    pub(crate) contact: Option<String>,
    pub(crate) timeouts: Timeouts,
    pub(crate) resolving: Resolving,
}

/// What both are started with.
pub(crate) struct LocalOptions<'a> {
    pub(crate) data: &'a Path,
    pub(crate) registries: Vec<RegistryOptions>,
    pub(crate) decisions: gleaner_core::Options,
    /// None for a command that only reads.
    pub(crate) worker: Option<LocalWorker>,
}

/// A scheduler, perhaps with a worker.
pub(crate) struct Local {
    scheduler: SchedulerNode,
    worker: Option<Handle>,
}

impl Local {
    /// Starts both on a free port of the loopback address.
    pub(crate) async fn start(options: LocalOptions<'_>) -> Result<Self, Failure> {
        let name = "local".parse().map_err(Failure::failed)?;
        let scheduler = SchedulerNode::start(SchedulerNodeOptions {
            data: options.data,
            documents: None,
            registries: options.registries,
            clients: Clients::everybody_is(name, Lane::Internal),
            listen: SocketAddr::from((Ipv4Addr::LOCALHOST, 0)),
            tls: None,
            decisions: options.decisions,
        })
        .await
        .map_err(or_ask_its_owner)?;
        let worker = match options.worker {
            Some(LocalWorker { slots, contact, timeouts, resolving }) => {
                let options = WorkerNodeOptions {
                    data: worker_data(options.data),
                    name: None,
                    slots,
                    contact,
                    timeouts,
                    egress: None,
                    resolving,
                    endpoint: endpoint(&scheduler.url(), &TlsArgs::default())?,
                };
                Some(start_worker(options).await?)
            }
            None => None,
        };
        Ok(Self { scheduler, worker })
    }

    /// Where the scheduler listens.
    pub(crate) fn url(&self) -> String {
        self.scheduler.url()
    }

    /// Returns when either cannot go on, with the reason.
    pub(crate) fn failure(&self) -> impl Future<Output = Failure> + Send + use<> {
        let (failed, worker) = (self.scheduler.failed(), self.worker.clone());
        async move {
            let Some(worker) = worker else { return failed.await };
            tokio::select! {
                failure = failed => failure,
                ended = worker.wait() => match ended {
                    Ok(()) => std::future::pending().await,
                    Err(error) => error.into(),
                },
            }
        }
    }

    /// Ends: attempts that run are dropped, for they can be begun anew; everything acknowledged is on disk.
    pub(crate) async fn stop(self) {
        if let Some(worker) = &self.worker {
            worker.stop();
            let _ = worker.wait().await;
        }
        self.scheduler.stop().await;
    }
}

/// A command that would run a scheduler of its own may as well talk to the one that is in its way.
fn or_ask_its_owner(failure: Failure) -> Failure {
    match failure.exit {
        Exit::InUse => Failure::in_use(format!("{failure}, or talk to the scheduler that has it with --server URL")),
        _ => failure,
    }
}

/// Where a worker beside a scheduler keeps its own state.
pub(crate) fn worker_data(data: &Path) -> PathBuf {
    data.join("worker")
}
