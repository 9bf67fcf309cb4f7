//! Permits: never beyond the budget, by lane and age, and none while a host wants to be left alone.

use super::*;
use crate::Wait;

const HOST: HostIndex = HostIndex(0);

/// One worker with `slots`, a host with one request every 100 ms.
fn narrow(slots: u16) -> Stage {
    let mut stage =
        Stage::with(Options { default_budget: Budget { interval_us: 100_000, burst: 1 }, ..Options::default() }, 1);
    stage.join(W, slots);
    stage
}

/// Starts one task of each lane, one after the other.
fn start(stage: &mut Stage, lanes: &[Lane]) -> Vec<Attempt> {
    let starts = lanes.iter().map(|lane| {
        stage.submit_in(*lane);
        let attempt = stage.one();
        stage.pass(100);
        attempt
    });
    starts.collect()
}

#[test]
fn a_start_takes_the_permit_and_the_next_waits() {
    let mut stage = narrow(9);
    stage.submit_in(Lane::Free);
    stage.submit_in(Lane::Free);
    assert_eq!(stage.started(), [1]);
    assert_eq!(stage.wait(2), Some(Wait::Host { host: HOST, ms: 100 }));
    assert_eq!(stage.core.next_wake(stage.now()), Some(stage.ms + 100));
    stage.pass(99);
    assert_eq!(stage.started(), [0; 0]);
    stage.pass(1);
    assert_eq!(stage.started(), [2]);
}

#[test]
fn waiting_requests_go_by_lane_and_then_by_age() {
    let mut stage = narrow(9);
    let [bulk, free, second, paid] = start(&mut stage, &[Lane::Bulk, Lane::Free, Lane::Free, Lane::Paid])[..] else {
        unreachable!()
    };
    assert!(stage.ask_permit(bulk, HOST), "this one is granted at once");
    assert_eq!(stage.permits(), [bulk.task.0]);
    for attempt in [bulk, second, free, paid, bulk] {
        assert!(stage.ask_permit(attempt, HOST));
    }
    assert_eq!(stage.core.hosts(stage.now())[0].waiting, 5);
    let mut order = Vec::new();
    for _ in 0..5 {
        assert_eq!(stage.permits(), [0; 0]);
        stage.pass(100);
        stage.dispatch();
        order.extend(stage.permits());
    }
    assert_eq!(order, [paid, second, free, bulk, bulk].map(|attempt| attempt.task.0));
}

#[test]
fn who_runs_comes_before_new_work_unless_that_is_more_urgent() {
    let mut stage = narrow(9);
    let free = start(&mut stage, &[Lane::Free])[0];
    assert!(stage.ask_permit(free, HOST));
    assert!(stage.ask_permit(free, HOST));
    stage.effects();
    let same = stage.submit_in(Lane::Free);
    let urgent = stage.submit_in(Lane::Paid);
    stage.pass(100);
    assert_eq!((stage.started(), stage.permits()), (vec![urgent], vec![]));
    stage.pass(100);
    assert_eq!((stage.started(), stage.permits()), (vec![], vec![free.task.0]));
    stage.pass(100);
    assert_eq!(stage.started(), [same]);
}

#[test]
fn urgent_work_that_nobody_can_start_holds_nothing_up() {
    // With nobody displacing anybody.
    let budget = Budget { interval_us: 100_000, burst: 1 };
    let options = Options { default_budget: budget, displace_after_ms: [None; 4], ..Options::default() };
    let mut stage = Stage::with(options, 1);
    stage.join(W, 1);
    let free = start(&mut stage, &[Lane::Free])[0];
    stage.submit_in(Lane::Paid);
    assert!(stage.ask_permit(free, HOST));
    assert_eq!(stage.permits(), [free.task.0]);
}

