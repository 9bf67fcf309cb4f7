//! What was asked when, for those who want to see whether anything was asked twice, or how soon something was.

use std::sync::{Mutex, PoisonError};
use std::time::{SystemTime, UNIX_EPOCH};

use serde::Serialize;

/// Requests that are remembered, some hundred bytes each; those after them are answered and not noted.
const REMEMBERED: usize = 1_000_000;

/// One request.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub(super) struct Entry {
    path: String,
    /// When it came, in microseconds of the machine's clock since 1970.
    at_us: u64,
    /// What it was answered.
    status: u16,
}

/// All requests, in the order of their answers.
#[derive(Debug, Default)]
pub(super) struct Log(Mutex<Vec<Entry>>);

impl Log {
    pub(super) fn note(&self, path: &str, at_us: u64, status: u16) {
        let mut entries = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if entries.len() < REMEMBERED {
            entries.push(Entry { path: path.to_owned(), at_us, status });
        }
    }

    /// As a JSON array.
    pub(super) fn to_json(&self) -> Vec<u8> {
        let entries = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        serde_json::to_vec(&*entries).expect("plain texts and numbers serialise")
    }
}

/// The machine's clock.
pub(super) fn now_us() -> u64 {
    let since_epoch = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
    u64::try_from(since_epoch.as_micros()).unwrap_or(u64::MAX)
}
