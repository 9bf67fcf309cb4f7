//! What operators allow at a host: requests at once, a part that is kept for who pays, nothing at all.

use super::*;
use crate::Wait;

const HOST: HostIndex = HostIndex(0);

/// One worker with plenty of slots that says when requests end, and a host with these limits.
fn limited(limits: HostLimits) -> Stage {
    let mut stage = Stage::new();
    stage.join(W, 50);
    stage.core.tells_ends(W);
    stage.core.limit_host(HOST, limits, stage.now());
    stage
}

fn at_once(concurrency: u32) -> HostLimits {
    HostLimits { concurrency: Some(concurrency), ..HostLimits::of(PLENTY) }
}

fn submit_many(stage: &mut Stage, lane: Lane, count: usize) {
    (0..count).for_each(|_| _ = stage.submit_in(lane));
}

fn ended(stage: &mut Stage, attempt: Attempt, count: u32) {
    stage.core.requests_ended(W, attempt, HOST, count, count, stage.now());
}

#[test]
fn no_more_are_under_way_than_may_be_and_an_outcome_makes_room() {
    let mut stage = limited(at_once(2));
    submit_many(&mut stage, Lane::Free, 5);
    let given = stage.dispatch();
    assert_eq!(given.len(), 2);
    assert_eq!((stage.wait(3), stage.core.hosts(stage.now())[0].under_way), (Some(Wait::Crowded(HOST)), Some(2)));
    stage.finish(given[0].attempt);
    assert_eq!(stage.started(), [3]);
    assert!(stage.report(given[1].attempt, Report::HandedBack) != Verdict::Accept);
    assert_eq!(stage.started(), [2], "it is first again, with a request of its own");
    assert_eq!(stage.core.hosts(stage.now())[0].under_way, Some(2));
}

#[test]
fn requests_of_one_attempt_count_each_and_end_when_it_says_so() {
    let mut stage = limited(at_once(3));
    stage.submit_in(Lane::Free);
    let attempt = stage.one();
    for _ in 0..4 {
        assert!(stage.ask_permit(attempt, HOST));
    }
    assert_eq!(stage.permits().len(), 2, "three are under way");
    assert!(matches!(stage.wait(1), Some(Wait::Crowded(HOST))));
    ended(&mut stage, attempt, 1);
    stage.dispatch();
    assert_eq!(stage.permits().len(), 1);
    ended(&mut stage, attempt, 9);
    stage.dispatch();
    assert_eq!((stage.permits().len(), stage.core.hosts(stage.now())[0].under_way), (1, Some(1)));
    stage.core.requests_ended(WorkerId(9), attempt, HOST, 1, 1, stage.now());
    assert_eq!(stage.core.hosts(stage.now())[0].under_way, Some(1), "that is not its worker");
}

#[test]
fn a_worker_that_says_nothing_holds_a_request_for_as_long_as_a_permit() {
    let mut stage = Stage::new();
    stage.join(W, 50);
    stage.core.limit_host(HOST, at_once(1), stage.now());
    submit_many(&mut stage, Lane::Free, 2);
    assert_eq!(stage.started(), [1]);
    assert_eq!(stage.core.next_wake(stage.now()), Some(stage.ms + 5_000));
    stage.pass(4_999);
    assert_eq!(stage.started(), [0; 0]);
    stage.pass(1);
    assert_eq!(stage.started(), [2]);
}

#[test]
fn requests_of_a_lost_attempt_hold_nobody_up_for_longer_than_their_permits() {
    let mut stage = limited(at_once(1));
    submit_many(&mut stage, Lane::Free, 2);
    assert_eq!(stage.started(), [1]);
    stage.core.leave(W, stage.now());
    stage.join(WorkerId(2), 9);
    stage.pass(500);
    assert_eq!(stage.started(), [0; 0], "the attempt is lost, and its request may be under way still");
    stage.pass(4_500);
    assert_eq!(stage.started(), [1]);
}

