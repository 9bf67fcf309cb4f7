//! What was answered so far, for tests that ask whether a second crawl made only conditional requests.

use std::sync::atomic::{AtomicU64, Ordering};

use axum::http::StatusCode;
use serde::Serialize;

/// Answers by kind. `GET /replay/stats` sends this as JSON, and does not count itself.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize)]
pub(crate) struct Stats {
    /// All requests.
    pub(crate) requests: u64,
    /// Whole documents.
    #[serde(rename = "200")]
    pub(crate) ok: u64,
    /// Redirects to the normalised name.
    #[serde(rename = "301")]
    pub(crate) moved: u64,
    /// "You have it already."
    #[serde(rename = "304")]
    pub(crate) not_modified: u64,
    /// Not here.
    #[serde(rename = "404")]
    pub(crate) not_found: u64,
    /// Throttled.
    #[serde(rename = "429")]
    pub(crate) throttled: u64,
    /// Internal errors and unavailability, as asked for.
    #[serde(rename = "5xx")]
    pub(crate) server_errors: u64,
    /// Connections closed in the middle of an answer, as asked for.
    pub(crate) closed: u64,
    /// Anything else: 405, 406.
    pub(crate) other: u64,
}

/// The counters behind [`Stats`].
#[derive(Debug, Default)]
pub(super) struct Counters {
    ok: AtomicU64,
    moved: AtomicU64,
    not_modified: AtomicU64,
    not_found: AtomicU64,
    throttled: AtomicU64,
    server_errors: AtomicU64,
    closed: AtomicU64,
    other: AtomicU64,
}

impl Counters {
    pub(super) fn count(&self, status: StatusCode) {
        let counter = match status.as_u16() {
            200 => &self.ok,
            301 => &self.moved,
            304 => &self.not_modified,
            404 => &self.not_found,
            429 => &self.throttled,
            500..=599 => &self.server_errors,
            _ => &self.other,
        };
        counter.fetch_add(1, Ordering::Relaxed);
    }

    pub(super) fn count_closed(&self) {
        self.closed.fetch_add(1, Ordering::Relaxed);
    }

    pub(super) fn stats(&self) -> Stats {
        let read = |counter: &AtomicU64| counter.load(Ordering::Relaxed);
        let mut stats = Stats {
            requests: 0,
            ok: read(&self.ok),
            moved: read(&self.moved),
            not_modified: read(&self.not_modified),
            not_found: read(&self.not_found),
            throttled: read(&self.throttled),
            server_errors: read(&self.server_errors),
            closed: read(&self.closed),
            other: read(&self.other),
        };
        // The sum, so that the parts always add up even while requests are coming in.
        stats.requests = stats.ok
            + stats.moved
            + stats.not_modified
            + stats.not_found
            + stats.throttled
            + stats.server_errors
            + stats.closed
            + stats.other;
        stats
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_answer_is_counted_once() {
        let counters = Counters::default();
        for status in [200, 200, 301, 304, 404, 405, 429, 500, 503] {
            counters.count(StatusCode::from_u16(status).expect("a status"));
        }
        counters.count_closed();
        let json = serde_json::to_value(counters.stats()).expect("plain numbers");
        let expected = serde_json::json!({
            "requests": 10, "200": 2, "301": 1, "304": 1, "404": 1, "429": 1, "5xx": 2, "closed": 1, "other": 1
        });
        assert_eq!(json, expected);
    }
}
