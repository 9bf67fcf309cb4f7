//! What is told of a job that waits, and of one that goes on.

use gleaner_model::{Lane, Timestamp, Waited};

use super::*;
use crate::Explanation;

impl Stage {
    /// Lets time pass in steps of 50 ms, as an engine that hears something all the time does.
    fn live(&mut self, ms: u64) {
        for _ in 0..ms / 50 {
            self.core.heartbeat(W, self.now());
            while self.core.dispatch(self.now(), &mut self.out) {}
            self.core.account(self.now());
            self.pass(50);
        }
        self.core.account(self.now());
    }

    /// Of a job that came this long ago.
    fn explain(&self, job: u64, age_ms: u64) -> Explanation {
        let accepted =
            Timestamp::from_millis(self.now().wall.as_millis() - i64::try_from(age_ms).expect("a test is short"));
        self.core.explain(JobId(job), accepted, self.now()).expect("an open job")
    }
}

fn nobody_displaces() -> Options {
    Options { default_budget: PLENTY, displace_after_ms: [None; 4], ..Options::default() }
}

#[test]
fn time_is_told_by_what_was_waited_for() {
    let mut stage = Stage::with(nobody_displaces(), 1);
    let job = stage.submit_in(Lane::Free);
    stage.live(200);
    let explained = stage.explain(job, 200);
    assert_eq!(explained.waited, Waited { worker_ms: 200, ..Waited::default() });
    assert_eq!(explained.forecast.and_then(|forecast| forecast.starts_in_ms), None, "nobody can do it");
    stage.submit_in(Lane::Paid);
    stage.join(W, 1);
    stage.live(300);
    let explained = stage.explain(job, 500);
    // What was seen holds until the next look, 50 ms later; then the one slot has the paid job in it.
    assert_eq!(explained.waited, Waited { worker_ms: 250, slot_ms: 250, ..Waited::default() });
    assert_eq!(explained.view.waiting_for, Some(crate::Wait::Slot));
}

#[test]
fn a_host_that_is_closed_is_what_is_waited_for() {
    let mut stage = Stage::new();
    stage.core.set_budget(HostIndex(0), Budget { interval_us: 1_000_000, burst: 1 });
    stage.join(W, 8);
    let jobs: Vec<u64> = (0..4).map(|_| stage.submit_in(Lane::Free)).collect();
    stage.live(500);
    let last = stage.explain(jobs[3], 500);
    assert_eq!(last.waited, Waited { host_ms: 500, ..Waited::default() });
    let forecast = last.forecast.expect("it has not started");
    assert_eq!((forecast.ahead, forecast.is_counted, forecast.starts_in_ms), (2, true, Some(2_500)));
    stage.live(2_550);
    assert_eq!(stage.explain(jobs[3], 3_050).view.state, JobState::Running, "as was foretold");
}

#[test]
fn a_share_of_slots_foretells_a_start() {
    let mut stage = Stage::with(nobody_displaces(), 1);
    stage.join(W, 2);
    // Work of this kind takes a second.
    for attempt in stage.occupy(Lane::Free, 2) {
        stage.ms += 500;
        stage.report(attempt, Report::Finished);
        stage.core.committed(attempt.task, stage.now(), &mut Vec::new());
    }
    stage.occupy(Lane::Free, 2);
    let mine: Vec<u64> = (0..10).map(|_| stage.submit_in(Lane::Free)).collect();
    let alone = stage.explain(mine[9], 0).forecast.and_then(|forecast| forecast.starts_in_ms);
    let other = stage.client("other", 1);
    (0..20).for_each(|_| _ = stage.submit(|ask| ask.client = other));
    let shared = stage.explain(mine[9], 0).forecast.and_then(|forecast| forecast.starts_in_ms);
    let (alone, shared) = (alone.expect("foreseen"), shared.expect("foreseen"));
    assert!((2_000..6_000).contains(&alone), "ten before it, two at a time, half a second or one each: {alone}");
    assert!(shared.abs_diff(2 * alone) <= 1, "half of the slots are the other client's");
}

#[test]
fn far_behind_the_place_is_estimated() {
    let mut stage = Stage::new();
    let jobs: Vec<u64> = (0..20_000).map(|_| stage.submit_in(Lane::Bulk)).collect();
    for (at, is_counted) in [(100, true), (10_000, false), (19_999, false)] {
        let forecast = stage.explain(jobs[at], 0).forecast.expect("it waits");
        assert_eq!(forecast.is_counted, is_counted);
        assert!(forecast.ahead.abs_diff(at as u64) <= 1, "{at}: {forecast:?}");
    }
}

#[test]
fn who_displaced_whom_is_told_on_both_sides() {
    let mut stage = Stage::new();
    stage.join(W, 1);
    let victim = stage.occupy(Lane::Free, 1)[0].task.0;
    stage.live(100);
    let paid = stage.submit_in(Lane::Paid);
    stage.live(100);
    let suspended = stage.explain(victim, 200);
    let displaced_by = &suspended.journey.displaced_by;
    assert_eq!(displaced_by.iter().map(|by| (by.by.0, by.lane)).collect::<Vec<_>>(), [(paid, Lane::Paid)]);
    let taken = suspended.journey.ran_ms + suspended.journey.suspended_ms + suspended.waited.again_ms;
    assert!(suspended.journey.suspended_ms > 0 && taken.abs_diff(200) <= 1, "{suspended:?}");
    assert_eq!(suspended.view.waiting_for, Some(crate::Wait::Slot));
    assert_eq!(stage.explain(paid, 100).journey.displaced, Some(TaskId(victim)));
}

#[test]
fn what_ended_attempts_took_is_remembered_until_the_task_ends() {
    let mut stage = Stage::new();
    stage.join(W, 1);
    let attempt = stage.occupy(Lane::Free, 1)[0];
    stage.live(400);
    stage.fail(attempt, FaultKind::Outage);
    stage.pass(100);
    let explained = stage.explain(attempt.task.0, 500);
    assert_eq!((explained.journey.ran_ms, explained.waited.again_ms), (400, 100));
    assert_eq!(explained.forecast.map(|forecast| forecast.starts_in_ms.is_some()), Some(true), "the pause has an end");
    stage.effects();
    stage.cancel(attempt.task.0);
    let journeys = stage.effects().into_iter().filter_map(|effect| match effect {
        Effect::Close { journey, .. } => Some(journey.ran_ms),
        _ => None,
    });
    assert_eq!(journeys.collect::<Vec<_>>(), [400]);
    assert!(stage.core.journeys.is_empty());
}

#[test]
fn a_follow_up_waits_for_its_task_and_recovered_work_for_its_worker() {
    let mut stage = Stage::new();
    stage.join(W, 2);
    stage.about(5);
    stage.live(50);
    let follower = stage.about(5);
    stage.live(150);
    assert_eq!(stage.explain(follower, 150).waited, Waited { task_ms: 150, ..Waited::default() });
    assert_eq!(stage.explain(follower, 10_000).waited.untold_ms, 10_000 - stage.ms, "older than this scheduler");
}
