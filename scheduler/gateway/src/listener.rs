//! The listener with its bounds: how many connections, how long a request's head may take, how long a stop may.
//!
//! A probe is small and quick; whatever is not, is a mistake or an attack, and is cut off.

use std::io;
use std::pin::pin;
use std::sync::Arc;
use std::time::Duration;

use axum::Router;
use hyper::server::conn::http1;
use hyper_util::rt::{TokioIo, TokioTimer};
use hyper_util::server::graceful::GracefulShutdown;
use hyper_util::service::TowerToHyperService;
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::{OwnedSemaphorePermit, Semaphore};

use crate::routes::{Gateway, router};

/// The bounds of the operator's listener.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ListenerOptions {
    /// Connections served at a time; further ones wait in the system's backlog. A handful of probes and scrapers keep
    /// one each, so 64 leaves room and costs at most 64 x 8 KiB of buffers.
    pub max_connections: usize,
    /// How long the head of a request may take, from the moment the connection is ready for it: also the longest
    /// that an idle connection is kept.
    pub head_timeout: Duration,
    /// How long answers under way may take once a stop was asked for.
    pub stop_timeout: Duration,
}

impl Default for ListenerOptions {
    fn default() -> Self {
        Self {
            max_connections: 64,
            // Longer than Prometheus' and probes' usual periods of 10 to 15 s, so that they can keep a connection.
            head_timeout: Duration::from_secs(30),
            stop_timeout: Duration::from_secs(5),
        }
    }
}

/// The head of a probe's request is some hundreds of bytes; 8 KiB is the smallest buffer that hyper takes.
const HEAD_BYTES: usize = 8 * 1024;

/// How long to wait after the system refused a connection for lack of descriptors or memory, instead of spinning.
const ACCEPT_PAUSE: Duration = Duration::from_millis(100);

/// Serves the operator's routes until `shutdown` is done, then lets answers under way finish for a bounded time.
///
/// # Errors
/// Only if the listener itself cannot tell its address; refused connections are logged and waited out.
pub async fn serve(
    listener: TcpListener,
    gateway: Gateway,
    options: ListenerOptions,
    shutdown: impl Future<Output = ()>,
) -> io::Result<()> {
    let address = listener.local_addr()?;
    tracing::info!(%address, "the operator's HTTP listener is up");
    let router = router(gateway);
    let room = Arc::new(Semaphore::new(options.max_connections));
    let graceful = GracefulShutdown::new();
    let mut shutdown = pin!(shutdown);
    loop {
        tokio::select! {
            () = &mut shutdown => break,
            (stream, permit) = next(&listener, &room) => {
                let connection = connection(stream, router.clone(), &options);
                let watched = graceful.watch(connection);
                tokio::spawn(async move {
                    if let Err(error) = watched.await {
                        tracing::debug!(%error, "an operator's connection ended early");
                    }
                    drop(permit);
                });
            }
        }
    }
    drop(listener);
    if tokio::time::timeout(options.stop_timeout, graceful.shutdown()).await.is_err() {
        tracing::warn!("answers of the operator's listener were still under way and are cut off");
    }
    Ok(())
}

/// The next connection, as soon as there is room for it.
async fn next(listener: &TcpListener, room: &Arc<Semaphore>) -> (TcpStream, OwnedSemaphorePermit) {
    let permit = Arc::clone(room).acquire_owned().await.expect("the semaphore is never closed");
    loop {
        match listener.accept().await {
            Ok((stream, _peer)) => return (stream, permit),
            Err(error) => {
                tracing::warn!(%error, "cannot accept an operator's connection");
                tokio::time::sleep(ACCEPT_PAUSE).await;
            }
        }
    }
}

type Connection = http1::Connection<TokioIo<TcpStream>, TowerToHyperService<Router>>;

fn connection(stream: TcpStream, router: Router, options: &ListenerOptions) -> Connection {
    http1::Builder::new()
        .timer(TokioTimer::new())
        .header_read_timeout(options.head_timeout)
        .max_buf_size(HEAD_BYTES)
        .serve_connection(TokioIo::new(stream), TowerToHyperService::new(router))
}
