//! The further documents of a package: Python's core metadata, one a version.
//!
//! Each is worth having and none is worth failing for: what cannot be got now stays pending, and the next crawl of the
//! package asks again.

use std::time::Duration;

use bytes::Bytes;
use futures_util::StreamExt as _;
use futures_util::stream;
use gleaner_model::{FaultKind, Validators};
use gleaner_registries::{DocumentRequest, Extra, Reading};
use tokio::time::{Instant, sleep_until};

use super::checkpoint::Told;
use super::errand::Errand;
use super::fetch::Got;
use super::main_document::pack;
use crate::document::Packed;

/// How often one document is asked for again because its host asked to slow down. The scheduler gives a permit only
/// when the host has had its wait, so more than twice means a host that wants something else.
const THROTTLED_MAX: usize = 2;
/// After so many documents that failed, the attempt stops asking for further ones: the host is not well.
const FAILED_MAX: usize = 3;
/// The shortest time between two reports of progress: the protocol's limit.
const PROGRESS: Duration = Duration::from_secs(1);

/// What came of one further document.
enum Came {
    Document(Packed, Bytes),
    NotFound,
    /// It is there and cannot be what it should be.
    Unusable,
    Failed,
    /// Nobody lets this attempt ask any more.
    Unpermitted,
}

impl Errand {
    /// Fetches what `reading` asks for and reads it in; the documents in the order of the requests.
    pub(super) async fn fetch_more(&self, reading: &mut Reading) -> Vec<Packed> {
        let requests = std::mem::take(&mut reading.more);
        let asked = requests.into_iter().enumerate().map(|(at, request)| async move {
            let came = self.one_more(&request).await;
            (at, request.version, came)
        });
        let mut answers = Box::pin(stream::iter(asked).buffer_unordered(self.tools.options.requests_max));
        let mut documents = Vec::new();
        let mut failed = 0;
        let mut report_at = Instant::now() + PROGRESS;
        loop {
            let answer = tokio::select! {
                biased;
                answer = answers.next() => answer,
                // Also while nothing comes, since what came last may be what a suspended attempt leaves behind.
                () = sleep_until(report_at) => {
                    report_at = Instant::now() + PROGRESS;
                    self.report_progress().await;
                    continue;
                }
            };
            let Some((at, version, came)) = answer else { break };
            let version = version.unwrap_or_default();
            match came {
                Came::Document(packed, bytes) => {
                    reading.read_more(&version, Extra::Document(&bytes));
                    documents.push((at, packed));
                }
                Came::NotFound => reading.read_more(&version, Extra::NotFound),
                Came::Unusable => reading.read_more(&version, Extra::Document(&[])),
                Came::Failed => failed += 1,
                Came::Unpermitted => break,
            }
            if failed == FAILED_MAX {
                break;
            }
        }
        documents.sort_by_key(|(at, _)| *at);
        documents.into_iter().map(|(_, packed)| packed).collect()
    }

    /// One further document, from what an earlier attempt left or from the registry; noted down for the next one.
    async fn one_more(&self, request: &DocumentRequest) -> Came {
        let carried = self.carried.more(&request.url);
        let came = match carried {
            Some(found) => {
                crate::metrics::carried();
                self.take_over(request, found).await
            }
            None => self.ask_for_more(request).await,
        };
        let found = match &came {
            Came::Document(_, bytes) => Told::Document(bytes.clone()),
            Came::NotFound => Told::NotFound,
            Came::Unusable => Told::Unusable,
            Came::Failed | Came::Unpermitted => return came,
        };
        self.lease.notes.more(request.url.clone(), found);
        came
    }

    async fn take_over(&self, request: &DocumentRequest, found: Told) -> Came {
        match found {
            Told::Document(bytes) => self.pack_more(request, bytes).await,
            Told::NotFound => Came::NotFound,
            Told::Unusable => Came::Unusable,
        }
    }

    async fn ask_for_more(&self, request: &DocumentRequest) -> Came {
        for _ in 0..=THROTTLED_MAX {
            match self.fetch(request, &Validators::default()).await {
                Got::Body(body) => return self.pack_more(request, body.bytes).await,
                Got::NotFound { .. } | Got::Gone { .. } => return Came::NotFound,
                Got::Throttled(_) => {}
                Got::Unpermitted(_) => return Came::Unpermitted,
                Got::Failed(fault) if fault.kind == FaultKind::Malformed => return Came::Unusable,
                Got::Failed(_) | Got::NotModified { .. } => return Came::Failed,
            }
        }
        Came::Failed
    }

    async fn pack_more(&self, request: &DocumentRequest, bytes: Bytes) -> Came {
        let level = self.tools.options.compression_level;
        let url = request.url.clone();
        let plain = bytes.clone();
        match self.tools.workshop.run(bytes.len(), move || pack(&plain, url, level)).await {
            Ok(Ok(packed)) => Came::Document(packed, bytes),
            Ok(Err(_)) | Err(_) => Came::Failed,
        }
    }
}
