//! Lives days of a fleet in virtual time: `gleaner-fleet` prints what came to pass and draws the curves.

#![allow(clippy::print_stdout, clippy::print_stderr, reason = "a program that prints")]

use std::path::PathBuf;
use std::process::ExitCode;

use clap::Parser;
use gleaner_simulation::fleet::{Scenario, drawing, live, table};

/// Lives a day of a fleet in virtual time, a part of a day under ten times its load, and ten minutes of contention.
#[derive(Parser)]
#[command(version)]
struct Arguments {
    /// Only this one: day, tenfold, contention or minute (which is none of the three that are lived if nothing is said).
    #[arg(long)]
    only: Option<String>,
    /// Where the drawings go: one file a scenario.
    #[arg(long, default_value = "target/fleet")]
    to: PathBuf,
    /// Everything random follows from this.
    #[arg(long, default_value_t = 1)]
    seed: u64,
}

fn main() -> ExitCode {
    let arguments = Arguments::parse();
    let all = [Scenario::day(), Scenario::tenfold(), Scenario::contention(), Scenario::minute()];
    let only = arguments.only.as_deref();
    let chosen = |scenario: &Scenario| only.map_or(scenario.name != "minute", |only| only == scenario.name);
    let scenarios: Vec<_> = all.into_iter().filter(chosen).collect();
    if scenarios.is_empty() {
        eprintln!("the scenarios are day, tenfold, contention and minute");
        return ExitCode::from(2);
    }
    for scenario in scenarios {
        if let Err(error) = run(&Scenario { seed: arguments.seed, ..scenario }, &arguments.to) {
            eprintln!("cannot write to `{}`: {error}", arguments.to.display());
            return ExitCode::FAILURE;
        }
    }
    ExitCode::SUCCESS
}

fn run(scenario: &Scenario, to: &std::path::Path) -> std::io::Result<()> {
    #[allow(clippy::disallowed_methods, reason = "how long the living takes is no part of what is lived")]
    let begin = std::time::Instant::now();
    let measure = live(scenario);
    std::fs::create_dir_all(to)?;
    let file = to.join(format!("{}.svg", scenario.name));
    std::fs::write(&file, drawing(scenario, &measure))?;
    println!("{}", table(scenario, &measure));
    println!("lived in {:.0} s; drawn in {}\n", begin.elapsed().as_secs_f64(), file.display());
    Ok(())
}
