//! Twins: who attaches to what, and what raises whom.

use super::*;
use crate::{CancelOutcome, Wait};

#[test]
fn a_queued_twin_takes_all_asks_and_is_raised() {
    let mut stage = Stage::new();
    let first = stage.submit_in(Lane::Bulk);
    let task = stage.about(7);
    assert_eq!(task, 2);
    assert_eq!(stage.core.twin(TargetKey(7)), Some(TaskId(2)));
    let paid = stage.client("paying", 1);
    let attached = stage.try_submit(|ask| (ask.target, ask.lane, ask.client) = (TargetKey(7), Lane::Paid, paid));
    assert_eq!(attached, Ok(Admission::Attached(TaskId(2))));
    assert_eq!(stage.jobs_of(2), [2, 3]);
    assert_eq!(stage.core.lane_of(TaskId(2)), Some(Lane::Paid));
    let other = stage.submit_in(Lane::Internal);
    stage.join(W, 5);
    assert_eq!(stage.started(), [task, other, first]);
}

#[test]
fn a_task_falls_back_when_the_urgent_job_leaves() {
    let mut stage = Stage::new();
    stage.about(7);
    stage.submit(|ask| (ask.target, ask.lane) = (TargetKey(7), Lane::Paid));
    stage.submit(|ask| (ask.target, ask.lane) = (TargetKey(7), Lane::Internal));
    assert_eq!(stage.cancel(2), CancelOutcome::Cancelled);
    assert_eq!(stage.core.lane_of(TaskId(1)), Some(Lane::Internal));
    assert_eq!(stage.cancel(1), CancelOutcome::Cancelled, "the maker may leave as well");
    assert_eq!(stage.closed(), [(vec![2], JobState::Cancelled, false), (vec![1], JobState::Cancelled, false)]);
    assert_eq!(stage.jobs_of(1), [3]);
    assert_eq!(stage.cancel(3), CancelOutcome::Cancelled);
    assert_eq!(stage.closed(), [(vec![3], JobState::Cancelled, true)]);
    assert_eq!(stage.cancel(3), CancelOutcome::Unknown);
    assert_eq!(stage.core.twin(TargetKey(7)), None);
    stage.join(W, 5);
    assert_eq!(stage.started(), [0; 0]);
}

#[test]
fn a_running_twin_serves_only_within_the_age() {
    let mut stage = Stage::new();
    stage.join(W, 5);
    stage.about(7);
    let attempt = stage.one();
    stage.ms += 300;
    let within = stage.try_submit(|ask| (ask.target, ask.max_age_ms) = (TargetKey(7), 300));
    assert_eq!(within, Ok(Admission::Attached(TaskId(1))));
    let beyond = stage.try_submit(|ask| (ask.target, ask.max_age_ms) = (TargetKey(7), 299));
    assert_eq!(beyond, Ok(Admission::Made(TaskId(3))));
    // The follow-up serves all later asks, whatever they would bear.
    let later = stage.try_submit(|ask| (ask.target, ask.max_age_ms) = (TargetKey(7), 9_999));
    assert_eq!(later, Ok(Admission::Attached(TaskId(3))));
    assert_eq!(stage.started(), [0; 0], "it waits for the running one");
    assert_eq!(stage.wait(3), Some(Wait::Task(TaskId(1))));
    assert_eq!(stage.report(attempt, Report::Finished), Verdict::Accept);
    let late = stage.try_submit(|ask| (ask.target, ask.max_age_ms) = (TargetKey(7), u64::MAX));
    assert_eq!(late, Ok(Admission::Attached(TaskId(3))), "not to one whose jobs are being closed");
    assert_eq!(stage.started(), [0; 0]);
    stage.core.committed(TaskId(1), stage.now(), &mut Vec::new());
    assert_eq!(stage.started(), [3]);
    assert_eq!(stage.jobs_of(3), [3, 4, 5]);
    assert_eq!(stage.jobs_of(1), [0; 0]);
}

#[test]
fn nobody_attaches_to_a_task_whose_jobs_are_being_closed() {
    let mut stage = Stage::new();
    stage.join(W, 5);
    stage.about(7);
    let attempt = stage.one();
    stage.report(attempt, Report::Finished);
    let late = stage.try_submit(|ask| (ask.target, ask.max_age_ms) = (TargetKey(7), u64::MAX));
    assert_eq!(late, Ok(Admission::Made(TaskId(2))));
    stage.core.committed(TaskId(1), stage.now(), &mut Vec::new());
    assert_eq!((stage.started(), stage.jobs_of(2)), (vec![2], vec![2]));
}

#[test]
fn a_follow_up_waits_for_the_attempt_and_not_for_its_retries() {
    let mut stage = Stage::new();
    stage.join(W, 5);
    stage.about(7);
    let attempt = stage.one();
    stage.about(7);
    assert!(matches!(stage.fail(attempt, FaultKind::Outage), Verdict::Retried { .. }));
    assert_eq!(stage.started(), [2]);
}

#[test]
fn when_the_follow_up_leaves_the_running_task_is_found_again() {
    let mut stage = Stage::new();
    stage.join(W, 5);
    stage.about(7);
    stage.one();
    stage.about(7);
    assert_eq!(stage.cancel(2), CancelOutcome::Cancelled);
    assert_eq!(stage.core.twin(TargetKey(7)), Some(TaskId(1)));
    assert_eq!(stage.about(7), 3);
    assert_eq!(stage.started(), [0; 0], "the new one waits as well");
}

#[test]
fn cancelling_the_last_job_stops_the_attempt_and_frees_the_slot() {
    let mut stage = Stage::new();
    stage.join(W, 1);
    stage.about(7);
    let attempt = stage.one();
    stage.submit(|ask| (ask.target, ask.max_age_ms) = (TargetKey(7), 10));
    stage.about(8);
    stage.cancel(1);
    assert_eq!(stage.started(), [0; 0], "somebody still wants it");
    stage.effects();
    stage.cancel(2);
    let effects = stage.effects();
    assert!(effects.contains(&Effect::CancelAttempt { worker: W, attempt }), "{effects:?}");
    assert_eq!(stage.started(), [3]);
    assert_eq!(stage.report(attempt, Report::Finished), Verdict::Closed);
}
