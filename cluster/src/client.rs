//! The side that connects: a worker, a command line, another node.

use std::fmt;

use tonic::transport::{Certificate, ClientTlsConfig, Endpoint, Identity, Uri};

use crate::{ChannelOptions, TlsError};

/// What a client trusts and shows. Made by [`crate::TlsFiles::client`], which has checked it.
#[derive(Clone, Default)]
pub struct ClientTls {
    /// The authorities that may have signed the server's certificate, PEM; the system's roots if `None`.
    pub ca_pem: Option<Vec<u8>>,
    /// The client's own certificate chain and private key, PEM, for mutual TLS.
    pub identity: Option<(Vec<u8>, Vec<u8>)>,
    /// The name expected in the server's certificate, if not the URL's host.
    pub domain: Option<String>,
}

impl fmt::Debug for ClientTls {
    /// Leaves the key out, so that no log can hold it.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("ClientTls")
            .field("ca", &self.ca_pem.is_some())
            .field("identity", &self.identity.is_some())
            .field("domain", &self.domain)
            .finish()
    }
}

/// An endpoint for `url`, to be connected eagerly or lazily by the caller.
///
/// An `https` address without `tls` trusts the system's roots and shows no certificate. An `http` address with
/// `tls` is refused: whoever configured TLS would otherwise speak plain text without knowing.
///
/// # Errors
/// The address is not an `http` or `https` URL with a host, or contradicts `tls`, or the TLS library refuses `tls`.
pub fn endpoint(url: &str, tls: Option<&ClientTls>, options: &ChannelOptions) -> Result<Endpoint, TlsError> {
    let uri = parse(url)?;
    let secure = uri.scheme_str() == Some("https");
    let endpoint = Endpoint::from(uri.clone())
        .connect_timeout(options.connect_timeout)
        .tcp_nodelay(true)
        .http2_keep_alive_interval(options.keep_alive_interval)
        .keep_alive_timeout(options.keep_alive_timeout)
        .keep_alive_while_idle(true)
        .initial_stream_window_size(options.stream_window_bytes)
        .initial_connection_window_size(options.connection_window_bytes);
    if !secure {
        return match tls {
            Some(_) => Err(TlsError::PlainUrlWithTls { url: url.to_owned() }),
            None => Ok(endpoint),
        };
    }
    crate::install_crypto_provider();
    endpoint
        .tls_config(tls_config(tls).timeout(options.connect_timeout))
        .map_err(|error| TlsError::Refused { subject: url.to_owned(), reason: crate::failure::chain(&error) })
}

fn parse(url: &str) -> Result<Uri, TlsError> {
    let bad = |reason: String| TlsError::BadUrl { url: url.to_owned(), reason };
    let uri: Uri = url.parse().map_err(|error| bad(format!("{error}")))?;
    match uri.scheme_str() {
        Some("http" | "https") => {}
        Some(other) => return Err(bad(format!("the scheme is `{other}`, not http or https"))),
        None => return Err(bad("it has no scheme".to_owned())),
    }
    if uri.path() != "/" || uri.query().is_some() {
        return Err(bad("gRPC has no use for a path or a query".to_owned()));
    }
    Ok(uri)
}

fn tls_config(tls: Option<&ClientTls>) -> ClientTlsConfig {
    let config = ClientTlsConfig::new();
    let Some(tls) = tls else { return config.with_native_roots() };
    let config = match &tls.ca_pem {
        Some(pem) => config.ca_certificate(Certificate::from_pem(pem)),
        None => config.with_native_roots(),
    };
    let config = match &tls.identity {
        Some((certificate, key)) => config.identity(Identity::from_pem(certificate, key)),
        None => config,
    };
    match &tls.domain {
        Some(domain) => config.domain_name(domain),
        None => config,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn refusal(url: &str, tls: Option<&ClientTls>) -> TlsError {
        endpoint(url, tls, &ChannelOptions::default()).expect_err("refused")
    }

    #[test]
    fn an_address_must_be_a_plain_url_with_a_host() {
        for url in ["", "127.0.0.1:7077", "ftp://scheduler.example", "http://", "http://h:1/path", "http://h:1/?q"] {
            let error = refusal(url, None);
            assert!(matches!(&error, TlsError::BadUrl { url: named, .. } if named == url), "{url}: {error}");
        }
        assert!(endpoint("http://127.0.0.1:7077", None, &ChannelOptions::default()).is_ok());
        assert!(endpoint("http://[::1]:7077/", None, &ChannelOptions::default()).is_ok());
    }

    #[test]
    fn tls_settings_for_a_plain_address_are_refused() {
        let error = refusal("http://scheduler.example:7077", Some(&ClientTls::default()));
        assert!(matches!(error, TlsError::PlainUrlWithTls { .. }), "{error}");
    }

    #[test]
    fn debug_output_holds_no_key() {
        let tls = ClientTls { identity: Some((b"c".to_vec(), b"secret".to_vec())), ..ClientTls::default() };
        assert_eq!(format!("{tls:?}"), "ClientTls { ca: false, identity: true, domain: None }");
    }
}
