//! The sense of the catalogue: records, documents, events, and how far streams have got.

use redb::ReadOnlyTable;

use gleaner_model::{ContentHash, Document, Event, PackageHead};

use crate::documents::STORED_BYTES;
use crate::frame::Flaw;
use crate::{Place, frame, record};

use super::super::errors::storage;
use super::super::events::VALUE_MAX;
use super::super::tables::{CONTENTS, DOCUMENTS, EVENTS, PACKAGES, SHARD, STREAMS};
use super::super::{pack, streams};
use super::{Checker, Halt, Looked, ensure};

impl Checker<'_> {
    pub(super) fn packages(&mut self) -> Result<(), Halt> {
        let (contents, documents) = (self.open(CONTENTS)?, self.open(DOCUMENTS)?);
        self.table(PACKAGES, shown, |key, stored| {
            let head = head(stored)?;
            ensure(head.key.to_text().as_bytes() == key, "it is another package's")?;
            ensure(head.revision == record::revision_of(stored)?, "its revision is not the one in front of it")?;
            ensure(head.revision > 0, "it has revision 0, which none has")?;
            ensure(head.content_revision <= head.revision, "its content is of a later revision")?;
            let has_content = contents.get(key).map_err(storage)?.is_some();
            ensure(has_content == (head.content_revision > 0), "its content is missing, or should not be there")?;
            head.source.iter().try_for_each(|source| find(&documents, &source.document))
        })
    }

    pub(super) fn contents(&mut self) -> Result<(), Halt> {
        let (packages, documents) = (self.open(PACKAGES)?, self.open(DOCUMENTS)?);
        self.table(CONTENTS, shown, |key, stored| {
            let head = match packages.get(key).map_err(storage)? {
                Some(stored) => head(stored.value()).map_err(|_| "its head is damaged")?,
                None => return Err("its head is missing".into()),
            };
            let content = record::decode_content(stored, &head)?;
            content.more_documents.iter().try_for_each(|document| find(&documents, document))
        })
    }

    pub(super) fn documents(&mut self) -> Result<(), Halt> {
        self.table(
            DOCUMENTS,
            |hash| ContentHash(*hash).to_string(),
            |_, stored| {
                let place = Place::from_bytes(&stored)?;
                ensure(place.length > 0, "it has no bytes")?;
                ensure(place.offset.checked_add(place.length).is_some(), "it is beyond what a pack can hold")
            },
        )
    }

    pub(super) fn events(&mut self) -> Result<(), Halt> {
        let (next, jumps) = (self.state.next_event, std::mem::take(&mut self.jumps));
        let mut expected = 0;
        self.table(
            EVENTS,
            |(shard, first)| format!("{shard} {first}"),
            |(shard, first), stored| {
                ensure(shard == SHARD, "it is of a shard that is not known")?;
                let unpacked = frame::open(stored).and_then(|payload| pack::unpack::<Event>(&payload));
                let in_order = first == jumps.after(expected);
                // Whatever is wrong with one value, the next one begins where it says.
                expected = first.saturating_add(unpacked.as_ref().map_or(1, |events| events.len() as u64));
                let events = unpacked?;
                ensure(in_order, "events before it are missing, or are there twice")?;
                ensure((1..=VALUE_MAX).contains(&events.len()), "it has no events, or too many")?;
                ensure(expected <= next, "it has numbers that were never given out")
            },
        )?;
        if jumps.after(expected) != next && next != u64::MAX {
            self.flaw("events", "", format_args!("the last event is {expected}, and {next} would be the next one"))?;
        }
        Ok(())
    }

    pub(super) fn streams(&mut self) -> Result<(), Halt> {
        let next = self.state.next_sequence;
        self.table(
            STREAMS,
            |(client, stream)| format!("{client} {stream}"),
            |(client, stream), stored| {
                let position = streams::decode((client, stream), stored)?;
                let of = (position.client.as_str(), position.stream.as_str());
                ensure(of == (client, stream), "it is another stream's")?;
                ensure(position.job.0 < next, "it names a job that was never submitted")
            },
        )
    }
}

fn shown(key: &&[u8]) -> String {
    String::from_utf8_lossy(key).into_owned()
}

/// A head, whosever it is.
fn head(stored: &[u8]) -> Result<PackageHead, Flaw> {
    frame::decode(stored.get(record::REVISION..).ok_or("it is too short")?)
}

fn find(places: &ReadOnlyTable<[u8; 32], [u8; STORED_BYTES]>, document: &Document) -> Looked {
    match places.get(document.hash.0).map_err(storage)? {
        Some(_) => Ok(()),
        None => Err(format!("nobody knows where its document {} lies", document.hash).into()),
    }
}
