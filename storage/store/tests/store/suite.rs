//! What every engine must do. `fresh` gives a new place each time; a place can be opened again and again.

use std::sync::atomic::{AtomicBool, Ordering};

use gleaner_model::{ContentHash, JobId, PackageContent, PackageRecord};
use gleaner_store::{Command, Cursor, Group, Place, Recovered, Store, StoreError};

use crate::build::{
    at, blocked, close, closures, commands, failed, head, head_alone, key, package, position, record, submit,
};
use crate::{Open, orders, resolutions};

pub(crate) fn run(fresh: impl Fn() -> Open) {
    opens_with_a_higher_epoch(&fresh());
    keeps_open_jobs_and_results(&fresh());
    keeps_the_maker_of_an_open_task(&fresh());
    ends_two_tasks_with_one_job(&fresh());
    recovers_in_order(&fresh());
    lists_newest_first(&fresh());
    takes_large_and_mixed_groups(&fresh());
    closes_a_job_once(&fresh());
    refuses_wrong_numbers(&fresh());
    checks_revisions(&fresh());
    keeps_the_content_under_a_new_head(&fresh());
    pages_events(&fresh());
    keeps_stream_positions(&fresh());
    keeps_places(&fresh());
    orders::run(&fresh);
    resolutions::run(&fresh);
    forgets(&fresh());
    knows_what_was_known_before_a_row_was_rewritten(&fresh());
    for reopens in [false, true] {
        keeps_closures_that_others_rely_on(&fresh(), reopens);
    }
    forgets_a_row_by_its_latest_end(&fresh());
    a_later_wish_holds_even_if_it_is_shorter(&fresh());
    readers_see_whole_commits(&fresh());
}

pub(crate) fn recovered(store: &dyn Store) -> Vec<Recovered> {
    let mut all = Vec::new();
    store.recover(&mut |one| all.push(one)).unwrap();
    all
}

fn open_jobs(store: &dyn Store) -> Vec<u64> {
    let job = |one| match one {
        Recovered::Job { job, open: true, .. } => Some(job.0),
        _ => None,
    };
    recovered(store).into_iter().filter_map(job).collect()
}

/// Forgets all that may be forgotten.
pub(crate) fn forget(store: &dyn Store, moment: i64) {
    while store.forget_before(at(moment)).unwrap() {}
}

fn opens_with_a_higher_epoch(open: &Open) {
    let first = open().opened();
    let store = open();
    assert!(store.opened().epoch > first.epoch);
    let next = store.opened().next_sequence;
    assert_eq!(next, first.next_sequence);
    store.commit(&commands([submit(next + 5, next + 5)])).unwrap();
    drop(store);
    assert_eq!(open().opened().next_sequence, next + 6);
}

fn keeps_open_jobs_and_results(open: &Open) {
    let store = open();
    store.commit(&commands([submit(10, 10), submit(11, 11), submit(12, 11)])).unwrap();
    store.commit(&closures([close(11, Some(11), 100), close(12, Some(11), 100)])).unwrap();
    let check = |store: &dyn Store| {
        assert_eq!(open_jobs(store), [10]);
        let ended = store.job(JobId(12)).unwrap().unwrap();
        assert_eq!((ended.submit, ended.result), (submit(12, 11).1, Some(close(12, None, 100).result)));
        let waiting = store.job(JobId(10)).unwrap().unwrap();
        assert_eq!((waiting.submit, waiting.result), (submit(10, 10).1, None));
        assert_eq!(store.job(JobId(9)).unwrap(), None);
        assert_eq!(store.job(JobId(13)).unwrap(), None);
        assert_eq!(store.neighbours(JobId(12)).unwrap(), [(JobId(10), submit(10, 10).1)]);
    };
    check(&*store);
    drop(store);
    let store = open();
    check(&*store);
    store.commit(&closures([close(10, Some(10), 101)])).unwrap();
    assert_eq!(recovered(&*store), []);
    assert_eq!(store.job(JobId(10)).unwrap().unwrap().result, Some(close(10, None, 101).result));
    assert_eq!(store.neighbours(JobId(10)).unwrap(), []);
    drop(store);
    assert_eq!(open().job(JobId(11)).unwrap().unwrap().result, Some(close(11, None, 100).result));
}

