//! Format 2: package records in two values, and documents in packs.
//!
//! In format 1 a record was one value under `packages`: its revision, then a frame with all of it. Its documents were
//! objects of their own, which this version does not find any more. So records forget where they came from, unless the
//! places of their documents are known: they keep their facts, and the next look at the package fetches it anew and keeps
//! the document.
//!
//! The structures here are format 1's as they were, and stay so whatever becomes of those of today.

use redb::{ReadableTable, Table, TableDefinition, TableHandle, WriteTransaction};
use serde::{Deserialize, Serialize};

use gleaner_model::{
    Dependencies, Document, Ecosystem, Outline, PackageHead, PackageKey, Presence, Source, Timestamp, Validators,
};

use crate::documents::STORED_BYTES;
use crate::frame::{self, Flaw};
use crate::{EncodedRecord, StoreError};

use super::super::errors::{damaged, storage, table};
use super::super::tables::{CONTENTS, DOCUMENTS, PACKAGES};
use super::old_content::{self, OldContent, OldPackage};

/// Where the old records stand while the new ones are written; gone when the transaction ends.
const OLD: TableDefinition<'_, &[u8], &[u8]> = TableDefinition::new("packages.1");

/// Bytes before the frame: the revision.
const FRONT: usize = 8;

/// A record of format 1.
#[derive(Serialize, Deserialize)]
pub(super) struct Record {
    pub(super) key: PackageKey,
    pub(super) revision: u64,
    pub(super) presence: Presence,
    pub(super) package: OldPackage,
    pub(super) source: Option<OldSource>,
    pub(super) last_attempt: Timestamp,
    pub(super) last_success: Option<Timestamp>,
    pub(super) last_change: Option<Timestamp>,
    pub(super) missing_since: Option<Timestamp>,
    pub(super) next_due: Timestamp,
}

/// Its source.
#[derive(Serialize, Deserialize)]
pub(super) struct OldSource {
    pub(super) documents: Vec<Document>,
    pub(super) validators: Validators,
    pub(super) fetched_at: Timestamp,
}

type Places<'a> = Table<'a, [u8; 32], [u8; STORED_BYTES]>;

/// Rewrites every record.
pub(super) fn run(writing: &WriteTransaction) -> Result<(), StoreError> {
    if !writing.list_tables().map_err(storage)?.any(|found| found.name() == PACKAGES.name()) {
        return Ok(());
    }
    writing.rename_table(PACKAGES, OLD).map_err(table)?;
    let (mut heads, mut contents) =
        (writing.open_table(PACKAGES).map_err(table)?, writing.open_table(CONTENTS).map_err(table)?);
    let places: Places<'_> = writing.open_table(DOCUMENTS).map_err(table)?;
    let old = writing.open_table(OLD).map_err(table)?;
    for row in old.iter().map_err(storage)? {
        let (key, stored) = row.map_err(storage)?;
        let name = || String::from_utf8_lossy(key.value()).into_owned();
        let record = decode(stored.value()).map_err(|flaw| damaged("packages", name(), flaw))?;
        let (head, content) = split(record, |document| Ok(places.get(document.hash.0).map_err(storage)?.is_some()))?;
        heads.insert(key.value(), EncodedRecord::encode(&head, None).head()).map_err(storage)?;
        if let Some(content) = content {
            contents.insert(key.value(), &*old_content::encode(&head, content)).map_err(storage)?;
        }
    }
    drop(old);
    writing.delete_table(OLD).map(drop).map_err(table)
}

fn decode(stored: &[u8]) -> Result<Record, Flaw> {
    let (revision, framed) = stored.split_first_chunk::<FRONT>().ok_or("it is too short")?;
    let record: Record = frame::decode(framed)?;
    let agrees = record.revision == u64::from_le_bytes(*revision);
    if agrees { Ok(record) } else { Err("its revision is not the one in front of it") }
}

