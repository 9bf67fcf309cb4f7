//! How tasks and jobs end, and what is too late.

use super::*;
use crate::CancelOutcome;

#[test]
fn an_outcome_is_accepted_once() {
    let mut stage = Stage::new();
    stage.join(W, 2);
    stage.submit_in(Lane::Free);
    let attempt = stage.one();
    assert_eq!(stage.report(attempt, Report::Finished), Verdict::Accept);
    assert_eq!(stage.report(attempt, Report::Finished), Verdict::Refused);
    assert_eq!(stage.cancel(1), CancelOutcome::Committing);
    stage.core.committed(attempt.task, stage.now(), &mut Vec::new());
    assert_eq!(stage.report(attempt, Report::Finished), Verdict::Closed);
    assert_eq!((stage.core.held(), stage.core.counters().accepted), (0, 1));
}

#[test]
fn what_cannot_be_applied_is_tried_again() {
    let mut stage = Stage::new();
    stage.join(W, 2);
    let expires_at = Some(stage.now().wall.plus_ms(5));
    stage.submit(|ask| ask.expires_at = expires_at);
    let attempt = stage.one();
    stage.report(attempt, Report::Finished);
    stage.pass(10);
    assert_eq!(stage.closed(), [], "a job does not expire while its outcome is committed");
    let stale = Fault::new(FaultKind::Stale, "older than what is stored");
    let verdict = stage.core.reopen(attempt.task, stale, stage.now(), &mut stage.out);
    assert!(matches!(verdict, Verdict::Retried { attempts: 1, .. }));
    stage.effects();
    stage.pass(0);
    assert_eq!(stage.closed(), [(vec![1], JobState::Expired, true)], "but it does when that came to nothing");
}

#[test]
fn jobs_expire_wherever_they_are() {
    let mut stage = Stage::new();
    stage.join(W, 1);
    let expires_at = Some(stage.now().wall.plus_ms(50));
    stage.submit(|ask| ask.expires_at = expires_at);
    let attempt = stage.one();
    stage.submit(|ask| ask.expires_at = expires_at);
    stage.submit(|_| ());
    assert_eq!(stage.core.next_wake(stage.now()), Some(stage.ms + 50));
    stage.pass(49);
    assert_eq!(stage.closed(), []);
    stage.pass(1);
    let effects = stage.effects();
    assert!(effects.contains(&Effect::CancelAttempt { worker: W, attempt }));
    assert_eq!(stage.core.counters().expired, 2);
    assert_eq!(stage.started(), [3]);
    assert_eq!(stage.try_submit(|ask| ask.expires_at = expires_at), Err(Refusal::Expired));
}

#[test]
fn what_is_handed_back_goes_first_and_does_not_count() {
    let mut stage = Stage::new();
    stage.join(W, 1);
    stage.submit_in(Lane::Free);
    let attempt = stage.one();
    stage.submit_in(Lane::Free);
    stage.core.drain(W);
    assert!(matches!(stage.report(attempt, Report::HandedBack), Verdict::Retried { attempts: 0, .. }));
    assert_eq!(stage.effects().last(), Some(&Effect::Requeued { task: TaskId(1) }));
    assert_eq!(stage.started(), [0; 0], "nothing new for who drains");
    stage.join(WorkerId(2), 1);
    assert_eq!(stage.started(), [1]);
    assert_eq!(stage.core.attempts_of(TaskId(1)), 1);
}