#[test]
fn the_longest_waiting_request_has_a_floor() {
    let mut stage = narrow(100);
    let bulk = start(&mut stage, &[Lane::Bulk])[0];
    stage.submit_in(Lane::Paid);
    stage.dispatch();
    assert!(stage.ask_permit(bulk, HOST));
    for _ in 0..60 {
        stage.submit_in(Lane::Paid);
    }
    stage.effects();
    let mut before = 0;
    while stage.permits().is_empty() {
        stage.pass_alive(100, &[W]);
        before += stage.dispatch().len();
    }
    assert_eq!(before, 15, "one permit in sixteen");
}

#[test]
fn retry_after_stops_every_lane_and_is_journaled_once() {
    let mut stage = narrow(9);
    let [one, two] = start(&mut stage, &[Lane::Free, Lane::Free])[..] else { unreachable!() };
    stage.core.throttled(W, one, HOST, Some(30_000), stage.now(), &mut stage.out);
    stage.ms += 5;
    stage.core.throttled(W, two, HOST, Some(30_000), stage.now(), &mut stage.out);
    let blocks: Vec<_> = stage.effects().into_iter().filter(|e| matches!(e, Effect::HostBlocked { .. })).collect();
    let [Effect::HostBlocked { host: HOST, until }] = blocks[..] else { unreachable!("{blocks:?}") };
    assert!(until >= stage.now().wall.plus_ms(30_000));
    stage.submit_in(Lane::Paid);
    assert!(stage.ask_permit(one, HOST));
    stage.pass_alive(29_999, &[W]);
    assert_eq!((stage.started(), stage.permits()), (vec![], vec![]));
    assert!(stage.core.hosts(stage.now())[0].blocked_until.is_some());
    stage.pass(1);
    assert_eq!(stage.started(), [3]);
    // Slower from now on: the second permit takes two intervals.
    stage.effects();
    stage.pass_alive(199, &[W]);
    stage.dispatch();
    assert_eq!(stage.permits(), [0; 0]);
    stage.pass(1);
    stage.dispatch();
    assert_eq!(stage.permits(), [one.task.0]);
}

#[test]
fn only_current_attempts_get_permits_and_only_so_many_wait() {
    let mut stage = narrow(2);
    let attempt = start(&mut stage, &[Lane::Free])[0];
    assert!(stage.ask_permit(attempt, HOST));
    let asked = (0..100).take_while(|_| stage.ask_permit(attempt, HOST)).count();
    assert_eq!(asked, 64);
    // Nothing will come of an attempt that gets no permit: its slot is free, and its task is tried again.
    let told = stage.effects();
    assert!(told.contains(&Effect::CancelAttempt { worker: W, attempt }), "{told:?}");
    assert_eq!((stage.core.attempts_of(attempt.task), stage.core.workers()[0].running), (1, 0));
    assert_eq!(stage.core.hosts(stage.now())[0].waiting, 0, "its requests go with it");
    assert!(!stage.ask_permit(attempt, HOST));
    assert_eq!(stage.effects().last(), Some(&Effect::CancelAttempt { worker: W, attempt }));
    let mut stage = narrow(2);
    let attempt = start(&mut stage, &[Lane::Free])[0];
    assert!(!stage.ask_permit(attempt, HostIndex(9)), "no such host");
    assert_eq!(stage.core.workers()[0].running, 0);
}

#[test]
fn a_waiting_follow_up_lends_its_lane() {
    let mut stage = narrow(9);
    let [bulk, free] = start(&mut stage, &[Lane::Bulk, Lane::Free])[..] else { unreachable!() };
    stage.submit(|ask| (ask.target, ask.lane) = (TargetKey(1 << 64), Lane::Paid));
    assert!(stage.ask_permit(free, HOST));
    assert!(stage.ask_permit(free, HOST));
    assert!(stage.ask_permit(bulk, HOST));
    stage.effects();
    stage.pass(100);
    stage.dispatch();
    assert_eq!(stage.permits(), [bulk.task.0]);
}
