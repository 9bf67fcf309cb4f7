//! Answers to questions as they are stored: encoded and compressed before they reach the committer.
//!
//! The problem: the same question is asked again and again, and mostly the answer is the same. A graph takes kilobytes
//! and tens of microseconds to unpack, and the committer, of which there is one a store, would have to compare it with
//! the one that is there. So what tells whether two answers are the same stands in front of them, in a few bytes, beside
//! what changes when one is given again.
//!
//! ```text
//! bytes 0-3   length of the header's frame, little endian
//! then        a plain frame: postcard of the `Header`
//! then        a framed value (see `frame`): postcard of the record, as it was answered first
//! ```

use gleaner_model::{PackageKey, Question, ResolutionRecord, Resolved, Root, Timestamp};
use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};

use crate::frame::{self, Flaw};

/// zstd's level for answers: they are written once and read rarely, and graphs are mostly names; as for the journal, the
/// fastest level that finds what they have in common.
const LEVEL: i32 = -1;

/// What stands for a question among those that were asked about a package: half of a SHA-256.
#[must_use]
pub fn fingerprint_of_question(question: &Question) -> [u8; 16] {
    half(&postcard::to_allocvec(question).expect("plain data of known lengths always encodes"))
}

fn half(bytes: &[u8]) -> [u8; 16] {
    *Sha256::digest(bytes).first_chunk().expect("a SHA-256 is longer than its half")
}

/// What is known of an answer without unpacking it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Header {
    /// Of what makes two answers the same.
    pub(crate) digest: [u8; 16],
    pub(crate) answered_at: Timestamp,
    pub(crate) confirmed_position: u64,
    pub(crate) confirmed_at: Timestamp,
    /// Is it of no interest for longer than its job? So are answers about manifests, which nobody else will ask for.
    pub(crate) is_passing: bool,
}

/// An answer to write.
#[derive(Clone, PartialEq, Eq)]
pub struct ResolutionWrite {
    /// Everything of its key but the position.
    pub(crate) line: Vec<u8>,
    pub(crate) position: u64,
    pub(crate) header: Header,
    framed: Box<[u8]>,
}

impl ResolutionWrite {
    /// Encodes an answer that was given just now. Costly, so do it outside the committer.
    #[must_use]
    pub fn new(record: &ResolutionRecord) -> Self {
        let header = Header {
            digest: digest(&record.resolved),
            answered_at: record.answered_at,
            confirmed_position: record.confirmed_position,
            confirmed_at: record.confirmed_at,
            is_passing: matches!(record.question.root, Root::Manifest { .. }),
        };
        Self {
            line: line(&record.key, record.version.as_deref(), &fingerprint_of_question(&record.question)),
            position: record.resolved.position,
            header,
            framed: frame::encode(record, LEVEL).into(),
        }
    }

    /// How many bytes are stored for it.
    #[must_use]
    pub fn stored_bytes(&self) -> usize {
        self.line.len() + self.framed.len()
    }

    pub(crate) fn value(&self) -> Vec<u8> {
        value(&self.header, &self.framed)
    }
}

impl std::fmt::Debug for ResolutionWrite {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "ResolutionWrite({} bytes)", self.stored_bytes())
    }
}

/// Two answers are the same if they say the same and were made from the same; how long that took does not matter.
fn digest(resolved: &Resolved) -> [u8; 16] {
    let Resolved { ecosystem, resolution, environment, lock, position: _, elapsed_us: _ } = resolved;
    let gleaner_model::Resolution { answer, read, sensitivity, warnings, steps: _ } = resolution;
    let told = (ecosystem, answer, read, sensitivity, warnings, environment, lock);
    half(&postcard::to_allocvec(&told).expect("plain data of known lengths always encodes"))
}

/// All of a key but the position: a package's text, a version and a question, so that a registry's answers are
/// neighbours in the order of their purls. No text has a NUL.
pub(crate) fn line(key: &PackageKey, version: Option<&str>, fingerprint: &[u8; 16]) -> Vec<u8> {
    let (text, version) = (key.to_text(), version.unwrap_or_default());
    [text.as_bytes(), &[0], version.as_bytes(), &[0], fingerprint].concat()
}

/// The key of the answer of a line at a position.
pub(crate) fn at(line: &[u8], position: u64) -> Vec<u8> {
    [line, &position.to_be_bytes()].concat()
}

/// The line of a key, and the position.
pub(crate) fn split_key(key: &[u8]) -> Result<(&[u8], u64), Flaw> {
    let (line, position) = key.split_last_chunk::<8>().ok_or("its key is too short")?;
    Ok((line, u64::from_be_bytes(*position)))
}

/// The question's fingerprint in a line.
pub(crate) fn fingerprint_of_line(line: &[u8]) -> Result<[u8; 16], Flaw> {
    line.split_last_chunk::<16>().map(|(_, fingerprint)| *fingerprint).ok_or("its key is too short")
}

fn value(header: &Header, framed: &[u8]) -> Vec<u8> {
    let mut plain = Vec::new();
    frame::append(&mut plain, header);
    let header = frame::Ready::plain(&plain);
    let length = u32::try_from(header.framed_bytes()).expect("some tens of bytes");
    let mut value = Vec::with_capacity(4 + header.framed_bytes() + framed.len());
    value.extend_from_slice(&length.to_le_bytes());
    header.wrap_onto(&mut value);
    value.extend_from_slice(framed);
    value
}

fn split(stored: &[u8]) -> Result<(&[u8], &[u8]), Flaw> {
    let (length, rest) = stored.split_first_chunk().ok_or("it is too short")?;
    let length = usize::try_from(u32::from_le_bytes(*length)).map_err(|_| "it is too long")?;
    rest.split_at_checked(length).ok_or("it is too short")
}

/// The header of a stored answer.
pub(crate) fn header(stored: &[u8]) -> Result<Header, Flaw> {
    frame::decode(split(stored)?.0)
}

/// A stored answer with another header.
pub(crate) fn with_header(stored: &[u8], header: &Header) -> Result<Vec<u8>, Flaw> {
    Ok(value(header, split(stored)?.1))
}

/// A stored answer, which must be that of `key`.
pub(crate) fn decode(stored: &[u8], key: &[u8]) -> Result<ResolutionRecord, Flaw> {
    let (header, framed) = split(stored)?;
    let header: Header = frame::decode(header)?;
    let record: ResolutionRecord = frame::decode(framed)?;
    let own = line(&record.key, record.version.as_deref(), &fingerprint_of_question(&record.question));
    match record {
        record if at(&own, record.resolved.position) != key => Err("it is another question's"),
        record if digest(&record.resolved) != header.digest => Err("it is not the answer that stands in front of it"),
        record if record.answered_at != header.answered_at => Err("it is of another time than stands in front of it"),
        record => {
            let Header { confirmed_position, confirmed_at, .. } = header;
            Ok(ResolutionRecord { confirmed_position, confirmed_at, ..record })
        }
    }
}
