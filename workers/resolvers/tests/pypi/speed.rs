//! How many resolutions a second one core does, warm: `cargo test --release -p gleaner-resolvers --test pypi speed --
//! --ignored --nocapture`.

use std::time::{Duration, Instant};

use gleaner_resolvers::pypi::{Environment, Pypi, Scratch};
use gleaner_resolvers::{Budget, Flow, Resolver, View};

use crate::corpus;
use crate::inputs::INPUTS;

#[test]
#[ignore = "a measurement"]
fn speed() {
    let Some(snapshot) = corpus::snapshot() else {
        println!("skipped: there are no recorded documents here");
        return;
    };
    let (environment, view) = (Environment::default(), View::default());
    for input in INPUTS {
        let (root, mut scratch) = (input.root(), Scratch::default());
        let mut resolve = || {
            let mut pause = || Flow::Continue;
            let mut budget = Budget::new(1_000_000, &mut pause);
            Pypi::resolve(snapshot, &root, &environment, &view, &mut scratch, &mut budget)
        };
        let first = resolve();
        let (started, mut count) = (Instant::now(), 0_u32);
        while started.elapsed() < Duration::from_secs(2) {
            let resolution = resolve();
            assert_eq!(resolution.answer, first.answer);
            count += 1;
        }
        let each = started.elapsed() / count;
        let shown: String = format!("{:?}", first.answer).chars().take(90).collect();
        println!("{}: {:.0}/s, {} steps, {each:?}, {shown}", input.name, 1.0 / each.as_secs_f64(), first.steps);
    }
}
