//! Who is displaced for whom.

use super::*;
use crate::Wait;

const TARGET_MS: u64 = 2;

/// One worker, full of attempts of these lanes that have run for a second.
fn full(lanes: &[Lane]) -> (Stage, Vec<Attempt>) {
    full_with(Options { default_budget: PLENTY, ..Options::default() }, lanes)
}

fn full_with(options: Options, lanes: &[Lane]) -> (Stage, Vec<Attempt>) {
    let mut stage = Stage::with(options, 1);
    stage.join(W, u16::try_from(lanes.len()).expect("few"));
    let attempts = lanes.iter().flat_map(|lane| stage.occupy(*lane, 1)).collect();
    stage.pass(1_000);
    stage.dispatch();
    stage.effects();
    (stage, attempts)
}

/// Lets a task of this lane press for its target; tells the tasks that were suspended for it.
fn press(stage: &mut Stage, lane: Lane) -> Vec<u64> {
    let task = stage.submit_in(lane);
    assert_eq!(stage.started(), [0; 0], "no room");
    stage.pass(TARGET_MS);
    let started = stage.started();
    assert!(started.is_empty() || started == [task]);
    stage.moved().0
}

#[test]
fn paid_work_takes_a_slot_when_its_target_is_over() {
    let (mut stage, attempts) = full(&[Lane::Bulk]);
    let paid = stage.submit_in(Lane::Paid);
    assert_eq!(stage.started(), [0; 0]);
    assert_eq!(stage.core.next_wake(stage.now()), Some(stage.ms + TARGET_MS));
    stage.pass(TARGET_MS - 1);
    assert_eq!(stage.started(), [0; 0]);
    stage.pass(1);
    assert_eq!(stage.started(), [paid]);
    let effects = stage.effects();
    assert_eq!(effects[0], Effect::Suspend { worker: W, attempt: attempts[0] }, "first the room, then who takes it");
    assert!(matches!(effects[1], Effect::Assign { worker: W, .. }));
    assert_eq!((stage.core.counters().preempted, stage.core.lanes()[3].suspended), (1, 1));
    let view = &stage.core.workers()[0];
    assert_eq!((view.running, view.suspended), (1, 1));
    assert_eq!(stage.wait(1), Some(Wait::Slot));
    assert!(stage.core.is_suspended(TaskId(1)));
    let [displacement] = stage.core.displacements_of(TaskId(1)) else { unreachable!() };
    assert_eq!((displacement.by, displacement.lane, displacement.at), (TaskId(paid), Lane::Paid, stage.now().wall));
    assert_eq!(stage.core.displaced_for(TaskId(paid)), Some(TaskId(1)));
}

#[test]
fn a_slot_that_frees_itself_in_time_displaces_nobody() {
    let (mut stage, attempts) = full(&[Lane::Bulk, Lane::Bulk]);
    let paid = stage.submit_in(Lane::Paid);
    assert_eq!(stage.started(), [0; 0]);
    stage.pass(1);
    stage.finish(attempts[0]);
    assert_eq!(stage.started(), [paid]);
    stage.pass(TARGET_MS);
    assert_eq!((stage.started(), stage.moved()), (vec![], (vec![], vec![])));
}

#[test]
fn never_across_equal_or_more_urgent_lanes() {
    let all = [Some(TARGET_MS); 4];
    let options = || Options { default_budget: PLENTY, displace_after_ms: all, ..Options::default() };
    for (at, running) in Lane::ALL.into_iter().enumerate() {
        for asking in Lane::ALL {
            let (mut stage, _) = full_with(options(), &[running]);
            let displaced = press(&mut stage, asking);
            assert_eq!(displaced.len(), usize::from(asking.index() < at), "{asking} asks, {running} runs");
        }
    }
}

#[test]
fn only_lanes_with_a_target_displace() {
    let (mut stage, _) = full(&[Lane::Bulk]);
    assert_eq!(press(&mut stage, Lane::Internal), [0; 0]);
    assert_eq!(stage.core.next_wake(stage.now()), Some(11_000), "nothing but the lease");
}

