//! What becomes of suspended attempts.

use super::*;
use crate::{CancelOutcome, ClaimVerdict};

const CALM_MS: u64 = 50;

/// One slot; a bulk attempt suspended, a paid one in its place.
fn displaced() -> (Stage, Attempt, Attempt) {
    displaced_with(Options { default_budget: PLENTY, ..Options::default() }, 1)
}

fn displaced_with(options: Options, slots: u16) -> (Stage, Attempt, Attempt) {
    let mut stage = Stage::with(options, 1);
    stage.join(W, slots);
    let bulk = stage.occupy(Lane::Bulk, usize::from(slots)).pop().expect("a slot");
    stage.pass(1_000);
    let paid = displace(&mut stage, bulk);
    (stage, bulk, paid)
}

fn displace(stage: &mut Stage, victim: Attempt) -> Attempt {
    stage.submit_in(Lane::Paid);
    stage.dispatch();
    stage.pass(2);
    let paid = stage.one();
    assert_eq!(stage.moved().0, [victim.task.0]);
    paid
}

#[test]
fn it_returns_when_the_pressure_has_been_gone_for_a_while() {
    let (mut stage, bulk, paid) = displaced();
    stage.pass(500);
    stage.finish(paid);
    assert_eq!((stage.started(), stage.moved()), (vec![], (vec![], vec![])));
    assert_eq!(stage.core.next_wake(stage.now()), Some(stage.ms + CALM_MS));
    stage.pass(CALM_MS - 1);
    // A client that asks again finds the slot free.
    stage.submit_in(Lane::Paid);
    let paid = stage.one();
    stage.finish(paid);
    stage.pass(CALM_MS);
    assert_eq!(stage.started(), [0; 0]);
    assert_eq!(stage.moved(), (vec![], vec![bulk.task.0]));
    assert_eq!(stage.core.counters().preempted, 1);
    stage.finish(bulk);
    assert_eq!(stage.core.counters().assigned, 3, "it was never given out again");
}

#[test]
fn its_slot_is_kept_from_other_work_but_not_from_paid() {
    let (mut stage, bulk, paid) = displaced();
    let others = [Lane::Bulk, Lane::Free, Lane::Internal].map(|lane| stage.submit_in(lane));
    stage.finish(paid);
    assert_eq!(stage.started(), [0; 0]);
    stage.pass(CALM_MS);
    assert_eq!(stage.started(), [0; 0]);
    assert_eq!(stage.moved().1, [bulk.task.0], "it was first");
    stage.finish(bulk);
    assert!(others.contains(&stage.one().task.0));
}

#[test]
fn what_was_resumed_is_left_alone_for_a_while() {
    let (mut stage, bulk, paid) = displaced();
    stage.finish(paid);
    stage.pass(CALM_MS);
    stage.dispatch();
    assert_eq!(stage.moved().1, [bulk.task.0]);
    stage.submit_in(Lane::Paid);
    stage.dispatch();
    stage.pass(4);
    assert_eq!((stage.started().len(), stage.moved().0.len()), (0, 0), "it has run for four milliseconds");
    stage.pass(1);
    assert_eq!((stage.started().len(), stage.moved().0.len()), (1, 1));
}

#[test]
fn no_task_is_displaced_without_end() {
    let (mut stage, bulk, mut paid) = displaced();
    for (round, rest_ms) in [(2, CALM_MS), (3, 8 * CALM_MS), (4, 64 * CALM_MS)] {
        stage.finish(paid);
        stage.pass_alive(rest_ms - 1, &[W]);
        stage.dispatch();
        assert_eq!(stage.moved().1, [0; 0], "the slot rests longer each time");
        stage.pass(1);
        stage.dispatch();
        assert_eq!(stage.moved().1, [bulk.task.0]);
        stage.submit_in(Lane::Paid);
        stage.dispatch();
        stage.pass_alive(1_000, &[W]);
        let given = stage.dispatch();
        if round == 4 {
            assert_eq!(given, [], "the one slot is its own now");
            break;
        }
        paid = given[0].attempt;
        stage.effects();
    }
    assert_eq!(stage.core.displacements_of(bulk.task).len(), 3);
    stage.finish(bulk);
    assert_eq!(stage.dispatch().len(), 1);
}

