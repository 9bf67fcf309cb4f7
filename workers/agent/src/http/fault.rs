//! What the HTTP client's errors mean.
//!
//! The difference that matters: a body that came whole and cannot be unpacked is the document's fault and will be so
//! again; a connection that broke is the host's and may be better next time.

use std::error::Error;
use std::time::Duration;

use gleaner_model::{Fault, FaultKind};
use url::Url;

/// The host was too slow.
pub(crate) fn too_slow(url: &Url, what: &str, after: Duration) -> Fault {
    let host = url.host_str().unwrap_or_default();
    Fault::new(FaultKind::Outage, format!("{host} {what} within {} ms for {url}", after.as_millis()))
}

/// The document is longer than anyone reads.
pub(crate) fn too_long(url: &Url, max_bytes: u64) -> Fault {
    Fault::new(FaultKind::Malformed, format!("{url} is longer than {max_bytes} bytes"))
}

/// No answer came.
pub(crate) fn unanswered(url: &Url, error: reqwest::Error) -> Fault {
    let error = error.without_url();
    let host = url.host_str().unwrap_or_default();
    let what = if error.is_connect() { "cannot be reached" } else { "gave no answer" };
    Fault::new(FaultKind::Outage, format!("{host} {what} for {url}: {}", innermost(&error)))
}

/// The body ended before its time, or does not unpack.
pub(crate) fn broken_body(url: &Url, error: reqwest::Error) -> Fault {
    let error = error.without_url();
    if is_unpacking(&error) {
        let detail = format!("{url} is wrongly compressed: {}", innermost(&error));
        return Fault::new(FaultKind::Malformed, detail);
    }
    Fault::new(FaultKind::Outage, format!("the connection for {url} broke off in mid-document: {}", innermost(&error)))
}

/// Decoders fail with an I/O error of their own; whatever the connection says arrives as the HTTP library's error,
/// with an I/O error at most further inside.
fn is_unpacking(error: &reqwest::Error) -> bool {
    let mut source = error.source();
    while let Some(inner) = source {
        if inner.is::<std::io::Error>() {
            return true;
        }
        if !inner.is::<reqwest::Error>() {
            return false;
        }
        source = inner.source();
    }
    false
}

/// The cause at the bottom, which says most.
fn innermost(error: &dyn Error) -> String {
    let mut at = error;
    while let Some(inner) = at.source() {
        at = inner;
    }
    at.to_string()
}
