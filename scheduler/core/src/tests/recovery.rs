//! After a restart.

use gleaner_model::Token;

use super::*;
use crate::{ClaimVerdict, RecoveredJob, Wait};

fn recovered(job: u64, task: u64) -> RecoveredJob {
    RecoveredJob {
        job: JobId(job),
        open: true,
        task: TaskId(task),
        client: ClientIndex(0),
        lane: Lane::Free,
        host: HostIndex(0),
        needs: Needs(1),
        target: TargetKey(u128::from(task)),
        expires_at: None,
    }
}

/// A second epoch with these jobs, each with its task.
fn restarted(jobs: &[(u64, u64)]) -> Stage {
    let mut stage = Stage::with(Options { default_budget: PLENTY, ..Options::default() }, 2);
    jobs.iter().for_each(|(job, task)| stage.core.recover_job(recovered(*job, *task), stage.now()));
    stage.jobs = 1_000;
    stage
}

fn attempt(task: u64, epoch: u64, sequence: u64) -> Attempt {
    Attempt { task: TaskId(task), token: Token { epoch, sequence } }
}

#[test]
fn recovered_tasks_wait_for_announcements_and_new_ones_do_not() {
    let mut stage = restarted(&[(1, 1), (2, 2), (3, 2)]);
    stage.join(W, 9);
    assert_eq!(stage.wait(1), Some(Wait::Recovery));
    let new = stage.submit(|_| ());
    // The host began without an allowance for bursts, so even the new one waits for one interval.
    assert_eq!(stage.started(), [0; 0]);
    stage.pass_alive(9_999, &[W]);
    assert_eq!(stage.started(), [new]);
    stage.pass(1);
    assert_eq!(stage.started(), [1, 2]);
    assert_eq!(stage.jobs_of(2), [2, 3]);
}

#[test]
fn the_highest_announced_token_wins() {
    let mut stage = restarted(&[(1, 1), (2, 2)]);
    let claims = stage.rejoin(W, 9, &[(attempt(1, 1, 4), false), (attempt(1, 1, 5), true), (attempt(9, 1, 6), false)]);
    let verdicts: Vec<_> = claims.iter().map(|claim| claim.verdict).collect();
    let ClaimVerdict::Adopted(token) = verdicts[1] else { unreachable!("{verdicts:?}") };
    assert_eq!((token.epoch, verdicts[0], verdicts[2]), (2, ClaimVerdict::Abandoned, ClaimVerdict::Closed));
    // Another worker has a lower one, a third a higher one.
    let lower = stage.rejoin(WorkerId(2), 9, &[(attempt(1, 1, 3), false)]);
    assert_eq!(lower[0].verdict, ClaimVerdict::Abandoned);
    stage.effects();
    let higher = stage.rejoin(WorkerId(3), 9, &[(attempt(1, 1, 8), false)]);
    let ClaimVerdict::Adopted(newest) = higher[0].verdict else { unreachable!("{higher:?}") };
    let beaten = Attempt { task: TaskId(1), token };
    let goes_on = Effect::Resume { worker: WorkerId(3), attempt: Attempt { task: TaskId(1), token: newest } };
    assert_eq!(stage.effects(), [Effect::CancelAttempt { worker: W, attempt: beaten }, goes_on]);
    assert_eq!(stage.report(beaten, Report::Finished), Verdict::Refused);
    stage.finish(Attempt { task: TaskId(1), token: newest });
}

#[test]
fn an_ask_after_the_restart_wants_newer_than_what_workers_hold() {
    let mut stage = restarted(&[(1, 1)]);
    assert_eq!(stage.about(1), 1);
    let claims = stage.rejoin(W, 9, &[(attempt(1, 1, 4), true)]);
    assert_eq!(claims[0].verdict, ClaimVerdict::Abandoned);
    stage.pass(1);
    assert_eq!(stage.started(), [1]);
    let mut stage = restarted(&[(1, 1)]);
    let claims = stage.rejoin(W, 9, &[(attempt(1, 1, 4), true)]);
    assert!(matches!(claims[0].verdict, ClaimVerdict::Adopted(_)));
    assert_eq!(stage.submit(|ask| (ask.target, ask.max_age_ms) = (TargetKey(1), 60_000)), 1_001, "a follow-up");
}

