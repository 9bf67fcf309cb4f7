//! What an attempt leaves for the next one at its task: the documents that it has fetched so far.
//!
//! The problem: an attempt that was suspended for too long goes on at another worker, and one whose worker died begins
//! anew there. A project of a hundred versions has asked dozens of requests by then. The other worker needs the documents
//! themselves, since an outcome is read from documents and names only those that came with it; and a checkpoint has at
//! most 64 KiB and must not depend on anything that might be gone.
//!
//! So the documents are in it. Those of one project's versions are nearly alike: dozens fit where three would, one by one.
//! What does not fit is left out and fetched again. A document of a version never changes under its address, so it is
//! taken as it is; the main document does, so the next attempt asks whether it is still the same and spares its body only.
//!
//! Byte 0 is the format, 1; what follows is a zstd frame of a [`Saved`] in postcard.

use std::borrow::Cow;
use std::collections::HashMap;
use std::sync::{Mutex, PoisonError};

use bytes::Bytes;
use gleaner_model::Validators;
use gleaner_proto::convert::CHECKPOINT_BYTES_MAX;
use serde::{Deserialize, Serialize};

const FORMAT: u8 = 1;
/// A little slower than for documents, since here it is the size that counts.
const LEVEL: i32 = 3;
/// Documents that are noted, in plain bytes: more than can ever fit, and bounded since they stay in memory meanwhile.
const NOTED_BYTES: usize = 1 << 20;
/// The longest that a checkpoint may say it is: what was noted, addresses and headers included.
const UNPACKED_BYTES: usize = 2 << 20;

/// What came of a further document's request, once and for all.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(super) enum Told {
    Document(Bytes),
    NotFound,
    /// It is there and cannot be what it should be.
    Unusable,
}

/// A main document.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct Page {
    pub(super) url: String,
    pub(super) validators: Validators,
    pub(super) bytes: Bytes,
}

/// What a checkpoint holds.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
struct Saved<'a> {
    page: Cow<'a, Option<Page>>,
    /// By address, in the order in which they came.
    more: Cow<'a, [(String, Told)]>,
}

/// What an attempt has fetched so far, as far as it is worth leaving behind.
#[derive(Debug, Default)]
pub(crate) struct Notes(Mutex<Draft>);

/// A checkpoint before it is packed.
#[derive(Clone, Debug, Default)]
pub(crate) struct Draft {
    page: Option<Page>,
    more: Vec<(String, Told)>,
    bytes: usize,
    /// Is there anything that was not told yet?
    new: bool,
}

impl Notes {
    /// Notes a main document, if it can be asked for conditionally: else it would have to come anew anyway.
    pub(super) fn page(&self, page: Page) {
        let bytes = page.bytes.len();
        if !page.validators.is_empty() {
            self.note(bytes, |draft| draft.page = Some(page));
        }
    }

    /// Notes what came of a further document's request.
    pub(super) fn more(&self, url: String, found: Told) {
        let bytes = if let Told::Document(bytes) = &found { bytes.len() } else { 0 };
        self.note(bytes, |draft| draft.more.push((url, found)));
    }

    fn note(&self, bytes: usize, note: impl FnOnce(&mut Draft)) {
        let mut draft = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if draft.bytes + bytes <= NOTED_BYTES {
            draft.bytes += bytes;
            draft.new = true;
            note(&mut draft);
        }
    }

    /// All that was noted; none if that is nothing.
    pub(crate) fn all(&self) -> Option<Draft> {
        let mut draft = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        draft.new = false;
        (draft.page.is_some() || !draft.more.is_empty()).then(|| draft.clone())
    }

    /// The same, if there is anything that was not told yet.
    pub(super) fn news(&self) -> Option<Draft> {
        let new = self.0.lock().unwrap_or_else(PoisonError::into_inner).new;
        if new { self.all() } else { None }
    }

    /// What was told did not get there.
    pub(super) fn tell_again(&self) {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).new = true;
    }
}

impl Draft {
    /// About how much there is to pack.
    pub(crate) const fn bytes(&self) -> usize {
        self.bytes
    }

    /// The checkpoint: all of it, or else without the main document, which spares one request, or else the first half of
    /// the further ones, and so on. Empty if nothing fits.
    pub(crate) fn pack(&self) -> Vec<u8> {
        let (mut page, mut more) = (&self.page, &self.more[..]);
        loop {
            let packed = pack(&Saved { page: Cow::Borrowed(page), more: Cow::Borrowed(more) });
            if packed.len() <= CHECKPOINT_BYTES_MAX {
                return packed;
            }
            match (page, more) {
                (Some(_), _) => page = &None,
                (None, [] | [_]) => return Vec::new(),
                (None, _) => more = &more[..more.len() / 2],
            }
        }
    }
}

