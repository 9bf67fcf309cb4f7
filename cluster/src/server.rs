//! The side that listens: a scheduler node.

use std::fmt;
use std::time::Duration;

use tokio::net::TcpListener;
use tonic::transport::server::TcpIncoming;
use tonic::transport::{Certificate, Identity, Server, ServerTlsConfig};

use crate::{ChannelOptions, TlsError};

/// How long a TLS handshake may take. A peer that connects and stays silent holds a task and a socket, no more.
const HANDSHAKE_TIMEOUT: Duration = Duration::from_secs(10);

/// Streams that one connection may have open. A worker holds one session; a client watches some hundreds of jobs at
/// most; beyond that HTTP/2 makes the peer wait, which bounds the memory that one connection can claim.
const MAX_STREAMS_PER_CONNECTION: u32 = 1_024;

/// What a server shows and demands. Made by [`crate::TlsFiles::server`], which has checked it.
#[derive(Clone)]
pub struct ServerTls {
    /// The certificate chain, PEM, leaf first.
    pub certificate_pem: Vec<u8>,
    /// The private key, PEM.
    pub key_pem: Vec<u8>,
    /// The authorities that must have signed a client's certificate, PEM. `None` lets any client in.
    pub client_ca_pem: Option<Vec<u8>>,
}

impl fmt::Debug for ServerTls {
    /// Leaves the key out, so that no log can hold it.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("ServerTls").field("mutual", &self.client_ca_pem.is_some()).finish_non_exhaustive()
    }
}

/// The settings for tonic's server.
#[must_use]
pub fn server_tls_config(tls: &ServerTls) -> ServerTlsConfig {
    crate::install_crypto_provider();
    let config = ServerTlsConfig::new()
        .identity(Identity::from_pem(&tls.certificate_pem, &tls.key_pem))
        .timeout(HANDSHAKE_TIMEOUT);
    match &tls.client_ca_pem {
        Some(ca) => config.client_ca_root(Certificate::from_pem(ca)),
        None => config,
    }
}

/// The connections that come to a listener. What is written goes out at once: otherwise the last piece of an answer
/// waits until the peer acknowledges the piece before, which peers put off for 40 ms. The server's own setting for that
/// has no effect on a listener that the caller opened.
#[must_use]
pub fn incoming(listener: TcpListener) -> TcpIncoming {
    TcpIncoming::from(listener).with_nodelay(Some(true))
}

/// A gRPC server with the channel's numbers set and TLS on if `tls` is given; the caller adds its services and serves
/// them to what [`incoming`] gives.
///
/// # Errors
/// The TLS library refuses the material.
pub fn server(tls: Option<&ServerTls>, options: &ChannelOptions) -> Result<Server, TlsError> {
    let server = Server::builder()
        .http2_keepalive_interval(Some(options.keep_alive_interval))
        .http2_keepalive_timeout(Some(options.keep_alive_timeout))
        .initial_stream_window_size(options.stream_window_bytes)
        .initial_connection_window_size(options.connection_window_bytes)
        .max_concurrent_streams(MAX_STREAMS_PER_CONNECTION);
    match tls {
        Some(tls) => server.tls_config(server_tls_config(tls)).map_err(|error| TlsError::Refused {
            subject: "the listener".to_owned(),
            reason: crate::failure::chain(&error),
        }),
        None => Ok(server),
    }
}

#[cfg(test)]
mod tests {
    use tokio::net::TcpStream;
    use tokio_stream::StreamExt as _;

    use super::*;

    #[tokio::test]
    async fn what_is_written_goes_out_at_once() {
        let listener = TcpListener::bind("127.0.0.1:0").await.expect("loopback");
        let address = listener.local_addr().expect("bound");
        let _peer = TcpStream::connect(address).await.expect("listening");
        let accepted = incoming(listener).next().await.expect("a connection").expect("accepted");
        assert!(accepted.nodelay().expect("an open socket"));
    }
}
