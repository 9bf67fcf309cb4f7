//! Which files the operator named, and what they add up to: nothing, one-sided TLS, or mutual TLS.

use std::path::PathBuf;

use crate::pem::{self, Identity};
use crate::{ClientTls, ServerTls, TlsError};

/// The paths of TLS material, all PEM. The same settings serve both sides:
///
/// | | a server | a client |
/// |---|---|---|
/// | `certificate`, `key` | its own identity: TLS is on | its identity for mutual TLS |
/// | `ca` | clients must show a certificate signed by it | the server's certificate must be signed by it; without, the system's roots decide |
/// | `domain` | ignored | the name expected in the server's certificate, if not the URL's host |
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct TlsFiles {
    /// The certificate chain, leaf first.
    pub certificate: Option<PathBuf>,
    /// The private key of the certificate, readable by its owner only.
    pub key: Option<PathBuf>,
    /// The certificates of the authority that signs peers.
    pub ca: Option<PathBuf>,
    /// The name expected in the server's certificate.
    pub domain: Option<String>,
}

impl TlsFiles {
    /// The server's side: `None` when no certificate is configured, which means plain text.
    ///
    /// # Errors
    /// A file is missing, malformed or exposed, the key is another certificate's, or only a part was configured.
    pub fn server(&self) -> Result<Option<ServerTls>, TlsError> {
        match (self.identity()?, &self.ca) {
            (Some(identity), ca) => {
                let client_ca_pem = ca.as_deref().map(pem::read_ca).transpose()?;
                Ok(Some(ServerTls {
                    certificate_pem: identity.certificate_pem,
                    key_pem: identity.key_pem,
                    client_ca_pem,
                }))
            }
            (None, Some(ca)) => Err(TlsError::CaWithoutIdentity { ca: ca.clone() }),
            (None, None) => Ok(None),
        }
    }

    /// The client's side: `None` when nothing is configured; an `https` address then trusts the system's roots.
    ///
    /// # Errors
    /// A file is missing, malformed or exposed, the key is another certificate's, or only a part was configured.
    pub fn client(&self) -> Result<Option<ClientTls>, TlsError> {
        if *self == Self::default() {
            return Ok(None);
        }
        Ok(Some(ClientTls {
            ca_pem: self.ca.as_deref().map(pem::read_ca).transpose()?,
            identity: self.identity()?.map(|identity| (identity.certificate_pem, identity.key_pem)),
            domain: self.domain.clone(),
        }))
    }

    fn identity(&self) -> Result<Option<Identity>, TlsError> {
        match (&self.certificate, &self.key) {
            (Some(certificate), Some(key)) => pem::read_identity(certificate, key).map(Some),
            (None, None) => Ok(None),
            (Some(_), None) => Err(TlsError::HalfIdentity { given: "--tls-cert", missing: "--tls-key" }),
            (None, Some(_)) => Err(TlsError::HalfIdentity { given: "--tls-key", missing: "--tls-cert" }),
        }
    }
}
