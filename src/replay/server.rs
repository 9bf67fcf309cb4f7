//! The replay server: options in, a handle out.

use std::net::SocketAddr;
use std::num::NonZeroU32;
use std::sync::Arc;
use std::time::Duration;

use axum::body::Body;
use axum::extract::{Request, State};
use axum::http::header::CONTENT_TYPE;
use axum::http::request::Parts;
use axum::http::{HeaderValue, Response};
use axum::{Router, serve as serve_http};
use gleaner_model::Ecosystem;
use tokio::net::TcpListener;
use tokio::sync::oneshot;
use tokio::task::JoinHandle;
use tokio::time::Instant;

use super::answer::{Served, throttled, troubled};
use super::connections::{BoundedListener, MAX_CONNECTIONS};
use super::counters::{Counters, Stats};
use super::documents::Documents;
use super::faults::{Luck, Throttle, Trouble};
use super::log::{self, Log};
use super::route::{Target, route};

/// How long a shutdown waits for answers on their way.
const DRAIN: Duration = Duration::from_secs(2);

/// How the registries behave.
#[derive(Clone, Copy, Debug)]
pub(crate) struct ReplayOptions {
    /// Where to listen; a loopback address, port 0 for any.
    pub(crate) listen: SocketAddr,
    /// Added before every answer.
    pub(crate) latency: Duration,
    /// The part of requests that fail, 0 to 1: a third each 500, 503 and a connection that closes in mid-answer.
    pub(crate) error_rate: f64,
    /// Requests a second, over all three registries, before answers are 429 with `Retry-After`.
    pub(crate) throttle_per_s: Option<NonZeroU32>,
    /// Which requests fail.
    pub(crate) seed: u64,
    /// Remember what was asked when, for `GET /replay/requests`.
    pub(crate) log: bool,
}

impl Default for ReplayOptions {
    fn default() -> Self {
        Self {
            listen: SocketAddr::from(([127, 0, 0, 1], 0)),
            latency: Duration::ZERO,
            error_rate: 0.0,
            throttle_per_s: None,
            seed: 0,
            log: false,
        }
    }
}

/// Why nothing is served.
#[derive(Debug, thiserror::Error)]
pub(crate) enum ReplayError {
    /// Recorded documents are for this machine only.
    #[error("the replay listens on loopback addresses only, and {0} is none: use 127.0.0.1 or [::1]")]
    NotLoopback(SocketAddr),
    /// Not a probability.
    #[error("an error rate is a number from 0 to 1, and {0} is none")]
    ErrorRate(f64),
    /// The socket was refused.
    #[error("cannot listen on {address}: {error}")]
    Listen {
        /// Where.
        address: SocketAddr,
        /// Why not.
        error: std::io::Error,
    },
}

/// Running loopback registries. Dropping it stops them; [`Replay::shutdown`] also waits.
#[derive(Debug)]
pub(crate) struct Replay {
    address: SocketAddr,
    counters: Arc<Counters>,
    stop: oneshot::Sender<()>,
    task: JoinHandle<()>,
}

impl Replay {
    /// Where the server listens.
    pub(crate) fn address(&self) -> SocketAddr {
        self.address
    }

    /// The base URL of `ecosystem`'s registry, ending in `/`, as its own client would be configured.
    pub(crate) fn base_url(&self, ecosystem: Ecosystem) -> String {
        let path = match ecosystem {
            Ecosystem::Cargo => "cargo/",
            Ecosystem::Npm => "npm/",
            Ecosystem::Pypi => "pypi/simple/",
        };
        format!("http://{}/{path}", self.address)
    }

    /// What was answered so far.
    pub(crate) fn stats(&self) -> Stats {
        self.counters.stats()
    }

    /// Stops accepting, waits a moment for answers on their way, then ends.
    pub(crate) async fn shutdown(self) {
        let Self { stop, mut task, .. } = self;
        // An error means that the server ended already.
        if stop.send(()).is_ok() && tokio::time::timeout(DRAIN, &mut task).await.is_err() {
            task.abort();
        }
    }
}

