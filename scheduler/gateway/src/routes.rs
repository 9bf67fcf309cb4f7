//! The four answers.

use std::sync::Arc;

use axum::extract::State;
use axum::http::{StatusCode, header};
use axum::response::{IntoResponse, Response};
use axum::routing::get;
use axum::{Json, Router};
use metrics_exporter_prometheus::PrometheusHandle;
use serde::Serialize;

use crate::{NotReady, Readiness};

/// The format that [`PrometheusHandle::render`] writes.
const PROMETHEUS_TEXT: &str = "text/plain; version=0.0.4; charset=utf-8";

/// What the door reads from.
#[derive(Clone)]
pub struct Gateway {
    /// Says whether the process may be sent work.
    pub readiness: Arc<dyn Readiness>,
    /// The process's metrics.
    pub metrics: PrometheusHandle,
    /// The program's name, for `/version`.
    pub name: &'static str,
    /// The program's version, for `/version`.
    pub version: &'static str,
}

#[derive(Serialize)]
struct Ready {
    ready: bool,
    reasons: Vec<NotReady>,
}

#[derive(Serialize)]
struct Version {
    name: &'static str,
    version: &'static str,
}

/// The routes, without a listener.
pub fn router(gateway: Gateway) -> Router {
    Router::new()
        .route("/healthz", get(healthz))
        .route("/readyz", get(readyz))
        .route("/metrics", get(metrics))
        .route("/version", get(version))
        .with_state(gateway)
}

async fn healthz() -> &'static str {
    "ok\n"
}

async fn readyz(State(gateway): State<Gateway>) -> Response {
    let reasons = gateway.readiness.reasons();
    let ready = reasons.is_empty();
    let status = if ready { StatusCode::OK } else { StatusCode::SERVICE_UNAVAILABLE };
    (status, Json(Ready { ready, reasons })).into_response()
}

async fn metrics(State(gateway): State<Gateway>) -> Response {
    ([(header::CONTENT_TYPE, PROMETHEUS_TEXT)], gateway.metrics.render()).into_response()
}

async fn version(State(gateway): State<Gateway>) -> Json<Version> {
    Json(Version { name: gateway.name, version: gateway.version })
}
