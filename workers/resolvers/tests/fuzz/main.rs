//! Every fuzz target's body over inputs from a seed: what a compiler of every day can do.
//!
//! libFuzzer looks for inputs that reach new code, and needs a nightly compiler. Here the inputs are pieces of real
//! manifests, cut, joined, repeated and with odd bytes in them, the same ones in each run; `GLEANER_FUZZ` is how many a
//! target (2,000 without it). An input that fails is printed by the panic's message with its number.
#![allow(clippy::unwrap_used, clippy::print_stdout, unreachable_pub)]
#![allow(clippy::disallowed_methods, reason = "a test reads its settings")]

#[path = "../../../../fuzz/bodies.rs"]
mod bodies;
mod inputs;
#[path = "../cargo/random.rs"]
#[allow(dead_code)]
mod random;

use std::panic::{AssertUnwindSafe, catch_unwind};

use random::Random;

fn run(target: &str, body: impl Fn(&str), seeds: &[&str]) {
    let count: u64 = std::env::var("GLEANER_FUZZ").map_or(2_000, |text| text.parse().unwrap());
    for number in 0..count {
        let input = inputs::make(&mut Random::new(number + 1), seeds);
        let ended = catch_unwind(AssertUnwindSafe(|| body(&input)));
        assert!(ended.is_ok(), "{target} panics at input {number}: {input:?}");
    }
}

#[test]
fn cargo_manifest() {
    run("cargo_manifest", bodies::cargo_manifest, inputs::CARGO_MANIFESTS);
}

#[test]
fn cargo_cfg() {
    run("cargo_cfg", bodies::cargo_cfg, inputs::CFGS);
}

#[test]
fn cargo_requirement() {
    run("cargo_requirement", bodies::cargo_requirement, inputs::CARGO_REQUIREMENTS);
}

#[test]
fn npm_manifest() {
    run("npm_manifest", bodies::npm_manifest, inputs::NPM_MANIFESTS);
}

#[test]
fn npm_range() {
    run("npm_range", bodies::npm_range, inputs::NPM_RANGES);
}

#[test]
fn pypi_requirements() {
    run("pypi_requirements", bodies::pypi_requirements, inputs::REQUIREMENTS);
}

#[test]
fn pypi_pyproject() {
    run("pypi_pyproject", bodies::pypi_pyproject, inputs::PYPROJECTS);
}

#[test]
fn pypi_requirement() {
    run("pypi_requirement", bodies::pypi_requirement, inputs::REQUIREMENTS);
}

/// Nesting without an end must not use up the stack.
#[test]
fn depth() {
    for (open, close) in [("not(", ")"), ("all(", ")"), ("(", ")"), ("[", "]"), ("{\"a\":", "}"), ("a={", "}")] {
        for depth in [10, 1_000, 100_000] {
            let input = format!("{}x{}", open.repeat(depth), close.repeat(depth));
            bodies::cargo_cfg(&input);
            bodies::cargo_manifest(&input);
            bodies::npm_manifest(&input);
            bodies::npm_range(&input);
            bodies::pypi_pyproject(&input);
            bodies::pypi_requirement(&input);
            bodies::pypi_requirements(&input);
        }
    }
}
