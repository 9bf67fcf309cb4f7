//! Which document a path asks for, by the rules of the three registries.

use gleaner_model::{Ecosystem, PackageName};
use percent_encoding::percent_decode_str;

use super::documents::Shelf;

/// What a path asks for.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Target {
    /// The server's own counters.
    Stats,
    /// What it was asked, if it remembers.
    Requests,
    /// The sparse index's `config.json`.
    IndexConfig,
    /// A document, by shelf and key; it may not be there.
    Document(Shelf, String),
    /// A project page under a spelling that is not its own; the normalised name.
    PageElsewhere(String),
    /// Nothing that is ever served.
    Nothing,
}

/// Reads the path of a request, still percent-encoded.
pub(super) fn route(path: &str) -> Target {
    if path == "/replay/stats" {
        Target::Stats
    } else if path == "/replay/requests" {
        Target::Requests
    } else if path == "/cargo/config.json" {
        Target::IndexConfig
    } else if let Some(rest) = path.strip_prefix("/cargo/") {
        decoded(rest).map_or(Target::Nothing, |key| Target::Document(Shelf::Index, key))
    } else if let Some(rest) = path.strip_prefix("/npm/") {
        // `@scope/name` comes with its slash as it is or as `%2f`, and with or without `%40`.
        decoded(rest).map_or(Target::Nothing, |key| Target::Document(Shelf::Packument, key))
    } else if let Some(rest) = path.strip_prefix("/pypi/simple/") {
        decoded(rest).map_or(Target::Nothing, |rest| page(&rest))
    } else if let Some(rest) = path.strip_prefix("/files/").filter(|rest| rest.ends_with(".metadata")) {
        decoded(rest).map_or(Target::Nothing, |key| Target::Document(Shelf::Metadata, key))
    } else {
        Target::Nothing
    }
}

/// A page's own address is its normalised name (PEP 503) and a slash; every other spelling leads there.
fn page(rest: &str) -> Target {
    let spelt = rest.strip_suffix('/').unwrap_or(rest);
    let Ok(name) = PackageName::new(Ecosystem::Pypi, spelt) else { return Target::Nothing };
    let normal = name.as_str().to_owned();
    if normal == spelt && rest.ends_with('/') {
        Target::Document(Shelf::Page, normal)
    } else {
        Target::PageElsewhere(normal)
    }
}

fn decoded(text: &str) -> Option<String> {
    percent_decode_str(text).decode_utf8().ok().map(std::borrow::Cow::into_owned)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn document(shelf: Shelf, key: &str) -> Target {
        Target::Document(shelf, key.to_owned())
    }

    #[test]
    fn every_registry_has_its_paths() {
        assert_eq!(route("/cargo/config.json"), Target::IndexConfig);
        assert_eq!(route("/cargo/se/rd/serde"), document(Shelf::Index, "se/rd/serde"));
        assert_eq!(route("/npm/express"), document(Shelf::Packument, "express"));
        assert_eq!(route("/npm/@types/node"), document(Shelf::Packument, "@types/node"));
        assert_eq!(route("/npm/@types%2fnode"), document(Shelf::Packument, "@types/node"));
        assert_eq!(route("/npm/%40types%2Fnode"), document(Shelf::Packument, "@types/node"));
        assert_eq!(route("/pypi/simple/flask/"), document(Shelf::Page, "flask"));
        assert_eq!(route("/files/a-1-any.whl.metadata"), document(Shelf::Metadata, "a-1-any.whl.metadata"));
        assert_eq!(route("/replay/stats"), Target::Stats);
    }

    #[test]
    fn other_spellings_lead_to_the_page() {
        let elsewhere = |name: &str| Target::PageElsewhere(name.to_owned());
        assert_eq!(route("/pypi/simple/Flask/"), elsewhere("flask"));
        assert_eq!(route("/pypi/simple/zope.interface/"), elsewhere("zope-interface"));
        assert_eq!(route("/pypi/simple/flask"), elsewhere("flask"));
    }

    #[test]
    fn the_rest_is_nothing() {
        for path in ["/", "/npm", "/pypi/simple/", "/pypi/simple/a/b/", "/files/a-1-any.whl", "/npm/%ff"] {
            assert_eq!(route(path), Target::Nothing, "{path}");
        }
    }
}
