//! The roster's rules, one by one and against a plain model.
#![allow(clippy::unwrap_used)]

use gleaner_model::{TaskId, Token};
use proptest::prelude::*;

use super::*;

fn attempt(task: u64) -> Attempt {
    attempt_under(task, 1)
}

fn attempt_under(task: u64, sequence: u64) -> Attempt {
    Attempt { task: TaskId(task), token: Token { epoch: 1, sequence } }
}

/// How many may wait suspended in these tests.
const SUSPENDED: usize = 2;

fn roster(slots: usize) -> Roster<u64> {
    Roster::new(slots, SUSPENDED, [])
}

#[test]
fn slots_are_kept_and_suspension_frees_one_at_once() {
    let mut roster = roster(1);
    assert_eq!(roster.admit(attempt(1)), Admission::Run);
    roster.start(attempt(1), 1);
    assert_eq!(roster.admit(attempt(1)), Admission::Known);
    assert_eq!(roster.admit(attempt(2)), Admission::HandBack);
    assert_eq!(roster.suspend(attempt(1)), Suspension::Waits(&1));
    assert_eq!(roster.suspend(attempt(1)), Suspension::Waits(&1), "asked twice, it is answered twice");
    assert_eq!(roster.admit(attempt(2)), Admission::Run);
    assert_eq!(roster.counts(), Counts { running: 0, suspended: 1, finished: 0 });
    assert_eq!(roster.resume(attempt(1)), Some(&1));
    assert_eq!(roster.resume(attempt(1)), None, "it runs already");
    assert_eq!(roster.admit(attempt(2)), Admission::HandBack);
}

#[test]
fn no_more_wait_than_may_the_others_are_given_back() {
    let mut roster = roster(3);
    for task in 1..=3 {
        roster.start(attempt(task), task);
    }
    assert_eq!(roster.suspend(attempt(1)), Suspension::Waits(&1));
    assert_eq!(roster.suspend(attempt(2)), Suspension::Waits(&2));
    assert_eq!(roster.suspend(attempt(3)), Suspension::GivenBack(3));
    assert_eq!(roster.suspend(attempt(2)), Suspension::Waits(&2), "this one waits already");
    assert_eq!(roster.counts(), Counts { running: 0, suspended: 2, finished: 0 });
}

#[test]
fn word_that_comes_before_its_attempt_holds() {
    let mut roster = roster(1);
    assert_eq!(roster.suspend(attempt(1)), Suspension::Nothing);
    assert_eq!(roster.cancel(attempt(2)), Dropped::Nothing);
    roster.start(attempt(9), 9);
    assert_eq!(roster.admit(attempt(1)), Admission::Wait, "it needs no slot");
    roster.start_suspended(attempt(1), 1);
    assert_eq!(roster.admit(attempt(2)), Admission::Known);
    assert_eq!(roster.admit(attempt(2)), Admission::HandBack, "the word was about one assignment");
    assert_eq!(roster.suspend(attempt(3)), Suspension::Nothing);
    assert_eq!(roster.resume(attempt(3)), None);
    assert_eq!(roster.cancel(attempt(9)), Dropped::Stop(9));
    assert_eq!(roster.admit(attempt(3)), Admission::Run, "the last word counts");
}

#[test]
fn a_finished_attempt_waits_for_its_acknowledgement() {
    let mut roster = roster(1);
    roster.start(attempt(1), 1);
    assert_eq!(roster.acknowledge(attempt(1)), None, "nothing was reported yet");
    assert!(roster.finish(attempt(1), OutboxId(7)));
    assert_eq!(roster.suspend(attempt(1)), Suspension::Nothing);
    assert_eq!(roster.held(), [HeldAttempt { attempt: attempt(1), finished: true }]);
    assert_eq!(roster.acknowledge(attempt(1)), Some(OutboxId(7)));
    assert_eq!(roster.acknowledge(attempt(1)), None);
    assert!(roster.held().is_empty());
}

#[test]
fn an_outcome_of_a_cancelled_attempt_is_not_wanted() {
    let mut roster = roster(1);
    roster.start(attempt(1), 1);
    assert_eq!(roster.cancel(attempt(1)), Dropped::Stop(1));
    assert!(!roster.finish(attempt(1), OutboxId(7)));
    assert_eq!(roster.cancel(attempt(1)), Dropped::Nothing);
}

