//! Packs as objects: for whoever copies them, or looks for those of which nothing is left.

use std::ops::Range;

use bytes::Bytes;
use futures_util::TryStreamExt;
use object_store::{ObjectMeta, ObjectStoreExt};

use gleaner_model::ContentHash;

use super::{Documents, DocumentsError, codec};

/// A pack that is there.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Pack {
    /// Its name.
    pub name: ContentHash,
    /// How long it is, in bytes.
    pub length: u64,
}

/// Packs are read in pieces of this many bytes.
const PIECE_BYTES: u64 = 1 << 20;

impl Documents {
    /// Every pack that is there. Other objects in the same place are passed over.
    ///
    /// # Errors
    /// The store failed.
    pub async fn packs(&self) -> Result<Vec<Pack>, DocumentsError> {
        let objects = self.store.list(Some(&self.prefix));
        Ok(objects.try_filter_map(async |object| Ok(pack(&object))).try_collect().await?)
    }

    /// How long a pack is; none if it is not there.
    ///
    /// # Errors
    /// The store failed.
    pub async fn pack_length(&self, name: ContentHash) -> Result<Option<u64>, DocumentsError> {
        match self.store.head(&self.path(name)).await {
            Ok(object) => Ok(Some(object.size)),
            Err(object_store::Error::NotFound { .. }) => Ok(None),
            Err(error) => Err(error.into()),
        }
    }

    /// A piece of a pack, at most a megabyte: what begins at `offset`, of a pack of `length` bytes.
    ///
    /// # Errors
    /// It is not there, or the store failed.
    pub async fn pack_piece(&self, name: ContentHash, length: u64, offset: u64) -> Result<Bytes, DocumentsError> {
        let range: Range<u64> = offset..length.min(offset + PIECE_BYTES);
        Ok(self.store.get_range(&self.path(name), range).await?)
    }

    /// Keeps a pack that was made elsewhere, under its own name.
    ///
    /// # Errors
    /// These are not its bytes, or the store failed.
    pub async fn keep_pack(&self, name: ContentHash, pieces: Vec<Bytes>) -> Result<(), DocumentsError> {
        if codec::hash_of_all(&pieces) != name {
            return Err(DocumentsError::Damaged { hash: name, flaw: "the pack's SHA-256 is another one" });
        }
        self.store.put(&self.path(name), pieces.into_iter().collect()).await?;
        Ok(())
    }

    /// Deletes a pack for good. Only of one of which no place is left, in no store that shares these documents.
    ///
    /// # Errors
    /// The store failed.
    pub async fn delete_pack(&self, name: ContentHash) -> Result<(), DocumentsError> {
        Ok(self.store.delete(&self.path(name)).await?)
    }

    /// Where a pack lies below a directory of documents: directory and file.
    #[must_use]
    pub fn pack_file(name: ContentHash) -> [String; 2] {
        let name = name.to_string();
        let (shard, rest) = name.split_at(2);
        [shard.to_owned(), format!("{rest}.pack")]
    }
}

/// The pack that an object is, if it is one: its last two parts are `ab` and `cdef….pack`.
fn pack(object: &ObjectMeta) -> Option<Pack> {
    let parts: Vec<_> = object.location.parts().collect();
    let [.., shard, file] = parts.as_slice() else { return None };
    let name = format!("{}{}", shard.as_ref(), file.as_ref().strip_suffix(".pack")?).parse().ok()?;
    (shard.as_ref().len() == 2).then_some(Pack { name, length: object.size })
}
