//! Documents in a directory.

use std::path::{Path, PathBuf};

use bytes::Bytes;
use gleaner_store::{Documents, DocumentsError, Place, compress, content_hash};

fn open(dir: &Path) -> Documents {
    Documents::open(dir.to_str().unwrap()).unwrap()
}

/// Every file below `dir`.
fn files(dir: &Path) -> Vec<PathBuf> {
    let below = |entry: std::io::Result<std::fs::DirEntry>| {
        let path = entry.unwrap().path();
        if path.is_dir() { files(&path) } else { vec![path] }
    };
    std::fs::read_dir(dir).unwrap().flat_map(below).collect()
}

#[tokio::test]
async fn documents_are_kept_and_found_again() {
    let dir = tempfile::tempdir().unwrap();
    let deep = dir.path().join("deep/documents");
    let documents = open(&deep);
    let all: Vec<Vec<u8>> =
        (0..50).map(|nth| format!("{{\"name\":\"express-{nth}\"}}").repeat(500).into_bytes()).collect();
    let keep = |document: &Vec<u8>| documents.keep(content_hash(document), Bytes::from(compress(document)));
    let places = futures_util::future::join_all(all.iter().map(keep)).await;
    let documents = Documents::open(&format!("file://{}", deep.display())).unwrap();
    for (document, place) in all.iter().zip(places) {
        assert_eq!(documents.get(content_hash(document), place.unwrap()).await.unwrap(), *document);
    }
    let files = files(&deep);
    assert!(files.len() < 10, "documents that come together lie together: {files:?}");
    assert!(files.iter().all(|file| file.extension().is_some_and(|extension| extension == "pack")), "{files:?}");
}

#[tokio::test]
async fn what_is_no_document_is_refused() {
    let dir = tempfile::tempdir().unwrap();
    let documents = open(dir.path());
    let hash = content_hash(b"one");
    for wrong in [b"no frame".to_vec(), Vec::new()] {
        let kept = documents.keep(hash, wrong.into()).await;
        assert!(matches!(kept, Err(DocumentsError::Damaged { hash: named, .. }) if named == hash), "{kept:?}");
    }
    assert_eq!(files(dir.path()), Vec::<PathBuf>::new());
}

#[tokio::test]
async fn what_is_not_the_document_is_not_given_out() {
    let dir = tempfile::tempdir().unwrap();
    let documents = open(dir.path());
    let document = b"some document".to_vec();
    let (hash, compressed) = (content_hash(&document), Bytes::from(compress(&document)));
    let place = documents.keep(hash, compressed.clone()).await.unwrap();
    let another = documents.keep(hash, compress(b"other document").into()).await.unwrap();
    let damaged = documents.get(hash, another).await.unwrap_err();
    assert!(damaged.to_string().contains(&hash.to_string()), "{damaged}");
    let beside = Place { length: place.length - 1, ..place };
    assert!(matches!(documents.get(hash, beside).await, Err(DocumentsError::Damaged { .. })));
    let missing = Place { pack: hash, ..place };
    let told = documents.get(hash, missing).await.unwrap_err().to_string();
    assert!(told.contains("missing"), "{told}");
    assert_eq!(documents.get(hash, place).await.unwrap(), document);
}

#[test]
fn a_place_that_is_not_built_in_names_the_feature() {
    let clouds = [("s3", "s3://bucket/documents"), ("gcs", "gs://bucket"), ("azure", "az://container/path")];
    let built = [cfg!(feature = "s3"), cfg!(feature = "gcs"), cfg!(feature = "azure")];
    for ((feature, url), _) in clouds.iter().zip(built).filter(|(_, built)| !built) {
        let told = Documents::open(url).unwrap_err().to_string();
        assert!(told.contains(url) && told.contains(&format!("feature `{feature}`")), "{told}");
    }
    let told = Documents::open("ftp://mirror.example/").unwrap_err().to_string();
    assert!(told.contains("ftp://mirror.example/") && told.contains("s3://"), "{told}");
}
