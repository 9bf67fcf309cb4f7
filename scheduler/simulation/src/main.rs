//! Lives histories: `gleaner-simulation --seeds 0..1000`, or one of them with its story: `--seeds 17 --verbose`.

#![allow(clippy::print_stdout, clippy::print_stderr, reason = "a program that prints")]

use std::ops::Range;
use std::process::ExitCode;

use clap::Parser;
use gleaner_simulation::{Fault, History, live};

/// The last lines of a failed history that are shown.
const LINES: usize = 60;

/// Lives histories of the whole scheduler in virtual time; one seed, one history.
#[derive(Parser)]
#[command(version)]
struct Arguments {
    /// The seeds: one, or a range such as 0..1000.
    #[arg(long, value_parser = seeds, default_value = "0..1000")]
    seeds: Range<u64>,
    /// Tell every history from beginning to end.
    #[arg(long)]
    verbose: bool,
    /// Plant a fault, to see it found.
    #[arg(long, value_parser = fault)]
    fault: Option<Fault>,
    /// Go on after a history that failed.
    #[arg(long)]
    keep_going: bool,
}

fn seeds(text: &str) -> Result<Range<u64>, String> {
    let number = |text: &str| text.parse::<u64>().map_err(|error| format!("`{text}` is not a seed: {error}"));
    match text.split_once("..") {
        Some((first, end)) => Ok(number(first)?..number(end)?),
        None => number(text).map(|seed| seed..seed + 1),
    }
}

fn fault(text: &str) -> Result<Fault, String> {
    let names = || Fault::ALL.map(|fault| format!("{fault:?}")).join(", ");
    let found = Fault::ALL.into_iter().find(|fault| format!("{fault:?}").eq_ignore_ascii_case(text));
    found.ok_or_else(|| format!("the faults are {}", names()))
}

fn main() -> ExitCode {
    let arguments = Arguments::parse();
    let (mut failed, mut total) = (0_u64, Total::default());
    for seed in arguments.seeds.clone() {
        let history = live(seed, arguments.fault, arguments.verbose);
        total.add(&history);
        if arguments.verbose {
            history.lines.iter().for_each(|line| println!("{line}"));
            println!("{seed}: {:?}", history.tally);
        }
        if let Some(violation) = &history.violation {
            failed += 1;
            tell(seed, violation, &arguments);
            if !arguments.keep_going {
                break;
            }
        }
    }
    println!("{}", total.line(failed));
    if failed == 0 { ExitCode::SUCCESS } else { ExitCode::FAILURE }
}

/// A failed history: what must not be, how it came, and how to see it again.
fn tell(seed: u64, violation: &str, arguments: &Arguments) {
    eprintln!("seed {seed}: {violation}");
    if !arguments.verbose && !arguments.keep_going {
        let lines = live(seed, arguments.fault, true).lines;
        lines.iter().skip(lines.len().saturating_sub(LINES)).for_each(|line| eprintln!("  {line}"));
    }
    let fault = arguments.fault.map(|fault| format!(" --fault {fault:?}")).unwrap_or_default();
    eprintln!("again: cargo run -p gleaner-simulation --bin gleaner-simulation -- --seeds {seed}{fault} --verbose");
}

/// What came to pass in all histories.
#[derive(Default)]
struct Total {
    histories: u64,
    events: u64,
    hours: f64,
    receipts: u64,
    accepted: u64,
    restarts: u64,
}

impl Total {
    #[allow(clippy::cast_precision_loss, reason = "milliseconds of some hours")]
    fn add(&mut self, history: &History) {
        self.histories += 1;
        self.events += history.events;
        self.hours += history.lasted_ms as f64 / 3_600_000.0;
        self.receipts += history.tally.receipts;
        self.accepted += history.tally.accepted;
        self.restarts += history.tally.restarts;
    }

    fn line(&self, failed: u64) -> String {
        let Self { histories, events, hours, receipts, accepted, restarts } = self;
        format!(
            "{histories} histories, {failed} failed; {hours:.1} h of virtual time, {events} events, {receipts} \
             receipts, {accepted} outcomes accepted, {restarts} restarts"
        )
    }
}
