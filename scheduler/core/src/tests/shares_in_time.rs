//! Shares of slot time over a minute of virtual time, with work that takes longer or shorter than was thought.

use std::collections::{BTreeMap, BTreeSet};

use super::*;
use crate::chance::Chance;

const MINUTE_MS: u64 = 60_000;
const SLOTS: u16 = 16;

/// Who asks for what: always more than there is room for.
#[derive(Clone, Copy)]
struct Asker {
    lane: Lane,
    client: ClientIndex,
    /// What its jobs take, at least and at most.
    ms: (u64, u64),
    host: HostIndex,
}

/// Keeps every asker's queue filled for a minute; tells the slot milliseconds that each had.
fn contend(stage: &mut Stage, askers: &[Asker]) -> Vec<f64> {
    stage.join(W, SLOTS);
    let (begin, mut chance) = (stage.ms, Chance::new(5));
    let mut asker_of = BTreeMap::new();
    let mut waiting = vec![0_u32; askers.len()];
    let mut used = vec![0_u64; askers.len()];
    let mut ends = BTreeSet::new();
    while stage.ms < begin + MINUTE_MS {
        for (at, asker) in askers.iter().enumerate() {
            while waiting[at] < 40 {
                let task =
                    stage.submit(|ask| (ask.lane, ask.client, ask.host) = (asker.lane, asker.client, asker.host));
                asker_of.insert(task, at);
                waiting[at] += 1;
            }
        }
        for given in stage.dispatch() {
            let at = asker_of[&given.task()];
            let (least, most) = askers[at].ms;
            let ms = least + chance.up_to(most - least);
            waiting[at] -= 1;
            used[at] += ms.min(begin + MINUTE_MS - stage.ms);
            ends.insert((stage.ms + ms, given.attempt));
        }
        stage.effects();
        stage.ms += 1;
        assert!(stage.core.heartbeat(W, stage.now()));
        stage.core.tick(stage.now(), &mut stage.out);
        while let Some((end, attempt)) = ends.first().copied().filter(|(end, _)| *end <= stage.ms) {
            ends.remove(&(end, attempt));
            stage.finish(attempt);
        }
    }
    let all: u64 = used.iter().sum();
    assert!(all >= MINUTE_MS * u64::from(SLOTS) * 99 / 100, "slots are busy: {all}");
    assert_eq!(stage.core.counters().preempted, 0, "contention within shares displaces nobody");
    #[allow(clippy::cast_precision_loss)]
    used.iter().map(|ms| *ms as f64 / all as f64).collect()
}

/// The share of each is within two hundredths of what its weight says, or within one job of a second.
fn check(had: &[f64], weights: &[u32]) {
    let one_job = 1_000.0 / (60_000.0 * f64::from(SLOTS));
    let all: u32 = weights.iter().sum();
    for (had, weight) in had.iter().zip(weights) {
        let due = f64::from(*weight) / f64::from(all);
        assert!((had - due).abs() < one_job.max(0.02 * due), "had {had:.4}, due {due:.4}");
    }
}

#[test]
fn clients_get_slot_time_by_weight_whatever_their_jobs_take() {
    let kinds = [(1, 20), (300, 1_000), (50, 50), (1_000, 1_000), (5, 600)];
    for weights in [[1, 1, 1, 1, 1], [1, 2, 3, 4, 5], [5, 1, 8, 2, 1]] {
        let mut stage = Stage::new();
        let askers: Vec<_> = kinds
            .into_iter()
            .zip(weights)
            .enumerate()
            .map(|(number, (ms, weight))| {
                let client = stage.client(&format!("w{number}"), weight);
                Asker { lane: Lane::Free, client, ms, host: HostIndex(0) }
            })
            .collect();
        check(&contend(&mut stage, &askers), &weights);
    }
}

#[test]
fn hosts_tell_costs_apart() {
    let mut stage = Stage::new();
    let second = stage.host("second");
    let other = stage.client("other", 3);
    let askers = [
        Asker { lane: Lane::Free, client: ClientIndex(0), ms: (900, 1_000), host: HostIndex(0) },
        Asker { lane: Lane::Free, client: other, ms: (5, 15), host: second },
    ];
    check(&contend(&mut stage, &askers), &[1, 3]);
}

#[test]
fn lanes_get_slot_time_by_weight() {
    for kinds in [[(5, 15), (200, 400), (20, 1_000), (100, 1_000)], [(900, 1_000), (1, 9), (40, 60), (10, 20)]] {
        let mut stage = Stage::new();
        let asker = |(lane, ms)| Asker { lane, client: ClientIndex(0), ms, host: HostIndex(0) };
        let askers: Vec<_> = Lane::ALL.into_iter().zip(kinds).map(asker).collect();
        check(&contend(&mut stage, &askers), &Options::default().lane_weights);
    }
}
