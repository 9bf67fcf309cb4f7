//! How long paid work waits while every slot is busy with half a minute's work, over two minutes of virtual time.

use std::collections::{BTreeMap, BTreeSet};

use super::*;
use crate::chance::Chance;

const WORKERS: u64 = 4;
const SLOTS: u16 = 8;
const LONG_MS: u64 = 30_000;

/// A fleet that does what it is told, in time.
struct Fleet {
    stage: Stage,
    chance: Chance,
    arrived: BTreeMap<u64, u64>,
    waits: Vec<u64>,
    /// Attempts in slots, by their end.
    ends: BTreeSet<(u64, Attempt)>,
    /// What suspended attempts have left to do.
    left: BTreeMap<Attempt, u64>,
    /// What of a task's work is done, once it was handed back.
    finished_long: u64,
}

impl Fleet {
    fn new() -> Self {
        let mut stage = Stage::new();
        (1..=WORKERS).for_each(|worker| stage.join(WorkerId(worker), SLOTS));
        Self {
            stage,
            chance: Chance::new(11),
            arrived: BTreeMap::new(),
            waits: Vec::new(),
            ends: BTreeSet::new(),
            left: BTreeMap::new(),
            finished_long: 0,
        }
    }

    fn carry_out(&mut self) {
        while self.stage.core.dispatch(self.stage.now(), &mut self.stage.out) {}
        let now = self.stage.ms;
        for effect in self.stage.effects() {
            match effect {
                Effect::Assign { attempt, lane: Lane::Paid, .. } => {
                    self.waits.push(now - self.arrived[&attempt.task.0]);
                    self.ends.insert((now + 5 + self.chance.up_to(60), attempt));
                }
                Effect::Assign { attempt, .. } => drop(self.ends.insert((now + LONG_MS, attempt))),
                Effect::Suspend { attempt, .. } => {
                    let (end, _) = *self.ends.iter().find(|(_, held)| *held == attempt).expect("it ran");
                    self.ends.remove(&(end, attempt));
                    self.left.insert(attempt, end - now);
                }
                Effect::Resume { attempt, .. } => {
                    let left = self.left.remove(&attempt).expect("it was suspended");
                    self.ends.insert((now + left, attempt));
                }
                Effect::CancelAttempt { attempt, .. } => drop(self.left.remove(&attempt)),
                _ => {}
            }
        }
    }

    fn pass(&mut self) {
        self.stage.ms += 1;
        let now = self.stage.now();
        (1..=WORKERS).for_each(|worker| assert!(self.stage.core.heartbeat(WorkerId(worker), now)));
        self.stage.core.tick(now, &mut self.stage.out);
        while let Some((end, attempt)) = self.ends.first().copied().filter(|(end, _)| *end <= now.mono_ms) {
            self.ends.remove(&(end, attempt));
            self.finished_long += u64::from(!self.arrived.contains_key(&attempt.task.0));
            self.stage.finish(attempt);
        }
    }
}

#[test]
fn paid_work_waits_as_long_as_a_suspension_takes_and_nothing_is_starved() {
    let mut fleet = Fleet::new();
    for lane in [Lane::Bulk, Lane::Free] {
        (0..200).for_each(|_| _ = fleet.stage.submit_in(lane));
    }
    fleet.carry_out();
    let begin = fleet.stage.ms;
    while fleet.stage.ms < begin + 120_000 {
        fleet.pass();
        // Now and then some at once, up to an eighth of the slots.
        if fleet.chance.up_to(100) == 0 {
            for _ in 0..=fleet.chance.up_to(3) {
                let task = fleet.stage.submit_in(Lane::Paid);
                fleet.arrived.insert(task, fleet.stage.ms);
            }
        }
        fleet.carry_out();
    }
    fleet.waits.sort_unstable();
    let (count, longest) = (fleet.waits.len(), *fleet.waits.last().expect("many"));
    assert!(count > 2_000 && count == fleet.arrived.len(), "{count}");
    // The target, and what an attempt that was just resumed may run.
    assert!(longest <= 2 + 5, "{longest} ms; median {}", fleet.waits[count / 2]);
    let slot_ms = WORKERS * u64::from(SLOTS) * 120_000;
    let counters = fleet.stage.core.counters();
    assert!(counters.preempted > 30, "{counters:?}");
    // Of four rounds of long work most get through, though many were displaced.
    assert!(fleet.finished_long * LONG_MS > slot_ms / 2, "{} of {}", fleet.finished_long, slot_ms / LONG_MS);
}
