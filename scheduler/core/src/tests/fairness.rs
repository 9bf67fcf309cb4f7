//! Who is next: lanes, clients, hosts, workers.

use super::*;

/// Runs one slot for `starts` starts, each finished at once; tells the tasks in order.
fn run(stage: &mut Stage, starts: usize) -> Vec<u64> {
    let mut tasks = Vec::new();
    while tasks.len() < starts {
        let attempt = stage.one();
        tasks.push(attempt.task.0);
        stage.finish(attempt);
    }
    tasks
}

#[test]
fn lanes_share_by_weight_and_none_starves() {
    let mut stage = Stage::new();
    stage.join(W, 1);
    let mut lane_of = vec![Lane::Bulk; 1];
    for lane in [Lane::Bulk, Lane::Free, Lane::Internal, Lane::Paid] {
        for _ in 0..2_000 {
            stage.submit_in(lane);
            lane_of.push(lane);
        }
    }
    let lanes: Vec<_> =
        run(&mut stage, 890).into_iter().map(|task| lane_of[usize::try_from(task).expect("small")]).collect();
    let counts = Lane::ALL.map(|lane| lanes.iter().filter(|at| **at == lane).count());
    assert_eq!(counts, [640, 160, 80, 10]);
    assert_eq!(lanes[0], Lane::Paid);
}

#[test]
fn an_urgent_lane_that_was_away_is_next() {
    let mut stage = Stage::new();
    stage.join(W, 1);
    for _ in 0..500 {
        stage.submit_in(Lane::Bulk);
    }
    run(&mut stage, 300);
    let paid = stage.submit_in(Lane::Paid);
    assert_eq!(run(&mut stage, 1), [paid]);
}

/// Two clients, weights 3 and 1, and what part of 400 starts the first one gets.
fn first_part(stage: &mut Stage, starts: usize, mut next: impl FnMut(&mut Stage) -> Attempt) -> usize {
    let heavy = stage.client("heavy", 3);
    let mut first = 0;
    for _ in 0..1_000 {
        stage.submit(|_| ());
        stage.submit(|ask| ask.client = heavy);
    }
    for _ in 0..starts {
        let attempt = next(stage);
        first += usize::from(attempt.task.0.is_multiple_of(2));
        stage.finish(attempt);
    }
    first
}

#[test]
fn clients_share_by_weight() {
    let mut stage = Stage::new();
    stage.join(W, 1);
    assert_eq!(first_part(&mut stage, 400, Stage::one), 300);
}

#[test]
fn clients_share_by_weight_when_one_permit_at_a_time_comes() {
    let mut stage = Stage::new();
    stage.core.set_budget(HostIndex(0), Budget { interval_us: 10_000, burst: 1 });
    stage.join(W, 50);
    let part = first_part(&mut stage, 400, |stage| {
        stage.pass(10);
        stage.core.heartbeat(W, stage.now());
        stage.one()
    });
    assert_eq!(part, 300);
}

#[test]
fn a_clients_hosts_take_turns_and_their_tasks_stay_in_order() {
    let mut stage = Stage::new();
    stage.join(W, 1);
    let second = stage.host("second");
    let first: Vec<_> = (0..3).map(|_| stage.submit(|_| ())).collect();
    let other: Vec<_> = (0..3).map(|_| stage.submit(|ask| ask.host = second)).collect();
    let expected = [first[0], other[0], first[1], other[1], first[2], other[2]];
    assert_eq!(run(&mut stage, 6), expected);
}

#[test]
fn who_was_kept_away_does_not_save_up_service() {
    let mut stage = Stage::new();
    stage.join(W, 1);
    let (second, kept) = (stage.host("second"), stage.client("kept", 1));
    for _ in 0..300 {
        stage.submit(|_| ());
    }
    for _ in 0..300 {
        stage.submit(|ask| (ask.host, ask.client) = (second, kept));
    }
    stage.core.block_host(second, stage.now().wall.plus_ms(1_000), stage.now());
    assert!(run(&mut stage, 100).into_iter().all(|task| task <= 300));
    stage.pass(1_000);
    let kept = run(&mut stage, 100).into_iter().filter(|task| *task > 300).count();
    assert!((50..=51).contains(&kept), "half, and one for coming back: {kept}");
}

#[test]
fn the_worker_with_most_room_that_can_do_it_gets_it() {
    let mut stage = Stage::new();
    for (worker, slots, needs) in [(1, 9, 0b01), (2, 3, 0b11), (3, 3, 0b10)] {
        let joining = Joining { worker: WorkerId(worker), slots, needs: Needs(needs), held: Vec::new() };
        stage.core.join(joining, stage.now(), &mut Vec::new());
    }
    let mut given = |needs| {
        stage.submit(|ask| ask.needs = Needs(needs));
        stage.dispatch().first().map(|given| given.worker.0)
    };
    assert_eq!([given(0b01), given(0b10), given(0b10), given(0b11)], [Some(1), Some(2), Some(3), Some(2)]);
    assert_eq!(given(0b100), None);
    assert_eq!(stage.wait(5), Some(crate::Wait::Worker));
    // What nobody can do is in nobody's way.
    assert_eq!(stage.submit(|ask| ask.needs = Needs(0b01)), 6);
    assert_eq!(stage.started(), [6]);
}

#[test]
fn a_changed_weight_counts_for_what_waits_already() {
    let mut stage = Stage::new();
    stage.join(W, 1);
    let other = stage.client("other", 1);
    for _ in 0..1_000 {
        stage.submit(|_| ());
        stage.submit(|ask| ask.client = other);
    }
    let of_other = |stage: &mut Stage, starts| run(stage, starts).into_iter().filter(|task| task % 2 == 0).count();
    assert_eq!(of_other(&mut stage, 200), 100);
    stage.core.reweigh(|name| if name.as_str() == "other" { 4 } else { 1 });
    assert_eq!(of_other(&mut stage, 500), 400);
    stage.core.reweigh(|_| 1);
    assert_eq!(of_other(&mut stage, 200), 100);
}

#[test]
fn a_changed_lane_counts_for_what_waits_already() {
    let mut stage = Stage::new();
    stage.join(W, 1);
    for _ in 0..1_000 {
        stage.submit_in(Lane::Free);
        stage.submit_in(Lane::Bulk);
    }
    let of_bulk = |stage: &mut Stage, starts| run(stage, starts).into_iter().filter(|task| task % 2 == 0).count();
    assert_eq!(of_bulk(&mut stage, 90), 10);
    stage.core.set_lanes([64, 16, 1, 3], [0; 4]);
    assert_eq!(of_bulk(&mut stage, 400), 300);
}
