//! Who gets which package, as long as slots are free.

use std::collections::BTreeMap;

use gleaner_model::Lane;

use super::*;

/// Workers with these numbers and so many slots, each with a name of its own.
fn crew(workers: std::ops::Range<u64>, slots: u16) -> Stage {
    let mut stage = Stage::new();
    for worker in workers {
        stage.join(WorkerId(worker), slots);
        stage.core.identify(WorkerId(worker), worker * 7_919);
    }
    stage
}

/// Crawls each of these packages once, `at_a_time` of them at a time; tells where.
fn crawl(stage: &mut Stage, packages: std::ops::Range<u128>, at_a_time: usize) -> BTreeMap<u128, WorkerId> {
    let mut places = BTreeMap::new();
    let packages: Vec<u128> = packages.collect();
    for some in packages.chunks(at_a_time) {
        let tasks: BTreeMap<u64, u128> = some.iter().map(|package| (stage.about(package << 64), *package)).collect();
        let given = stage.dispatch();
        assert_eq!(given.len(), some.len(), "slots are free");
        for Given { worker, attempt } in given {
            places.insert(tasks[&attempt.task.0], worker);
            stage.finish(attempt);
        }
    }
    places
}

fn same(one: &BTreeMap<u128, WorkerId>, other: &BTreeMap<u128, WorkerId>) -> usize {
    one.iter().filter(|(package, worker)| other[package] == **worker).count()
}

#[test]
fn a_second_crawl_goes_to_the_worker_of_the_first() {
    let mut stage = crew(1..3, 32);
    let first = crawl(&mut stage, 0..1_000, 16);
    // In another order, and with other packages beside each.
    let mut second = crawl(&mut stage, 500..1_000, 7);
    second.extend(crawl(&mut stage, 0..500, 11));
    assert_eq!(same(&first, &second), 1_000);
    let of_one = first.values().filter(|worker| **worker == WorkerId(1)).count();
    assert!((420..580).contains(&of_one), "both have about half of them: {of_one}");
}

#[test]
fn a_crowded_fleet_keeps_most_packages_where_they_were() {
    let mut stage = crew(1..5, 8);
    let first = crawl(&mut stage, 0..1_000, 16);
    let second = crawl(&mut stage, 0..1_000, 12);
    let same = same(&first, &second);
    assert!(same > 850, "half of the slots are busy: {same}");
}

#[test]
fn without_names_the_emptiest_worker_is_taken() {
    let mut stage = Stage::new();
    [1, 2].into_iter().for_each(|worker| stage.join(WorkerId(worker), 32));
    let first = crawl(&mut stage, 0..1_000, 16);
    let second = crawl(&mut stage, 0..1_000, 13);
    assert!((300..700).contains(&same(&first, &second)));
}

#[test]
fn only_the_packages_of_a_worker_that_left_move() {
    let mut stage = crew(1..6, 32);
    let first = crawl(&mut stage, 0..1_000, 8);
    stage.core.drain(WorkerId(3));
    let second = crawl(&mut stage, 0..1_000, 8);
    let stayed = first.iter().filter(|(_, worker)| **worker != WorkerId(3));
    assert!(stayed.clone().all(|(package, worker)| second[package] == *worker));
    assert!(second.values().all(|worker| *worker != WorkerId(3)), "it drains");
    assert!((150..250).contains(&(1_000 - stayed.count())));
}

#[test]
fn nothing_waits_for_the_worker_whose_package_it_is() {
    let mut stage = crew(1..3, 4);
    // All of one package's kind: they share an owner.
    for nth in 0..8 {
        stage.submit(|ask| {
            ask.target = TargetKey(9 << 64 | nth);
            ask.lane = Lane::Paid;
        });
    }
    let given = stage.dispatch();
    assert_eq!(given.len(), 8);
    let workers: Vec<_> = given.iter().map(|given| given.worker).collect();
    assert_eq!(workers.iter().filter(|worker| **worker == workers[0]).count(), 4);
    assert_eq!(workers[0], workers[1], "the first two go where the package is at home");
}

#[test]
fn a_worker_that_cannot_do_it_is_not_asked() {
    let mut stage = crew(1..3, 8);
    let joining = Joining { worker: WorkerId(9), slots: 100, needs: Needs(2), held: Vec::new() };
    stage.core.join(joining, stage.now(), &mut Vec::new());
    stage.core.identify(WorkerId(9), u64::MAX);
    assert!(crawl(&mut stage, 0..200, 4).values().all(|worker| *worker != WorkerId(9)));
}
