//! Documents on their way in, and the outcomes that wait for them. Pure.

use bytes::{Bytes, BytesMut};
use gleaner_model::{Attempt, ContentHash, Outcome};
use gleaner_store::Place;
use hashbrown::{HashMap, HashSet};

/// Compressed bytes of one document. The largest real ones are some ten megabytes; a worker's own caps are below this.
const DOCUMENT_BYTES: usize = 64 << 20;

/// Compressed bytes that may be on their way in a session at once: a few of the largest documents, or the usual ones of
/// a thousand slots.
const SESSION_BYTES: usize = 256 << 20;

/// What is on its way in one session.
#[derive(Default)]
pub(super) struct Uploads {
    attempts: HashMap<Attempt, Upload>,
    bytes: usize,
}

#[derive(Default)]
struct Upload {
    partial: Option<(ContentHash, BytesMut)>,
    storing: HashSet<ContentHash>,
    stored: Vec<(ContentHash, Place)>,
    failure: Option<String>,
    outcome: Option<Outcome>,
}

/// An outcome whose documents are all safe.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Ready {
    pub(super) outcome: Outcome,
    pub(super) documents: Vec<(ContentHash, Place)>,
}

/// How a worker broke the protocol.
#[derive(Debug, PartialEq, Eq, thiserror::Error)]
pub(super) enum UploadError {
    #[error("the pieces of two documents of {0:?} are mixed")]
    Mixed(Attempt),
    #[error("a document of more than {DOCUMENT_BYTES} bytes, compressed")]
    TooLarge,
    #[error("more than {SESSION_BYTES} bytes of documents on their way")]
    TooMany,
}

impl Uploads {
    /// Takes the next piece of a document; the last one gives back all of it.
    pub(super) fn piece(
        &mut self,
        attempt: Attempt,
        hash: ContentHash,
        data: Bytes,
        last: bool,
    ) -> Result<Option<Bytes>, UploadError> {
        let upload = self.attempts.entry(attempt).or_default();
        if last && upload.partial.is_none() {
            // Most documents come in one piece, which needs no copy.
            upload.storing.insert(hash);
            return if data.len() > DOCUMENT_BYTES { Err(UploadError::TooLarge) } else { Ok(Some(data)) };
        }
        let (known, bytes) = upload.partial.get_or_insert_with(|| (hash, BytesMut::new()));
        if *known != hash {
            return Err(UploadError::Mixed(attempt));
        }
        if bytes.len() + data.len() > DOCUMENT_BYTES {
            return Err(UploadError::TooLarge);
        }
        self.bytes += data.len();
        if self.bytes > SESSION_BYTES {
            return Err(UploadError::TooMany);
        }
        bytes.extend_from_slice(&data);
        if !last {
            return Ok(None);
        }
        let compressed = upload.partial.take().map(|(_, bytes)| bytes.freeze()).unwrap_or_default();
        self.bytes -= compressed.len();
        upload.storing.insert(hash);
        Ok(Some(compressed))
    }

    /// Notes that a document is on disk, or why not. Gives back the outcome that waited for it, if it was the last.
    pub(super) fn stored(
        &mut self,
        attempt: Attempt,
        hash: ContentHash,
        result: Result<Place, String>,
    ) -> Option<Result<Ready, String>> {
        let upload = self.attempts.get_mut(&attempt)?;
        upload.storing.remove(&hash);
        match result {
            Ok(place) => upload.stored.push((hash, place)),
            Err(reason) => upload.failure = Some(reason),
        }
        self.ready(attempt)
    }

    /// Takes an outcome, and gives it back at once if nothing of it is still on its way.
    pub(super) fn outcome(&mut self, attempt: Attempt, outcome: Outcome) -> Option<Result<Ready, String>> {
        if !self.attempts.contains_key(&attempt) {
            return Some(ready(outcome, Vec::new()));
        }
        self.attempts.entry(attempt).or_default().outcome = Some(outcome);
        self.ready(attempt)
    }

