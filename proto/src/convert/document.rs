//! Documents and the validators that came with them.

use gleaner_model::{Document, Validators};

use super::field::text;
use super::{InvalidMessage, content_hash};
use crate::v1;

impl From<Document> for v1::Document {
    fn from(document: Document) -> Self {
        let Document { hash, length, url } = document;
        Self { hash: hash.0.to_vec(), length_bytes: length, url }
    }
}

impl TryFrom<v1::Document> for Document {
    type Error = InvalidMessage;

    fn try_from(wire: v1::Document) -> Result<Self, InvalidMessage> {
        let hash = content_hash(&wire.hash, "hash")?;
        let url = text(wire.url).ok_or_else(|| InvalidMessage::missing("url"))?;
        Ok(Self { hash, length: wire.length_bytes, url })
    }
}

impl From<Validators> for v1::Validators {
    fn from(validators: Validators) -> Self {
        let Validators { etag, last_modified } = validators;
        Self { etag: etag.unwrap_or_default(), last_modified: last_modified.unwrap_or_default() }
    }
}

impl From<v1::Validators> for Validators {
    fn from(wire: v1::Validators) -> Self {
        Self { etag: text(wire.etag), last_modified: text(wire.last_modified) }
    }
}
