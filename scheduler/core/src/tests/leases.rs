//! Leases: workers that fall silent, break off, come back.

use super::*;
use crate::ClaimVerdict;

fn adopted(claims: &[Claim]) -> Attempt {
    match claims {
        [Claim { attempt, verdict: ClaimVerdict::Adopted(token) }] => Attempt { task: attempt.task, token: *token },
        other => unreachable!("one adopted attempt: {other:?}"),
    }
}

#[test]
fn a_silent_worker_loses_its_attempts() {
    let mut stage = Stage::new();
    stage.join(W, 2);
    stage.submit_in(Lane::Free);
    let attempt = stage.one();
    stage.pass_alive(30_000, &[W]);
    assert_eq!(stage.core.counters().lost, 0);
    assert_eq!(stage.core.next_wake(stage.now()), Some(stage.ms + 10_000));
    stage.pass(9_999);
    assert_eq!(stage.core.counters().lost, 0);
    stage.effects();
    stage.pass(1);
    let effects = stage.effects();
    assert_eq!(effects[0], Effect::CancelAttempt { worker: W, attempt });
    let failed = |effect: &Effect| matches!(effect, Effect::AttemptFailed { attempts: 1, fault, .. } if fault.kind == FaultKind::LeaseExpired);
    assert!(effects.iter().any(failed), "{effects:?}");
    assert_eq!(stage.started(), [0; 0], "the silent one gets nothing");
    assert_eq!(stage.core.workers()[0].running, 0);
    assert!(stage.core.heartbeat(W, stage.now()));
    let second = stage.one();
    assert!(second.token > attempt.token);
    assert_eq!(stage.report(attempt, Report::Finished), Verdict::Refused, "the first token is stale");
    stage.finish(second);
}

#[test]
fn a_killed_workers_tasks_run_elsewhere_within_the_grace() {
    let mut stage = Stage::new();
    stage.join(W, 1);
    stage.submit_in(Lane::Free);
    stage.one();
    stage.submit_in(Lane::Free);
    stage.join(WorkerId(2), 1);
    stage.core.leave(W, stage.now());
    assert!(!stage.core.heartbeat(W, stage.now()));
    assert_eq!(stage.started(), [2]);
    stage.join(WorkerId(3), 1);
    stage.pass(499);
    assert_eq!(stage.started(), [0; 0]);
    stage.pass(1);
    assert_eq!(stage.started(), [1]);
}

#[test]
fn who_reconnects_goes_on_under_a_fresh_token() {
    let mut stage = Stage::new();
    stage.join(W, 1);
    stage.submit_in(Lane::Free);
    let first = stage.one();
    stage.core.leave(W, stage.now());
    stage.pass(400);
    let claims = stage.rejoin(WorkerId(2), 1, &[(first, false)]);
    let second = adopted(&claims);
    assert!(second.token > first.token);
    stage.pass(5_000);
    assert_eq!(stage.core.counters().lost, 0);
    // The answer was lost and it comes once more, still with the old token, before the broken stream was noticed.
    let third = adopted(&stage.rejoin(WorkerId(3), 1, &[(first, false)]));
    stage.core.leave(WorkerId(2), stage.now());
    stage.pass(5_000);
    assert_eq!(stage.report(second, Report::Finished), Verdict::Refused);
    stage.finish(third);
    let late = stage.rejoin(WorkerId(4), 1, &[(third, true)]);
    assert_eq!(late[0].verdict, ClaimVerdict::Closed);
}

#[test]
fn an_outcome_that_waits_to_be_told_takes_no_slot() {
    let mut stage = Stage::new();
    stage.join(W, 1);
    stage.submit_in(Lane::Free);
    let first = stage.one();
    stage.submit_in(Lane::Free);
    stage.core.leave(W, stage.now());
    let attempt = adopted(&stage.rejoin(WorkerId(2), 1, &[(first, true)]));
    assert_eq!(stage.started(), [2]);
    stage.finish(attempt);
}

#[test]
fn what_was_requeued_is_not_taken_back() {
    let mut stage = Stage::new();
    stage.join(W, 1);
    stage.submit_in(Lane::Free);
    let first = stage.one();
    stage.core.leave(W, stage.now());
    stage.pass(500);
    let claims = stage.rejoin(WorkerId(2), 1, &[(first, true)]);
    assert_eq!(claims[0].verdict, ClaimVerdict::Abandoned);
    let second = stage.one();
    let claims = stage.rejoin(WorkerId(3), 1, &[(first, true)]);
    assert_eq!(claims[0].verdict, ClaimVerdict::Abandoned);
    stage.finish(second);
}

#[test]
fn a_task_that_kills_its_workers_is_given_up() {
    let mut stage = Stage::new();
    stage.submit_in(Lane::Free);
    for life in 0..10 {
        let worker = WorkerId(10 + life);
        stage.join(worker, 1);
        stage.one();
        stage.core.leave(worker, stage.now());
        stage.pass(500);
    }
    assert_eq!(stage.closed().last(), Some(&(vec![1], JobState::Failed, true)));
}