fn pack(saved: &Saved<'_>) -> Vec<u8> {
    let plain = postcard::to_allocvec(saved).expect("plain data of ours always encodes");
    let mut packed = vec![FORMAT];
    // Compressing into memory does not fail; if it did, there would be no checkpoint.
    match zstd::bulk::compress(&plain, LEVEL) {
        Ok(frame) => packed.extend_from_slice(&frame),
        Err(_) => packed.clear(),
    }
    packed
}

/// What an earlier attempt left.
#[derive(Debug, Default)]
pub(super) struct Carried {
    page: Option<Page>,
    more: Mutex<HashMap<String, Told>>,
}

impl Carried {
    /// Reads a checkpoint. What cannot be read is as good as none.
    pub(super) fn read(checkpoint: &[u8]) -> Self {
        let Some((&FORMAT, frame)) = checkpoint.split_first() else { return Self::default() };
        let saved = zstd::bulk::decompress(frame, UNPACKED_BYTES).ok();
        let saved: Option<Saved<'_>> = saved.and_then(|plain| postcard::from_bytes(&plain).ok());
        let Some(Saved { page, more }) = saved else { return Self::default() };
        let more = more.into_owned().into_iter().collect();
        Self { page: page.into_owned(), more: Mutex::new(more) }
    }

    /// The main document at this address.
    pub(super) fn page(&self, url: &str) -> Option<&Page> {
        self.page.as_ref().filter(|page| page.url == url)
    }

    /// What came of the request for a further document.
    pub(super) fn more(&self, url: &str) -> Option<Told> {
        self.more.lock().unwrap_or_else(PoisonError::into_inner).remove(url)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn page(length: usize) -> Page {
        let validators = Validators { etag: Some("\"1\"".into()), last_modified: None };
        Page { url: "http://registry.invalid/abc/".into(), validators, bytes: noise(length) }
    }

    fn noise(length: usize) -> Bytes {
        // Another seed for another length, so that none is found in the other.
        let mut chance = crate::chance::Chance::new(length as u64);
        (0..length).map(|_| chance.next().to_le_bytes()[0]).collect::<Vec<_>>().into()
    }

    fn metadata(minor: usize) -> (String, Told) {
        let text = format!("Metadata-Version: 2.1\nName: abc\nVersion: 1.{minor}\n\n{}", "About abc. ".repeat(800));
        (format!("http://registry.invalid/files/abc-1.{minor}.metadata"), Told::Document(text.into()))
    }

    #[test]
    fn what_was_noted_is_carried() {
        let notes = Notes::default();
        assert!(notes.all().is_none() && notes.news().is_none());
        notes.page(page(3_000));
        let documents: Vec<_> = (0..64).map(metadata).collect();
        documents.iter().for_each(|(url, found)| notes.more(url.clone(), found.clone()));
        notes.more("http://registry.invalid/missing".into(), Told::NotFound);
        let packed = notes.news().expect("all of it is new").pack();
        assert!(notes.news().is_none(), "it was told");
        assert!((1..=CHECKPOINT_BYTES_MAX).contains(&packed.len()), "{} bytes", packed.len());
        let carried = Carried::read(&packed);
        assert_eq!(carried.page(&page(0).url), Some(&page(3_000)));
        assert_eq!(carried.page("http://registry.invalid/other/"), None);
        assert!(documents.iter().all(|(url, found)| carried.more(url).as_ref() == Some(found)));
        assert_eq!(carried.more("http://registry.invalid/missing"), Some(Told::NotFound));
    }

    #[test]
    fn what_does_not_fit_is_left_out_the_main_document_first() {
        let notes = Notes::default();
        notes.page(page(CHECKPOINT_BYTES_MAX));
        let (url, found) = metadata(1);
        notes.more(url.clone(), found.clone());
        let carried = Carried::read(&notes.all().expect("noted").pack());
        assert_eq!((carried.page(&page(0).url), carried.more(&url)), (None, Some(found)));
        let large = Notes::default();
        (0..3).for_each(|nth| large.more(nth.to_string(), Told::Document(noise(50_000 + nth))));
        let carried = Carried::read(&large.all().expect("noted").pack());
        assert!(carried.more("0").is_some() && carried.more("1").is_none() && carried.more("2").is_none());
        let huge = Notes::default();
        huge.more("0".into(), Told::Document(noise(NOTED_BYTES)));
        huge.more("1".into(), Told::Document(noise(1)));
        assert!(huge.all().expect("noted").pack().is_empty(), "nothing fits");
    }

    #[test]
    fn a_page_without_validators_is_of_no_use() {
        let notes = Notes::default();
        notes.page(Page { validators: Validators::default(), ..page(10) });
        assert!(notes.all().is_none());
    }

    #[test]
    fn what_cannot_be_read_is_as_good_as_none() {
        let notes = Notes::default();
        notes.page(page(100));
        let packed = notes.all().expect("noted").pack();
        let newer = [&[FORMAT + 1], &packed[1..]].concat();
        let cut = &packed[..packed.len() - 1];
        for bad in [&[][..], &[FORMAT], b"nonsense", &newer, cut] {
            assert!(Carried::read(bad).page(&page(0).url).is_none());
        }
    }
}
