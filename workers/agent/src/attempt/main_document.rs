//! Getting a package's main document: from the registry, or from what this worker kept.

use bytes::Bytes;
use gleaner_model::{CrawlPart, Document, Fault, Outcome, PackageKey, Timestamp, Validators};
use gleaner_registries::{CrawlWork, DocumentRequest, Reading, Unreadable, read};

use tokio::sync::OwnedSemaphorePermit;

use super::checkpoint::Page;
use super::errand::Errand;
use super::fetch::Got;
use crate::document::{self, Packed};
use crate::state::KnownDocument;

/// A main document before it is read.
#[derive(Debug)]
pub(super) struct Main {
    bytes: Bytes,
    validators: Validators,
    at: Timestamp,
    /// As it is kept, if it came from here.
    packed: Option<Packed>,
    /// Its place in memory, if it is large; given up when it has been read.
    _room: Option<OwnedSemaphorePermit>,
}

/// A main document that was understood.
#[derive(Debug)]
pub(super) struct Understood {
    pub(super) reading: Reading,
    pub(super) packed: Packed,
    pub(super) validators: Validators,
    pub(super) at: Timestamp,
    /// Is it kept here already?
    pub(super) kept: bool,
}

impl Errand {
    /// The main document, or how the attempt ends without one.
    ///
    /// Older parts need the document itself, so they take the local copy of the accepted one, or fetch without
    /// validators: a "not modified" would leave them with nothing.
    pub(super) async fn main_document(&self, request: &DocumentRequest) -> Result<Main, Outcome> {
        let older = self.assignment.part == CrawlPart::Older;
        if older && let Some(main) = self.kept_document().await {
            return Ok(main);
        }
        let carried = self.carried.page(&request.url);
        let none = Validators::default();
        let accepted = if older { &none } else { &self.assignment.validators };
        let validators = carried.map_or(accepted, |page| &page.validators);
        match self.fetch(request, validators).await {
            Got::Body(body) => {
                Ok(Main { bytes: body.bytes, validators: body.validators, at: body.at, packed: None, _room: body.room })
            }
            Got::NotModified { at } => match carried {
                Some(page) => Ok(page.as_of(at)),
                None => Err(Outcome::NotModified { at }),
            },
            Got::NotFound { at } => Err(Outcome::NotFound { at }),
            Got::Gone { at } => Err(Outcome::Gone { at }),
            // Without a request made, another worker or another moment can do all of it.
            Got::Unpermitted(_) if !self.lease.has_begun() => Err(Outcome::HandedBack),
            Got::Throttled(fault) | Got::Unpermitted(fault) | Got::Failed(fault) => Err(Outcome::Failed(fault)),
        }
    }

    /// The local copy of the accepted document. Whatever is wrong with it, the registry has another.
    async fn kept_document(&self) -> Option<Main> {
        let accepted = self.assignment.document.as_ref()?;
        let key = PackageKey::new(self.assignment.registry.name.clone(), &self.assignment.purl);
        let known = self.tools.state.known(key, accepted.hash).await.ok()??;
        let KnownDocument { packed, validators, fetched_at, .. } = known;
        let length = packed.document.length;
        let frame = packed.frame.clone();
        let size = usize::try_from(length).unwrap_or(usize::MAX);
        let bytes = self.tools.workshop.run(size, move || document::decompress(&frame, length)).await;
        Some(Main { bytes: bytes.ok()?.ok()?, validators, at: fetched_at, packed: Some(packed), _room: None })
    }

    /// Reads, names and packs a main document.
    pub(super) async fn understand(
        &self,
        work: CrawlWork,
        request: DocumentRequest,
        main: Main,
    ) -> Result<Understood, Outcome> {
        let level = self.tools.options.compression_level;
        let at = main.at;
        let understood =
            self.tools.workshop.run(main.bytes.len(), move || understand(&work, request.url, main, level)).await;
        match understood.map_err(Outcome::Failed)? {
            Ok(understood) => Ok(understood),
            Err(Unreadable::Gone) => Err(Outcome::Gone { at }),
            Err(Unreadable::Fault(fault)) => Err(Outcome::Failed(fault)),
        }
    }
}

impl Main {
    /// The document as an attempt would leave it to the next one.
    pub(super) fn page(&self, url: &str) -> Page {
        Page { url: url.to_owned(), validators: self.validators.clone(), bytes: self.bytes.clone() }
    }
}

impl Page {
    /// What an earlier attempt fetched, found to be the same still.
    fn as_of(&self, at: Timestamp) -> Main {
        crate::metrics::carried();
        Main { bytes: self.bytes.clone(), validators: self.validators.clone(), at, packed: None, _room: None }
    }
}

fn understand(work: &CrawlWork, url: String, main: Main, level: i32) -> Result<Understood, Unreadable> {
    let reading = read(work, &main.bytes, main.validators.last_modified.as_deref())?;
    let kept = main.packed.is_some();
    let packed = match main.packed {
        Some(packed) => packed,
        None => pack(&main.bytes, url, level)?,
    };
    Ok(Understood { reading, packed, validators: main.validators, at: main.at, kept })
}

/// Names and compresses a document.
pub(super) fn pack(bytes: &[u8], url: String, level: i32) -> Result<Packed, Fault> {
    let document = Document { hash: document::hash(bytes), length: bytes.len() as u64, url };
    Ok(Packed { document, frame: document::compress(bytes, level)? })
}
