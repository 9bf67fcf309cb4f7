//! Reading PEM files and holding them against each other, before any of it reaches a socket.
//!
//! The TLS libraries check late and say little: an empty CA file, for example, is accepted and then refuses every
//! peer. So each file is parsed here, and an error names the file.

use std::fs;
use std::path::Path;

use rustls::RootCertStore;
use rustls::crypto::ring;
use rustls::pki_types::pem::{self, PemObject};
use rustls::pki_types::{CertificateDer, PrivateKeyDer};
use rustls::sign::CertifiedKey;

use crate::TlsError;

pub(crate) const CERTIFICATE: &str = "certificate";
pub(crate) const PRIVATE_KEY: &str = "private key";
pub(crate) const CA: &str = "CA certificate";

/// The bytes of a certificate chain and its private key, both PEM, known to belong together.
#[derive(Clone)]
pub(crate) struct Identity {
    pub(crate) certificate_pem: Vec<u8>,
    pub(crate) key_pem: Vec<u8>,
}

/// Reads a certificate chain (leaf first) and its private key, PKCS #8, PKCS #1 or SEC 1, unencrypted.
pub(crate) fn read_identity(certificate: &Path, key: &Path) -> Result<Identity, TlsError> {
    let certificate_pem = read(CERTIFICATE, certificate)?;
    refuse_exposed(key)?;
    let key_pem = read(PRIVATE_KEY, key)?;
    let chain = certificates(CERTIFICATE, certificate, &certificate_pem)?;
    let parsed_key =
        PrivateKeyDer::from_pem_slice(&key_pem).map_err(|error| bad(PRIVATE_KEY, key, pem_reason(&error)))?;
    match CertifiedKey::from_der(chain, parsed_key, &ring::default_provider()) {
        Ok(_) => Ok(Identity { certificate_pem, key_pem }),
        Err(rustls::Error::InconsistentKeys(_)) => {
            Err(TlsError::KeyMismatch { certificate: certificate.to_owned(), key: key.to_owned() })
        }
        Err(rustls::Error::InvalidCertificate(error)) => Err(bad(CERTIFICATE, certificate, error.to_string())),
        Err(error) => Err(bad(PRIVATE_KEY, key, error.to_string())),
    }
}

/// Reads one or more CA certificates; each must be usable as a trust anchor.
pub(crate) fn read_ca(path: &Path) -> Result<Vec<u8>, TlsError> {
    let text = read(CA, path)?;
    let mut roots = RootCertStore::empty();
    for certificate in certificates(CA, path, &text)? {
        roots.add(certificate).map_err(|error| bad(CA, path, error.to_string()))?;
    }
    Ok(text)
}

fn read(what: &'static str, path: &Path) -> Result<Vec<u8>, TlsError> {
    fs::read(path).map_err(|source| TlsError::Unreadable { what, path: path.to_owned(), source })
}

fn certificates(what: &'static str, path: &Path, text: &[u8]) -> Result<Vec<CertificateDer<'static>>, TlsError> {
    let chain: Vec<_> = CertificateDer::pem_slice_iter(text)
        .collect::<Result<_, _>>()
        .map_err(|error| bad(what, path, pem_reason(&error)))?;
    if chain.is_empty() {
        return Err(bad(what, path, "it holds no PEM certificate (no `BEGIN CERTIFICATE` line)".to_owned()));
    }
    Ok(chain)
}

fn pem_reason(error: &pem::Error) -> String {
    match error {
        pem::Error::NoItemsFound => "it holds no unencrypted PEM item of that kind".to_owned(),
        other => other.to_string(),
    }
}

fn bad(what: &'static str, path: &Path, reason: String) -> TlsError {
    TlsError::BadPem { what, path: path.to_owned(), reason }
}

/// Refuses a private key that the group or others may touch.
#[cfg(unix)]
fn refuse_exposed(path: &Path) -> Result<(), TlsError> {
    use std::os::unix::fs::PermissionsExt;

    let metadata = fs::metadata(path).map_err(|source| TlsError::Unreadable {
        what: PRIVATE_KEY,
        path: path.to_owned(),
        source,
    })?;
    let mode = metadata.permissions().mode() & 0o7777;
    if mode & 0o077 != 0 {
        return Err(TlsError::KeyExposed { path: path.to_owned(), mode });
    }
    Ok(())
}

/// Elsewhere the system's own access lists are trusted: they have no mode to look at.
#[cfg(not(unix))]
fn refuse_exposed(_path: &Path) -> Result<(), TlsError> {
    Ok(())
}
