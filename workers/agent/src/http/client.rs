//! The one HTTP client of an agent.

use std::sync::Arc;
use std::time::Duration;

use gleaner_model::{Ecosystem, Fault, FaultKind, Validators};
use gleaner_registries::{AnswerHead, Verdict, classify};
use reqwest::header::{
    ACCEPT, CONTENT_ENCODING, ETAG, HeaderMap, HeaderName, IF_MODIFIED_SINCE, IF_NONE_MATCH, LAST_MODIFIED, LOCATION,
    RETRY_AFTER,
};
use reqwest::{Client, ClientBuilder, Response, redirect};
use tokio::time::timeout;
use url::Url;

use super::body::{Limits, Received, receive};
use super::room::Room;
use super::{Answer, Body, Egress, Recipient, fault};
use crate::options::{Clock, Timeouts};
use crate::{AgentError, Options};

/// Idle connections that are kept open to one host: what the permits of one host can keep busy on this machine.
const IDLE_PER_HOST: usize = 32;

/// One request.
#[derive(Clone, Copy)]
pub(crate) struct Hop<'a> {
    pub(crate) ecosystem: Ecosystem,
    pub(crate) url: &'a Url,
    pub(crate) accept: &'static str,
    pub(crate) max_bytes: u64,
    /// Makes the request conditional, unless empty.
    pub(crate) validators: &'a Validators,
    /// For whom it is.
    pub(crate) recipient: &'a dyn Recipient,
}

/// The one HTTP client of an agent, with its pool of connections.
#[derive(Clone)]
pub(crate) struct HttpClient {
    client: Client,
    room: Arc<Room>,
    timeouts: Timeouts,
    document_max_bytes: u64,
    clock: Clock,
    egress: Arc<Egress>,
}

impl HttpClient {
    pub(crate) fn new(options: &Options) -> Result<Self, AgentError> {
        // The first one in the process wins, and any that is there already does.
        let _ = rustls::crypto::ring::default_provider().install_default();
        let client = builder(options).build().or_else(|error| {
            // A bare system has no certificates. Registries in plain HTTP on its own network work all the same, and
            // the others fail one by one with an error that names them.
            tracing::warn!(%error, "no certificates of the system can be used; https registries cannot be reached");
            builder(options).tls_certs_only([]).build()
        });
        Ok(Self {
            client: client.map_err(|error| AgentError::Http(error.to_string()))?,
            room: Arc::new(Room::new()),
            timeouts: options.timeouts,
            document_max_bytes: options.document_max_bytes,
            clock: options.clock.clone(),
            egress: Arc::new(Egress::new(options.egress)),
        })
    }

    /// Waits until this machine lets another request leave. To be asked before there is leave of the scheduler, which
    /// does not last.
    pub(crate) async fn turn(&self) {
        self.egress.turn().await;
    }

    /// Makes one request. The caller holds a permit for it.
    pub(crate) async fn ask(&self, hop: Hop<'_>) -> Answer {
        let whole = self.timeouts.whole;
        let answer = match timeout(whole, self.exchange(hop)).await {
            Ok(Ok(answer)) => answer,
            Ok(Err(fault)) => Answer::Failed(fault),
            Err(_) => Answer::Failed(fault::too_slow(hop.url, "did not finish", whole)),
        };
        if let Answer::Failed(fault) = &answer {
            tracing::debug!(url = %hop.url, %fault, "request failed");
        }
        answer
    }

    async fn exchange(&self, hop: Hop<'_>) -> Result<Answer, Fault> {
        let mut request = self.client.get(hop.url.clone()).header(ACCEPT, hop.accept);
        if let Some(etag) = &hop.validators.etag {
            request = request.header(IF_NONE_MATCH, etag);
        }
        if let Some(date) = &hop.validators.last_modified {
            request = request.header(IF_MODIFIED_SINCE, date);
        }
        let head_within = self.timeouts.connect + self.timeouts.idle;
        let response = match timeout(head_within, request.send()).await {
            Err(_) => return Err(fault::too_slow(hop.url, "did not answer", head_within)),
            Ok(Err(error)) => return Err(fault::unanswered(hop.url, error)),
            Ok(Ok(response)) => response,
        };
        let status = response.status().as_u16();
        tracing::Span::current().record("status", status);
        crate::metrics::request(hop.url, status);
        self.read(hop, response).await
    }

    async fn read(&self, hop: Hop<'_>, mut response: Response) -> Result<Answer, Fault> {
        let at = (self.clock)();
        let status = response.status().as_u16();
        let headers = response.headers();
        let retry_after = headers.get(RETRY_AFTER).and_then(|value| value.to_str().ok());
        let failed = |kind, what: &str| Err(Fault::new(kind, format!("{} answered {status}{what}", hop.url)));
        match classify(hop.ecosystem, &AnswerHead { status, retry_after }, at) {
            Verdict::Body => {}
            Verdict::NotModified if hop.validators.is_empty() => {
                return failed(FaultKind::Outage, " to a request without validators");
            }
            Verdict::NotModified => return Ok(Answer::NotModified { at }),
            Verdict::NotFound => return Ok(Answer::NotFound { at }),
            Verdict::Gone => return Ok(Answer::Gone { at }),
            Verdict::Throttled { retry_after_ms } => return Ok(Answer::Throttled { retry_after_ms }),
            Verdict::Redirect => return Ok(Answer::Elsewhere { location: text(headers, LOCATION) }),
            Verdict::Denied => return failed(FaultKind::Denied, ""),
            Verdict::Outage => return failed(FaultKind::Outage, ""),
        }
        // What the client can undo it has undone, and taken the header away.
        if let Some(encoding) = text(headers, CONTENT_ENCODING).filter(|name| name != "identity") {
            let detail = format!("{} is encoded as `{encoding}`, which was not asked for", hop.url);
            return Err(Fault::new(FaultKind::Malformed, detail));
        }
        let validators = Validators { etag: text(headers, ETAG), last_modified: text(headers, LAST_MODIFIED) };
        let max_bytes = hop.max_bytes.min(self.document_max_bytes);
        let limits = Limits { max_bytes, idle: self.timeouts.idle, room: &self.room, recipient: hop.recipient };
        Ok(match receive(&mut response, hop.url, limits).await? {
            Received::Whole(bytes, room) => {
                crate::metrics::received(hop.url, bytes.len());
                Answer::Body(Body { bytes, validators, at, room })
            }
            Received::Cut => Answer::Cut,
        })
    }
}

/// Everything about the client but whom it trusts.
fn builder(options: &Options) -> ClientBuilder {
    Client::builder()
        .user_agent(&options.user_agent)
        .redirect(redirect::Policy::none())
        .retry(reqwest::retry::never())
        .referer(false)
        .connect_timeout(options.timeouts.connect)
        .pool_max_idle_per_host(IDLE_PER_HOST)
        .pool_idle_timeout(Duration::from_secs(60))
        .tcp_nodelay(true)
}

/// A header as text, if it is there and is text.
fn text(headers: &HeaderMap, name: HeaderName) -> Option<String> {
    headers.get(name)?.to_str().ok().map(str::to_owned)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_system_without_certificates_still_gets_a_client() {
        let _ = rustls::crypto::ring::default_provider().install_default();
        let options = Options::new("unused", "gleaner-test");
        assert!(builder(&options).tls_certs_only([]).build().is_ok());
    }
}
