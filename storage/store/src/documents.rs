//! Documents: registries' raw answers, compressed, in packs that are objects on disk or in a cloud's store.
//!
//! A record names the documents that it was made from, and its commit must not come before they are safe; so
//! [`Documents::keep`] returns only when they would survive a power cut. Most documents have a few kilobytes, and a file
//! or an object of its own for each costs many times what its bytes cost; so all that comes while a pack is being
//! written goes into the next one, as a store's commits are grouped. Where a document lies ([`Place`]) is committed
//! with the record that names it. Nothing is ever overwritten, and what is read is checked against the name it was
//! asked for by.

mod codec;
mod location;
mod packs;
mod place;
mod upkeep;

use std::sync::Arc;

use bytes::Bytes;
use object_store::path::Path;
use object_store::{ObjectStore, ObjectStoreExt};

use gleaner_model::ContentHash;

use packs::Packs;

pub use codec::{DOCUMENT_MAX, compress, content_hash, decompress};
pub use place::Place;
pub(crate) use place::STORED_BYTES;
pub use upkeep::Pack;

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
    /// The pack that it was to be part of could not be written.
    #[error("the documents' store failed: {0}")]
    Pack(String),
}

/// What is wrong with a document whose pack ends before it does.
const CUT_OFF: &str = "the pack that it was kept in is shorter than it was";

/// A place where documents are kept.
#[derive(Debug)]
pub struct Documents {
    store: Arc<dyn ObjectStore>,
    /// What stands before every object's name.
    prefix: Path,
    /// What is on its way.
    packs: Packs,
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
        let (store, prefix) = location::open(location, settings)?;
        Ok(Self { store, prefix, packs: Packs::default() })
    }

    /// Keeps a document: `compressed` is what [`compress`] made of the bytes whose hash is `hash`. When this returns, it
    /// is durable, and whoever wants to find it again must remember the place. That the bytes are those of that name is
    /// found out when they are read.
    ///
    /// # Errors
    /// `compressed` is no frame of a document, or the store failed.
    pub async fn keep(&self, hash: ContentHash, compressed: Bytes) -> Result<Place, DocumentsError> {
        codec::look(&compressed).map_err(|flaw| DocumentsError::Damaged { hash, flaw })?;
        self.packs.add(compressed, |frames| self.write(frames)).await
    }

    /// The bytes of the document `hash` that was kept at `place`, as they came from the registry.
    ///
    /// # Errors
    /// What lies there is not that document, or the store failed.
    pub async fn get(&self, hash: ContentHash, place: Place) -> Result<Vec<u8>, DocumentsError> {
        let range = place.range();
        let end = range.end;
        let stored = match self.store.get_range(&self.path(place.pack), range).await {
            Ok(stored) => stored,
            Err(object_store::Error::NotFound { .. }) => {
                return Err(DocumentsError::Damaged { hash, flaw: "the pack that it was kept in is missing" });
            }
            // Stores word this differently, so they are asked how long it is.
            Err(error) => match self.pack_length(place.pack).await? {
                Some(length) if length < end => return Err(DocumentsError::Damaged { hash, flaw: CUT_OFF }),
                _ => return Err(error.into()),
            },
        };
        if (stored.len() as u64) < u64::from(place.length) {
            return Err(DocumentsError::Damaged { hash, flaw: CUT_OFF });
        }
        blocking(move || codec::check(hash, &stored)).await
    }

    /// Writes a pack, named by its content as documents are, and gives its name back.
    async fn write(&self, frames: Vec<Bytes>) -> Result<ContentHash, DocumentsError> {
        let hashed = frames.clone();
        let name = blocking(move || Ok(codec::hash_of_all(&hashed))).await?;
        self.store.put(&self.path(name), frames.into_iter().collect()).await?;
        Ok(name)
    }

    /// `ab/cdef….pack`: 256 directories, so that millions of objects do not stand in one.
    fn path(&self, pack: ContentHash) -> Path {
        let [shard, file] = Self::pack_file(pack);
        self.prefix.clone().join(shard).join(file)
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
