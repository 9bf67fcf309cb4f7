//! Documents in a directory.

use bytes::Bytes;
use gleaner_store::{Documents, DocumentsError, compress, content_hash};

fn open(dir: &std::path::Path) -> Documents {
    Documents::open(dir.to_str().unwrap()).unwrap()
}

#[tokio::test]
async fn a_document_is_kept_once_and_found_again() {
    let dir = tempfile::tempdir().unwrap();
    let place = dir.path().join("deep/documents");
    let documents = open(&place);
    let document = b"{\"name\":\"express\"}".repeat(500);
    let hash = content_hash(&document);
    assert_eq!(documents.get(hash).await.unwrap(), None);
    assert!(!documents.contains(hash).await.unwrap());
    let compressed = Bytes::from(compress(&document));
    documents.put(hash, compressed.clone()).await.unwrap();
    documents.put(hash, compressed).await.unwrap();
    let documents = Documents::open(&format!("file://{}", place.display())).unwrap();
    assert_eq!(documents.get(hash).await.unwrap(), Some(document));
    assert!(documents.contains(hash).await.unwrap());
    let name = hash.to_string();
    let file = place.join(&name[..2]).join(format!("{}.zst", &name[2..]));
    assert!(file.is_file());
    assert_eq!(std::fs::read_dir(file.parent().unwrap()).unwrap().count(), 1, "something was left behind");
}

#[tokio::test]
async fn a_document_under_a_wrong_name_is_refused() {
    let dir = tempfile::tempdir().unwrap();
    let documents = open(dir.path());
    let hash = content_hash(b"one");
    for wrong in [compress(b"another"), b"no frame".to_vec(), Vec::new()] {
        let put = documents.put(hash, wrong.into()).await;
        assert!(matches!(put, Err(DocumentsError::Damaged { hash: named, .. }) if named == hash), "{put:?}");
    }
    assert!(!documents.contains(hash).await.unwrap());
}

#[tokio::test]
async fn a_damaged_document_is_named_and_can_be_replaced() {
    let dir = tempfile::tempdir().unwrap();
    let documents = open(dir.path());
    let document = b"some document".to_vec();
    let (hash, compressed) = (content_hash(&document), Bytes::from(compress(&document)));
    documents.put(hash, compressed.clone()).await.unwrap();
    let name = hash.to_string();
    let file = dir.path().join(&name[..2]).join(format!("{}.zst", &name[2..]));
    std::fs::write(&file, compress(b"other document")).unwrap();
    let damaged = documents.get(hash).await.unwrap_err();
    assert!(damaged.to_string().contains(&name), "{damaged}");
    documents.replace(hash, compressed).await.unwrap();
    assert_eq!(documents.get(hash).await.unwrap(), Some(document));
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
