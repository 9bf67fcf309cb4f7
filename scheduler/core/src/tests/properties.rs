//! What always holds, under random work, workers, deaths, restarts and times.

use proptest::prelude::*;

use gleaner_model::Attempt;

use super::world::{Process, Step, World};
use crate::chance::Chance;
use crate::{Counters, Report};

impl World {
    /// Everybody behaves from now on: everything that is open must end, without anyone else's help.
    fn come_to_rest(&mut self) {
        for at in 0..4 {
            self.leave(at);
            self.processes[usize::from(at)] = Process::default();
        }
        while !self.committing.is_empty() {
            self.step((22, 0, 1));
        }
        // Every capability, three slots.
        self.step((7, 0, 3 + 4 * 2));
        for _ in 0..5_000 {
            if self.jobs.is_empty() {
                return;
            }
            let mut out = Vec::new();
            self.core.tick(self.now(), &mut out);
            self.digest(out);
            self.step((28, 0, 0));
            while let Some((at, attempt)) = self.at_work() {
                let mut out = Vec::new();
                self.report(attempt, Report::Finished, &mut out);
                self.forget(at, attempt);
                self.settle(u16::MAX, 1, &mut out);
                self.digest(out);
                self.check();
            }
            self.step((28, 0, 0));
            let wake = self.core.next_wake(self.now()).expect("something is to come");
            // Never beyond a heartbeat.
            self.ms = wake.clamp(self.ms + u64::from(self.at_work().is_none()), self.ms + 5_000);
            self.live();
        }
        unreachable!("still open: {:?}", self.jobs.keys());
    }

    /// Some attempt that is not suspended.
    fn at_work(&self) -> Option<(usize, Attempt)> {
        let all = self
            .processes
            .iter()
            .enumerate()
            .flat_map(|(at, process)| process.attempts.iter().map(move |(attempt, _)| (at, *attempt)));
        all.into_iter().find(|(_, attempt)| !self.suspended.contains(attempt))
    }
}

fn play(steps: &[Step]) -> String {
    play_counting(steps).0
}

/// What came out, and what was counted since the last restart.
fn play_counting(steps: &[Step]) -> (String, Counters) {
    let mut world = World::new();
    steps.iter().for_each(|step| world.step(*step));
    world.come_to_rest();
    let resident = world.core.resident();
    assert_eq!((resident.jobs, resident.tasks), (0, 0));
    assert!(world.core.is_empty(), "nothing is left behind");
    let counters = world.core.counters();
    (world.log, counters)
}

/// Makes a step of a world in which slots are scarce: much work, little time between, few ends.
fn scarce((what, a, b): Step) -> Step {
    match what % 32 {
        0..=4 => (27, a, b),
        5 => (0, a, b),
        6..=13 => (28, a, b),
        14..=21 => (10, a % 12, b),
        22 => (13, a, b),
        23..=25 => (14, a, b),
        26..=27 => (6, a, b),
        28 => (25, a, b),
        29 => (18, a, b),
        // Two processes, one slot each.
        30 if a.is_multiple_of(4) => (7, b % 2, 1 + 4 * 2),
        _ => ((a % 27).to_le_bytes()[0], b, a),
    }
}

fn play_scarce(steps: &[Step]) -> (String, Counters) {
    let beginning = [(7, 0, 1 + 4 * 2), (7, 1, 2 + 4 * 2), (28, 0, 0)];
    let steps: Vec<_> = beginning.into_iter().chain(steps.iter().map(|step| scarce(*step))).collect();
    play_counting(&steps)
}

#[test]
fn histories_have_tasks_that_wait_for_others() {
    let mut chance = Chance::new(5);
    let mut waited = 0;
    for _ in 0..60 {
        let mut number = || u16::try_from(chance.up_to(u64::from(u16::MAX))).expect("sixteen bits");
        let steps: Vec<_> = (0..300).map(|_| (number().to_le_bytes()[0] % 30, number(), number())).collect();
        waited += play_counting(&steps).1.waited;
    }
    assert!(waited > 20, "{waited}");
}

#[test]
fn scarce_histories_displace_resume_and_hand_back() {
    let mut chance = Chance::new(3);
    let (mut preempted, mut resumed, mut handed_back) = (0, 0, 0);
    for _ in 0..100 {
        let mut number = || u16::try_from(chance.up_to(u64::from(u16::MAX))).expect("sixteen bits");
        let steps: Vec<_> = (0..300).map(|_| (number().to_le_bytes()[0], number(), number())).collect();
        let (_, counters) = play_scarce(&steps);
        preempted += counters.preempted;
        resumed += counters.resumed;
        handed_back += counters.handed_back;
    }
    assert!(preempted > 100 && resumed > 20 && handed_back > 20, "{preempted}, {resumed}, {handed_back}");
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 400, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn what_always_holds(steps in prop::collection::vec((0_u8..30, any::<u16>(), any::<u16>()), 0..400)) {
        let log = play(&steps);
        prop_assert_eq!(log, play(&steps), "the same inputs give the same effects");
    }

    #[test]
    fn what_always_holds_where_slots_are_scarce(steps in prop::collection::vec(any::<Step>(), 0..400)) {
        let (log, _) = play_scarce(&steps);
        prop_assert_eq!(log, play_scarce(&steps).0, "the same inputs give the same effects");
    }
}
