//! The minute around noon: everything that the long runs report holds here as well.

#![allow(clippy::unwrap_used)]

use super::measure::Measure;
use super::scenario::Scenario;
use super::{drawing, live, table};

fn minute(seed: u64) -> (Scenario, Measure) {
    let scenario = Scenario { seed, ..Scenario::minute() };
    let measure = live(&scenario);
    (scenario, measure)
}

#[test]
fn paid_work_starts_at_once_while_everybody_else_waits_and_half_of_the_workers_go() {
    let (_, measure) = minute(1);
    let slots: Vec<_> = measure.windows.iter().map(|window| window.slots).collect();
    assert_eq!((slots.first(), slots.last()), (Some(&2_000), Some(&1_000)), "half of the workers went");
    let full = measure.windows.iter().filter(|window| window.running.iter().sum::<u64>() >= window.slots).count();
    assert!(full > measure.windows.len() / 2, "too few slots for all: {full} windows");
    assert!(measure.asked[0] >= 60 && measure.counters.preempted > 0 && measure.lost_ms > 0);
    // An analysis needs a slot only; a crawl may need one of the hosts that bear a request a second.
    let [crawl, analysis] = [&measure.waits[0][0], &measure.waits[0][1]].map(|waits| waits.quantile(10_000).unwrap());
    let bulk = measure.waits[3].iter().filter_map(|waits| waits.quantile(10_000)).max().unwrap();
    assert!(analysis <= 10 && crawl <= 3_000, "paid analyses wait {analysis} ms at most, crawls {crawl} ms");
    assert!(bulk > 30_000, "bulk waits {bulk} ms at most: nobody is short of slots");
    let paid_waits = measure.windows.last().unwrap().queued[0];
    assert!(paid_waits < 5, "{paid_waits} paid tasks wait");
}

#[test]
fn no_job_is_lost_and_no_host_is_asked_more_than_it_bears() {
    let (_, measure) = minute(2);
    assert_eq!((measure.failed, measure.refused, measure.crowded), (0, 0, [0; 4]));
    let sum = |of: [u64; 4]| of.iter().sum::<u64>();
    // Everything that was asked for joined other work, has ended, waits or runs.
    let open = sum(measure.queued) + measure.at_workers;
    assert_eq!(sum(measure.asked), sum(measure.attached) + sum(measure.ended) + open);
    for (rank, host) in measure.hosts.iter().enumerate() {
        assert!(host.most <= 1.0, "host {rank} was asked {} of what it bears", host.most);
    }
    assert!(measure.hosts.iter().any(|host| host.most > 0.9), "budgets are reached: {:?}", measure.hosts);
}

#[test]
fn one_seed_is_one_minute() {
    let told = |seed| {
        let (scenario, measure) = minute(seed);
        (table(&scenario, &measure), drawing(&scenario, &measure))
    };
    let (first, again, other) = (told(3), told(3), told(4));
    assert_eq!(first, again);
    assert_ne!(first.0, other.0);
    assert!(first.1.starts_with("<svg") && !first.1.contains("NaN"), "{}", first.1);
}
