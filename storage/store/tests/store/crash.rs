//! A scripted history on a disk that fails at every operation in turn: what was acknowledged is there afterwards, and
//! what was not is there wholly or not at all.

use gleaner_model::{PackageRecord, Timestamp};
use gleaner_store::{Cursor, EventPage, Group, Recovered, RedbStore, Store, StoreError, StoredJob, StreamPosition};

use crate::build::{at, blocked, close, closures, commands, failed, head_alone, key, package, position, submit};
use crate::disk::{Disk, Left};
use crate::options;
use crate::suite::recovered;

const ENOSPC: i32 = 28;
const EIO: i32 = 5;

enum Step {
    Commit(Group),
    Forget(Timestamp),
}

/// Everything that the journal has: chunks that live, retire and are rewritten, packages, events, streams.
fn script() -> Vec<Step> {
    let mut second = commands((13..=16).map(|sequence| submit(sequence, 1)).chain([failed(17, 2, 1, 9)]));
    second.packages = vec![package("serde", 1, 3)];
    second.streams = vec![position("a", "s", 1, 3)];
    let mut third = closures((4..=12).map(|job| close(job, Some(job), 50)));
    third.commands = vec![blocked(18, "mirror.example", 70), submit(19, 19)];
    third.packages = vec![head_alone("serde", 2, 1), package("tokio", 1, 1)];
    vec![
        Step::Commit(commands((1..=12).map(|sequence| submit(sequence, sequence)))),
        Step::Commit(second),
        Step::Commit(third),
        Step::Forget(at(0)),
        Step::Commit(closures([close(1, None, 51), close(2, Some(2), 51), close(13, None, 52)])),
        Step::Commit(closures((14..=16).map(|job| close(job, Some(1), 60)))),
        Step::Forget(at(51)),
        Step::Commit(closures([close(3, Some(3), 61), close(19, Some(19), 61)])),
        Step::Forget(at(62)),
    ]
}

/// All that can be asked of a store.
#[derive(Debug, PartialEq)]
struct Known {
    next_sequence: u64,
    recovered: Vec<Recovered>,
    jobs: Vec<StoredJob>,
    packages: Vec<Option<PackageRecord>>,
    events: EventPage,
    stream: Option<StreamPosition>,
}

/// What the store on `content` knows, when it is opened.
fn known(content: Vec<u8>) -> Known {
    let store = RedbStore::with_backend(Disk::with(content), options()).unwrap();
    Known {
        next_sequence: store.opened().next_sequence,
        recovered: recovered(&store),
        jobs: store.jobs(None, 1_000).unwrap(),
        packages: ["serde", "tokio"].map(|name| store.package(&key(name)).unwrap()).into(),
        events: store.events(&Cursor::default(), 1_000).unwrap(),
        stream: store.stream("a", "s").unwrap(),
    }
}

fn run(store: &RedbStore, step: &Step) -> Result<(), StoreError> {
    match step {
        Step::Commit(group) => store.commit(group).map(|_| ()),
        Step::Forget(moment) => store.forget_before(*moment).map(|_| ()),
    }
}

/// What is known after each number of steps.
fn expected(steps: &[Step]) -> Vec<Known> {
    let disk = Disk::default();
    let store = RedbStore::with_backend(disk.clone(), options()).unwrap();
    let mut all = vec![known(disk.content())];
    for step in steps {
        run(&store, step).unwrap();
        all.push(known(disk.content()));
    }
    all
}

/// Runs the script until the disk fails at operation `nth`, if it does; tells how many steps were acknowledged.
fn run_until_failure(disk: &Disk, steps: &[Step], nth: usize, error: i32) -> usize {
    let store = RedbStore::with_backend(disk.clone(), options()).unwrap();
    disk.fail_at(nth, error);
    let mut done = 0;
    for step in steps {
        match run(&store, step) {
            Ok(()) => done += 1,
            Err(failure) => {
                assert!(matches!(&failure, StoreError::Io(_)), "{failure:?}");
                let after = store.commit(&Group::default());
                assert!(matches!(after, Err(StoreError::Io(_))), "a store that failed goes on");
                break;
            }
        }
    }
    done
}

/// Is `found` what `done` steps, or one more, leave? Forgetting is several steps in one, each whole in itself.
fn fits(found: &Known, all: &[Known], done: usize, steps: &[Step]) -> bool {
    let in_flight = matches!(steps.get(done), Some(Step::Forget(_)));
    let partly = || {
        let (before, after) = (&all[done], &all[done + 1]);
        let kept = |job: &StoredJob| found.jobs.contains(job);
        found.events == before.events
            && found.jobs.iter().all(|job| before.jobs.contains(job))
            && after.jobs.iter().all(kept)
    };
    all[done..].iter().take(2).any(|known| known == found) || (in_flight && partly())
}

#[test]
fn nothing_acknowledged_is_lost_whenever_the_disk_fails() {
    let steps = script();
    let all = expected(&steps);
    let mut failures = 0;
    for nth in 1.. {
        let error = if nth % 2 == 0 { ENOSPC } else { EIO };
        let disk = Disk::default();
        let done = run_until_failure(&disk, &steps, nth, error);
        if !disk.has_failed() {
            break;
        }
        failures += 1;
        for left in [Left::Nothing, Left::Everything, Left::EveryOther] {
            let found = known(disk.after_power_cut(left));
            assert!(fits(&found, &all, done, &steps), "failure at {nth}, {done} steps done, {left:?} left: {found:#?}");
        }
        let found = known(disk.content());
        assert!(fits(&found, &all, done, &steps), "failure at {nth}, {done} steps done: {found:#?}");
    }
    assert!(failures > 50, "the script has only {failures} operations");
}

/// A file that was cut off while it was made is no store, and `RedbStore::open` never gives it a store's name.
#[test]
fn a_power_cut_while_a_store_is_made_is_told() {
    for nth in 1.. {
        let disk = Disk::default();
        disk.fail_at(nth, EIO);
        let made = RedbStore::with_backend(disk.clone(), options());
        if !disk.has_failed() {
            assert!(made.is_ok());
            break;
        }
        assert!(matches!(made, Err(StoreError::Io(_))), "failure at {nth}: {made:?}");
        match RedbStore::with_backend(Disk::with(disk.after_power_cut(Left::Nothing)), options()) {
            Ok(store) => assert_eq!(store.opened().next_sequence, 1),
            Err(StoreError::Damaged(told)) => assert!(told.contains("is not a store"), "{told}"),
            Err(other) => panic!("failure at {nth}: {other}"),
        }
    }
}

#[test]
fn a_store_that_was_not_made_to_the_end_is_made_again() {
    let dir = tempfile::tempdir().unwrap();
    let unfinished = dir.path().join("gleaner.redb.new");
    std::fs::write(&unfinished, vec![0; 10_000]).unwrap();
    let store = RedbStore::open(dir.path(), options()).unwrap();
    store.commit(&commands([submit(1, 1)])).unwrap();
    drop(store);
    assert!(!unfinished.exists());
    assert_eq!(recovered(&RedbStore::open(dir.path(), options()).unwrap()).len(), 1);
}