#[test]
fn those_that_may_not_be_displaced_are_a_capped_share() {
    let options = Options { default_budget: PLENTY, displaced_max: 1, protected_permille: 500, ..Options::default() };
    let mut stage = Stage::with(options, 1);
    stage.join(W, 4);
    let bulk = stage.occupy(Lane::Bulk, 4);
    stage.pass(1_000);
    let paid: Vec<_> = bulk.iter().rev().map(|victim| displace(&mut stage, *victim)).collect();
    paid.into_iter().for_each(|paid| stage.finish(paid));
    stage.pass(CALM_MS);
    stage.dispatch();
    let effects = stage.effects();
    let resumed = effects.iter().filter(|effect| matches!(effect, Effect::Resume { .. })).count();
    let requeued = effects.iter().filter(|effect| matches!(effect, Effect::Requeued { .. })).count();
    assert_eq!((resumed, requeued), (2, 0), "half of the slots");
    let fresh = stage.submit_in(Lane::Bulk);
    assert_eq!(stage.started(), [0; 0], "the other slots are kept for paid work, and for those who wait in them");
    stage.pass_alive(30_000, &[W]);
    // The others wait at the head of their queue now, and new work behind them does not wait for them.
    assert_eq!(stage.core.counters().handed_back, 2);
    assert_eq!(stage.started(), [fresh]);
    stage.finish(bulk[3]);
    assert_eq!(stage.started(), [bulk[0].task.0], "one more of them, when there is room for it");
}

#[test]
fn it_is_handed_back_when_that_takes_too_long_and_goes_on_elsewhere() {
    let (mut stage, bulk, _) = displaced();
    stage.submit_in(Lane::Bulk);
    assert!(stage.core.progress(W, bulk, b"half way".to_vec(), stage.now()), "told in answer to the suspension");
    stage.pass_alive(29_999, &[W]);
    assert_eq!(stage.effects(), []);
    stage.pass(1);
    let told = [Effect::CancelAttempt { worker: W, attempt: bulk }, Effect::Requeued { task: bulk.task }];
    assert_eq!(stage.effects(), told);
    assert_eq!((stage.core.attempts_of(bulk.task), stage.core.counters().handed_back), (0, 1));
    assert_eq!(stage.core.counters().work_lost_ms, 0, "all of it was saved");
    assert_eq!(stage.report(bulk, Report::Finished), Verdict::Refused);
    stage.join(WorkerId(2), 1);
    assert_eq!(stage.started(), [bulk.task.0], "before the other one");
    assert_eq!(stage.core.checkpoint_of(bulk.task), Some(&b"half way"[..]));
    assert_eq!(stage.core.displacements_of(bulk.task).len(), 1);
}

#[test]
fn unsaved_work_that_is_handed_back_is_counted() {
    let (mut stage, ..) = displaced();
    stage.pass_alive(30_000, &[W]);
    assert_eq!(stage.core.counters().work_lost_ms, 1_002);
}

#[test]
fn an_outcome_that_comes_all_the_same_is_accepted() {
    let (mut stage, bulk, _) = displaced();
    stage.finish(bulk);
    assert_eq!((stage.core.lanes()[3].suspended, stage.core.workers()[0].suspended), (0, 0));
    stage.pass_alive(40_000, &[W]);
    assert_eq!(stage.core.counters().handed_back, 0);
}

#[test]
fn a_failure_of_a_suspended_attempt_counts_as_any_other() {
    let (mut stage, bulk, _) = displaced();
    assert!(stage.core.progress(W, bulk, vec![1], stage.now()));
    assert!(matches!(stage.fail(bulk, FaultKind::Outage), Verdict::Retried { attempts: 1, .. }));
    assert_eq!(stage.core.checkpoint_of(bulk.task), None, "no good beginning");
}