/// The job that made a task may end before the task does: it is cancelled, and another one waits on.
fn keeps_the_maker_of_an_open_task(open: &Open) {
    let store = open();
    store.commit(&commands([submit(1, 1)])).unwrap();
    store.commit(&commands([submit(2, 1)])).unwrap();
    store.commit(&closures([close(1, None, 5)])).unwrap();
    drop(store);
    let store = open();
    let expected = [
        Recovered::Job { job: JobId(1), open: false, submit: submit(1, 1).1 },
        Recovered::Job { job: JobId(2), open: true, submit: submit(2, 1).1 },
    ];
    assert_eq!(recovered(&*store), expected);
    store.commit(&closures([close(2, Some(1), 6)])).unwrap();
    drop(store);
    let store = open();
    assert_eq!(recovered(&*store), []);
    assert_eq!(store.job(JobId(1)).unwrap().unwrap().result, Some(close(1, None, 5).result));
}

/// A job that made a task may go over to another one; then both end with it, each by a closure of its own.
fn ends_two_tasks_with_one_job(open: &Open) {
    let store = open();
    store.commit(&commands([submit(1, 1), submit(2, 2)])).unwrap();
    store.commit(&closures([close(1, Some(2), 5), close(2, Some(2), 5), close(1, Some(1), 5)])).unwrap();
    assert_eq!(recovered(&*store), []);
    drop(store);
    let store = open();
    assert_eq!(recovered(&*store), []);
    assert_eq!(store.job(JobId(1)).unwrap().unwrap().result, Some(close(1, None, 5).result));
    forget(&*store, 6);
    assert_eq!(store.jobs(None, 10).unwrap(), []);
}

fn recovers_in_order(open: &Open) {
    let store = open();
    let group = [submit(1, 1), failed(2, 1, 1, 50), blocked(3, "mirror.example", 900), submit(4, 4)];
    store.commit(&commands(group)).unwrap();
    store.commit(&commands([failed(5, 1, 2, 60), failed(6, 4, 1, 70), blocked(7, "mirror.example", 800)])).unwrap();
    store.commit(&closures([close(4, Some(4), 10)])).unwrap();
    let check = |store: &dyn Store| {
        let all = recovered(store);
        let [
            Recovered::Job { job, open: true, .. },
            Recovered::AttemptFailed { task, attempts, retry_at },
            Recovered::HostBlocked { host, until },
        ] = all.as_slice()
        else {
            panic!("{all:?}")
        };
        assert_eq!((job.0, task.0, *attempts, *retry_at), (1, 1, 2, at(60)));
        assert_eq!((host.as_str(), *until), ("mirror.example", at(800)));
    };
    check(&*store);
    drop(store);
    check(&*open());
}

fn lists_newest_first(open: &Open) {
    let store = open();
    for first in (1..=50).step_by(10) {
        store.commit(&commands((first..first + 10).map(|sequence| submit(sequence, sequence)))).unwrap();
    }
    store.commit(&closures((11..=23).map(|job| close(job, Some(job), 1)))).unwrap();
    let ids = |before: Option<u64>, limit| {
        let jobs = store.jobs(before.map(JobId), limit).unwrap();
        jobs.iter().map(|job| (job.job.0, job.result.is_some())).collect::<Vec<_>>()
    };
    let all = (1..=50).rev().map(|job| (job, (11..=23).contains(&job))).collect::<Vec<_>>();
    assert_eq!(ids(None, 100), all);
    assert_eq!(ids(None, 7), all[..7]);
    assert_eq!(ids(Some(24), 13), all[27..40]);
    assert_eq!(ids(Some(1), 5), []);
    assert_eq!(ids(None, 0), []);
}

fn takes_large_and_mixed_groups(open: &Open) {
    const JOBS: u64 = 5_000;
    let store = open();
    let mut group = commands((1..=JOBS).map(|sequence| submit(sequence, sequence)));
    group.closures = (1..=JOBS).filter(|job| job % 3 == 0).map(|job| close(job, Some(job), 7)).collect();
    store.commit(&group).unwrap();
    store.commit(&closures((1..=1_500).filter(|job| job % 3 != 0).map(|job| close(job, Some(job), 8)))).unwrap();
    let left = (1_501..=JOBS).filter(|job| job % 3 != 0).collect::<Vec<_>>();
    assert_eq!(open_jobs(&*store), left);
    drop(store);
    let store = open();
    assert_eq!(open_jobs(&*store), left);
    let neighbours = store.neighbours(JobId(left[0])).unwrap();
    assert!(neighbours.len() > 100 && neighbours.iter().is_sorted_by_key(|(job, _)| job.0));
    for job in [1, 3, 1_500, 1_501, 4_998, JOBS] {
        let ended = (job % 3 == 0 || job <= 1_500).then(|| close(job, None, if job % 3 == 0 { 7 } else { 8 }).result);
        assert_eq!(store.job(JobId(job)).unwrap().unwrap().result, ended, "job {job}");
    }
    assert_eq!(store.jobs(None, 10_000).unwrap().len() as u64, JOBS);
}

