//! The operator's HTTP door beside a scheduler: health, readiness, metrics.

use std::net::SocketAddr;
use std::sync::Arc;

use clap::Args;
use gleaner_gateway::{Gate, Gateway, ListenerOptions, serve};
use tokio::net::TcpListener;
use tokio::sync::{oneshot, watch};
use tokio::task::JoinHandle;

use crate::exit::Failure;
use crate::telemetry::Telemetry;

/// Where operators look.
#[derive(Args, Clone, Debug)]
pub(crate) struct DoorArgs {
    /// Where to listen for operators' HTTP: /healthz, /readyz, /metrics, /version. Nowhere if not said.
    #[arg(long, env = "GLEANER_HTTP_LISTEN", value_name = "ADDRESS")]
    http_listen: Option<SocketAddr>,
}

/// The door, if there is one.
pub(crate) struct Door {
    gate: Gate,
    listening: Option<Listening>,
}

struct Listening {
    address: SocketAddr,
    close: oneshot::Sender<()>,
    task: JoinHandle<std::io::Result<()>>,
}

impl Door {
    /// Listens before the scheduler recovers, so that probes see a process that is alive and not ready yet.
    pub(crate) async fn open(args: &DoorArgs, telemetry: &Telemetry) -> Result<Self, Failure> {
        let gate = Gate::new();
        gate.close("recovering", "the journal is being read");
        let Some(listen) = args.http_listen else { return Ok(Self { gate, listening: None }) };
        let listener = TcpListener::bind(listen)
            .await
            .map_err(|error| Failure::failed(format!("cannot listen on {listen}: {error}")))?;
        let address = listener.local_addr()?;
        let (close, closed) = oneshot::channel();
        let gateway = Gateway {
            readiness: Arc::new(gate.clone()),
            metrics: telemetry.metrics(),
            name: "gleaner",
            version: env!("CARGO_PKG_VERSION"),
        };
        let task = tokio::spawn(serve(listener, gateway, ListenerOptions::default(), async {
            let _ = closed.await;
        }));
        Ok(Self { gate, listening: Some(Listening { address, close, task }) })
    }

    /// The scheduler has recovered; from now on it is ready until it drains or `failure` tells why it cannot go on.
    pub(crate) fn ready(&self, mut failure: watch::Receiver<Option<String>>) {
        self.gate.open("recovering");
        let gate = self.gate.clone();
        tokio::spawn(async move {
            if let Ok(reason) = failure.wait_for(Option::is_some).await {
                gate.close("failed", reason.clone().unwrap_or_default());
            }
        });
    }

    /// Where it listens.
    pub(crate) fn address(&self) -> Option<SocketAddr> {
        self.listening.as_ref().map(|listening| listening.address)
    }

    /// From now on the process wants no new work.
    pub(crate) fn drain(&self) {
        self.gate.close("draining", "the scheduler is about to end");
    }

    pub(crate) async fn close(self) {
        if let Some(Listening { close, task, .. }) = self.listening {
            let _ = close.send(());
            let _ = task.await;
        }
    }
}