#[test]
fn the_least_urgent_lane_gives_first() {
    let (mut stage, attempts) = full(&[Lane::Free, Lane::Bulk, Lane::Internal, Lane::Free]);
    let order: Vec<_> = (0..4).flat_map(|_| press(&mut stage, Lane::Paid)).collect();
    assert_eq!(order, [attempts[1], attempts[3], attempts[0], attempts[2]].map(|attempt| attempt.task.0));
    assert_eq!(press(&mut stage, Lane::Paid), [0; 0], "paid work displaces no paid work");
}

#[test]
fn in_a_lane_the_client_furthest_over_its_share_gives_first() {
    let mut stage = Stage::new();
    stage.join(W, 6);
    let heavy = stage.client("heavy", 4);
    // Four slots at weight four, and two at weight one.
    (0..4).for_each(|_| _ = stage.submit(|ask| ask.client = heavy));
    assert_eq!(stage.started().len(), 4);
    let light = stage.occupy(Lane::Free, 2);
    stage.pass(1_000);
    stage.dispatch();
    stage.effects();
    assert_eq!(press(&mut stage, Lane::Paid), [light[1].task.0]);
    let second = press(&mut stage, Lane::Paid);
    assert_eq!(second, [light[0].task.0], "one slot a unit of weight each: the youngest");
    assert!(press(&mut stage, Lane::Paid)[0] <= 4);
}

#[test]
fn who_loses_least_work_gives_first_and_then_the_youngest() {
    let (mut stage, attempts) = full(&[Lane::Bulk; 3]);
    assert!(stage.core.progress(W, attempts[0], vec![1, 2, 3], stage.now()));
    assert!(!stage.core.progress(W, attempts[1], Vec::new(), stage.now()), "nothing to go on from");
    stage.pass(100);
    let order: Vec<_> = (0..3).flat_map(|_| press(&mut stage, Lane::Paid)).collect();
    assert_eq!(order, [attempts[0], attempts[2], attempts[1]].map(|attempt| attempt.task.0));
}

#[test]
fn a_young_attempt_is_left_alone_until_it_has_run_for_a_while() {
    let mut stage = Stage::new();
    stage.join(W, 1);
    let attempt = stage.occupy(Lane::Bulk, 1)[0];
    let born = stage.ms;
    assert_eq!(press(&mut stage, Lane::Paid), [0; 0]);
    let wake = stage.core.next_wake(stage.now()).expect("it comes of age");
    assert_eq!(wake, born + 5);
    stage.pass(wake - stage.ms);
    assert_eq!(stage.started(), [2]);
    assert_eq!(stage.moved().0, [attempt.task.0]);
}

#[test]
fn the_needs_of_who_asks_decide_whose_slot_it_is() {
    let mut stage = Stage::new();
    for (worker, needs) in [(1, 0b01), (2, 0b10)] {
        let joining = Joining { worker: WorkerId(worker), slots: 1, needs: Needs(needs), held: Vec::new() };
        stage.core.join(joining, stage.now(), &mut Vec::new());
        stage.submit(|ask| (ask.needs, ask.lane) = (Needs(needs), Lane::Bulk));
        stage.one();
    }
    stage.pass(1_000);
    let paid = stage.submit(|ask| (ask.needs, ask.lane) = (Needs(0b01), Lane::Paid));
    stage.dispatch();
    stage.pass(TARGET_MS);
    assert_eq!((stage.started(), stage.moved().0), (vec![paid], vec![1]));
}

#[test]
fn who_waits_for_its_host_displaces_nobody_until_it_may_ask() {
    let (mut stage, _) = full(&[Lane::Bulk]);
    let slow = stage.host("slow");
    stage.core.block_host(slow, stage.now().wall.plus_ms(5_000), stage.now());
    let paid = stage.submit(|ask| (ask.lane, ask.host) = (Lane::Paid, slow));
    stage.pass_alive(4_999, &[W]);
    assert_eq!((stage.started(), stage.moved()), (vec![], (vec![], vec![])));
    stage.pass(1);
    assert_eq!(stage.started(), [0; 0], "from now on it could be served");
    stage.pass(TARGET_MS);
    assert_eq!(stage.started(), [paid]);
}

