//! Failures: pauses, counts, the dead letter state.

use super::*;

#[test]
fn pauses_grow_and_the_fifth_failure_is_the_last() {
    let mut stage = Stage::new();
    stage.join(W, 1);
    stage.submit_in(Lane::Free);
    for number in 1..5_u32 {
        let attempt = stage.one();
        let Verdict::Retried { attempts, retry_at } = stage.fail(attempt, FaultKind::Outage) else { unreachable!() };
        assert_eq!(attempts, number);
        let pause_ms = retry_at.ms_since(stage.now().wall);
        assert!(pause_ms <= 500 << number, "at most doubled each time: {pause_ms}");
        if pause_ms > 0 {
            assert_eq!(stage.core.next_wake(stage.now()), Some(stage.ms + pause_ms.min(10_000)));
            stage.pass_alive(pause_ms - 1, &[W]);
            assert_eq!(stage.started(), [0; 0]);
            stage.pass(1);
            stage.core.heartbeat(W, stage.now());
        }
    }
    let attempt = stage.one();
    stage.effects();
    assert_eq!(stage.fail(attempt, FaultKind::Malformed), Verdict::DeadLetter);
    let effects = stage.effects();
    let [Effect::Close { jobs, task_ended, state, attempts, fault, .. }] = &effects[..] else {
        unreachable!("{effects:?}")
    };
    assert_eq!((jobs, *task_ended, *state, *attempts), (&vec![JobId(1)], Some(TaskId(1)), JobState::Failed, 5));
    assert_eq!(fault.as_ref().expect("the reason").kind, FaultKind::Malformed);
    assert_eq!(stage.core.held(), 0);
}

#[test]
fn what_cannot_get_better_is_not_tried_again() {
    for kind in [FaultKind::Denied, FaultKind::Unimplemented] {
        let mut stage = Stage::new();
        stage.join(W, 1);
        stage.submit_in(Lane::Free);
        let attempt = stage.one();
        assert_eq!(stage.fail(attempt, kind), Verdict::DeadLetter);
        assert_eq!(stage.closed(), [(vec![1], JobState::Failed, true)]);
    }
}

#[test]
fn throttled_attempts_do_not_count_but_are_bounded() {
    let mut stage = Stage::with(Options { throttles_max: 8, default_budget: PLENTY, ..Options::default() }, 1);
    stage.join(W, 1);
    stage.submit_in(Lane::Free);
    for _ in 1..8 {
        let attempt = stage.one();
        stage.core.throttled(W, attempt, HostIndex(0), Some(700), stage.now(), &mut Vec::new());
        let Verdict::Retried { attempts, retry_at } = stage.fail(attempt, FaultKind::Throttled) else { unreachable!() };
        assert_eq!(attempts, 0);
        assert!(retry_at >= stage.now().wall.plus_ms(700), "not before the host wants to be asked again");
        stage.pass_alive(retry_at.ms_since(stage.now().wall), &[W]);
    }
    let attempt = stage.one();
    assert_eq!(stage.core.attempts_of(TaskId(1)), 8);
    assert_eq!(stage.fail(attempt, FaultKind::Throttled), Verdict::DeadLetter);
}
