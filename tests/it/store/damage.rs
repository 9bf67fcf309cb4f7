//! A damaged store is told to be, with the place and the flaw, and that is an answer: exit code 1.

use std::io::{Read, Seek, SeekFrom, Write};
use std::path::{Path, PathBuf};

use redb::{Database, ReadableTable, TableDefinition};

use super::{crawled, last, live, stopped};
use crate::support::documents::fixtures;
use crate::support::{Ended, Place, Replay, Scheduler};

const PACKAGES: TableDefinition<'_, &[u8], &[u8]> = TableDefinition::new("packages");

/// Changes the last byte of the first package's value, as a failing memory would before a write.
fn damage_a_value(data: &Path) {
    let database = Database::open(data.join("gleaner.redb")).unwrap();
    let writing = database.begin_write().unwrap();
    {
        let mut packages = writing.open_table(PACKAGES).unwrap();
        let (key, mut value) = {
            let first = packages.first().unwrap().unwrap();
            (first.0.value().to_vec(), first.1.value().to_vec())
        };
        *value.last_mut().unwrap() ^= 1;
        packages.insert(key.as_slice(), value.as_slice()).unwrap();
    }
    writing.commit().unwrap();
}

/// Some pack of documents.
fn a_pack(data: &Path) -> PathBuf {
    let first = |path: &Path| std::fs::read_dir(path).unwrap().next().unwrap().unwrap().path();
    first(&first(&data.join("documents")))
}

fn flaws(ended: &Ended) -> Vec<(String, String)> {
    let rows = ended.objects();
    let flaws = rows.iter().filter(|row| row["flaw"].is_string());
    let text = |value: &serde_json::Value| value.as_str().unwrap().to_owned();
    flaws.map(|row| (text(&row["table"]), text(&row["flaw"]))).collect()
}

#[test]
fn a_value_that_is_not_to_be_believed_is_named_live_and_stopped() {
    let place = Place::new();
    let replay = Replay::start(&place, &fixtures(), &[]);
    let data = crawled(&place, &replay);
    damage_a_value(&data);
    let found = stopped(&place, &["check"], &data).expect(1);
    let named = flaws(&found);
    // The package's content cannot be believed either without its head.
    assert_eq!(named.iter().map(|(table, _)| table.as_str()).collect::<Vec<_>>(), ["packages", "contents"]);
    assert!(named[0].1.contains("checksum"), "{named:?}");
    assert_eq!((&last(&found)["sound"], last(&found)["flaws"].as_u64()), (&false.into(), Some(named.len() as u64)));
    let for_people = place.gleaner(["store", "check", "--data"]).arg(&data).run().expect(1);
    assert!(for_people.stdout.contains("damaged: packages"), "{}", for_people.stdout);
    let scheduler = Scheduler::start(&place, &data, &replay.addresses, &[]);
    assert_eq!(flaws(&live(&place, &["check"], &scheduler).expect(1)), named);
}

#[test]
fn packs_that_are_missing_or_cut_off_or_other_bytes_are_found_by_reading_them() {
    let place = Place::new();
    let replay = Replay::start(&place, &fixtures(), &[]);
    let data = crawled(&place, &replay);
    let pack = a_pack(&data);
    let bytes = std::fs::read(&pack).unwrap();
    let mut other = bytes.clone();
    let middle = other.len() / 2;
    other[middle] ^= 1;
    for (damaged, flaw) in [(Some(&bytes[..bytes.len() - 1]), "shorter"), (Some(&other[..]), ""), (None, "missing")] {
        match damaged {
            Some(bytes) => std::fs::write(&pack, bytes).unwrap(),
            None => std::fs::remove_file(&pack).unwrap(),
        }
        stopped(&place, &["check"], &data).expect(0);
        let named = flaws(&stopped(&place, &["check", "--read-documents"], &data).expect(1));
        assert!(!named.is_empty() && named.iter().all(|(table, _)| table == "document bytes"), "{named:?}");
        assert!(named.iter().any(|(_, told)| told.contains(flaw)), "{named:?}");
    }
    let to = place.path("backup");
    let refused = stopped(&place, &["backup", to.to_str().unwrap()], &data).expect(1);
    assert!(refused.stderr.contains("there is no pack"), "{}", refused.stderr);
    let served = place.gleaner(["serve", "--listen", "127.0.0.1:0", "--data"]).arg(&to);
    let served = served.args(replay.addresses.flags()).run().expect(3);
    assert!(served.stderr.contains("not whole"), "{}", served.stderr);
}

#[test]
fn pages_that_others_changed_are_found() {
    let place = Place::new();
    let replay = Replay::start(&place, &fixtures(), &[]);
    let data = crawled(&place, &replay);
    let path = data.join("gleaner.redb");
    let page = where_a_value_is(&path);
    let mut file = std::fs::File::options().read(true).write(true).open(path).unwrap();
    let mut byte = [0];
    file.seek(SeekFrom::Start(page)).unwrap();
    file.read_exact(&mut byte).unwrap();
    file.seek(SeekFrom::Start(page)).unwrap();
    file.write_all(&[byte[0] ^ 0xFF]).unwrap();
    drop(file);
    let found = stopped(&place, &["check"], &data).expect(1);
    assert!(!flaws(&found).is_empty(), "{}", found.stdout);
}

/// Where in the file the first package's value is.
fn where_a_value_is(path: &Path) -> u64 {
    let value = {
        let database = Database::open(path).unwrap();
        let reading = redb::ReadableDatabase::begin_read(&database).unwrap();
        reading.open_table(PACKAGES).unwrap().first().unwrap().unwrap().1.value().to_vec()
    };
    let bytes = std::fs::read(path).unwrap();
    // The latest copy is what is in use; earlier ones may be left in free pages, and are changed as well.
    let at = bytes.windows(value.len()).rposition(|window| window == value).unwrap();
    at as u64
}
