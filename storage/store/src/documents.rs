//! Documents: registries' raw answers as objects named by their content, compressed, on disk or in a cloud's store.
//!
//! A record names the documents that it was made from, and its commit must not come before they are safe; so
//! [`Documents::put`] returns only when the object would survive a power cut. Since the name is the content's hash, an
//! object never changes, is written once, and can be checked whenever it is read.

mod codec;
mod location;

use std::path::PathBuf;
use std::sync::Arc;

use bytes::Bytes;
use object_store::path::Path;
use object_store::{ObjectStore, ObjectStoreExt};

use gleaner_model::ContentHash;

pub use codec::{DOCUMENT_MAX, compress, content_hash, decompress};

/// Why documents cannot be kept or read.
#[derive(Debug, thiserror::Error)]
pub enum DocumentsError {
    /// The place is no place for documents.
    #[error("`{location}` is no place for documents: {reason}")]
    Location {
        /// What was given.
        location: String,
        /// What is wrong with it, and what to do.
        reason: String,
    },
    /// The store failed.
    #[error("the documents' store failed: {0}")]
    Storage(#[from] object_store::Error),
    /// The disk failed.
    #[error("the documents' directory failed: {0}")]
    Io(#[from] std::io::Error),
    /// The bytes are not the document that they are named.
    #[error("document {hash} is damaged: {flaw}")]
    Damaged {
        /// The document's name.
        hash: ContentHash,
        /// What is wrong with its bytes.
        flaw: &'static str,
    },
}

/// A place where documents are kept.
#[derive(Clone, Debug)]
pub struct Documents {
    store: Arc<dyn ObjectStore>,
    /// What stands before every object's name.
    prefix: Path,
    /// The directory, if the place is one on this machine.
    directory: Option<PathBuf>,
}

impl Documents {
    /// Opens `location`: a directory, which is made if it is not there, or a URL.
    ///
    /// # Errors
    /// The URL is of a kind that is not known or not built in, or the directory cannot be made.
    pub fn open(location: &str) -> Result<Self, DocumentsError> {
        Self::open_with(location, Vec::new())
    }

    /// As [`Documents::open`]; `settings` are what a cloud's store needs, under the names that its own tools use for
    /// environment variables (`AWS_REGION`), in either case. A caller may pass the whole environment.
    ///
    /// # Errors
    /// As [`Documents::open`].
    pub fn open_with(location: &str, settings: Vec<(String, String)>) -> Result<Self, DocumentsError> {
        location::open(location, settings)
    }

    /// Keeps a document: `compressed` is what [`compress`] made of the bytes whose hash is `hash`. When this returns,
    /// it is durable. Does nothing if it is there already.
    ///
    /// # Errors
    /// `compressed` is not that document (a wrong copy would keep the right one out for ever), or the store failed.
    pub async fn put(&self, hash: ContentHash, compressed: Bytes) -> Result<(), DocumentsError> {
        let path = self.path(hash);
        if self.contains(hash).await? {
            // Whoever wrote it may not have come to syncing it, and may never come.
            return self.sync(&path).await;
        }
        self.replace(hash, compressed).await
    }

    /// Keeps a document in place of a copy that turned out to be damaged.
    ///
    /// # Errors
    /// As [`Documents::put`].
    pub async fn replace(&self, hash: ContentHash, compressed: Bytes) -> Result<(), DocumentsError> {
        let checked = compressed.clone();
        blocking(move || codec::check(hash, &checked)).await?;
        // A rename, which is one entry of one directory; not to overwrite would be a link and its removal. Two writers
        // of one document write the same bytes.
        self.store.put(&self.path(hash), compressed.into()).await?;
        Ok(())
    }

    /// A document's bytes, as they came from the registry; none if it is not here.
    ///
    /// # Errors
    /// What is stored is not that document, or the store failed.
    pub async fn get(&self, hash: ContentHash) -> Result<Option<Vec<u8>>, DocumentsError> {
        let stored = match self.store.get(&self.path(hash)).await {
            Ok(found) => found.bytes().await?,
            Err(object_store::Error::NotFound { .. }) => return Ok(None),
            Err(error) => return Err(error.into()),
        };
        blocking(move || codec::check(hash, &stored)).await.map(Some)
    }

    /// Is there a document of this name? It is not looked at.
    ///
    /// # Errors
    /// The store failed.
    pub async fn contains(&self, hash: ContentHash) -> Result<bool, DocumentsError> {
        match self.store.head(&self.path(hash)).await {
            Ok(_) => Ok(true),
            Err(object_store::Error::NotFound { .. }) => Ok(false),
            Err(error) => Err(error.into()),
        }
    }

    /// `ab/cdef….zst`: 256 directories, so that millions of objects do not stand in one.
    fn path(&self, hash: ContentHash) -> Path {
        let name = hash.to_string();
        let (shard, rest) = name.split_at(2);
        self.prefix.clone().join(shard).join(format!("{rest}.zst"))
    }

    /// Makes sure of an object that somebody else wrote. Cloud stores tell of an object only when it is durable.
    async fn sync(&self, path: &Path) -> Result<(), DocumentsError> {
        let Some(directory) = self.directory.clone() else { return Ok(()) };
        let file = directory.join(path.as_ref());
        blocking(move || location::sync(&directory, &file)).await
    }
}

/// Runs work that takes milliseconds where it holds up no other task.
async fn blocking<T: Send + 'static>(
    work: impl FnOnce() -> Result<T, DocumentsError> + Send + 'static,
) -> Result<T, DocumentsError> {
    match tokio::task::spawn_blocking(work).await {
        Ok(done) => done,
        Err(error) => Err(std::io::Error::other(error).into()),
    }
}
