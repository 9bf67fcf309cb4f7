//! What an HTTP answer means, before anyone looks at its body.
//!
//! The same status says different things in different protocols, and a wrong reading is costly: "gone" for an outage
//! empties the catalogue, "outage" for "slow down" gets the fleet banned.

use std::time::UNIX_EPOCH;

use gleaner_model::{Ecosystem, Timestamp};

/// Longest wait that a `Retry-After` can ask for: a day. A longer one is a mistake more often than a wish, and whoever
/// is asked again after a day can say so again.
pub const RETRY_AFTER_MAX_MS: u64 = 24 * 60 * 60 * 1000;

/// The part of an answer that tells its meaning.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct AnswerHead<'a> {
    /// The status code.
    pub status: u16,
    /// The `Retry-After` header, as sent.
    pub retry_after: Option<&'a str>,
}

/// What an answer means.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Verdict {
    /// The document follows.
    Body,
    /// The document is the one whose validators were sent.
    NotModified,
    /// The registry has no such document.
    NotFound,
    /// The registry says that it had the document and has it no more.
    Gone,
    /// The host says "slow down".
    Throttled {
        /// For how long, in milliseconds, at most [`RETRY_AFTER_MAX_MS`]; none if it does not say.
        retry_after_ms: Option<u64>,
    },
    /// The document is elsewhere: follow `Location`.
    Redirect,
    /// The registry wants credentials, or forbids.
    Denied,
    /// No usable answer.
    Outage,
}

/// The meaning of an answer from a registry of `ecosystem`, received at `now`.
///
/// 429 and every 503 ask for less; other 5xx, and what no registry should answer to a GET, are outages. A 451 forbids,
/// except that the sparse protocol counts 404, 410 and 451 alike as "not there"
/// (<https://doc.rust-lang.org/cargo/reference/registry-index.html#nonexistent-crates>).
#[must_use]
pub fn classify(ecosystem: Ecosystem, head: &AnswerHead<'_>, now: Timestamp) -> Verdict {
    match (head.status, ecosystem) {
        (200 | 203, _) => Verdict::Body,
        (304, _) => Verdict::NotModified,
        (301 | 302 | 303 | 307 | 308, _) => Verdict::Redirect,
        (404, _) | (410 | 451, Ecosystem::Cargo) => Verdict::NotFound,
        (410, _) => Verdict::Gone,
        (401 | 402 | 403 | 407 | 451, _) => Verdict::Denied,
        (429 | 503, _) => {
            let retry_after_ms = head.retry_after.and_then(|text| retry_after_ms(text.trim(), now));
            Verdict::Throttled { retry_after_ms }
        }
        _ => Verdict::Outage,
    }
}

/// Seconds, or an HTTP date (RFC 9110, section 10.2.3); a date that is over asks for no wait.
fn retry_after_ms(text: &str, now: Timestamp) -> Option<u64> {
    if !text.is_empty() && text.bytes().all(|b| b.is_ascii_digit()) {
        // More digits than a u64 holds are still a number, only a very large one.
        let seconds: u64 = text.parse().unwrap_or(u64::MAX);
        return Some(seconds.saturating_mul(1000).min(RETRY_AFTER_MAX_MS));
    }
    http_date(text).map(|until| until.ms_since(now).min(RETRY_AFTER_MAX_MS))
}

/// The moment that an HTTP date names, if the text is one.
pub(crate) fn http_date(text: &str) -> Option<Timestamp> {
    let moment = httpdate::parse_http_date(text).ok()?;
    let since_epoch = moment.duration_since(UNIX_EPOCH).ok()?;
    Some(Timestamp::from_millis(i64::try_from(since_epoch.as_millis()).ok()?))
}

#[cfg(test)]
mod tests {
    use super::*;

    /// 1994-11-06T08:49:37Z.
    const NOW: Timestamp = Timestamp::from_millis(784_111_777_000);

    fn verdict(ecosystem: Ecosystem, status: u16, retry_after: Option<&str>) -> Verdict {
        classify(ecosystem, &AnswerHead { status, retry_after }, NOW)
    }

    fn waits(status: u16, retry_after: &str) -> Option<u64> {
        match verdict(Ecosystem::Npm, status, Some(retry_after)) {
            Verdict::Throttled { retry_after_ms } => retry_after_ms,
            other => panic!("{status} is {other:?}"),
        }
    }

    #[test]
    fn missing_documents_differ_by_ecosystem() {
        use Verdict::{Denied, Gone, NotFound};
        for (ecosystem, expected) in [
            (Ecosystem::Cargo, [NotFound, NotFound, NotFound]),
            (Ecosystem::Npm, [NotFound, Gone, Denied]),
            (Ecosystem::Pypi, [NotFound, Gone, Denied]),
        ] {
            assert_eq!([404, 410, 451].map(|status| verdict(ecosystem, status, None)), expected, "{ecosystem}");
        }
    }

    #[test]
    fn the_rest_is_alike_everywhere() {
        for (status, expected) in [
            (200, Verdict::Body),
            (304, Verdict::NotModified),
            (301, Verdict::Redirect),
            (308, Verdict::Redirect),
            (401, Verdict::Denied),
            (403, Verdict::Denied),
            (429, Verdict::Throttled { retry_after_ms: None }),
            (503, Verdict::Throttled { retry_after_ms: None }),
            (500, Verdict::Outage),
            (502, Verdict::Outage),
            (504, Verdict::Outage),
            (206, Verdict::Outage),
            (408, Verdict::Outage),
            (418, Verdict::Outage),
        ] {
            for ecosystem in Ecosystem::ALL {
                assert_eq!(verdict(ecosystem, status, None), expected, "{status}");
            }
        }
    }

    #[test]
    fn retry_after_is_seconds_or_a_date() {
        assert_eq!(waits(429, "120"), Some(120_000));
        assert_eq!(waits(503, " 0 "), Some(0));
        assert_eq!(waits(429, "Sun, 06 Nov 1994 08:49:47 GMT"), Some(10_000));
        assert_eq!(waits(503, "Sunday, 06-Nov-94 08:49:40 GMT"), Some(3_000));
        assert_eq!(waits(429, "Sun, 06 Nov 1994 08:00:00 GMT"), Some(0));
        assert_eq!(waits(429, "soon"), None);
        assert_eq!(waits(429, "-1"), None);
        assert_eq!(waits(429, ""), None);
    }

    #[test]
    fn retry_after_is_capped() {
        assert_eq!(waits(429, "99999999999999999999999"), Some(RETRY_AFTER_MAX_MS));
        assert_eq!(waits(429, "Fri, 06 Nov 2093 08:49:37 GMT"), Some(RETRY_AFTER_MAX_MS));
    }
}