fn closes_a_job_once(open: &Open) {
    let store = open();
    store.commit(&commands([submit(1, 1), submit(2, 2)])).unwrap();
    store.commit(&closures([close(1, Some(1), 5), close(1, Some(1), 6)])).unwrap();
    store.commit(&closures([close(1, Some(1), 7)])).unwrap();
    drop(store);
    let store = open();
    assert_eq!(store.job(JobId(1)).unwrap().unwrap().result, Some(close(1, None, 5).result));
    assert_eq!(open_jobs(&*store), [2]);
}

/// A mistake of the caller's is refused, and does no harm to what follows.
fn refuses_wrong_numbers(open: &Open) {
    let store = open();
    store.commit(&commands([submit(5, 5)])).unwrap();
    for wrong in [
        commands([submit(5, 5)]),
        commands([submit(4, 4)]),
        commands([submit(8, 8), submit(7, 7)]),
        closures([close(6, None, 1)]),
        closures([close(5, Some(9), 1)]),
    ] {
        assert!(store.commit(&wrong).is_err(), "{wrong:?}");
    }
    store.commit(&commands([submit(6, 6)])).unwrap();
    assert_eq!(open_jobs(&*store), [5, 6]);
}

fn checks_revisions(open: &Open) {
    let store = open();
    assert_eq!(store.package(&key("serde")).unwrap(), None);
    let write = |packages: Vec<_>| {
        let group = Group { packages, commands: vec![], ..Group::default() };
        match store.commit(&group) {
            Ok(()) => vec![],
            Err(StoreError::Conflict(positions)) => positions,
            Err(other) => panic!("{other}"),
        }
    };
    assert_eq!(write(vec![package("serde", 1, 1), package("tokio", 2, 1)]), [1]);
    assert_eq!(store.package(&key("serde")).unwrap(), None, "all or nothing");
    assert_eq!(write(vec![package("serde", 1, 1)]), []);
    assert_eq!(write(vec![package("serde", 1, 1), package("serde", 2, 1), package("serde", 3, 1)]), [0]);
    assert_eq!(write(vec![package("serde", 2, 1), package("serde", 3, 1)]), []);
    assert_eq!(store.package(&key("serde")).unwrap(), Some(record("serde", 3)));
    assert_eq!(store.package(&key("tokio")).unwrap(), None);
    assert_eq!(store.events(&Cursor::default(), 10).unwrap().events.len(), 3);
}

fn keeps_the_content_under_a_new_head(open: &Open) {
    let store = open();
    let write = |packages| store.commit(&Group { packages, ..Group::default() });
    assert_eq!(store.package_head(&key("serde")).unwrap(), None);
    write(vec![package("serde", 1, 0), head_alone("tokio", 1, 0)]).unwrap();
    write(vec![head_alone("serde", 2, 1), head_alone("tokio", 2, 0)]).unwrap();
    assert!(matches!(write(vec![head_alone("serde", 2, 1)]), Err(StoreError::Conflict(at)) if at == [0]));
    let kept = PackageRecord { head: head("serde", 2, 1), content: record("serde", 1).content };
    assert_eq!(store.package(&key("serde")).unwrap(), Some(kept));
    assert_eq!(store.package_head(&key("serde")).unwrap(), Some(head("serde", 2, 1)));
    let together = store.package_heads(&[key("rand"), key("tokio"), key("serde")]).unwrap();
    let together: Vec<_> = together.into_iter().map(Result::unwrap).collect();
    assert_eq!(together, [None, Some(head("tokio", 2, 0)), Some(head("serde", 2, 1))]);
    let empty = PackageRecord { head: head("tokio", 2, 0), content: PackageContent::default() };
    assert_eq!(store.package(&key("tokio")).unwrap(), Some(empty));
    write(vec![package("serde", 3, 0)]).unwrap();
    assert_eq!(store.package(&key("serde")).unwrap(), Some(record("serde", 3)));
    // A head that names a content which is not there is no record.
    write(vec![head_alone("serde", 4, 1), head_alone("tokio", 3, 3)]).unwrap();
    for name in ["serde", "tokio"] {
        assert!(matches!(store.package(&key(name)), Err(StoreError::Damaged(_))), "{name}");
    }
}

