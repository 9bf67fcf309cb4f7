//! The long-lived processes: recorded registries, a scheduler, workers.

use std::ffi::OsString;
use std::path::Path;

use serde::Deserialize;

use super::http;
use super::process::Process;
use super::program::Place;

/// Base URLs of three registries.
#[derive(Clone, Debug, Deserialize)]
pub(crate) struct Addresses {
    pub(crate) cargo: String,
    pub(crate) npm: String,
    pub(crate) pypi: String,
    /// Where the counters are.
    pub(crate) stats: String,
}

impl Addresses {
    /// The flags that name them.
    pub(crate) fn flags(&self) -> [String; 6] {
        let flag = || "--registry".to_owned();
        [
            flag(),
            format!("cargo={}", self.cargo),
            flag(),
            format!("npm={}", self.npm),
            flag(),
            format!("pypi={}", self.pypi),
        ]
    }
}

/// What recorded registries have answered so far.
#[derive(Clone, Copy, Debug, Default, Deserialize, PartialEq, Eq)]
pub(crate) struct Answered {
    pub(crate) requests: u64,
    #[serde(rename = "200")]
    pub(crate) ok: u64,
    #[serde(rename = "304")]
    pub(crate) not_modified: u64,
    #[serde(rename = "404")]
    pub(crate) not_found: u64,
}

/// `gleaner replay`.
pub(crate) struct Replay {
    pub(crate) process: Process,
    pub(crate) addresses: Addresses,
}

impl Replay {
    /// Serves the documents at `documents`; `more` are flags such as `--latency`.
    pub(crate) fn start(place: &Place, documents: &Path, more: &[&str]) -> Self {
        let (process, addresses) = place.gleaner(["replay"]).arg(documents).args(more).start();
        Self { process, addresses }
    }

    pub(crate) fn answered(&self) -> Answered {
        let (status, body) = http::get(&self.addresses.stats);
        assert_eq!(status, 200, "{body}");
        serde_json::from_str(&body).unwrap()
    }
}

/// `gleaner serve`.
pub(crate) struct Scheduler {
    pub(crate) process: Process,
    /// Its gRPC address.
    pub(crate) url: String,
    /// Its operators' address.
    pub(crate) http: Option<String>,
    /// Open jobs that it found in its store.
    pub(crate) recovered: u64,
}

#[derive(Deserialize)]
struct Serving {
    listening: String,
    http: Option<String>,
    recovered: u64,
}

impl Scheduler {
    /// Starts one on a free port, or on that of a `--listen` in `more`, with its data in `data`.
    pub(crate) fn start(place: &Place, data: &Path, registries: &Addresses, more: &[&str]) -> Self {
        let mut arguments: Vec<OsString> = vec!["serve".into(), "--data".into(), data.into()];
        arguments.extend(registries.flags().map(OsString::from));
        if !more.contains(&"--listen") {
            arguments.extend(["--listen".into(), "127.0.0.1:0".into()]);
        }
        let (process, Serving { listening, http, recovered }) = place.gleaner(arguments).args(more).start();
        Self { process, url: listening, http, recovered }
    }

    /// `host:port` of its gRPC address, to start another one in its place.
    pub(crate) fn address(&self) -> &str {
        self.url.strip_prefix("http://").expect("it listens without TLS")
    }
}

/// `gleaner worker`.
pub(crate) struct Worker {
    pub(crate) process: Process,
    pub(crate) name: String,
}

#[derive(Deserialize)]
struct Working {
    worker: String,
}

impl Worker {
    /// Starts one of the scheduler at `server`, with its state below `data`.
    pub(crate) fn start(place: &Place, data: &Path, server: &str, slots: usize, more: &[&str]) -> Self {
        let program = place.gleaner(["worker", "--server", server, "--slots", &slots.to_string(), "--data"]);
        let (process, Working { worker }) = program.arg(data).args(more).start();
        Self { process, name: worker }
    }
}
