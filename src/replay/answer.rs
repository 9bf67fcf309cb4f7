//! From a request to its answer: the registries' protocols, without a socket.

use axum::body::{Body, Bytes};
use axum::http::header::{ACCEPT, ALLOW, CONTENT_LENGTH, CONTENT_TYPE, ETAG, LOCATION, RETRY_AFTER, VARY};
use axum::http::{HeaderMap, HeaderValue, Method, Response, StatusCode};
use futures_util::stream;

use super::conditional::{accepts, is_known};
use super::documents::{Document, Documents, Shelf};
use super::faults::Trouble;
use super::route::Target;

/// The content type of project pages, PEP 691.
const PAGE: &str = "application/vnd.pypi.simple.v1+json";

/// What does not change between requests.
#[derive(Debug)]
pub(super) struct Served {
    documents: Documents,
    index_config: Document,
}

impl Served {
    /// The `documents`, their links turned to `origin` (`http://127.0.0.1:8080`).
    pub(super) fn new(documents: Documents, origin: &str) -> Self {
        // The index promises downloads; there are none here, and none are asked for in a crawl.
        let config = format!("{{\"dl\":\"{origin}/cargo/crates\",\"api\":\"{origin}/cargo\"}}");
        let index_config = Document { body: config.into(), etag: HeaderValue::from_static("\"index-config\"") };
        Self { documents: documents.addressed_to(origin), index_config }
    }

    /// Answers a request that is not for the counters.
    pub(super) fn answer(&self, method: &Method, target: &Target, headers: &HeaderMap) -> Response<Body> {
        if *method != Method::GET && *method != Method::HEAD {
            let mut refusal = plain(StatusCode::METHOD_NOT_ALLOWED, "only GET and HEAD\n");
            refusal.headers_mut().insert(ALLOW, HeaderValue::from_static("GET, HEAD"));
            return refusal;
        }
        match target {
            Target::IndexConfig => found(&self.index_config, "application/json", headers),
            Target::Document(shelf, key) => self.document(*shelf, key, headers),
            Target::PageElsewhere(name) if self.documents.get(Shelf::Page, name).is_some() => moved(name),
            Target::PageElsewhere(_) | Target::Nothing | Target::Stats | Target::Requests => {
                plain(StatusCode::NOT_FOUND, "not found\n")
            }
        }
    }

    fn document(&self, shelf: Shelf, key: &str, headers: &HeaderMap) -> Response<Body> {
        let kind = match shelf {
            Shelf::Index => "text/plain",
            Shelf::Packument => "application/json",
            Shelf::Page => PAGE,
            Shelf::Metadata => "application/octet-stream",
        };
        if shelf == Shelf::Page && !accepts(headers, PAGE) {
            return plain(StatusCode::NOT_ACCEPTABLE, "only application/vnd.pypi.simple.v1+json\n");
        }
        match self.documents.get(shelf, key) {
            Some(document) => found(document, kind, headers),
            None if shelf == Shelf::Packument => {
                let mut missing = plain(StatusCode::NOT_FOUND, "{\"error\":\"Not found\"}");
                missing.headers_mut().insert(CONTENT_TYPE, HeaderValue::from_static("application/json"));
                missing
            }
            None => plain(StatusCode::NOT_FOUND, "not found\n"),
        }
    }
}

fn found(document: &Document, kind: &'static str, headers: &HeaderMap) -> Response<Body> {
    let known = is_known(headers, &document.etag);
    // A clone of `Bytes` shares the memory: bodies are never copied here.
    let body = if known { Body::empty() } else { Body::from(document.body.clone()) };
    let mut response = Response::new(body);
    if known {
        *response.status_mut() = StatusCode::NOT_MODIFIED;
    } else {
        response.headers_mut().insert(CONTENT_TYPE, HeaderValue::from_static(kind));
    }
    if kind == PAGE {
        response.headers_mut().insert(VARY, HeaderValue::from(ACCEPT));
    }
    response.headers_mut().insert(ETAG, document.etag.clone());
    response
}

fn moved(name: &str) -> Response<Body> {
    let mut response = plain(StatusCode::MOVED_PERMANENTLY, "");
    let location = HeaderValue::from_str(&format!("/pypi/simple/{name}/")).expect("normalised names are plain ASCII");
    response.headers_mut().insert(LOCATION, location);
    response
}