/// The two parts of a record; the second only if there is something in it.
fn split(
    record: Record,
    is_kept: impl Fn(&Document) -> Result<bool, StoreError>,
) -> Result<(PackageHead, Option<OldContent>), StoreError> {
    let (source, more_documents) = match record.source {
        Some(source) => split_source(source, is_kept)?,
        None => (None, Vec::new()),
    };
    let content = OldContent { package: record.package, more_documents };
    let content = (content != OldContent::default()).then_some(content);
    let outline = content
        .as_ref()
        .map_or_else(Outline::default, |content| outline(&content.package, record.key.purl().ecosystem()));
    let head = PackageHead {
        key: record.key,
        revision: record.revision,
        content_revision: if content.is_some() { record.revision } else { 0 },
        presence: record.presence,
        source,
        last_attempt: record.last_attempt,
        last_success: record.last_success,
        last_change: record.last_change,
        missing_since: record.missing_since,
        next_due: record.next_due,
        outline,
    };
    Ok((head, content))
}

fn split_source(
    source: OldSource,
    is_kept: impl Fn(&Document) -> Result<bool, StoreError>,
) -> Result<(Option<Source>, Vec<Document>), StoreError> {
    for document in &source.documents {
        if !is_kept(document)? {
            return Ok((None, Vec::new()));
        }
    }
    let OldSource { documents, validators, fetched_at } = source;
    let mut documents = documents.into_iter();
    let source = documents.next().map(|document| Source { document, validators, fetched_at });
    Ok((source, documents.collect()))
}