    fn ready(&mut self, attempt: Attempt) -> Option<Result<Ready, String>> {
        let upload = self.attempts.get(&attempt)?;
        if upload.outcome.is_none() || !upload.storing.is_empty() {
            return None;
        }
        let upload = self.attempts.remove(&attempt)?;
        self.bytes -= upload.partial.as_ref().map_or(0, |(_, bytes)| bytes.len());
        let outcome = upload.outcome?;
        Some(match upload.failure {
            Some(reason) => Err(format!("a document could not be stored: {reason}")),
            None => ready(outcome, upload.stored),
        })
    }
}

/// An outcome may only name documents that are there.
fn ready(outcome: Outcome, documents: Vec<(ContentHash, Place)>) -> Result<Ready, String> {
    let stored = |hash| documents.iter().any(|(stored, _)| *stored == hash);
    if let Outcome::Fetched(facts) = &outcome
        && let Some(missing) = facts.documents.iter().find(|document| !stored(document.hash))
    {
        return Err(format!("the outcome names the document {} of {}, which was not sent", missing.hash, missing.url));
    }
    Ok(Ready { outcome, documents })
}

#[cfg(test)]
mod tests {
    use gleaner_model::{CrawlFacts, Document, Package, TaskId, Timestamp, Token, Validators};

    use super::*;

    const ATTEMPT: Attempt = Attempt { task: TaskId(7), token: Token { epoch: 1, sequence: 1 } };

    const PLACE: Place = Place { pack: ContentHash([9; 32]), offset: 0, length: 4 };

    fn hash(byte: u8) -> ContentHash {
        ContentHash([byte; 32])
    }

    fn fetched(hashes: &[u8]) -> Outcome {
        let document =
            |byte: &u8| Document { hash: hash(*byte), length: 1, url: format!("http://registry.invalid/{byte}") };
        Outcome::Fetched(Box::new(CrawlFacts {
            package: Package::default(),
            documents: hashes.iter().map(document).collect(),
            validators: Validators::default(),
            fetched_at: Timestamp::from_millis(0),
        }))
    }

    #[test]
    fn an_outcome_waits_for_its_documents() {
        let mut uploads = Uploads::default();
        assert_eq!(uploads.piece(ATTEMPT, hash(1), Bytes::from_static(b"ab"), false), Ok(None));
        let complete = uploads.piece(ATTEMPT, hash(1), Bytes::from_static(b"cd"), true).expect("in order");
        assert_eq!(complete, Some(Bytes::from_static(b"abcd")));
        assert_eq!(uploads.outcome(ATTEMPT, fetched(&[1])), None);
        let ready = Ready { outcome: fetched(&[1]), documents: vec![(hash(1), PLACE)] };
        assert_eq!(uploads.stored(ATTEMPT, hash(1), Ok(PLACE)), Some(Ok(ready)));
        assert!(uploads.attempts.is_empty());
        assert_eq!(uploads.bytes, 0);
    }

    #[test]
    fn an_outcome_cannot_name_what_was_not_sent() {
        let mut uploads = Uploads::default();
        let refused = uploads.outcome(ATTEMPT, fetched(&[1])).expect("ready");
        assert!(refused.expect_err("refused").contains("was not sent"));
    }

    #[test]
    fn a_document_that_cannot_be_stored_fails_the_outcome() {
        let mut uploads = Uploads::default();
        uploads.piece(ATTEMPT, hash(1), Bytes::from_static(b"ab"), true).expect("in order");
        assert_eq!(uploads.stored(ATTEMPT, hash(1), Err("disk full".to_owned())), None);
        let refused = uploads.outcome(ATTEMPT, fetched(&[1])).expect("ready");
        assert!(refused.expect_err("refused").contains("disk full"));
    }

    #[test]
    fn mixed_pieces_are_refused() {
        let mut uploads = Uploads::default();
        uploads.piece(ATTEMPT, hash(1), Bytes::from_static(b"ab"), false).expect("in order");
        let mixed = uploads.piece(ATTEMPT, hash(2), Bytes::from_static(b"cd"), false);
        assert_eq!(mixed, Err(UploadError::Mixed(ATTEMPT)));
    }
}
