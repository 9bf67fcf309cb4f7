//! How much waits for slots, and how much for hosts.

use super::*;

const HOST: HostIndex = HostIndex(0);

/// One worker whose two slots are taken, work that took so long, and so many of the free lane behind it.
fn queued(limits: HostLimits, took_ms: u64, count: usize) -> Stage {
    let mut stage = Stage::new();
    stage.join(W, 2);
    stage.submit_in(Lane::Free);
    let first = stage.dispatch();
    stage.ms += took_ms;
    stage.finish(first[0].attempt);
    (0..2).for_each(|_| _ = stage.submit_in(Lane::Free));
    stage.dispatch();
    stage.core.limit_host(HOST, limits, stage.now());
    (0..count).for_each(|_| _ = stage.submit_in(Lane::Free));
    stage.dispatch();
    stage
}

fn of_free(stage: &Stage) -> (u64, u64) {
    let backlog = stage.core.backlog(stage.now());
    (backlog.ms(Lane::Free), backlog.lanes[Lane::Free.index()].waits_for_hosts)
}

#[test]
fn what_waits_for_slots_is_told_in_time() {
    let mut stage = queued(HostLimits::of(PLENTY), 500, 40);
    assert_eq!(of_free(&stage), (10_000, 0), "forty times half a second in two slots");
    assert_eq!(stage.core.backlog(stage.now()).ms(Lane::Bulk), 0);
    stage.join(WorkerId(2), 6);
    assert_eq!(stage.core.backlog(stage.now()).slots, 8);
    assert_eq!(of_free(&stage).0, 2_500, "more slots make it shorter");
}

#[test]
fn what_waits_for_its_host_is_none_of_it() {
    let slow = Budget { interval_us: 10_000_000, burst: 1 };
    let (ms, waits) = of_free(&queued(HostLimits::of(slow), 500, 1_000));
    // One every ten seconds, for a minute: six or seven, whatever else is queued.
    assert!((1_500..=1_750).contains(&ms) && (993..=994).contains(&waits), "{ms} {waits}");
    let paused = HostLimits { paused: true, ..HostLimits::of(PLENTY) };
    assert_eq!(of_free(&queued(paused, 500, 1_000)), (0, 1_000));
    let at_once = HostLimits { concurrency: Some(3), ..HostLimits::of(PLENTY) };
    assert_eq!(of_free(&queued(at_once, 500, 1_000)), (90_000, 640), "three at a time for a minute");
}

#[test]
fn urgent_work_takes_what_a_host_allows_first() {
    let slow = Budget { interval_us: 10_000_000, burst: 1 };
    let mut stage = queued(HostLimits::of(slow), 500, 10);
    (0..4).for_each(|_| _ = stage.submit_in(Lane::Paid));
    let backlog = stage.core.backlog(stage.now());
    assert_eq!(backlog.lanes[Lane::Paid.index()].waits_for_hosts, 0);
    assert!(backlog.lanes[Lane::Free.index()].waits_for_hosts >= 7, "{backlog:?}");
}

#[test]
fn work_that_is_not_due_is_no_backlog() {
    let mut stage = queued(HostLimits::of(PLENTY), 500, 0);
    stage.delayed(60_000, 77);
    assert_eq!(of_free(&stage), (0, 0));
}
