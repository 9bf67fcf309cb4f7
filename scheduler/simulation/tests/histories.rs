//! Many histories, none of which may fail; and some with a planted fault, each of which must be found.

use gleaner_simulation::{Fault, Tally, live};

/// So many histories every time; `just simulate 100000` for more.
const SEEDS: u64 = 1_000;

#[test]
fn what_always_holds_does() {
    let mut total = Tally::default();
    for seed in 0..SEEDS {
        let history = live(seed, None, false);
        if let Some(violation) = history.violation {
            panic!(
                "seed {seed}: {violation}\nagain: cargo run -p gleaner-simulation --bin gleaner-simulation -- --seeds {seed} --verbose"
            );
        }
        let Tally { receipts, accepted, refused, adopted, restarts, unsure_kept, .. } = history.tally;
        let Tally { orders, at_floor, bounded, host_changes, waited, shared, .. } = history.tally;
        total.waited += waited;
        total.retried += history.tally.retried;
        total.cancelled_orders += history.tally.cancelled_orders;
        total.shared += shared;
        total.orders += orders;
        total.at_floor += at_floor;
        total.bounded += bounded;
        total.host_changes += host_changes;
        total.receipts += receipts;
        total.accepted += accepted;
        total.refused += refused;
        total.adopted += adopted;
        total.restarts += restarts;
        total.unsure_kept += unsure_kept;
    }
    // A world in which nothing happens keeps every promise.
    assert!(total.receipts > 50 * SEEDS && total.accepted > 20 * SEEDS, "{total:?}");
    assert!(total.restarts > SEEDS && total.adopted > SEEDS && total.refused > SEEDS / 10, "{total:?}");
    assert!(total.waited > 10 * SEEDS && total.shared > SEEDS, "{total:?}");
    assert!(total.retried > SEEDS / 2 && total.cancelled_orders > SEEDS, "{total:?}");
    assert!(total.unsure_kept > SEEDS / 100 && total.orders > SEEDS, "{total:?}");
    assert!(total.at_floor > SEEDS / 10 && total.bounded > SEEDS && total.host_changes > SEEDS, "{total:?}");
}

#[test]
fn one_seed_is_one_history() {
    for seed in 0..20 {
        let (first, second) = (live(seed, None, true), live(seed, None, true));
        assert!(first.lines.len() > 100);
        let differs = first.lines.iter().zip(&second.lines).find(|(a, b)| a != b);
        assert_eq!(differs, None, "seed {seed}");
        assert_eq!(first, second);
        let untold = live(seed, None, false);
        assert_eq!((untold.tally, untold.events, untold.lasted_ms), (first.tally, first.events, first.lasted_ms));
    }
}

/// Finds the fault within so many histories, and tells which promise it broke.
fn found(fault: Fault, within: u64) -> String {
    let violation = (0..within).find_map(|seed| live(seed, Some(fault), false).violation);
    violation.unwrap_or_else(|| panic!("{fault:?} was not found within {within} histories"))
}

#[test]
fn every_planted_fault_is_found() {
    // What needs a worker that is away for two restarts, or a crash between two certain commits, is rare.
    let rare = [Fault::NoBirths, Fault::CursorLate, Fault::RunLate, Fault::CancelledAsks, Fault::RetryKeyLate];
    for fault in Fault::ALL.into_iter().filter(|fault| !rare.contains(fault)) {
        found(fault, 500);
    }
    rare.into_iter().for_each(|fault| _ = found(fault, 5_000));
}

#[test]
fn faults_are_found_for_what_they_break() {
    assert!(found(Fault::ReceiptBeforeCommit, 200).contains("was acknowledged and is lost"));
    assert!(found(Fault::CancelBeforeCommit, 200).contains("was said to be"));
    assert!(found(Fault::AckBeforeCommit, 200).contains("was acknowledged, and"));
    assert!(found(Fault::AnyToken, 200).contains("is not at"));
    assert!(found(Fault::BudgetReset, 200).contains("before its budget allows it"));
    assert!(found(Fault::WishNotJournalled, 200).contains("wants to be left alone"));
    assert!(found(Fault::NoLimbo, 200).contains("when a worker may be at it"));
    assert!(found(Fault::NeverDisplaces, 200).contains("paid work at host"));
    assert!(found(Fault::DisplacesWithoutEnd, 200).contains("times"));
    assert!(found(Fault::ProtectsMost, 1_000).contains("paid work at host"));
    assert!(found(Fault::FloorIgnored, 1_000).contains("are its floor"));
    assert!(found(Fault::SuspendsWithoutBound, 500).contains("of one worker are suspended"));
    assert!(found(Fault::ReserveGiven, 200).contains("what it keeps for paid work"));
    assert!(found(Fault::ConcurrencyIgnored, 200).contains("are under way at once"));
    assert!(found(Fault::PauseForgotten, 500).contains("is paused and is granted a request"));
    assert!(found(Fault::DrainIgnored, 200).contains("that an operator drains"));
    assert!(found(Fault::BeginsEarly, 200).contains("is assigned before its time"));
    assert!(found(Fault::TimesForgotten, 200).contains("is assigned before its time"));
    assert!(found(Fault::MergedLeftOpen, 200).contains("has not in the journal"));
    assert!(found(Fault::KeyLate, 200).contains("became two jobs"));
    assert!(found(Fault::CancelForgotten, 200).contains("was said to be"));
    assert!(found(Fault::BatchEndsEarly, 200).contains("says that it has ended as"));
    assert!(found(Fault::CursorLate, 1_000).contains("campaign of"));
    assert!(found(Fault::RunLate, 500).contains("the schedule of"));
    assert!(found(Fault::WakeUpLost, 200).contains("which has ended"));
    assert!(found(Fault::WaitsInSlot, 200).contains("and keeps its slot"));
    assert!(found(Fault::AsksInBulk, 200).contains("asked for in the bulk lane"));
    assert!(found(Fault::AsksForEver, 500).contains("are the bound"));
    assert!(found(Fault::CancelledGoesOn, 500).contains("those who want it were cancelled"));
    assert!(found(Fault::CancelledAsks, 2_000).contains("has cancelled"));
    assert!(found(Fault::RetryKeyLate, 5_000).contains("is tried again twice"));
    assert!(found(Fault::WeightIgnored, 500).contains("of slot time, by weight, ahead of"));
}
