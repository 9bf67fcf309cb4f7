//! Why a channel failed, in words: a chain of library errors becomes one cause that says what to change.
//!
//! The libraries report "transport error", and the reason lies several sources deep, in types of other crates. This
//! looks at those types and falls back to the whole chain when it knows none of them. One layer, HTTP/2, keeps only
//! the text of what went wrong below it; there the text is held against what the TLS library itself would print.

use std::error::Error;
use std::io::{self, ErrorKind};

use rustls::{AlertDescription, CertificateError, InvalidMessage};

/// The TLS alerts by which a server says that our certificate is not good enough.
const REFUSALS: [AlertDescription; 8] = [
    AlertDescription::UnknownCA,
    AlertDescription::BadCertificate,
    AlertDescription::CertificateExpired,
    AlertDescription::CertificateRevoked,
    AlertDescription::CertificateUnknown,
    AlertDescription::DecryptError,
    AlertDescription::UnsupportedCertificate,
    AlertDescription::AccessDenied,
];

/// Why a channel could not be opened or broke.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum ChannelFailure {
    /// Nobody listens there.
    #[error("nothing listens at {url}: is the scheduler running, and is this its address?")]
    Refused {
        /// The address.
        url: String,
    },
    /// The server speaks plain text and we spoke TLS.
    #[error("{url} answered in plain text, not TLS: write http:// or give the server a certificate")]
    ServerIsPlain {
        /// The address.
        url: String,
    },
    /// We spoke plain text and the peer hung up or answered with something else. A TLS server does either, depending
    /// on whether its alert arrives before the connection closes; so does a scheduler that stops just then.
    #[error(
        "{url} closed the connection without an answer in plain HTTP/2: it is stopping, or it wants TLS; if it has a certificate, write https:// instead"
    )]
    PlainNotAnswered {
        /// The address.
        url: String,
    },
    /// The server's certificate is not one that we trust for this name.
    #[error(
        "the certificate of {url} is not trusted: {reason}; name the authority that signed it with --tls-ca, and the name that it is for with --tls-domain if that is not the address's host"
    )]
    ServerNotTrusted {
        /// The address.
        url: String,
        /// What is wrong with the certificate.
        reason: String,
    },
    /// The server wants a client certificate and got none.
    #[error(
        "{url} demands a client certificate: give one that its authority has signed with --tls-cert, and its key with --tls-key"
    )]
    CertificateRequired {
        /// The address.
        url: String,
    },
    /// The server does not accept our certificate.
    #[error(
        "{url} does not accept our client certificate ({alert}): give one that the server's authority (its --tls-ca) has signed with --tls-cert, and its key with --tls-key"
    )]
    CertificateRefused {
        /// The address.
        url: String,
        /// The TLS alert that the server sent.
        alert: String,
    },
    /// The connection was closed while a call was being sent, and what the server said about it is lost. One that
    /// refuses our certificate leaves no more than this behind if we still write when it has closed.
    #[error(
        "{url} closed the connection without an answer: it is stopping, or it demands a client certificate of its authority (--tls-cert, --tls-key)"
    )]
    Closed {
        /// The address.
        url: String,
    },
    /// Something else; the whole chain of causes.
    #[error("the channel to {url} failed: {reason}")]
    Other {
        /// The address.
        url: String,
        /// The chain of causes, outermost first.
        reason: String,
    },
}

impl ChannelFailure {
    /// Will the next try end the same way, unless somebody changes the settings? Of what else there is, a scheduler
    /// that is away may come back.
    #[must_use]
    pub const fn is_final(&self) -> bool {
        match self {
            Self::ServerIsPlain { .. }
            | Self::ServerNotTrusted { .. }
            | Self::CertificateRequired { .. }
            | Self::CertificateRefused { .. } => true,
            Self::Refused { .. } | Self::PlainNotAnswered { .. } | Self::Closed { .. } | Self::Other { .. } => false,
        }
    }
}