fn pages_events(open: &Open) {
    let store = open();
    let start = Cursor::default();
    assert_eq!(store.events(&start, 10).unwrap().next, start);
    for revision in 1..=4 {
        let packages = vec![package("serde", revision, 1_500), package("tokio", revision, 0)];
        store.commit(&Group { packages, ..Group::default() }).unwrap();
    }
    drop(store);
    let store = open();
    let all = store.events(&start, usize::MAX).unwrap();
    assert_eq!(all.events.len(), 6_000);
    let versions = all.events.iter().map(|(_, event)| event.kind.version().unwrap().to_owned());
    let expected = (1..=4).flat_map(|revision| (0..1_500).map(move |nth| format!("0.{revision}.{nth}")));
    assert!(versions.eq(expected));
    let mut cursor = start;
    let mut paged = Vec::new();
    loop {
        let page = store.events(&cursor, 700).unwrap();
        if page.events.is_empty() {
            assert_eq!(page.next, cursor);
            break;
        }
        assert_eq!(page.events.last().map(|(after, _)| after), Some(&page.next));
        cursor = page.next.to_string().parse().unwrap();
        paged.extend(page.events);
    }
    assert_eq!(paged, all.events);
    let middle = store.events(&paged[2_999].0, 1).unwrap();
    assert_eq!(middle.events, [paged[3_000].clone()]);
    let elsewhere = Cursor { positions: vec![(0, 6_000), (3, 17)] };
    assert_eq!(store.events(&elsewhere, 1).unwrap().next, elsewhere);
}

fn keeps_stream_positions(open: &Open) {
    let store = open();
    let streams = vec![position("a", "s", 1, 5), position("a", "s", 2, 6), position("ab", "s", 9, 7)];
    store.commit(&Group { streams, ..Group::default() }).unwrap();
    drop(store);
    let store = open();
    assert_eq!(store.stream("a", "s").unwrap(), Some(position("a", "s", 2, 6)));
    assert_eq!(store.stream("ab", "s").unwrap(), Some(position("ab", "s", 9, 7)));
    assert_eq!(store.stream("a", "bs").unwrap(), None);
    store.commit(&Group { streams: vec![position("z", "s", 1, 9)], ..Group::default() }).unwrap();
    assert_eq!(store.stream("z", "s").unwrap(), Some(position("z", "s", 1, 9)));
    forget(&*store, 7);
    assert_eq!(store.stream("a", "s").unwrap(), None);
    assert!(store.stream("ab", "s").unwrap().is_some());
    let many = (0..3_000).map(|nth| position("c", &format!("s{nth}"), nth, 10)).collect();
    store.commit(&Group { streams: many, ..Group::default() }).unwrap();
    forget(&*store, 11);
    assert_eq!(store.stream("c", "s2999").unwrap(), None);
}

fn keeps_places(open: &Open) {
    let store = open();
    let (one, other) = (ContentHash([1; 32]), ContentHash([2; 32]));
    let place = |offset| Place { pack: ContentHash([9; 32]), offset, length: 70_000 };
    let documents = vec![(one, place(0)), (other, place(5)), (other, place(u32::MAX))];
    store.commit(&Group { documents, ..Group::default() }).unwrap();
    drop(store);
    let store = open();
    assert_eq!(store.place(one).unwrap(), Some(place(0)));
    assert_eq!(store.place(other).unwrap(), Some(place(u32::MAX)));
    assert_eq!(store.place(ContentHash([3; 32])).unwrap(), None);
    let conflicting =
        Group { packages: vec![package("a", 7, 0)], documents: vec![(one, place(1))], ..Group::default() };
    assert!(matches!(store.commit(&conflicting), Err(StoreError::Conflict(_))));
    assert_eq!(store.place(one).unwrap(), Some(place(0)));
}

fn forgets(open: &Open) {
    let store = open();
    store.commit(&commands((1..=20).map(|sequence| submit(sequence, sequence)))).unwrap();
    store.commit(&commands([blocked(30, "mirror.example", 5_000)])).unwrap();
    // 2 is left open, so that the row must be rewritten before anything of it can be forgotten.
    store.commit(&closures((3..=20).chain([1]).map(|job| close(job, Some(job), 100)))).unwrap();
    forget(&*store, 100);
    assert!((1..=20).all(|job| store.job(JobId(job)).unwrap().is_some()));
    forget(&*store, 101);
    assert!((1..=20).filter(|job| *job != 2).all(|job| store.job(JobId(job)).unwrap().is_none()));
    assert_eq!(store.jobs(None, 100).unwrap().len(), 1);
    assert_eq!(recovered(&*store).len(), 2);
    store.commit(&closures([close(2, Some(2), 4_000)])).unwrap();
    forget(&*store, 4_000);
    drop(store);
    let store = open();
    assert!(matches!(store.job(JobId(2)).unwrap().unwrap().submit, Command::Submit(_)));
    forget(&*store, 5_001);
    assert_eq!(store.job(JobId(2)).unwrap(), None);
    assert_eq!(recovered(&*store), []);
}