#[test]
fn cancelled_and_expired_ones_are_stopped() {
    let (mut stage, bulk, _) = displaced();
    assert_eq!(stage.cancel(bulk.task.0), CancelOutcome::Cancelled);
    assert!(stage.effects().contains(&Effect::CancelAttempt { worker: W, attempt: bulk }));
    assert_eq!(stage.core.workers()[0].suspended, 0);
    let mut stage = Stage::new();
    stage.join(W, 1);
    let expires_at = Some(stage.now().wall.plus_ms(2_000));
    stage.submit(|ask| (ask.lane, ask.expires_at) = (Lane::Bulk, expires_at));
    let bulk = stage.one();
    stage.pass(1_000);
    stage.effects();
    displace(&mut stage, bulk);
    stage.pass(1_000);
    assert!(stage.effects().contains(&Effect::CancelAttempt { worker: W, attempt: bulk }));
    assert_eq!(stage.core.lanes()[3].suspended, 0);
}

#[test]
fn its_requests_wait_no_more_and_it_asks_anew() {
    let budget = Budget { interval_us: 100_000, burst: 1 };
    let mut stage = Stage::new();
    let slow = stage.host("slow");
    stage.core.set_budget(slow, budget);
    stage.join(W, 1);
    let bulk = stage.occupy(Lane::Bulk, 1)[0];
    stage.pass(1_000);
    while stage.core.hosts(stage.now())[1].waiting == 0 {
        assert!(stage.ask_permit(bulk, slow));
    }
    stage.effects();
    let paid = displace(&mut stage, bulk);
    assert_eq!(stage.core.hosts(stage.now())[1].waiting, 0);
    assert!(stage.ask_permit(bulk, slow), "asked before it heard of it");
    assert_eq!(stage.effects(), [Effect::Suspend { worker: W, attempt: bulk }], "it is told again");
    stage.pass_alive(1_000, &[W]);
    stage.dispatch();
    assert_eq!(stage.permits(), [0; 0]);
    stage.finish(paid);
    stage.pass(CALM_MS);
    stage.dispatch();
    assert!(stage.ask_permit(bulk, slow));
    assert_eq!(stage.permits(), [bulk.task.0]);
}

#[test]
fn a_paid_ask_raises_it_and_it_displaces_in_its_turn() {
    let mut stage = Stage::new();
    stage.join(W, 2);
    let bulk = stage.occupy(Lane::Bulk, 2);
    stage.pass(1_000);
    let first = displace(&mut stage, bulk[1]);
    stage.submit(|ask| (ask.target, ask.lane, ask.max_age_ms) = (TargetKey(2 << 64), Lane::Paid, 60_000));
    assert_eq!(stage.core.lane_of(bulk[1].task), Some(Lane::Paid));
    stage.dispatch();
    assert_eq!(stage.moved(), (vec![], vec![]));
    assert_eq!(stage.core.next_wake(stage.now()), Some(stage.ms + 2));
    stage.pass(2);
    assert_eq!(stage.started(), [0; 0]);
    assert_eq!(stage.moved(), (vec![bulk[0].task.0], vec![bulk[1].task.0]));
    assert_eq!(stage.core.displaced_for(bulk[1].task), Some(bulk[0].task));
    stage.finish(first);
}

#[test]
fn a_paid_follow_up_lends_it_its_lane() {
    let (mut stage, bulk, paid) = displaced();
    stage.submit(|ask| (ask.target, ask.lane) = (TargetKey(1 << 64), Lane::Paid));
    stage.dispatch();
    stage.pass(2);
    assert_eq!((stage.started(), stage.moved()), (vec![], (vec![], vec![])), "paid work does not displace paid work");
    stage.finish(paid);
    assert_eq!(stage.started(), [0; 0]);
    assert_eq!(stage.moved().1, [bulk.task.0], "and nothing is calm about paid work");
    stage.submit_in(Lane::Paid);
    stage.pass(1_000);
    assert_eq!((stage.started(), stage.moved()), (vec![], (vec![], vec![])), "nor can it be displaced");
}