#[test]
fn attempts_and_pauses_are_remembered() {
    let mut stage = restarted(&[(1, 1), (2, 2)]);
    let now = stage.now();
    stage.core.recover_attempts(TaskId(1), 4, now.wall.plus_ms(60_000));
    stage.core.recover_attempts(TaskId(2), 3, now.wall);
    stage.join(W, 9);
    stage.pass_alive(10_000, &[W]);
    assert_eq!(stage.started(), [2]);
    assert_eq!(stage.wait(1), Some(Wait::Retry));
    stage.pass_alive(50_000, &[W]);
    let attempt = stage.one();
    assert_eq!((attempt.task, stage.core.attempts_of(TaskId(1))), (TaskId(1), 5));
    assert_eq!(stage.fail(attempt, FaultKind::Outage), Verdict::DeadLetter);
}

#[test]
fn a_block_survives() {
    let mut stage = restarted(&[]);
    stage.core.block_host(HostIndex(0), stage.now().wall.plus_ms(5_000), stage.now());
    stage.join(W, 9);
    stage.submit_in(Lane::Paid);
    stage.pass(4_999);
    assert_eq!(stage.started(), [0; 0]);
    stage.pass(1);
    assert_eq!(stage.started(), [1_001]);
}

#[test]
fn the_maker_of_a_task_may_have_ended() {
    let mut stage = restarted(&[]);
    stage.core.recover_job(RecoveredJob { open: false, lane: Lane::Paid, ..recovered(1, 1) }, stage.now());
    stage.core.recover_job(recovered(2, 1), stage.now());
    stage.core.recover_job(RecoveredJob { open: false, ..recovered(3, 3) }, stage.now());
    assert_eq!((stage.jobs_of(1), stage.core.held()), (vec![2], 1));
    assert_eq!(stage.core.lane_of(TaskId(1)), Some(Lane::Free), "the ended job's lane does not count");
    assert_eq!(stage.cancel(1), crate::CancelOutcome::Unknown);
    stage.join(W, 9);
    // Nobody waits for the other one: it is over, and the journal hears of it.
    let ends =
        |effect: Effect| matches!(effect, Effect::Close { jobs, task_ended: Some(TaskId(3)), .. } if jobs.is_empty());
    assert_eq!(stage.effects().into_iter().map(ends).collect::<Vec<_>>(), [true]);
    stage.pass(10_000);
    stage.core.heartbeat(W, stage.now());
    assert_eq!(stage.started(), [1]);
    assert_eq!(stage.core.twin(TargetKey(3)), None);
    stage.cancel(2);
    assert_eq!(stage.closed(), [(vec![2], JobState::Cancelled, true)]);
}

#[test]
fn a_task_that_nobody_waits_for_ends_whoever_asks_for_the_same_before_that() {
    let mut stage = restarted(&[]);
    stage.core.recover_job(RecoveredJob { open: false, ..recovered(1, 1) }, stage.now());
    // One ask is taken back, as those of a submission are of which another one is refused. It must end nothing else.
    let taken_back = stage.about(1);
    stage.cancel(taken_back);
    assert_eq!(stage.closed(), [(vec![taken_back], JobState::Cancelled, true)]);
    let asked = stage.about(1);
    assert_eq!(stage.jobs_of(asked), [asked], "a task of its own");
    stage.pass(1_000);
    assert_eq!(stage.closed(), [(vec![], JobState::Cancelled, true)], "the old one ends by itself");
    stage.join(W, 1);
    assert_eq!(stage.started(), [asked]);
}
