//! Reading, placing and readdressing documents; and a small set for the other tests.
#![allow(clippy::unwrap_used)]

use super::*;

/// A small set, one document of each kind.
pub(in crate::replay) fn small() -> Documents {
    let path = Path::new("small");
    let mut reading = Reading::new(path);
    let mut add = |file: &str, body: &str| {
        let parts: Vec<&str> = file.split('/').collect();
        reading.add(place(&parts).unwrap(), body.as_bytes().to_vec());
    };
    add("cargo/se/rd/serde", "{\"name\":\"serde\"}\n");
    add("npm/@types%2fnode.json", "{\"tarball\":\"http://registry.invalid/@types/node/-/node-1.tgz\"}");
    add("pypi/simple/zope-interface.json", "{\"url\":\"http://registry.invalid/files/z-1-any.whl\"}");
    add("pypi/metadata/z-1-any.whl.metadata", "Name: z\nHome-page: http://registry.invalid/\n");
    reading.finish()
}

#[test]
fn files_find_their_place_or_none() {
    let placed = |path: &str| place(&path.split('/').collect::<Vec<_>>());
    assert_eq!(placed("cargo/1/a"), Some((Shelf::Index, "1/a".to_owned())));
    assert_eq!(placed("cargo/se/rd/serde"), Some((Shelf::Index, "se/rd/serde".to_owned())));
    assert_eq!(placed("npm/@a%2fb.json"), Some((Shelf::Packument, "@a/b".to_owned())));
    assert_eq!(placed("pypi/metadata/x.whl.metadata"), Some((Shelf::Metadata, "x.whl.metadata".to_owned())));
    for other in ["cargo/config.json", "README.md", "npm/README.md", "pypi/simple/x.html", "gem/x", "cargo/a/b/c/d"] {
        assert_eq!(placed(other), None, "{other}");
    }
}

#[test]
fn links_lead_to_the_server_and_etags_stay() {
    let (one, two) = (small().addressed_to("http://127.0.0.1:1"), small().addressed_to("http://127.0.0.1:2"));
    let body = |documents: &Documents, shelf, key: &str| {
        String::from_utf8(documents.get(shelf, key).unwrap().body.to_vec()).unwrap()
    };
    assert!(body(&one, Shelf::Packument, "@types/node").contains("http://127.0.0.1:1/npm/@types/node/-/node-1.tgz"));
    assert!(body(&two, Shelf::Page, "zope-interface").contains("http://127.0.0.1:2/files/z-1-any.whl"));
    assert!(body(&one, Shelf::Metadata, "z-1-any.whl.metadata").contains(RECORDED_ORIGIN));
    let etag = |documents: &Documents| documents.get(Shelf::Page, "zope-interface").unwrap().etag.clone();
    assert_eq!(etag(&one), etag(&two));
    assert_ne!(etag(&one), one.get(Shelf::Index, "se/rd/serde").unwrap().etag);
}

#[test]
fn names_are_those_of_packages() {
    let documents = small();
    assert_eq!(documents.names(Ecosystem::Cargo), ["serde"]);
    assert_eq!(documents.names(Ecosystem::Npm), ["@types/node"]);
    assert_eq!(documents.names(Ecosystem::Pypi), ["zope-interface"]);
    assert_eq!(documents.len(), 4);
}

#[test]
fn limits_are_kept() {
    let mut reading = Reading::new(Path::new("big"));
    assert!(reading.account("a", MAX_DOCUMENT_BYTES).is_ok());
    let error = reading.account("b", MAX_DOCUMENT_BYTES + 1).unwrap_err();
    assert!(error.to_string().contains("`b`"), "{error}");
    let mut reading = Reading::new(Path::new("big"));
    let whole = (MAX_TOTAL_BYTES / MAX_DOCUMENT_BYTES) as usize;
    assert!((0..whole).all(|_| reading.account("a", MAX_DOCUMENT_BYTES).is_ok()));
    assert!(reading.account("a", 1).is_err());
}

#[test]
fn what_is_not_there_is_named() {
    let empty = tempfile::tempdir().unwrap();
    let error = Documents::open(empty.path()).unwrap_err();
    assert!(matches!(error, DocumentsError::NoDocuments { .. }));
    assert!(error.to_string().contains(&*empty.path().to_string_lossy()));
    assert!(matches!(Documents::open(&empty.path().join("x.tar.zst")), Err(DocumentsError::NoDocuments { .. })));
}