#[test]
fn a_permit_is_kept_for_who_is_about_to_displace() {
    let budget = Budget { interval_us: 100_000, burst: 1 };
    let (mut stage, _) = full_with(Options { default_budget: PLENTY, ..Options::default() }, &[Lane::Bulk, Lane::Bulk]);
    stage.core.set_budget(HostIndex(0), budget);
    let running: Vec<_> = stage.core.workers().iter().map(|view| view.running).collect();
    assert_eq!(running, [2]);
    let thirsty = Attempt { task: TaskId(1), token: gleaner_model::Token { epoch: 1, sequence: 1 } };
    // The allowance of the plentiful time is spent.
    while stage.ask_permit(thirsty, HostIndex(0)) && stage.core.hosts(stage.now())[0].waiting == 0 {}
    let paid = stage.submit_in(Lane::Paid);
    let mut starts = Vec::new();
    for _ in 0..300 {
        stage.pass_alive(1, &[W]);
        starts.extend(stage.started());
    }
    assert_eq!(starts, [paid], "within three permits, though another one waited longer for each of them");
}

#[test]
fn each_lane_keeps_a_floor() {
    let floors = [0, 0, 250, 500];
    let options = Options { default_budget: PLENTY, lane_floors_permille: floors, ..Options::default() };
    let (mut stage, _) = full_with(options, &[Lane::Bulk, Lane::Bulk, Lane::Bulk, Lane::Free]);
    let displaced: Vec<_> = (0..4).map(|_| press(&mut stage, Lane::Paid).len()).collect();
    assert_eq!(displaced, [1, 0, 0, 0], "two of bulk, one of free, and one that paid work has");
}

#[test]
fn only_so_many_are_suspended_on_one_worker() {
    let options = Options { default_budget: PLENTY, suspended_max: 2, ..Options::default() };
    let (mut stage, _) = full_with(options, &[Lane::Bulk; 5]);
    let displaced: Vec<_> = (0..4).map(|_| press(&mut stage, Lane::Paid).len()).collect();
    assert_eq!(displaced, [1, 1, 0, 0]);
    // Another worker gives instead.
    let other = WorkerId(2);
    stage.join(other, 3);
    assert_eq!(stage.dispatch().len(), 2, "the two that waited");
    stage.submit_in(Lane::Bulk);
    let bulk = stage.one();
    stage.pass(10);
    stage.effects();
    assert_eq!(press(&mut stage, Lane::Paid), [bulk.task.0]);
}

#[test]
fn what_a_lane_starts_by_its_share_is_its_own() {
    let mut stage = Stage::new();
    stage.join(W, 2);
    for lane in [Lane::Bulk, Lane::Paid] {
        (0..200).for_each(|_| _ = stage.submit_in(lane));
    }
    // Paid work keeps both slots but for what bulk work is due; that runs on though paid work waits.
    let mut bulk_runs_since = None;
    for _ in 0..100 {
        let given = stage.dispatch();
        stage.pass_alive(10, &[W]);
        for given in given {
            if given.task() > 200 {
                stage.finish(given.attempt);
            } else {
                assert_eq!(bulk_runs_since, None, "one at most is protected");
                bulk_runs_since = Some(stage.ms);
            }
        }
    }
    assert!(bulk_runs_since.is_some(), "bulk work is not starved");
    assert_eq!(stage.core.counters().preempted, 0);
    assert!(stage.core.lanes()[0].started > 90, "paid work goes on beside it");
}

#[test]
fn a_burst_displaces_in_one_go() {
    let (mut stage, _) = full(&[Lane::Bulk; 6]);
    let paid: Vec<_> = (0..5).map(|_| stage.submit_in(Lane::Paid)).collect();
    stage.dispatch();
    stage.pass(TARGET_MS);
    assert_eq!(stage.started(), paid);
    assert_eq!(stage.moved().0, [6, 5, 4, 3, 2]);
}