/// The outline as it was first defined.
fn outline(package: &OldPackage, ecosystem: Ecosystem) -> Outline {
    let versions = &package.versions;
    let settled = versions.iter().filter(|version| version.dependencies.is_settled());
    Outline {
        versions: u32::try_from(versions.len()).unwrap_or(u32::MAX),
        latest: package.latest.clone(),
        last_published: versions.iter().filter_map(|version| version.published_at).max(),
        pending: versions.iter().any(|version| version.dependencies == Dependencies::Pending),
        settled: match ecosystem {
            Ecosystem::Pypi => settled.map(|version| version.number.clone()).collect(),
            Ecosystem::Cargo | Ecosystem::Npm => Vec::new(),
        },
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]

    use gleaner_model::{ContentHash, PackageContent, Purl};
    use redb::Database;

    use super::super::old_content::OldVersion;
    use super::*;
    use crate::redb::open::FILE;
    use crate::redb::tables::{EVENTS, META, STREAMS, State};
    use crate::{Place, RedbOptions, RedbStore, Store};

    fn key(purl: &str) -> PackageKey {
        PackageKey::in_default_registry(&purl.parse::<Purl>().unwrap())
    }

    fn record(purl: &str, package: OldPackage, documents: &[u8]) -> Record {
        let at = Timestamp::from_millis;
        let document =
            |nth: &u8| Document { hash: ContentHash([*nth; 32]), length: 10, url: "http://127.0.0.1/".to_owned() };
        let documents: Vec<Document> = documents.iter().map(document).collect();
        let validators = Validators { etag: Some("\"1\"".to_owned()), last_modified: None };
        Record {
            key: key(purl),
            revision: 3,
            presence: Presence::Present,
            package,
            source: (!documents.is_empty()).then_some(OldSource { documents, validators, fetched_at: at(5) }),
            last_attempt: at(7),
            last_success: Some(at(6)),
            last_change: Some(at(5)),
            missing_since: None,
            next_due: at(9),
        }
    }

    fn facts() -> OldPackage {
        let version = |number: &str, dependencies| OldVersion {
            number: number.to_owned(),
            published_at: Some(Timestamp::from_millis(4)),
            yank: None,
            deprecated: None,
            licence: None,
            runtime: None,
            dependencies,
            features: Vec::new(),
            artifacts: Vec::new(),
        };
        let versions = vec![version("1.0", Dependencies::Fetched(Vec::new())), version("2.0", Dependencies::Pending)];
        OldPackage { latest: Some("2.0".to_owned()), versions, ..OldPackage::default() }
    }

    /// A store as a version of format 1 left it, before there were places of documents.
    fn store(dir: &std::path::Path, records: &[Record], places: &[u8]) {
        let database = Database::create(dir.join(FILE)).unwrap();
        let writing = database.begin_write().unwrap();
        {
            let mut meta = writing.open_table(META).unwrap();
            meta.insert("format", 1_u32.to_le_bytes().as_slice()).unwrap();
            meta.insert("epoch", 4_u64.to_le_bytes().as_slice()).unwrap();
            meta.insert("state", State { next_sequence: 9, ..State::FIRST }.to_bytes().as_slice()).unwrap();
            let mut packages = writing.open_table(PACKAGES).unwrap();
            for record in records {
                let stored = [record.revision.to_le_bytes().as_slice(), &frame::encode(record, 1)].concat();
                packages.insert(record.key.to_text().as_bytes(), stored.as_slice()).unwrap();
            }
            writing.open_table(EVENTS).unwrap();
            writing.open_table(STREAMS).unwrap();
            for place in places {
                let at = Place { pack: ContentHash([9; 32]), offset: 1, length: 2 };
                writing.open_table(DOCUMENTS).unwrap().insert([*place; 32], at.to_bytes()).unwrap();
            }
        }
        writing.commit().unwrap();
    }

    #[test]
    fn records_of_format_1_are_split_and_keep_their_facts() {
        let dir = tempfile::tempdir().unwrap();
        let kept = record("pkg:pypi/flask", facts(), &[1, 2]);
        let lost = record("pkg:cargo/serde", facts(), &[3]);
        let mut absent = record("pkg:npm/nowhere", OldPackage::default(), &[]);
        absent.presence = Presence::NotFound;
        store(dir.path(), &[kept, lost, absent], &[1, 2]);
        let store = RedbStore::open(dir.path(), RedbOptions::default()).unwrap();
        assert_eq!((store.opened().epoch, store.opened().next_sequence), (5, 9));

        let flask = store.package(&key("pkg:pypi/flask")).unwrap().unwrap();
        assert_eq!(flask.content.package, facts().into());
        assert_eq!((flask.head.revision, flask.head.content_revision), (3, 3));
        assert_eq!((flask.head.outline.versions, flask.head.outline.pending), (2, true));
        assert_eq!(flask.head.outline.settled, ["1.0"]);
        let source = flask.head.source.unwrap();
        assert_eq!((source.document.hash, source.validators), (ContentHash([1; 32]), Validators::default()));
        assert_eq!(flask.content.more_documents.len(), 1);

        let serde = store.package(&key("pkg:cargo/serde")).unwrap().unwrap();
        assert_eq!((serde.content.package, serde.head.source), (facts().into(), None), "its document is nowhere");
        let nowhere = store.package(&key("pkg:npm/nowhere")).unwrap().unwrap();
        assert_eq!((nowhere.head.presence, nowhere.head.content_revision), (Presence::NotFound, 0));
        assert_eq!(nowhere.content, PackageContent::default());
    }

    #[test]
    fn a_damaged_record_stops_the_upgrade_and_nothing_is_changed() {
        let dir = tempfile::tempdir().unwrap();
        store(dir.path(), &[record("pkg:cargo/serde", facts(), &[])], &[]);
        let before = {
            let database = Database::open(dir.path().join(FILE)).unwrap();
            let writing = database.begin_write().unwrap();
            {
                let mut packages = writing.open_table(PACKAGES).unwrap();
                packages.insert(b"broken".as_slice(), b"12345678broken".as_slice()).unwrap();
            }
            writing.commit().unwrap();
            2
        };
        for _ in 0..2 {
            let refused = RedbStore::open(dir.path(), RedbOptions::default()).unwrap_err().to_string();
            assert!(refused.contains("cannot be upgraded") && refused.contains("broken"), "{refused}");
        }
        let database = Database::open(dir.path().join(FILE)).unwrap();
        let reading = redb::ReadableDatabase::begin_read(&database).unwrap();
        assert_eq!(super::super::format(&reading).unwrap(), Some(1));
        let packages = reading.open_table(PACKAGES).unwrap();
        assert_eq!(redb::ReadableTableMetadata::len(&packages).unwrap(), before);
    }
}
