//! Is anybody there who lets us in?
//!
//! A channel that was opened says little. In TLS 1.3 the client is done before the server has looked at its
//! certificate, and plain text sent to a TLS port only fails when the answer is read. So one small call is made, and
//! what goes wrong with it is told before anything depends on the channel.

use std::error::Error;
use std::time::Duration;

use tonic::transport::{Channel, Endpoint};
use tonic::{Request, Status};
use tonic_health::pb::HealthCheckRequest;
use tonic_health::pb::health_client::HealthClient;

use crate::failure::{ChannelFailure, explain};

/// How long the other side may take to answer the call: as long as it may take to accept the connection.
const ANSWER: Duration = Duration::from_secs(10);

/// How often it is tried to hear why a connection was closed. A refusal that comes while we still write is lost about
/// every second time on a fast network, where another try costs a few milliseconds; this many in a row are not.
const TRIES: usize = 20;

/// Connects `endpoint`, which is for `url`, and waits for the answer to one call. Whatever the other side answers, it
/// has let us in; who may do what is for later calls to find out.
///
/// # Errors
/// Nobody listens, or one side does not trust the other, or the other side does not speak gRPC.
pub async fn reach(url: &str, endpoint: &Endpoint) -> Result<Channel, ChannelFailure> {
    for _ in 1..TRIES {
        match once(url, endpoint).await {
            Err(ChannelFailure::Closed { .. }) => {}
            other => return other,
        }
    }
    once(url, endpoint).await
}

async fn once(url: &str, endpoint: &Endpoint) -> Result<Channel, ChannelFailure> {
    let channel = endpoint.connect().await.map_err(|error| explain(url, &error))?;
    let mut request = Request::new(HealthCheckRequest { service: String::new() });
    request.set_timeout(ANSWER);
    match HealthClient::new(channel.clone()).check(request).await {
        Err(status) if !was_answered(&status) => Err(explain(url, &status)),
        _ => Ok(channel),
    }
}

/// A status that came over the wire has no cause on this side of it.
fn was_answered(status: &Status) -> bool {
    status.source().is_none()
}
