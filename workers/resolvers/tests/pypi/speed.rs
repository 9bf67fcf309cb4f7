//! How many resolutions a second one core does, warm: `cargo test --release -p gleaner-resolvers --test pypi speed --
//! --ignored --nocapture`.

use std::time::{Duration, Instant};

use gleaner_resolvers::pypi::{Environment, Pypi, Scratch};
use gleaner_resolvers::{Budget, Flow, Resolver, View};

use crate::corpus;
use crate::inputs::{INPUTS, add_tangle};

/// What this thread has had of a processor, where the system says so: others may want it too.
fn used(since: Instant) -> Duration {
    let text = std::fs::read_to_string("/proc/thread-self/schedstat").ok();
    let nanoseconds = text.and_then(|text| text.split(' ').next()?.parse().ok());
    nanoseconds.map_or_else(|| since.elapsed(), Duration::from_nanos)
}

#[test]
#[ignore = "a measurement"]
fn speed() {
    let Some(snapshot) = corpus::snapshot() else {
        println!("skipped: there are no recorded documents here");
        return;
    };
    let mut snapshot = snapshot.clone();
    add_tangle(&mut snapshot);
    let (environment, view, began) = (Environment::default(), View::default(), Instant::now());
    for input in INPUTS {
        let (root, mut scratch) = (input.root(), Scratch::default());
        let mut resolve = || {
            let mut pause = || Flow::Continue;
            let mut budget = Budget::new(1_000_000, &mut pause);
            Pypi::resolve(&snapshot, &root, &environment, &view, &mut scratch, &mut budget)
        };
        let cold = used(began);
        let first = resolve();
        let (started, cold) = (used(began), used(began).checked_sub(cold).unwrap());
        let mut count = 0_u32;
        while used(began).checked_sub(started).unwrap() < Duration::from_secs(1) {
            for _ in 0..10 {
                assert_eq!(resolve().steps, first.steps);
            }
            count += 10;
        }
        let each = used(began).checked_sub(started).unwrap() / count;
        let shown: String = crate::made::shown(&first.answer).chars().take(100).collect();
        println!(
            "{}: {:.0}/s warm ({each:?}; the first {cold:?}), {} steps: {shown}",
            input.name,
            1.0 / each.as_secs_f64(),
            first.steps
        );
    }
}
