//! Room goes back to the disk; whoever is killed over that has lost nothing.

use std::fs::File;
use std::path::{Path, PathBuf};
use std::thread::sleep;
use std::time::{Duration, Instant, SystemTime};

use redb::{Database, TableDefinition};

use super::{crawled, last, live, stopped, told};
use crate::support::documents::fixtures;
use crate::support::{Place, Replay, Scheduler};

const CONTENTS: TableDefinition<'_, &[u8], &[u8]> = TableDefinition::new("contents");

/// How often a compaction is killed, at moments that lie evenly over the time that one takes.
const KILLS: u32 = 10;

/// Rows of a kilobyte: enough pages that moving them takes a while.
const ROWS: u64 = 30_000;

/// A store whose file is mostly free pages, with what is in use at its end as well as at its beginning.
fn swollen(place: &Place, replay: &Replay) -> PathBuf {
    let data = crawled(place, replay);
    let database = Database::open(data.join("gleaner.redb")).unwrap();
    let keys = || (0..ROWS).map(|nth| format!("~{:016x}", nth.wrapping_mul(0x9E37_79B9_7F4A_7C15)));
    let writing = database.begin_write().unwrap();
    for key in keys() {
        writing.open_table(CONTENTS).unwrap().insert(key.as_bytes(), [7; 1_024].as_slice()).unwrap();
    }
    writing.commit().unwrap();
    drop(database);
    // What is written now lies behind all of that.
    let refresh = place.gleaner(["refresh"]).args(super::purls()).args(replay.addresses.flags()).arg("--data");
    refresh.arg(&data).run().expect(0);
    let database = Database::open(data.join("gleaner.redb")).unwrap();
    let writing = database.begin_write().unwrap();
    for key in keys() {
        writing.open_table(CONTENTS).unwrap().remove(key.as_bytes()).unwrap();
    }
    writing.commit().unwrap();
    data
}

/// The same store in another directory, without documents.
fn copy_of(place: &Place, data: &Path) -> PathBuf {
    let to = place.path("copy");
    std::fs::create_dir_all(&to).unwrap();
    std::fs::copy(data.join("gleaner.redb"), to.join("gleaner.redb")).unwrap();
    to
}

#[test]
fn a_file_becomes_shorter_and_a_killed_compaction_loses_nothing() {
    let place = Place::new();
    let replay = Replay::start(&place, &fixtures(), &[]);
    let data = swollen(&place, &replay);
    let before = told(&place, &data);
    let length = |data: &Path| std::fs::metadata(data.join("gleaner.redb")).unwrap().len();

    let copy = copy_of(&place, &data);
    let begun = Instant::now();
    let done = stopped(&place, &["compact"], &copy).expect(0).object();
    let takes = begun.elapsed();
    assert_eq!(
        (done["before_bytes"].as_u64(), done["after_bytes"].as_u64()),
        (Some(length(&data)), Some(length(&copy)))
    );
    assert!(length(&copy) * 4 < length(&data), "{done}");
    assert_eq!(told(&place, &copy), before);

    for nth in 1..=KILLS {
        let copy = copy_of(&place, &data);
        let mut killed = place.gleaner(["store", "compact", "--data"]).arg(&copy).spawn();
        sleep(takes * nth / (KILLS + 1));
        killed.kill();
        let checked = stopped(&place, &["check"], &copy).expect(0);
        assert_eq!(last(&checked)["sound"], true, "killed after {nth}/{} of {takes:?}", KILLS + 1);
        assert_eq!(told(&place, &copy), before);
    }
}

/// A pack that nothing refers to, of a certain age.
fn garbage(data: &Path, digit: char, age: Duration) -> PathBuf {
    let name: String = std::iter::repeat_n(digit, 64).collect();
    let path = data.join("documents").join(&name[..2]).join(format!("{}.pack", &name[2..]));
    std::fs::create_dir_all(path.parent().unwrap()).unwrap();
    let file = File::create(&path).unwrap();
    file.set_len(1_000).unwrap();
    file.set_modified(SystemTime::now() - age).unwrap();
    path
}

#[test]
fn packs_that_nothing_refers_to_go_when_they_are_a_day_old_live_and_stopped() {
    let place = Place::new();
    let replay = Replay::start(&place, &fixtures(), &[]);
    let data = crawled(&place, &replay);
    let (hour, days) = (Duration::from_secs(3_600), Duration::from_secs(48 * 3_600));
    let young = garbage(&data, 'a', hour);
    let old = garbage(&data, 'b', days);
    let done = stopped(&place, &["compact"], &data).expect(0).object();
    assert_eq!((done["deleted_packs"].as_u64(), done["deleted_pack_bytes"].as_u64()), (Some(1), Some(1_000)));
    assert!(young.exists() && !old.exists());

    let scheduler = Scheduler::start(&place, &data, &replay.addresses, &[]);
    let old = garbage(&data, 'b', days);
    let done = live(&place, &["compact"], &scheduler).expect(0).object();
    assert_eq!((done["deleted_packs"].as_u64(), &done["after_bytes"]), (Some(1), &serde_json::Value::Null));
    assert!(young.exists() && !old.exists());
    assert_eq!(last(&live(&place, &["check", "--read-documents"], &scheduler).expect(0))["sound"], true);
}