/// What every request shares.
struct Shared {
    served: Served,
    counters: Arc<Counters>,
    latency: Duration,
    throttle: Option<Throttle>,
    luck: Luck,
    log: Option<Log>,
    started: Instant,
}

/// Serves `documents` until the handle is dropped.
///
/// # Errors
/// The address is not a loopback address or cannot be had, or the error rate is none.
pub(crate) async fn serve(documents: Documents, options: ReplayOptions) -> Result<Replay, ReplayError> {
    if !options.listen.ip().is_loopback() {
        return Err(ReplayError::NotLoopback(options.listen));
    }
    if !(0.0..=1.0).contains(&options.error_rate) {
        return Err(ReplayError::ErrorRate(options.error_rate));
    }
    let refused = |error| ReplayError::Listen { address: options.listen, error };
    let listener = TcpListener::bind(options.listen).await.map_err(refused)?;
    let address = listener.local_addr().map_err(refused)?;
    let origin = format!("http://{address}");
    // Turning the links takes a while for a large set, and must not hold up the runtime.
    let served = tokio::task::spawn_blocking(move || Served::new(documents, &origin)).await.expect("it does not panic");
    let counters = Arc::new(Counters::default());
    let shared = Arc::new(Shared {
        served,
        counters: Arc::clone(&counters),
        latency: options.latency,
        throttle: options.throttle_per_s.map(Throttle::new),
        luck: Luck::new(options.error_rate, options.seed),
        log: options.log.then(Log::default),
        started: Instant::now(),
    });
    let (stop, stopped) = oneshot::channel();
    let task = tokio::spawn(run(BoundedListener::new(listener, MAX_CONNECTIONS), shared, stopped));
    Ok(Replay { address, counters, stop, task })
}

async fn run(listener: BoundedListener, shared: Arc<Shared>, stopped: oneshot::Receiver<()>) {
    let router = Router::new().fallback(handle).with_state(shared);
    // Both a message and a dropped sender mean "stop".
    let serving = serve_http(listener, router).with_graceful_shutdown(async { drop(stopped.await) });
    if let Err(error) = serving.await {
        tracing::error!(%error, "the replay ended");
    }
}

async fn handle(State(shared): State<Arc<Shared>>, request: Request) -> Response<Body> {
    let (asked, _) = request.into_parts();
    let target = route(asked.uri.path());
    match (&target, &shared.log) {
        (Target::Stats, _) => json(serde_json::to_vec(&shared.counters.stats()).expect("plain numbers serialise")),
        (Target::Requests, Some(log)) => json(log.to_json()),
        (_, None) => answer(&shared, &target, &asked).await,
        (_, Some(log)) => {
            let came_us = log::now_us();
            let answered = answer(&shared, &target, &asked).await;
            log.note(asked.uri.path(), came_us, answered.status().as_u16());
            answered
        }
    }
}

async fn answer(shared: &Shared, target: &Target, asked: &Parts) -> Response<Body> {
    if !shared.latency.is_zero() {
        tokio::time::sleep(shared.latency).await;
    }
    if let Some(Err(retry_after_s)) = shared.throttle.as_ref().map(|throttle| throttle.take(shared.started.elapsed())) {
        return counted(&shared.counters, throttled(retry_after_s));
    }
    match shared.luck.draw() {
        None => counted(&shared.counters, shared.served.answer(&asked.method, target, &asked.headers)),
        Some(Trouble::Broken) => {
            shared.counters.count_closed();
            troubled(Trouble::Broken)
        }
        Some(trouble) => counted(&shared.counters, troubled(trouble)),
    }
}

fn counted(counters: &Counters, response: Response<Body>) -> Response<Body> {
    counters.count(response.status());
    response
}

fn json(body: Vec<u8>) -> Response<Body> {
    let mut response = Response::new(Body::from(body));
    response.headers_mut().insert(CONTENT_TYPE, HeaderValue::from_static("application/json"));
    response
}

#[cfg(test)]
mod tests;