/// Job 1 waits on although its task has ended; nothing but the rewritten row knows of that.
fn knows_what_was_known_before_a_row_was_rewritten(open: &Open) {
    let store = open();
    store.commit(&commands((1..=10).map(|sequence| submit(sequence, sequence)))).unwrap();
    store.commit(&commands([submit(20, 1)])).unwrap();
    store.commit(&closures((2..=10).map(|job| close(job, Some(job), 5)))).unwrap();
    store.commit(&closures([close(20, Some(1), 6)])).unwrap();
    forget(&*store, 0);
    drop(store);
    let store = open();
    assert_eq!(open_jobs(&*store), [1]);
    store.commit(&closures([close(1, None, 7)])).unwrap();
    assert_eq!(recovered(&*store), []);
    assert_eq!(store.job(JobId(20)).unwrap().unwrap().result, Some(close(20, None, 6).result));
}

/// Two rows need one batch of closures; the first is rewritten, ends, and must give the batch up once only.
fn keeps_closures_that_others_rely_on(open: &Open, reopens: bool) {
    let mut store = open();
    store.commit(&commands((1..=8).map(|sequence| submit(sequence, sequence)))).unwrap();
    store.commit(&commands([submit(11, 11), submit(12, 12)])).unwrap();
    store.commit(&closures((1..=7).chain([11]).map(|job| close(job, Some(job), 5)))).unwrap();
    forget(&*store, 0);
    if reopens {
        drop(store);
        store = open();
    }
    store.commit(&closures([close(8, Some(8), 6)])).unwrap();
    drop(store);
    let store = open();
    assert_eq!(open_jobs(&*store), [12]);
    assert_eq!(store.job(JobId(11)).unwrap().unwrap().result, Some(close(11, None, 5).result));
}

fn forgets_a_row_by_its_latest_end(open: &Open) {
    let store = open();
    store.commit(&commands((1..=8).map(|sequence| submit(sequence, sequence)))).unwrap();
    store.commit(&closures((1..=7).map(|job| close(job, Some(job), 100)))).unwrap();
    forget(&*store, 0);
    store.commit(&closures([close(8, Some(8), 200)])).unwrap();
    forget(&*store, 150);
    assert_eq!(store.job(JobId(8)).unwrap().unwrap().result, Some(close(8, None, 200).result));
    assert_eq!(store.jobs(None, 10).unwrap().len(), 1);
    forget(&*store, 201);
    assert_eq!(store.jobs(None, 10).unwrap(), []);
}

/// Forgetting the later wish must not bring the earlier one back.
fn a_later_wish_holds_even_if_it_is_shorter(open: &Open) {
    let store = open();
    store.commit(&commands([submit(1, 1), blocked(2, "mirror.example", 100)])).unwrap();
    store.commit(&commands([blocked(3, "mirror.example", 50)])).unwrap();
    forget(&*store, 60);
    drop(store);
    let long = |one: &Recovered| matches!(one, Recovered::HostBlocked { until, .. } if *until == at(100));
    assert!(!recovered(&*open()).iter().any(long));
}

/// Pairs of jobs that were submitted in two commits and end in one: nobody ever sees one of a pair ended.
fn readers_see_whole_commits(open: &Open) {
    const PAIRS: u64 = 150;
    let store: &dyn Store = &*open();
    let done = AtomicBool::new(false);
    std::thread::scope(|threads| {
        threads.spawn(|| {
            while !done.load(Ordering::Relaxed) {
                let jobs = store.jobs(None, 1_000).unwrap();
                for pair in jobs.iter().rev().collect::<Vec<_>>().chunks_exact(2) {
                    assert_eq!(pair[0].job.0 + 1, pair[1].job.0);
                    assert_eq!(pair[0].result.is_some(), pair[1].result.is_some(), "{:?}", pair[0].job);
                }
            }
        });
        for first in (1..PAIRS * 2).step_by(2) {
            store.commit(&commands([submit(first, first)])).unwrap();
            store.commit(&commands([submit(first + 1, first + 1)])).unwrap();
            store.commit(&closures([first, first + 1].map(|job| close(job, Some(job), 5)))).unwrap();
        }
        done.store(true, Ordering::Relaxed);
    });
    assert_eq!(store.jobs(None, 1_000).unwrap().len() as u64, PAIRS * 2);
}
