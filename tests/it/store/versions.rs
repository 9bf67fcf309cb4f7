//! What a newer version wrote is refused, untouched; what an older one wrote is brought up to date by whoever opens it as a
//! store, and by nobody who only looks at it.

use std::path::Path;

use redb::{Database, ReadableDatabase, ReadableTable, TableDefinition};

use super::{crawled, last, stopped, told};
use crate::support::documents::fixtures;
use crate::support::{Place, Replay, Scheduler};

const META: TableDefinition<'_, &str, &[u8]> = TableDefinition::new("meta");
const HOSTS: TableDefinition<'_, &str, &[u8]> = TableDefinition::new("hosts");

fn format(data: &Path) -> u32 {
    let database = Database::open(data.join("gleaner.redb")).unwrap();
    let meta = database.begin_read().unwrap().open_table(META).unwrap();
    let format = meta.get("format").unwrap().unwrap();
    u32::from_le_bytes(format.value().try_into().unwrap())
}

/// Format, epoch and counters: whoever commits anything changes them.
fn meta(data: &Path) -> Vec<(String, Vec<u8>)> {
    let database = Database::open(data.join("gleaner.redb")).unwrap();
    let meta = database.begin_read().unwrap().open_table(META).unwrap();
    let rows = meta.iter().unwrap().map(Result::unwrap);
    rows.map(|(key, value)| (key.value().to_owned(), value.value().to_vec())).collect()
}

fn set_format(data: &Path, format: u32) {
    let database = Database::open(data.join("gleaner.redb")).unwrap();
    let writing = database.begin_write().unwrap();
    writing.open_table(META).unwrap().insert("format", format.to_le_bytes().as_slice()).unwrap();
    writing.commit().unwrap();
}

#[test]
fn a_store_of_a_newer_version_is_refused_by_everyone_and_stays_as_it_is() {
    let place = Place::new();
    let replay = Replay::start(&place, &fixtures(), &[]);
    let data = crawled(&place, &replay);
    let known = format(&data);
    set_format(&data, known + 1);
    let before = meta(&data);
    let backup = place.path("backup");
    let serve = ["serve", "--listen", "127.0.0.1:0"];
    let calls: [&[&str]; 5] = [
        &serve,
        &["jobs", "list"],
        &["store", "check"],
        &["store", "compact"],
        &["store", "backup", backup.to_str().unwrap()],
    ];
    for call in calls {
        let program = place.gleaner(call).arg("--data").arg(&data);
        let program = if call == serve { program.args(replay.addresses.flags()) } else { program };
        let refused = program.run().expect(3);
        let why = format!("has format {}, and this version reads up to {known}; use a newer gleaner", known + 1);
        assert!(refused.stderr.contains(&why), "{call:?}: {}", refused.stderr);
    }
    assert_eq!(meta(&data), before, "each opening of a store raises its epoch; a refused one must not");
    set_format(&data, known);
    assert_eq!(last(&stopped(&place, &["check"], &data).expect(0))["sound"], true);
    assert!(!backup.exists(), "nothing is begun");
}

/// Format 3 is this one without the table of hosts' settings, in a store of which nobody asked anything yet. What older
/// formats say of jobs and packages is tried by the store's own tests, step by step.
#[test]
fn a_store_of_an_older_version_is_upgraded_when_it_is_opened_and_not_when_it_is_looked_at() {
    let place = Place::new();
    let replay = Replay::start(&place, &fixtures(), &[]);
    let data = place.path("data");
    drop(Scheduler::start(&place, &data, &replay.addresses, &[]));
    let (known, before) = (format(&data), told(&place, &data));
    let database = Database::open(data.join("gleaner.redb")).unwrap();
    let writing = database.begin_write().unwrap();
    writing.delete_table(HOSTS).unwrap();
    writing.commit().unwrap();
    drop(database);
    set_format(&data, 3);
    let looked = stopped(&place, &["check"], &data).expect(3);
    assert!(looked.stderr.contains("has format 3") && looked.stderr.contains("start a scheduler"), "{}", looked.stderr);
    assert_eq!(format(&data), 3);
    drop(Scheduler::start(&place, &data, &replay.addresses, &[]));
    assert_eq!(format(&data), known);
    assert_eq!(last(&stopped(&place, &["check"], &data).expect(0))["sound"], true);
    assert_eq!(told(&place, &data), before);
}
