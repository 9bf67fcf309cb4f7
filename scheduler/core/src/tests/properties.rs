//! What always holds, under random work, workers, deaths, restarts and times.

use proptest::prelude::*;

use super::world::{Process, Step, World};

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
        self.step((7, 0, 3 + 4 * 2));
        for _ in 0..5_000 {
            if self.jobs.is_empty() {
                return;
            }
            let mut out = Vec::new();
            self.core.tick(self.now(), &mut out);
            self.digest(out);
            self.step((25, 0, 0));
            while self.attempt(0).is_some() {
                self.step((14, 0, 1));
            }
            self.step((25, 0, 0));
            let wake = self.core.next_wake(self.now()).expect("something is to come");
            // Never beyond a heartbeat.
            self.ms = wake.clamp(self.ms + u64::from(self.attempt(0).is_none()), self.ms + 5_000);
            self.live();
        }
        unreachable!("still open: {:?}", self.jobs.keys());
    }
}

fn play(steps: &[Step]) -> String {
    let mut world = World::new();
    steps.iter().for_each(|step| world.step(*step));
    world.come_to_rest();
    let resident = world.core.resident();
    assert_eq!((resident.jobs, resident.tasks), (0, 0));
    assert!(world.core.is_empty(), "nothing is left behind");
    world.log
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 400, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn what_always_holds(steps in prop::collection::vec((0_u8..30, any::<u16>(), any::<u16>()), 0..400)) {
        let log = play(&steps);
        prop_assert_eq!(log, play(&steps), "the same inputs give the same effects");
    }
}