#[test]
fn claims_adopt_stop_or_forget() {
    let mut roster = Roster::new(4, SUSPENDED, [(OutboxId(1), attempt(1)), (OutboxId(2), attempt(2))]);
    roster.start(attempt(3), 3);
    roster.start(attempt(4), 4);
    let fresh = Token { epoch: 2, sequence: 9 };
    let mut claim = |task, verdict| match roster.claim(Claim { attempt: attempt(task), verdict }) {
        Claimed::GoesOn(run, attempt) => format!("{run} goes on as {}", attempt.token),
        Claimed::Send(id, attempt) => format!("send {} as {}", id.0, attempt.token),
        Claimed::Dropped(dropped) => format!("{dropped:?}"),
    };
    assert_eq!(claim(1, ClaimVerdict::Adopted(fresh)), "send 1 as 2.9");
    assert_eq!(claim(2, ClaimVerdict::Closed), "Forget(OutboxId(2))");
    assert_eq!(claim(3, ClaimVerdict::Adopted(fresh)), "3 goes on as 2.9");
    assert_eq!(claim(4, ClaimVerdict::Abandoned), "Stop(4)");
    assert_eq!(claim(5, ClaimVerdict::Adopted(fresh)), "Nothing");
    let held: Vec<Attempt> = roster.held().iter().map(|held| held.attempt).collect();
    assert!(held.iter().all(|attempt| attempt.token == fresh));
    assert_eq!(held.len(), 2);
}

#[test]
fn draining_takes_nothing_and_ends_when_all_is_acknowledged() {
    let mut roster = Roster::new(4, SUSPENDED, [(OutboxId(1), attempt(1))]);
    roster.start(attempt(2), 2);
    roster.start(attempt(3), 3);
    roster.start(attempt(4), 4);
    roster.suspend(attempt(4));
    roster.drain();
    assert_eq!(roster.admit(attempt(5)), Admission::HandBack);
    let back = roster.hand_back(|run| *run == 3);
    assert_eq!(back, [(attempt(3), 3), (attempt(4), 4)]);
    assert!(!roster.is_drained());
    roster.acknowledge(attempt(1));
    roster.finish(attempt(2), OutboxId(2));
    assert!(!roster.is_drained());
    roster.acknowledge(attempt(2));
    assert!(roster.is_drained());
}

/// One thing that can happen to one attempt.
#[derive(Clone, Copy, Debug)]
enum Step {
    Assign,
    Suspend,
    Resume,
    Finish,
    Acknowledge,
    Cancel,
    Adopt,
}

proptest! {
    #[test]
    fn counts_follow_the_entries_and_slots_are_never_overbooked_by_assignments(
        steps in prop::collection::vec((0_u64..6, 0_usize..7), 1..200),
        slots in 1_usize..4,
    ) {
        const STEPS: [Step; 7] = [
            Step::Assign, Step::Suspend, Step::Resume, Step::Finish, Step::Acknowledge, Step::Cancel, Step::Adopt,
        ];
        let mut roster = roster(slots);
        let mut sequence = 1;
        for (task, step) in steps {
            let current = roster.held().into_iter().map(|held| held.attempt).find(|held| held.task == TaskId(task));
            let attempt = current.unwrap_or(attempt_under(task, sequence));
            sequence += 1;
            match STEPS[step] {
                Step::Assign => {
                    let before = roster.counts().running;
                    match roster.admit(attempt) {
                        Admission::Run => {
                            prop_assert!(before < slots);
                            roster.start(attempt, task);
                        }
                        Admission::Wait => roster.start_suspended(attempt, task),
                        Admission::Known | Admission::HandBack => {}
                    }
                }
                Step::Suspend => {
                    let before = roster.counts();
                    let given_back = matches!(roster.suspend(attempt), Suspension::GivenBack(_));
                    prop_assert!(!given_back || before.suspended == SUSPENDED);
                }
                Step::Resume => drop(roster.resume(attempt).copied()),
                Step::Finish => drop(roster.finish(attempt, OutboxId(sequence))),
                Step::Acknowledge => drop(roster.acknowledge(attempt)),
                Step::Cancel => drop(roster.cancel(attempt)),
                Step::Adopt => {
                    let verdict = ClaimVerdict::Adopted(Token { epoch: 1, sequence });
                    roster.claim(Claim { attempt, verdict });
                }
            }
            let held = roster.held();
            let counts = roster.counts();
            prop_assert!(counts.suspended <= SUSPENDED);
            prop_assert_eq!(held.len(), counts.running + counts.suspended + counts.finished);
            prop_assert_eq!(held.iter().filter(|held| held.finished).count(), counts.finished);
            let live = held.iter().filter(|held| roster.live(held.attempt).is_some()).count();
            prop_assert_eq!(live, counts.running + counts.suspended);
        }
    }
}
