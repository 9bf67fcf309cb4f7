//! What is to be crawled, and the first document to ask for.
//!
//! Planning must never let a package's name or a configured address lead anywhere else than below the registry's base
//! URL. Names are checked when a purl is made; the base URL is checked here.

use std::collections::HashSet;

use gleaner_model::{CrawlPart, Ecosystem, Fault, FaultKind, Purl};
use url::Url;

use crate::{cargo, npm, pypi};

/// Largest sparse-index file that is read. The largest known one has some 8 MiB.
pub const CARGO_INDEX_MAX_BYTES: u64 = 64 << 20;
/// Largest packument that is read. The largest known ones have some 100 MiB.
pub const NPM_PACKUMENT_MAX_BYTES: u64 = 256 << 20;
/// Largest project page that is read. The largest known ones, of nightly builds, have some 30 MiB.
pub const PYPI_PAGE_MAX_BYTES: u64 = 128 << 20;
/// Largest core metadata that is read. A read-me may be inside; 4 MiB is far above any that was seen.
pub const CORE_METADATA_MAX_BYTES: u64 = 4 << 20;

/// How many of a package's newest versions get their own documents fetched together with its main document.
pub const NEWEST_DEFAULT: usize = 8;
/// How many older versions one crawl of [`CrawlPart::Older`] fetches documents for.
pub const OLDER_DEFAULT: usize = 64;

/// A crawl of one package: everything that an adapter needs to know.
#[derive(Clone, Debug)]
pub struct CrawlWork {
    /// The package; a version in it is ignored.
    pub purl: Purl,
    /// Which part of it.
    pub part: CrawlPart,
    /// The registry's base URL, `http` or `https`, ending in `/`.
    pub base_url: String,
    /// Numbers of the versions whose own documents need no fetching any more. Only Python has such documents. These
    /// versions read as [`Dependencies::NotFetched`](gleaner_model::Dependencies::NotFetched): what was learned of
    /// them before is the caller's to carry over.
    pub settled: HashSet<String>,
    /// For how many versions to ask for an own document when `part` is [`CrawlPart::Newest`].
    pub newest: usize,
    /// Likewise when `part` is [`CrawlPart::Older`].
    pub older: usize,
}

impl CrawlWork {
    /// The newest part of a package of which nothing is known yet, with the default counts.
    #[must_use]
    pub fn new(purl: Purl, base_url: impl Into<String>) -> Self {
        Self {
            purl,
            part: CrawlPart::Newest,
            base_url: base_url.into(),
            settled: HashSet::new(),
            newest: NEWEST_DEFAULT,
            older: OLDER_DEFAULT,
        }
    }

    /// The URL of the package's main document.
    #[must_use]
    pub fn document_url(&self) -> String {
        let name = self.purl.name().as_str();
        let path = match self.purl.ecosystem() {
            Ecosystem::Cargo => cargo::plan::path(name),
            Ecosystem::Npm => npm::plan::path(name),
            Ecosystem::Pypi => pypi::plan::path(name),
        };
        format!("{}{path}", self.base_url)
    }

    /// The fault that the main document is not what it should be.
    pub(crate) fn malformed(&self, what: impl std::fmt::Display) -> Fault {
        let package = self.purl.without_version();
        Fault::new(FaultKind::Malformed, format!("{package}: {}: {what}", self.document_url()))
    }
}

/// One document to fetch.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct DocumentRequest {
    /// Its absolute URL.
    pub url: String,
    /// The `Accept` header to send.
    pub accept: &'static str,
    /// A longer document, after decompression, is not to be read: it counts as malformed.
    pub max_bytes: u64,
    /// The number of the version that it tells of; none for a package's main document.
    pub version: Option<String>,
}

/// The main document of a package.
///
/// # Errors
/// [`FaultKind::Unimplemented`] if the base URL is no `http` or `https` URL that ends in `/`: no worker could ask there.
pub fn plan(work: &CrawlWork) -> Result<DocumentRequest, Fault> {
    let unusable = |why: &str| {
        let detail = format!("the base URL `{}` of {} registry {why}", work.base_url, work.purl.ecosystem());
        Fault::new(FaultKind::Unimplemented, detail)
    };
    let base = Url::parse(&work.base_url).map_err(|error| unusable(&format!("cannot be read: {error}")))?;
    if !matches!(base.scheme(), "http" | "https") {
        return Err(unusable("is not of http or https"));
    }
    if !work.base_url.ends_with('/') || base.query().is_some() || base.fragment().is_some() {
        return Err(unusable("does not end in `/`"));
    }
    let (accept, max_bytes) = match work.purl.ecosystem() {
        Ecosystem::Cargo => (cargo::plan::ACCEPT, CARGO_INDEX_MAX_BYTES),
        Ecosystem::Npm => (npm::plan::ACCEPT, NPM_PACKUMENT_MAX_BYTES),
        Ecosystem::Pypi => (pypi::plan::ACCEPT, PYPI_PAGE_MAX_BYTES),
    };
    Ok(DocumentRequest { url: work.document_url(), accept, max_bytes, version: None })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn url(purl: &str) -> String {
        let work = CrawlWork::new(purl.parse().expect("a purl"), "http://registry.invalid/base/");
        plan(&work).expect("a plan").url
    }

    #[test]
    fn cargo_paths_follow_the_sparse_protocol() {
        assert_eq!(url("pkg:cargo/a"), "http://registry.invalid/base/1/a");
        assert_eq!(url("pkg:cargo/cc"), "http://registry.invalid/base/2/cc");
        assert_eq!(url("pkg:cargo/Log"), "http://registry.invalid/base/3/l/log");
        assert_eq!(url("pkg:cargo/Inflector"), "http://registry.invalid/base/in/fl/inflector");
        assert_eq!(url("pkg:cargo/serde_json@1.0.0"), "http://registry.invalid/base/se/rd/serde_json");
    }

    #[test]
    fn npm_scopes_are_escaped() {
        assert_eq!(url("pkg:npm/express"), "http://registry.invalid/base/express");
        assert_eq!(url("pkg:npm/%40types/node"), "http://registry.invalid/base/@types%2fnode");
    }

    #[test]
    fn pypi_pages_are_folders_of_normal_names() {
        assert_eq!(url("pkg:pypi/Typing_Extensions"), "http://registry.invalid/base/typing-extensions/");
    }

    #[test]
    fn a_base_url_must_be_usable() {
        for base in
            ["registry.invalid/", "ftp://registry.invalid/", "http://registry.invalid/index", "http://x.invalid/?/"]
        {
            let fault = plan(&CrawlWork::new("pkg:npm/ms".parse().expect("a purl"), base)).expect_err("unusable");
            assert_eq!(fault.kind, FaultKind::Unimplemented, "{base}");
            assert!(fault.detail.contains(base), "{}", fault.detail);
        }
    }
}
