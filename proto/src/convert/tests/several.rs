//! What is said in one message is what would have been said in many, and no message is larger than it may be.

use gleaner_model::{Assignment, Attempt, TaskId, Token};
use proptest::collection::vec;
use proptest::prelude::*;
use prost::Message;

use super::strategies;
use crate::convert::{
    ACKS_MAX, ASSIGNS_BYTES, ASSIGNS_MAX, OUTCOMES_BYTES, OUTCOMES_MAX, PackedOutcomes, pack_acks, pack_assigns,
    unpack_acks, unpack_assigns, unpack_outcomes,
};
use crate::v1;

fn sent(message: &v1::Assigns) -> v1::Assigns {
    v1::Assigns::decode(&*message.encode_to_vec()).expect("what was just encoded")
}

fn attempt(number: u64) -> Attempt {
    Attempt { task: TaskId(number), token: Token { epoch: 1, sequence: number } }
}

/// An assignment to be repeated under other numbers.
fn any_assignment() -> Assignment {
    use proptest::strategy::ValueTree;
    let mut runner = proptest::test_runner::TestRunner::deterministic();
    strategies::assignment().new_tree(&mut runner).expect("a value").current()
}

fn alike(count: u64, settled: &[String]) -> Vec<Assignment> {
    let (one, settled) = (any_assignment(), settled.to_vec());
    let alike = |number| Assignment { attempt: attempt(number), settled: settled.clone(), ..one.clone() };
    (0..count).map(alike).collect()
}

proptest! {
    #[test]
    fn assignments_come_back_as_they_were(assignments in vec(strategies::assignment(), 0..12)) {
        let packed = pack_assigns(assignments.clone());
        let whole = packed.iter().flat_map(|message| unpack_assigns(sent(message)).expect("within bounds"));
        let back: Vec<Assignment> = whole.map(|assign| assign.try_into().expect("a valid one")).collect();
        prop_assert_eq!(back, assignments);
    }
}

#[test]
fn what_was_said_is_not_said_again() {
    let packed = pack_assigns(alike(3, &[]));
    let [message] = packed.as_slice() else { panic!("{} messages", packed.len()) };
    let (first, later) = message.assigns.split_first().expect("three");
    assert!(!first.registry.is_empty() && !first.base_url.is_empty());
    for assign in later {
        let permit = assign.permit.as_ref().expect("each has its own");
        let left_out = [&assign.registry, &assign.base_url, &permit.host];
        assert!(left_out.iter().all(|text| text.is_empty()) && permit.attempt.is_none(), "{assign:?}");
    }
}

#[test]
fn messages_are_bounded_by_number_and_by_bytes() {
    let many = ASSIGNS_MAX as u64 * 2 + 1;
    let counts: Vec<usize> = pack_assigns(alike(many, &[])).iter().map(|message| message.assigns.len()).collect();
    assert_eq!(counts, [ASSIGNS_MAX, ASSIGNS_MAX, 1]);

    // Two fit with what they have beside that, a third does not; and one that is too large for any message goes alone.
    let settled = vec!["1".repeat(ASSIGNS_BYTES / 3)];
    let packed = pack_assigns(alike(5, &settled));
    assert_eq!(packed.iter().map(|message| message.assigns.len()).collect::<Vec<_>>(), [2, 2, 1]);
    assert!(packed.iter().all(|message| message.encoded_len() <= ASSIGNS_BYTES));
    let giants = pack_assigns(alike(2, &["1".repeat(ASSIGNS_BYTES)]));
    assert_eq!(giants.iter().map(|message| message.assigns.len()).collect::<Vec<_>>(), [1, 1]);

    let attempts: Vec<Attempt> = (0..=ACKS_MAX as u64).map(attempt).collect();
    let acks: Vec<v1::Acks> = pack_acks(&attempts).collect();
    assert_eq!(acks.iter().map(|message| message.attempts.len()).collect::<Vec<_>>(), [ACKS_MAX, 1]);
    let back: Vec<Attempt> =
        acks.into_iter().flat_map(|message| unpack_acks(message).expect("within bounds")).collect();
    assert_eq!(back, attempts);
}

#[test]
fn outcomes_go_together_while_there_is_room() {
    use v1::session_request::Message;

    let ended = |bytes| {
        let failed = v1::Fault { detail: "x".repeat(bytes), ..v1::Fault::default() };
        v1::Outcome { result: Some(v1::outcome::Result::Failed(failed)), ..v1::Outcome::default() }
    };
    assert_eq!(PackedOutcomes::new(ended(1)).into_message(), Message::Outcome(ended(1)));

    let mut small = PackedOutcomes::new(ended(0));
    let added = (1..).take_while(|bytes| small.add(ended(*bytes % 100)).is_none()).count();
    assert_eq!(added + 1, OUTCOMES_MAX);
    let Message::Outcomes(message) = small.into_message() else { panic!("several") };
    let expected: Vec<_> = (0..OUTCOMES_MAX).map(|bytes| ended(bytes % 100)).collect();
    assert_eq!(unpack_outcomes(message).expect("within bounds"), expected);

    let mut large = PackedOutcomes::new(ended(OUTCOMES_BYTES / 2));
    assert_eq!(large.add(ended(OUTCOMES_BYTES / 2)), Some(ended(OUTCOMES_BYTES / 2)));
    assert_eq!(large.into_message(), Message::Outcome(ended(OUTCOMES_BYTES / 2)));
}

#[test]
fn larger_messages_are_refused() {
    let assigns = vec![v1::Assign::default(); ASSIGNS_MAX + 1];
    assert_eq!(unpack_assigns(v1::Assigns { assigns }).expect_err("too many").field(), "assigns");
    let outcomes = vec![v1::Outcome::default(); OUTCOMES_MAX + 1];
    assert_eq!(unpack_outcomes(v1::Outcomes { outcomes }).expect_err("too many").field(), "outcomes");
    let attempts = vec![v1::Attempt::default(); ACKS_MAX + 1];
    assert_eq!(unpack_acks(v1::Acks { attempts }).expect_err("too many").field(), "attempts");
}
