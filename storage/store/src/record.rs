//! Package records as they are stored: encoded and compressed before they reach the committer.
//!
//! There is one committer a store, and a large npm record takes milliseconds to compress; so whoever made the record
//! encodes it, on any thread, and the committer only moves bytes. A record is two values: its head, which every look at
//! the package writes, and its content, which is written if it changed. Revisions stand in front in plain sight, so
//! that they can be compared without unpacking anything.
//!
//! ```text
//! head     bytes 0-7   revision, little endian
//!          bytes 8-    a framed value (see `frame`): postcard of the PackageHead
//!
//! content  bytes 0-7   the revision that wrote it, little endian
//!          bytes 8-11  length of the checksums' frame, little endian
//!          then        a plain frame: of each artifact, in order, its checksum's length (varint) and bytes
//!          then        a framed value: postcard of the PackageKey and of the PackageContent without checksums
//! ```
//!
//! Checksums are a third of a record and nothing makes them smaller, so they are kept out of the compressor's way.

use gleaner_model::{Event, Package, PackageContent, PackageHead, PackageKey};

use crate::frame::{self, Flaw, Ready};
use crate::zip::Packer;

/// zstd's level for records. Of 1,532 real packages, 24.8 MB without checksums, -1 makes 3.8 MB in 29 ms, 1 makes 3.5 MB
/// in 35 ms, 3 makes 3.5 MB in 38 ms, -5 makes 5.4 MB in 26 ms; the checksums beside it are 11.6 MB.
const LEVEL: i32 = -1;

pub(crate) const REVISION: usize = 8;
const LENGTH: usize = 4;

/// A package record, encoded and compressed: its head, and its content if that is to be written too.
#[derive(Clone, PartialEq, Eq)]
pub struct EncodedRecord {
    head: Box<[u8]>,
    content: Option<Box<[u8]>>,
}

impl EncodedRecord {
    /// Encodes `head`, and `content` if it changed. The costly part of storing a record, so do it outside the committer.
    #[must_use]
    pub fn encode(head: &PackageHead, content: Option<PackageContent>) -> Self {
        let content = content.map(|content| encode_content(&head.key, head.revision, content));
        let head = Packer::with(|room, packer| {
            frame::append(room, head);
            assemble(&head.revision.to_le_bytes(), &[Ready::packed(packer, room, LEVEL)])
        });
        Self { head, content }
    }

    /// How many bytes are stored for it.
    #[must_use]
    pub fn stored_bytes(&self) -> usize {
        self.head.len() + self.content.as_ref().map_or(0, |content| content.len())
    }

    pub(crate) fn head(&self) -> &[u8] {
        &self.head
    }

    pub(crate) fn content(&self) -> Option<&[u8]> {
        self.content.as_deref()
    }
}

impl std::fmt::Debug for EncodedRecord {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "EncodedRecord({} bytes)", self.stored_bytes())
    }
}

/// A content as it is stored, written by `revision`.
pub(crate) fn encode_content(key: &PackageKey, revision: u64, mut content: PackageContent) -> Box<[u8]> {
    Packer::with(|room, packer| {
        take_checksums(&mut content.package, room);
        let at = room.len();
        frame::append(room, &(key, content));
        let (checksums, rest) = room.split_at(at);
        let (checksums, rest) = (Ready::plain(checksums), Ready::packed(packer, rest, LEVEL));
        let length = u32::try_from(checksums.framed_bytes()).expect("documents of gigabytes are never read");
        let mut front = [0; REVISION + LENGTH];
        front[..REVISION].copy_from_slice(&revision.to_le_bytes());
        front[REVISION..].copy_from_slice(&length.to_le_bytes());
        assemble(&front, &[checksums, rest])
    })
}

/// A value of known length, so that it is written once and no room is left over.
fn assemble(front: &[u8], frames: &[Ready<'_>]) -> Box<[u8]> {
    let mut bytes = Vec::with_capacity(front.len() + frames.iter().map(Ready::framed_bytes).sum::<usize>());
    bytes.extend_from_slice(front);
    frames.iter().for_each(|frame| frame.wrap_onto(&mut bytes));
    bytes.into()
}

/// Takes the checksums out of a package, to the end of `bytes`.
fn take_checksums(package: &mut Package, bytes: &mut Vec<u8>) {
    for artifact in package.versions.iter_mut().flat_map(|version| &mut version.artifacts) {
        let checksum = std::mem::take(&mut artifact.checksum);
        frame::append(bytes, &checksum.len());
        bytes.extend_from_slice(&checksum);
    }
}

/// Puts them back.
fn put_checksums(package: &mut Package, mut checksums: &[u8]) -> Result<(), Flaw> {
    for artifact in package.versions.iter_mut().flat_map(|version| &mut version.artifacts) {
        let (length, rest) = postcard::take_from_bytes(checksums).map_err(|_| "its checksums do not decode")?;
        let (checksum, rest) = rest.split_at_checked(length).ok_or("its checksums are cut off")?;
        artifact.checksum = checksum.to_vec();
        checksums = rest;
    }
    if checksums.is_empty() { Ok(()) } else { Err("it has more checksums than files") }
}

/// The revision that stands in front of a stored head or content.
pub(crate) fn revision_of(stored: &[u8]) -> Result<u64, Flaw> {
    stored.first_chunk::<REVISION>().map(|front| u64::from_le_bytes(*front)).ok_or("it is too short")
}

/// A stored head, which must be that of `key`.
pub(crate) fn decode_head(stored: &[u8], key: &PackageKey) -> Result<PackageHead, Flaw> {
    let revision = revision_of(stored)?;
    let head: PackageHead = frame::decode(&stored[REVISION..])?;
    match head {
        head if head.key != *key => Err("it is another package's"),
        head if head.revision != revision => Err("its revision is not the one in front of it"),
        head => Ok(head),
    }
}

/// A stored content, which must be the one that `head` speaks of.
pub(crate) fn decode_content(stored: &[u8], head: &PackageHead) -> Result<PackageContent, Flaw> {
    if revision_of(stored)? != head.content_revision {
        return Err("it is of another revision than its head says");
    }
    let (length, rest) = stored[REVISION..].split_first_chunk().ok_or("it is too short")?;
    let length = usize::try_from(u32::from_le_bytes(*length)).map_err(|_| "it is too long")?;
    let (checksums, framed) = rest.split_at_checked(length).ok_or("it is too short")?;
    let checksums = frame::open(checksums)?;
    let (key, mut content): (PackageKey, PackageContent) = frame::decode(framed)?;
    put_checksums(&mut content.package, &checksums)?;
    if key == head.key { Ok(content) } else { Err("it is another package's") }
}

/// A package record to write, with the events that tell what changed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PackageWrite {
    /// Which package.
    pub key: PackageKey,
    /// One more than that of the record it was made from, or 1.
    pub revision: u64,
    /// The record itself.
    pub encoded: EncodedRecord,
    /// What changed, in order. Empty if only times did.
    pub events: Vec<Event>,
}

impl PackageWrite {
    /// Encodes a record, with the `events` that tell what changed. Without `content` the stored one stays, which
    /// `head` must name as its own. Costly: see [`EncodedRecord::encode`].
    #[must_use]
    pub fn new(head: &PackageHead, content: Option<PackageContent>, events: Vec<Event>) -> Self {
        let encoded = EncodedRecord::encode(head, content);
        Self { key: head.key.clone(), revision: head.revision, encoded, events }
    }
}