#[test]
fn a_worker_that_comes_back_keeps_it_suspended() {
    let (mut stage, bulk, paid) = displaced();
    stage.core.leave(W, stage.now());
    assert_eq!(stage.core.workers(), []);
    let claims = stage.rejoin(WorkerId(2), 1, &[(bulk, false), (paid, false)]);
    let adopted = |claim: &Claim| match claim.verdict {
        ClaimVerdict::Adopted(token) => Attempt { token, ..claim.attempt },
        _ => unreachable!("{claim:?}"),
    };
    let (bulk, paid) = (adopted(&claims[0]), adopted(&claims[1]));
    assert_eq!(stage.effects(), [Effect::Suspend { worker: WorkerId(2), attempt: bulk }], "in case it never heard");
    let view = &stage.core.workers()[0];
    assert_eq!((view.running, view.suspended), (1, 1));
    stage.finish(paid);
    stage.pass(CALM_MS);
    stage.dispatch();
    assert_eq!(stage.moved().1, [bulk.task.0]);
    stage.finish(bulk);
}

#[test]
fn after_a_restart_a_worker_goes_on_with_as_many_as_it_has_slots() {
    let mut stage = Stage::with(Options { default_budget: PLENTY, suspended_max: 1, ..Options::default() }, 2);
    let lanes = [Lane::Bulk, Lane::Paid, Lane::Free];
    for (task, lane) in (1..).zip(lanes) {
        let job = crate::RecoveredJob {
            job: JobId(task),
            open: true,
            task: TaskId(task),
            client: ClientIndex(0),
            lane,
            host: HostIndex(0),
            needs: Needs(1),
            target: TargetKey(u128::from(task)),
            expires_at: None,
        };
        stage.core.recover_job(job, stage.now());
    }
    let held = |task| Attempt { task: TaskId(task), token: gleaner_model::Token { epoch: 1, sequence: task } };
    stage.rejoin(W, 1, &[(held(1), false), (held(2), false), (held(3), false)]);
    let view = &stage.core.workers()[0];
    assert_eq!((view.running, view.suspended), (1, 1));
    let effects = stage.effects();
    let resumed = effects.iter().filter(|effect| matches!(effect, Effect::Resume { .. })).count();
    assert_eq!(resumed, 3, "the worker may have had any of them suspended");
    assert_eq!(effects.iter().filter(|effect| matches!(effect, Effect::Requeued { .. })).count(), 1);
    let running: Vec<_> = stage.core.lanes().iter().map(|lane| (lane.running, lane.suspended, lane.queued)).collect();
    assert_eq!(running, [(1, 0, 0), (0, 0, 0), (0, 0, 1), (0, 1, 0)], "{effects:?}");
}

#[test]
fn what_is_lost_while_suspended_was_not_tried() {
    for silent in [true, false] {
        let (mut stage, bulk, _) = displaced();
        if !silent {
            stage.core.leave(W, stage.now());
        }
        stage.pass(10_000);
        assert_eq!((stage.core.counters().handed_back, stage.core.counters().lost), (1, 1));
        assert_eq!(stage.core.attempts_of(bulk.task), 0);
        stage.join(WorkerId(2), 2);
        let started = stage.started();
        assert!(started.contains(&bulk.task.0), "{started:?}");
    }
}

#[test]
fn a_draining_worker_gives_it_back_at_once() {
    let (mut stage, bulk, _) = displaced();
    stage.core.drain(W);
    assert_eq!(stage.core.next_wake(stage.now()), Some(stage.ms));
    stage.pass(0);
    let told = [Effect::CancelAttempt { worker: W, attempt: bulk }, Effect::Requeued { task: bulk.task }];
    assert_eq!(stage.effects(), told);
    assert_eq!(stage.report(bulk, Report::HandedBack), Verdict::Refused, "its own word comes too late");
}
