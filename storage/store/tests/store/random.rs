//! Random histories: after each step and each reopening, a store knows what the model knows.

use gleaner_store::{Group, RedbStore, Store};
use proptest::prelude::*;
use proptest::sample::Index;
use redb::{ReadableDatabase, ReadableTableMetadata, TableHandle, UntypedTableHandle};

use crate::build::{at, blocked, close, failed, submit};
use crate::disk::Disk;
use crate::model::Model;
use crate::upkeep::found;
use crate::{Open, options};

#[derive(Clone, Debug)]
enum Act {
    /// So many jobs, each its own task.
    Submit(usize),
    /// A job for a task that is open.
    Attach(Index),
    /// Sequence numbers that are never used.
    Skip(u64),
    /// A failed attempt.
    Fail(Index),
    /// One of three hosts, and how long it wants to be left alone.
    Block(u8, i64),
    /// One job ends by itself.
    Leave(Index),
    /// A task ends with all its jobs, or with one only.
    End(Index, bool),
    /// A job that may have ended already ends once more.
    Again(u64),
}

#[derive(Clone, Debug)]
enum Step {
    Commit(Vec<Act>),
    Forget(i64),
    Tidy,
    Reopen,
}

fn act() -> impl Strategy<Value = Act> {
    prop_oneof![
        4 => (1_usize..12).prop_map(Act::Submit),
        2 => any::<Index>().prop_map(Act::Attach),
        1 => prop_oneof![1_u64..5, 900_u64..1_100].prop_map(Act::Skip),
        2 => any::<Index>().prop_map(Act::Fail),
        1 => (0_u8..3, -20_i64..60).prop_map(|(host, ms)| Act::Block(host, ms)),
        4 => any::<Index>().prop_map(Act::Leave),
        8 => (any::<Index>(), any::<bool>()).prop_map(|(task, all)| Act::End(task, all)),
        1 => (1_u64..40).prop_map(Act::Again),
    ]
}

fn step() -> impl Strategy<Value = Step> {
    prop_oneof![
        12 => prop::collection::vec(act(), 1..14).prop_map(Step::Commit),
        2 => (0_i64..50).prop_map(Step::Forget),
        3 => Just(Step::Tidy),
        3 => Just(Step::Reopen),
    ]
}

/// Turns acts into one group, as a scheduler that knows `model` would.
fn group(model: &Model, acts: &[Act], now: i64) -> Group {
    let mut group = Group::default();
    let mut next = model.next.max(1);
    let (mut jobs, mut tasks) = (model.open_jobs(), model.open_tasks());
    for act in acts {
        match act {
            Act::Submit(count) => {
                for _ in 0..*count {
                    group.commands.push(submit(next, next));
                    jobs.push(next);
                    tasks.push(next);
                    next += 1;
                }
            }
            Act::Skip(count) => next += count,
            Act::Block(host, ms) => {
                group.commands.push(blocked(next, &format!("h{host}.example"), now + ms));
                next += 1;
            }
            Act::Attach(pick) if !tasks.is_empty() => {
                group.commands.push(submit(next, *pick.get(&tasks)));
                next += 1;
            }
            Act::Fail(pick) if !tasks.is_empty() => {
                let attempts = u32::try_from(next % 1_000).unwrap();
                group.commands.push(failed(next, *pick.get(&tasks), attempts, now));
                next += 1;
            }
            Act::Leave(pick) if !jobs.is_empty() => group.closures.push(close(*pick.get(&jobs), None, now)),
            Act::End(pick, all) if !tasks.is_empty() => {
                let task = *pick.get(&tasks);
                let waiting = if tasks.contains(&task) { model.waiting_for(task) } else { Vec::new() };
                let waiting = if waiting.is_empty() { vec![task] } else { waiting };
                let count = if *all { waiting.len() } else { 1 };
                group.closures.extend(waiting[..count].iter().map(|job| close(*job, Some(task), now)));
                tasks.retain(|open| *open != task);
            }
            Act::Again(job) if *job < model.next => group.closures.push(close(*job, None, now)),
            Act::Attach(_) | Act::Fail(_) | Act::Leave(_) | Act::End(..) | Act::Again(_) => {}
        }
    }
    group
}

/// Ends all that is open, and forgets it.
fn end_all(store: &dyn Store, model: &Model) {
    let mut group = Group::default();
    group.closures.extend(model.open_tasks().into_iter().map(|task| close(task, Some(task), 1_000)));
    group.closures.extend(model.open_jobs().into_iter().map(|job| close(job, None, 1_000)));
    store.commit(&group).unwrap();
    while store.forget_before(at(i64::MAX)).unwrap() {}
}

/// How many rows each table of a redb store has, `meta` left out.
fn rows(disk: &Disk) -> Vec<(String, u64)> {
    let database = redb::Builder::new().create_with_backend(disk.clone()).unwrap();
    let reading = database.begin_read().unwrap();
    let count = |handle: UntypedTableHandle| {
        let name = handle.name().to_owned();
        (name, reading.open_untyped_table(handle).unwrap().len().unwrap())
    };
    reading.list_tables().unwrap().map(count).filter(|(name, _)| name != "meta").collect()
}

fn tell(open: &Open, steps: &[Step]) {
    let mut model = Model::default();
    let mut store: Option<Box<dyn Store>> = Some(open());
    let mut epoch = store.as_ref().unwrap().opened().epoch;
    for (now, step) in (0..).step_by(10).zip(steps) {
        match step {
            Step::Commit(acts) => {
                let group = group(&model, acts, now);
                store.as_ref().unwrap().commit(&group).unwrap();
                model.commit(&group);
            }
            Step::Forget(ago) => {
                model.forgotten = model.forgotten.max(now - ago);
                store.as_ref().unwrap().forget_before(at(now - ago)).unwrap();
            }
            Step::Tidy => _ = store.as_ref().unwrap().forget_before(at(i64::MIN)).unwrap(),
            Step::Reopen => {
                drop(store.take());
                let again = open();
                assert!(again.opened().epoch > epoch);
                assert_eq!(again.opened().next_sequence, model.next.max(1));
                epoch = again.opened().epoch;
                store = Some(again);
            }
        }
        model.check(&**store.as_ref().unwrap());
        assert_eq!(found(&*store.as_ref().unwrap().snapshot().unwrap()).0, [], "a check finds flaws where none are");
    }
    end_all(&**store.as_ref().unwrap(), &model);
}

proptest! {
    #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn redb_knows_what_the_model_knows(steps in prop::collection::vec(step(), 1..20)) {
        let disk = Disk::default();
        let place = disk.clone();
        let open: Open =
            Box::new(move || Box::new(RedbStore::with_backend(place.clone(), options()).unwrap()));
        tell(&open, &steps);
        for (table, rows) in rows(&disk) {
            prop_assert_eq!(rows, 0, "what has ended and is forgotten still takes room in {}", table);
        }
    }
}