#[test]
fn a_worker_that_comes_back_keeps_its_requests() {
    let mut stage = limited(at_once(1));
    submit_many(&mut stage, Lane::Free, 2);
    let attempt = stage.one();
    stage.core.leave(W, stage.now());
    let claims = stage.rejoin(W, 9, &[(attempt, false)]);
    stage.core.tells_ends(W);
    stage.pass_alive(60_000, &[W]);
    assert_eq!(stage.started(), [0; 0], "it says when its requests end");
    let crate::ClaimVerdict::Adopted(token) = claims[0].verdict else { unreachable!("{claims:?}") };
    stage.finish(Attempt { token, ..attempt });
    assert_eq!(stage.started(), [2]);
}

#[test]
fn what_is_kept_for_who_pays_is_never_given_to_others() {
    let limits = HostLimits {
        reserve_permille: 250,
        concurrency: Some(8),
        ..HostLimits::of(Budget { interval_us: 100_000, burst: 8 })
    };
    let mut stage = limited(limits);
    submit_many(&mut stage, Lane::Free, 20);
    let free = stage.dispatch();
    assert_eq!(free.len(), 6, "of eight at once");
    stage.pass(1_000);
    assert_eq!(stage.started(), [0; 0], "six are under way");
    submit_many(&mut stage, Lane::Paid, 3);
    assert_eq!(stage.started(), [21, 22]);
    assert_eq!(stage.wait(23), Some(Wait::Crowded(HOST)));
    free.into_iter().for_each(|given| stage.finish(given.attempt));
    assert_eq!(stage.started()[0], 23);
}

#[test]
fn permits_of_running_attempts_keep_the_reserve_as_well() {
    let limits = HostLimits { reserve_permille: 500, ..HostLimits::of(Budget { interval_us: 100_000, burst: 4 }) };
    let mut stage = limited(limits);
    stage.submit_in(Lane::Free);
    let free = stage.one();
    for _ in 0..9 {
        assert!(stage.ask_permit(free, HOST));
    }
    assert_eq!(stage.permits().len(), 1, "two of four, one of which came with the assignment");
    let paid = stage.submit_in(Lane::Paid);
    assert_eq!(stage.started(), [paid]);
    assert_eq!(stage.permits(), [0; 0]);
    let mut granted = 0;
    for _ in 0..100 {
        stage.pass(10);
        assert_eq!(stage.started(), [0; 0]);
        granted += stage.permits().len();
    }
    assert_eq!(granted, 5, "half of ten in a second");
}

#[test]
fn a_paused_host_gives_nobody_leave_and_goes_on_when_it_is_resumed() {
    let paused = HostLimits { paused: true, ..HostLimits::of(PLENTY) };
    let mut stage = limited(HostLimits::of(PLENTY));
    stage.submit_in(Lane::Free);
    let running = stage.one();
    stage.core.limit_host(HOST, paused, stage.now());
    let paid = stage.submit_in(Lane::Paid);
    assert!(stage.ask_permit(running, HOST));
    stage.pass_alive(60_000, &[W]);
    assert_eq!((stage.started(), stage.permits()), (vec![], vec![]));
    assert_eq!(stage.wait(paid), Some(Wait::Paused(HOST)));
    assert_eq!(stage.wait(1), Some(Wait::Paused(HOST)));
    stage.core.limit_host(HOST, HostLimits::of(PLENTY), stage.now());
    assert_eq!(stage.started(), [paid]);
    assert_eq!(stage.permits(), [1]);
}

#[test]
fn a_throttled_host_is_asked_faster_again_when_somebody_saw_it_answer() {
    let interval_us = |stage: &Stage| stage.core.hosts(stage.now())[0].interval_us;
    let mut stage = limited(HostLimits::of(Budget { interval_us: 80_000, burst: 1 }));
    submit_many(&mut stage, Lane::Free, 9);
    let attempt = stage.one();
    stage.core.throttled(W, attempt, HOST, Some(1_000), stage.now(), &mut stage.out);
    assert!(stage.fail(attempt, FaultKind::Throttled) != Verdict::Accept);
    stage.pass_alive(60_000, &[W]);
    let second = stage.one();
    stage.pass_alive(20_000, &[W]);
    assert_eq!(interval_us(&stage), 160_000, "it has been quiet, and has not answered");
    stage.finish(second);
    stage.dispatch();
    assert_eq!(interval_us(&stage), 140_000);
    let third = stage.core.hosts(stage.now())[0].under_way;
    assert_eq!(third, Some(1), "requests of a slow host are followed");
}
