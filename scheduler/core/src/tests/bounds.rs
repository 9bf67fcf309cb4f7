//! Full means "slow down", and to the one who floods first.

use super::*;

fn small(queue_max: u64) -> Stage {
    Stage::with(Options { queue_max, default_budget: PLENTY, ..Options::default() }, 1)
}

fn fill(stage: &mut Stage, client: ClientIndex) -> usize {
    (0..1_000).take_while(|_| stage.try_submit(|ask| ask.client = client).is_ok()).count()
}

#[test]
fn a_flood_leaves_room_for_others() {
    let mut stage = small(100);
    let (flood, other) = (ClientIndex(0), stage.client("other", 1));
    assert_eq!(fill(&mut stage, flood), 80);
    let refused = stage.try_submit(|ask| ask.client = flood);
    assert_eq!(refused, Err(Refusal::Full { retry_after_ms: 5_000 }));
    assert!(fill(&mut stage, other) >= 15);
    assert!(stage.core.held() < 100);
    // Room comes back when jobs end.
    stage.cancel(1);
    stage.cancel(2);
    assert_eq!(stage.core.clients()[0].held, 78);
    assert!(stage.try_submit(|ask| ask.client = other).is_ok());
}

#[test]
fn the_bound_holds_whoever_asks() {
    let mut stage = small(20);
    for number in 0..40 {
        let client = stage.client(&format!("c{number}"), 1);
        fill(&mut stage, client);
    }
    assert_eq!(stage.core.held(), 20);
}

#[test]
fn only_so_many_wait_for_one_task() {
    let mut stage = Stage::with(Options { attached_max: 3, default_budget: PLENTY, ..Options::default() }, 1);
    for _ in 0..3 {
        stage.about(7);
    }
    let refused = stage.try_submit(|ask| ask.target = TargetKey(7));
    assert_eq!(refused, Err(Refusal::TooManyAttached { task: TaskId(1), retry_after_ms: 5_000 }));
    assert_eq!((stage.core.held(), stage.core.counters().refused), (3, 1));
}

/// A popular package: the free asks used up the bound, and one who paid was refused, when joining would have raised it.
#[test]
fn a_more_urgent_ask_has_room_however_many_lesser_ones_wait() {
    let mut stage = Stage::with(Options { attached_max: 3, default_budget: PLENTY, ..Options::default() }, 1);
    let before = stage.submit_in(Lane::Internal);
    let ask = |stage: &mut Stage, lane| stage.try_submit(|ask| (ask.target, ask.lane) = (TargetKey(7), lane));
    let task = TaskId(2);
    for lane in [Lane::Bulk, Lane::Free, Lane::Internal, Lane::Paid] {
        for _ in 0..3 {
            assert!(ask(&mut stage, lane).is_ok_and(|admission| admission.task() == task));
        }
        assert_eq!(stage.core.lane_of(task), Some(lane), "each more urgent lane raises it");
    }
    for lane in Lane::ALL {
        let refused = ask(&mut stage, lane);
        assert_eq!(refused, Err(Refusal::TooManyAttached { task, retry_after_ms: 5_000 }), "and is bounded itself");
    }
    stage.join(W, 1);
    let first = stage.one();
    assert_eq!(first.task, task, "not {before}");
    assert_eq!(stage.jobs_of(2).len(), 12, "one outcome serves them all");
    stage.finish(first);
    assert_eq!(stage.core.held(), 1);
}

#[test]
fn hosts_are_bounded_and_known_ones_found_again() {
    let mut stage = Stage::with(Options { hosts_max: 2, ..Options::default() }, 1);
    let second = stage.host("second");
    assert_eq!(stage.core.host(&"third.example".parse().expect("valid")), None);
    assert_eq!(stage.host("second"), second);
    assert_eq!(stage.core.host_name(second).expect("known").as_str(), "second.example");
}

#[test]
fn a_dispatch_is_bounded_and_says_so() {
    let mut stage = Stage::with(Options { dispatch_max: 10, default_budget: PLENTY, ..Options::default() }, 1);
    for _ in 0..25 {
        stage.submit(|_| ());
    }
    stage.join(W, 100);
    let mut rounds = Vec::new();
    loop {
        let mut out = Vec::new();
        let more = stage.core.dispatch(stage.now(), &mut out);
        rounds.push(out.len());
        if !more {
            break;
        }
    }
    assert_eq!(rounds, [10, 10, 5]);
}

#[test]
fn a_queued_job_costs_little_and_ended_ones_nothing() {
    let mut stage = Stage::new();
    for _ in 0..100_000 {
        stage.submit(|_| ());
    }
    let full = stage.core.resident();
    assert_eq!((full.jobs, full.tasks), (100_000, 100_000));
    let per_job = |bytes: usize| bytes / 100_000;
    assert!(per_job(full.entries + full.ids + full.rest) <= 30, "{full:?}");
    assert!(per_job(full.twins) <= 28, "{full:?}");
    for job in 1..=100_000 {
        stage.cancel(job);
    }
    let left = stage.core.resident();
    assert_eq!((left.jobs, left.entries), (0, 0));
    assert!(left.ids < 10_000 && left.twins < 400_000, "{left:?}");
}