/// Names the cause of `error`, which a connection attempt or a call over the channel to `url` returned: a
/// `tonic::transport::Error` or a `tonic::Status`.
#[must_use]
pub fn explain(url: &str, error: &(dyn Error + 'static)) -> ChannelFailure {
    let mut next = Some(error);
    while let Some(cause) = next {
        if let Some(failure) = recognise(url, cause) {
            return failure;
        }
        next = cause.source();
    }
    ChannelFailure::Other { url: url.to_owned(), reason: chain(error) }
}

fn recognise(url: &str, cause: &(dyn Error + 'static)) -> Option<ChannelFailure> {
    if let Some(error) = cause.downcast_ref::<io::Error>() {
        return from_io(url, error);
    }
    if let Some(error) = cause.downcast_ref::<rustls::Error>() {
        return from_tls(url, error);
    }
    if let Some(error) = cause.downcast_ref::<hyper::Error>() {
        return if error.is_canceled() { closed(url) } else { None };
    }
    let error = cause.downcast_ref::<h2::Error>()?;
    // The first bytes of a TLS alert read as an oversized frame. Only our side detects that; a frame-size error that
    // the peer reports is its own complaint.
    let not_http2 = error.reason() == Some(h2::Reason::FRAME_SIZE_ERROR) && !error.is_remote();
    if not_http2 { plain_not_answered(url) } else { None }
}

fn plain_not_answered(url: &str) -> Option<ChannelFailure> {
    url.starts_with("http://").then(|| ChannelFailure::PlainNotAnswered { url: url.to_owned() })
}

fn closed(url: &str) -> Option<ChannelFailure> {
    plain_not_answered(url).or_else(|| Some(ChannelFailure::Closed { url: url.to_owned() }))
}

fn from_io(url: &str, error: &io::Error) -> Option<ChannelFailure> {
    match error.kind() {
        ErrorKind::ConnectionRefused => return Some(ChannelFailure::Refused { url: url.to_owned() }),
        ErrorKind::BrokenPipe | ErrorKind::ConnectionReset | ErrorKind::UnexpectedEof => return closed(url),
        _ => {}
    }
    // An io::Error hides what it wraps from `source()`, so that is looked at here.
    let inner = error.get_ref()?;
    match inner.downcast_ref::<rustls::Error>() {
        Some(tls) => from_tls(url, tls),
        None => from_alert_text(url, &inner.to_string()),
    }
}

fn from_alert_text(url: &str, text: &str) -> Option<ChannelFailure> {
    let said = |alert: &AlertDescription| rustls::Error::AlertReceived(*alert).to_string() == text;
    let alert = std::iter::once(AlertDescription::CertificateRequired).chain(REFUSALS).find(said)?;
    from_tls(url, &rustls::Error::AlertReceived(alert))
}

fn from_tls(url: &str, error: &rustls::Error) -> Option<ChannelFailure> {
    let url = url.to_owned();
    match error {
        rustls::Error::InvalidMessage(InvalidMessage::InvalidContentType) => {
            Some(ChannelFailure::ServerIsPlain { url })
        }
        rustls::Error::InvalidCertificate(reason) => {
            Some(ChannelFailure::ServerNotTrusted { url, reason: certificate_reason(reason) })
        }
        rustls::Error::AlertReceived(AlertDescription::CertificateRequired) => {
            Some(ChannelFailure::CertificateRequired { url })
        }
        rustls::Error::AlertReceived(alert) if REFUSALS.contains(alert) => {
            Some(ChannelFailure::CertificateRefused { url, alert: format!("{alert:?}") })
        }
        _ => None,
    }
}

fn certificate_reason(reason: &CertificateError) -> String {
    match reason {
        CertificateError::UnknownIssuer => "it was signed by an authority that we do not know".to_owned(),
        other => other.to_string(),
    }
}

/// All causes of an error in one line, outermost first, without the ones that merely repeat their source.
pub(crate) fn chain(error: &dyn Error) -> String {
    let mut text = error.to_string();
    let mut next = error.source();
    while let Some(cause) = next {
        let cause_text = cause.to_string();
        if !text.ends_with(&cause_text) {
            text.push_str(": ");
            text.push_str(&cause_text);
        }
        next = cause.source();
    }
    text
}
