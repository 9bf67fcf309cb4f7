//! Does the client have it already? `If-None-Match` and `Accept`, as RFC 9110 has them.

use axum::http::header::{ACCEPT, IF_NONE_MATCH};
use axum::http::{HeaderMap, HeaderValue};

/// Is `etag` among the client's? Comparison is weak, as section 13.1.2 asks: a `W/` in front makes no difference.
pub(super) fn is_known(headers: &HeaderMap, etag: &HeaderValue) -> bool {
    let opaque = |tag: &str| tag.strip_prefix("W/").unwrap_or(tag).to_owned();
    let Ok(ours) = etag.to_str() else { return false };
    let ours = opaque(ours);
    // Our own tags are hexadecimal, so a comma inside a foreign tag cannot make a piece of it look like one of them.
    headers
        .get_all(IF_NONE_MATCH)
        .iter()
        .filter_map(|value| value.to_str().ok())
        .flat_map(|value| value.split(','))
        .map(str::trim)
        .any(|tag| tag == "*" || opaque(tag) == ours)
}

/// Will the client take `kind`? Without an `Accept` it takes anything; `q=0` is a refusal.
pub(super) fn accepts(headers: &HeaderMap, kind: &str) -> bool {
    let mut ranges = headers
        .get_all(ACCEPT)
        .iter()
        .filter_map(|value| value.to_str().ok())
        .flat_map(|value| value.split(','))
        .peekable();
    if ranges.peek().is_none() {
        return true;
    }
    let family = kind.split_once('/').map_or("*/*".to_owned(), |(family, _)| format!("{family}/*"));
    ranges.any(|range| {
        let mut parts = range.split(';').map(str::trim);
        let named = parts.next().unwrap_or_default();
        let refused = parts
            .any(|part| part.strip_prefix("q=").is_some_and(|q| q.parse::<f32>().is_ok_and(|quality| quality <= 0.0)));
        !refused && [kind, &family, "*/*"].iter().any(|taken| named.eq_ignore_ascii_case(taken))
    })
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]

    use super::*;

    fn with(name: &axum::http::HeaderName, values: &[&str]) -> HeaderMap {
        let mut headers = HeaderMap::new();
        for value in values {
            headers.append(name, HeaderValue::from_str(value).unwrap());
        }
        headers
    }

    #[test]
    fn tags_compare_weakly_and_in_lists() {
        let etag = HeaderValue::from_static("\"abc\"");
        let known = |values: &[&str]| is_known(&with(&IF_NONE_MATCH, values), &etag);
        assert!(known(&["\"abc\""]));
        assert!(known(&["W/\"abc\""]));
        assert!(known(&["\"x\", W/\"abc\" ,\"y\""]));
        assert!(known(&["\"x\"", "\"abc\""]));
        assert!(known(&["*"]));
        assert!(!known(&[]));
        assert!(!known(&["\"abcd\"", "abc"]));
    }

    #[test]
    fn accept_is_honoured() {
        const KIND: &str = "application/vnd.pypi.simple.v1+json";
        let taken = |values: &[&str]| accepts(&with(&ACCEPT, values), KIND);
        assert!(taken(&[]));
        assert!(taken(&["*/*"]));
        assert!(taken(&["application/*;q=0.2"]));
        assert!(taken(&["application/vnd.pypi.simple.v1+json, text/html; q=0.01"]));
        assert!(!taken(&["text/html"]));
        assert!(!taken(&["application/vnd.pypi.simple.v1+json;q=0, text/html"]));
    }
}
