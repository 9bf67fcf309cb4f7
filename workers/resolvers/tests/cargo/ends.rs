//! Inputs whose contradictions are tangled: they end, and soon.
//!
//! Each of these was searched for more than five seconds, and half a million steps, without an end in sight before the
//! search asked a judge whether there is anything to find.

use std::time::{Duration, Instant};

use gleaner_resolvers::{Answer, Resolution};

use crate::corpus;
use crate::made::{Index, need, root};
use crate::tangle::{first_of_tangle, tangle};

/// Far more than any of them takes (some tens of milliseconds), and far less than without a judge.
const SOON: Duration = Duration::from_secs(4);
/// The same in steps, which are the same on every machine.
const FEW: u64 = 60_000;

fn soon(index: &Index, manifest: &str) -> Resolution {
    let (snapshot, root) = (index.snapshot(), root(manifest));
    let began = Instant::now();
    let resolution = corpus::resolve(&snapshot, &root);
    let took = began.elapsed();
    assert!(took < SOON && resolution.steps < FEW, "{took:?}, {} steps", resolution.steps);
    resolution
}

#[test]
fn what_has_no_graph_is_proved_to_have_none() {
    for seed in [10, 4, 6] {
        let Answer::Unsatisfiable { reason } = soon(&tangle(seed, 40, 10, 6, 4), &first_of_tangle(5)).answer else {
            panic!("seed {seed} has a graph");
        };
        let lines: Vec<&str> = reason.lines().collect();
        assert!(lines[0].contains("contradict each other"), "{reason}");
        assert!(lines[1].starts_with("`case 0.0.0` needs `c"), "{reason}");
        assert!((4..=15).contains(&lines.len()), "{reason}");
    }
}

#[test]
fn a_graph_that_is_far_away_is_found() {
    for seed in [3, 10, 38] {
        let Answer::Graph(graph) = soon(&tangle(seed, 40, 10, 5, 5), &first_of_tangle(5)).answer else {
            panic!("seed {seed} has no graph");
        };
        assert!(graph.nodes.len() > 20);
        corpus::assert_requirements_hold(&graph);
    }
}

/// Ten crates of fifty versions each, of which every one needs its own version of a shared crate, or an incompatible one
/// that links the same library.
#[test]
fn pins_and_libraries_of_many_versions() {
    let mut index = Index::default();
    for major in 1..=2 {
        for minor in 0..50 {
            let fields = serde_json::json!({"links": "native"});
            index.version_with("sys", &format!("{major}.{minor}.0"), &[], fields);
        }
    }
    for n in 0..10 {
        for minor in 0..50 {
            let major = 1 + usize::from(n == 9);
            let needs = [need("sys", &format!("{major}")), need("shared", &format!("={n}.{minor}.0"))];
            index.version(&format!("c{n}"), &format!("1.{minor}.0"), &needs);
            index.version("shared", &format!("{n}.{minor}.0"), &[]);
        }
    }
    let Answer::Unsatisfiable { reason } = soon(&index, &first_of_tangle(10)).answer else { panic!("there is none") };
    assert!(reason.contains("`native`") && reason.contains("`sys"), "{reason}");
    assert!(matches!(soon(&index, &first_of_tangle(9)).answer, Answer::Graph(_)));
}
