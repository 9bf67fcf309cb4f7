//! Packs as objects: for whoever copies them, or looks for those of which nothing is left.
//!
//! There may be millions of packs, and one of them may be hundreds of megabytes long: they are listed and moved as streams.

use std::ops::Range;

use bytes::Bytes;
use futures_util::{Stream, StreamExt, TryStreamExt};
use object_store::{MultipartUpload, ObjectMeta, ObjectStoreExt, PutPayload};
use sha2::{Digest, Sha256};

use gleaner_model::{ContentHash, Timestamp};

use super::{Documents, DocumentsError};

/// A pack that is there.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Pack {
    /// Its name.
    pub name: ContentHash,
    /// How long it is, in bytes.
    pub length: u64,
    /// When it was written, by the clock of the store that keeps it.
    pub written_at: Timestamp,
}

/// Packs are read in pieces of this many bytes.
const PIECE_BYTES: u64 = 1 << 20;

/// And written in parts of at least this many, which is what clouds' stores ask for.
const PART_BYTES: usize = 5 << 20;

impl Documents {
    /// Every pack that is there, in no order. Other objects in the same place are passed over.
    pub fn packs(&self) -> impl Stream<Item = Result<Pack, DocumentsError>> + Send + use<> {
        let objects = self.store.list(Some(&self.prefix)).map_err(DocumentsError::from);
        objects.try_filter_map(async |object| Ok(pack(&object)))
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

    /// Keeps a pack that was made elsewhere, under its own name. It is there when all of it is and not before. Tells how
    /// long it is.
    ///
    /// # Errors
    /// `pieces` ends with one; these are not its bytes; or the store failed. Then the pack is not there, or as it was.
    pub async fn keep_pack<E: From<DocumentsError>>(
        &self,
        name: ContentHash,
        pieces: impl Stream<Item = Result<Bytes, E>>,
    ) -> Result<u64, E> {
        let failed = |error: object_store::Error| E::from(error.into());
        let mut upload = self.store.put_multipart(&self.path(name)).await.map_err(failed)?;
        match receive(&mut *upload, name, pieces).await {
            Ok(length) => upload.complete().await.map(|_| length).map_err(failed),
            Err(error) => {
                // What went wrong first is what is told.
                let _ = upload.abort().await;
                Err(error)
            }
        }
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

/// Passes on what comes and compares all of it with its name.
async fn receive<E: From<DocumentsError>>(
    upload: &mut dyn MultipartUpload,
    name: ContentHash,
    pieces: impl Stream<Item = Result<Bytes, E>>,
) -> Result<u64, E> {
    let (mut hasher, mut length, mut part, mut waiting) = (Sha256::new(), 0, Vec::new(), 0);
    let mut pieces = std::pin::pin!(pieces);
    while let Some(piece) = pieces.next().await.transpose()? {
        hasher.update(&piece);
        length += piece.len() as u64;
        waiting += piece.len();
        part.push(piece);
        if waiting >= PART_BYTES {
            waiting = 0;
            pass_on(upload, &mut part).await?;
        }
    }
    if hasher.finalize().as_slice() != name.0 {
        return Err(DocumentsError::Damaged { hash: name, flaw: "the pack's SHA-256 is another one" }.into());
    }
    pass_on(upload, &mut part).await?;
    Ok(length)
}

async fn pass_on(upload: &mut dyn MultipartUpload, part: &mut Vec<Bytes>) -> Result<(), DocumentsError> {
    let part: PutPayload = std::mem::take(part).into_iter().collect();
    if part.content_length() > 0 {
        upload.put_part(part).await?;
    }
    Ok(())
}

/// The pack that an object is, if it is one: its last two parts are `ab` and `cdef….pack`.
fn pack(object: &ObjectMeta) -> Option<Pack> {
    let parts: Vec<_> = object.location.parts().collect();
    let [.., shard, file] = parts.as_slice() else { return None };
    let name = format!("{}{}", shard.as_ref(), file.as_ref().strip_suffix(".pack")?).parse().ok()?;
    let written_at = Timestamp::from_millis(object.last_modified.timestamp_millis());
    (shard.as_ref().len() == 2).then_some(Pack { name, length: object.size, written_at })
}