/// Too many requests; come again in so many seconds.
pub(super) fn throttled(retry_after_s: u64) -> Response<Body> {
    let mut response = plain(StatusCode::TOO_MANY_REQUESTS, "too many requests\n");
    response.headers_mut().insert(RETRY_AFTER, HeaderValue::from(retry_after_s));
    response
}

/// What a bad day looks like.
pub(super) fn troubled(trouble: Trouble) -> Response<Body> {
    match trouble {
        Trouble::Internal => plain(StatusCode::INTERNAL_SERVER_ERROR, "internal error, as asked for\n"),
        Trouble::Unavailable => plain(StatusCode::SERVICE_UNAVAILABLE, "unavailable, as asked for\n"),
        Trouble::Broken => broken(),
    }
}

/// An answer that promises more than it sends: the connection closes in the middle of the body.
fn broken() -> Response<Body> {
    let pieces = [Ok(Bytes::from_static(b"{")), Err(std::io::Error::other("closed, as asked for"))];
    let mut response = Response::new(Body::from_stream(stream::iter(pieces)));
    response.headers_mut().insert(CONTENT_LENGTH, HeaderValue::from_static("1024"));
    response
}

fn plain(status: StatusCode, text: &'static str) -> Response<Body> {
    let mut response = Response::new(Body::from(text));
    *response.status_mut() = status;
    response.headers_mut().insert(CONTENT_TYPE, HeaderValue::from_static("text/plain; charset=utf-8"));
    response
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]

    use axum::http::header::IF_NONE_MATCH;

    use super::super::documents::tests::small;
    use super::super::route::route;
    use super::*;

    fn ask(path: &str, headers: &HeaderMap) -> Response<Body> {
        Served::new(small(), "http://127.0.0.1:1").answer(&Method::GET, &route(path), headers)
    }

    fn status(path: &str) -> u16 {
        ask(path, &HeaderMap::new()).status().as_u16()
    }

    #[test]
    fn what_is_there_comes_with_its_type_and_tag() {
        for (path, kind) in [
            ("/cargo/config.json", "application/json"),
            ("/cargo/se/rd/serde", "text/plain"),
            ("/npm/@types%2fnode", "application/json"),
            ("/pypi/simple/zope-interface/", PAGE),
            ("/files/z-1-any.whl.metadata", "application/octet-stream"),
        ] {
            let first = ask(path, &HeaderMap::new());
            assert_eq!(first.status(), StatusCode::OK, "{path}");
            assert_eq!(first.headers()[CONTENT_TYPE], kind, "{path}");
            let mut conditional = HeaderMap::new();
            conditional.insert(IF_NONE_MATCH, first.headers()[ETAG].clone());
            let second = ask(path, &conditional);
            assert_eq!(second.status(), StatusCode::NOT_MODIFIED, "{path}");
            assert_eq!(second.headers()[ETAG], first.headers()[ETAG], "{path}");
        }
    }

    #[test]
    fn what_is_not_there_is_not_found() {
        for path in ["/cargo/se/rd/serdf", "/npm/nope", "/pypi/simple/nope/", "/pypi/simple/Nope/", "/files/x.metadata"]
        {
            assert_eq!(status(path), 404, "{path}");
        }
    }

    #[test]
    fn other_spellings_are_redirected() {
        let response = ask("/pypi/simple/Zope.Interface/", &HeaderMap::new());
        assert_eq!(response.status(), StatusCode::MOVED_PERMANENTLY);
        assert_eq!(response.headers()[LOCATION], "/pypi/simple/zope-interface/");
        assert_eq!(status("/pypi/simple/zope-interface"), 301);
    }

    #[test]
    fn only_reading_is_allowed_and_only_json_pages_exist() {
        let served = Served::new(small(), "http://127.0.0.1:1");
        let response = served.answer(&Method::PUT, &route("/npm/x"), &HeaderMap::new());
        assert_eq!(response.status(), StatusCode::METHOD_NOT_ALLOWED);
        let mut headers = HeaderMap::new();
        headers.insert(ACCEPT, HeaderValue::from_static("text/html"));
        assert_eq!(ask("/pypi/simple/zope-interface/", &headers).status(), StatusCode::NOT_ACCEPTABLE);
    }
}
