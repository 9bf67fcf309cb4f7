//! What can be wrong with TLS material or an address, each way naming the file and what to do.

use std::io;
use std::path::PathBuf;

/// TLS material or an address cannot be used.
#[derive(Debug, thiserror::Error)]
pub enum TlsError {
    /// The file is missing or cannot be read.
    #[error("cannot read the {what} file {}: {source}", path.display())]
    Unreadable {
        /// What the file should hold, such as "private key".
        what: &'static str,
        /// The file.
        path: PathBuf,
        /// What the system said.
        source: io::Error,
    },
    /// Others than the owner may read the private key.
    #[error(
        "the private key file {} has mode {mode:04o}, so others than its owner can read it; it wants 0600: run `chmod 600 {}`",
        path.display(), path.display()
    )]
    KeyExposed {
        /// The file.
        path: PathBuf,
        /// Its permission bits.
        mode: u32,
    },
    /// The file is not PEM, or the PEM does not hold what it should.
    #[error("the {what} file {} is not usable: {reason}", path.display())]
    BadPem {
        /// What the file should hold, such as "certificate".
        what: &'static str,
        /// The file.
        path: PathBuf,
        /// What is wrong with it.
        reason: String,
    },
    /// The private key does not belong to the certificate.
    #[error("the private key {} does not belong to the certificate {}", key.display(), certificate.display())]
    KeyMismatch {
        /// The certificate's file.
        certificate: PathBuf,
        /// The key's file.
        key: PathBuf,
    },
    /// One of two files that only make sense together is missing from the configuration.
    #[error("{given} is set but {missing} is not: a certificate and its private key go together")]
    HalfIdentity {
        /// The setting that is there.
        given: &'static str,
        /// The setting that is not.
        missing: &'static str,
    },
    /// A server was given a CA for its clients, yet no certificate of its own.
    #[error("an authority for clients is set (--tls-ca {}) but no certificate of the server's own: give --tls-cert and --tls-key as well", ca.display())]
    CaWithoutIdentity {
        /// The CA's file.
        ca: PathBuf,
    },
    /// The address of the peer cannot be used.
    #[error(
        "`{url}` is not an address for gRPC: {reason}; expected something like http://127.0.0.1:7077 or https://scheduler.example:7077"
    )]
    BadUrl {
        /// The address as given.
        url: String,
        /// What is wrong with it.
        reason: String,
    },
    /// TLS settings were given for a plain-text address: the channel would silently not be protected.
    #[error(
        "TLS settings are given, but `{url}` is a plain-text address: write https:// instead, or drop the settings"
    )]
    PlainUrlWithTls {
        /// The address as given.
        url: String,
    },
    /// The TLS library refused the settings for another reason.
    #[error("the TLS settings for `{subject}` are not usable: {reason}")]
    Refused {
        /// The address or the part that they are for.
        subject: String,
        /// What the library said.
        reason: String,
    },
}
