//! Fetching one document: as many requests as its redirects need, each with leave.

use std::time::Duration;

use gleaner_model::{Fault, FaultKind, Host, Timestamp, Validators};
use gleaner_registries::DocumentRequest;
use tokio::time::Instant;
use tracing::Instrument as _;

use super::errand::Errand;
use crate::http::{Answer, Body, Hop, Trail};

/// What fetching a document came to.
#[derive(Debug)]
pub(crate) enum Got {
    /// The document.
    Body(Body),
    /// It is the one whose validators were sent.
    NotModified { at: Timestamp },
    /// There is none.
    NotFound { at: Timestamp },
    /// It was removed.
    Gone { at: Timestamp },
    /// The host asked for less, and the scheduler was told.
    Throttled(Fault),
    /// No permit came.
    Unpermitted(Fault),
    /// No usable answer.
    Failed(Fault),
}

impl Errand {
    /// Fetches a document, conditionally unless `validators` is empty.
    pub(crate) async fn fetch(&self, request: &DocumentRequest, validators: &Validators) -> Got {
        let mut trail = match Trail::new(&request.url, self.tools.options.redirects_max) {
            Ok(trail) => trail,
            Err(fault) => return Got::Failed(fault),
        };
        loop {
            let host = match Host::of_url(trail.current().as_str()) {
                Ok(host) => host,
                Err(error) => return Got::Failed(Fault::new(FaultKind::Outage, error.to_string())),
            };
            self.tools.http.turn().await;
            if let Err(fault) = self.leave(&host).await {
                return Got::Unpermitted(fault);
            }
            let answer = self.ask(request, validators, &trail, &host).await;
            self.note_ended(&host, !matches!(answer, Answer::Throttled { .. } | Answer::Failed(_)));
            match answer {
                Answer::Elsewhere { location } => {
                    if let Err(fault) = trail.follow(location.as_deref()) {
                        return Got::Failed(fault);
                    }
                }
                Answer::Throttled { retry_after_ms } => {
                    return self.throttled(&request.url, host, retry_after_ms).await;
                }
                Answer::Body(body) => {
                    self.count_received(body.bytes.len());
                    return Got::Body(body);
                }
                Answer::NotModified { at } => return Got::NotModified { at },
                Answer::NotFound { at } => return Got::NotFound { at },
                Answer::Gone { at } => return Got::Gone { at },
                // Suspended, with more on its way than fits beside what runs. Leave for the same again comes only
                // when the attempt goes on.
                Answer::Cut => crate::metrics::cut(&host),
                Answer::Failed(fault) => return Got::Failed(fault),
            }
        }
    }

    async fn ask(&self, request: &DocumentRequest, validators: &Validators, trail: &Trail, host: &Host) -> Answer {
        self.count_request();
        let hop = Hop {
            ecosystem: self.assignment.registry.ecosystem,
            url: trail.current(),
            accept: request.accept,
            max_bytes: request.max_bytes,
            validators,
            recipient: &*self.lease,
        };
        let span = tracing::debug_span!("request", %host, url = %hop.url, status = tracing::field::Empty);
        self.tools.http.ask(hop).instrument(span).await
    }

    /// Tells the scheduler what the host asked for. While there is no session, it waits for one: a host that asked to
    /// be left alone must be left alone by the whole fleet.
    async fn throttled(&self, url: &str, host: Host, retry_after_ms: Option<u64>) -> Got {
        let answered = Instant::now();
        let left = |retry_after_ms: u64| Duration::from_millis(retry_after_ms).saturating_sub(answered.elapsed());
        let mut link = self.link().await;
        loop {
            let remaining = retry_after_ms.map(|ms| u64::try_from(left(ms).as_millis()).unwrap_or(ms));
            if link.throttled(self.lease.attempt(), host.clone(), remaining).await.is_ok() {
                break;
            }
            link = self.link_after(&link).await;
        }
        let wish = retry_after_ms.map_or_else(String::new, |ms| format!(", for {ms} ms"));
        Got::Throttled(Fault::new(FaultKind::Throttled, format!("{host} asked to slow down{wish} at {url}")))
    }
}
