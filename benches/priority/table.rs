//! The table that the demonstration prints.

use comfy_table::presets::UTF8_FULL_CONDENSED;
use comfy_table::{CellAlignment, Table};

use crate::clients::Asked;
use crate::{Args, Journey, Outcome, documents};

/// Prints what came of it.
pub(crate) fn show(args: &Args, outcome: &Outcome) {
    let first = |path: String| outcome.answered.get(&path).and_then(|times| times.iter().min().copied());
    let started = |asked: &Asked, path: String| first(path).map(|at_us| at_us.saturating_sub(asked.asked_us));
    let projects = |jobs: &[Asked]| -> Vec<u64> {
        jobs.iter().filter_map(|asked| started(asked, documents::page_path(&asked.package))).collect()
    };
    let receipts = outcome.paid.iter().map(|asked| asked.receipt_us - asked.asked_us).collect();
    let mut table = Table::new();
    table.load_preset(UTF8_FULL_CONDENSED).set_header(["lane", "from asking to", "jobs", "p50", "p99", "longest"]);
    table.add_row(row("paid", "its first request", outcome.paid_starts()));
    table.add_row(row("paid", "the receipt, on disk", receipts));
    table.add_row(row("free", "its first request", projects(&outcome.free)));
    table.add_row(row("bulk", "its first request", projects(&outcome.bulk)));
    (2..6)
        .filter_map(|column| table.column_mut(column).map(|column| column.set_cell_alignment(CellAlignment::Right)))
        .for_each(drop);
    println!("{table}");
    println!("{} slots; registries that take {} ms", 2 * args.slots, args.latency);
    displaced(outcome);
}

fn displaced(outcome: &Outcome) {
    let journeys = &outcome.journeys;
    let times: usize = journeys.iter().map(|journey| journey.displaced).sum();
    let moved = journeys.iter().filter(|journey| journey.attempts > 1).count();
    let mut suspended: Vec<u64> = journeys.iter().map(|journey| journey.suspended_ms * 1_000).collect();
    suspended.sort_unstable();
    println!(
        "displaced: {} jobs, {times} times; suspended for {} in the middle, {} at most",
        journeys.len(),
        ms(quantile(&suspended, 50)),
        ms(quantile(&suspended, 100))
    );
    println!("  went on where they were: {}; were begun anew: {moved}", journeys.len() - moved);
    let of = |journey: &&Journey| {
        outcome
            .answered
            .iter()
            .filter(|(path, _)| belongs(path, &journey.package))
            .map(|(_, times)| times.len())
            .sum::<usize>()
    };
    let requests: usize = journeys.iter().map(|journey| of(&journey)).sum();
    println!(
        "  requests of theirs that were answered: {requests}, as if nothing had happened: {}",
        journeys.len() * (1 + documents::VERSIONS)
    );
    let all: usize = outcome.answered.values().map(Vec::len).sum();
    println!("requests of all jobs that were answered: {all}; answered twice: {}", outcome.repeated().len());
}

/// Is this path one of the package's?
fn belongs(path: &str, package: &str) -> bool {
    path == documents::page_path(package) || path.starts_with(&format!("/files/{}-", package.replace('-', "_")))
}

fn row(lane: &str, what: &str, mut us: Vec<u64>) -> [String; 6] {
    us.sort_unstable();
    let at = |percent| ms(quantile(&us, percent));
    [lane.to_owned(), what.to_owned(), us.len().to_string(), at(50), at(99), at(100)]
}

/// The smallest value that so many percent do not exceed.
pub(crate) fn quantile(sorted: &[u64], percent: usize) -> u64 {
    let at = (sorted.len() * percent).div_ceil(100).max(1) - 1;
    sorted.get(at).copied().unwrap_or(0)
}

fn ms(us: u64) -> String {
    format!("{}.{} ms", us / 1_000, us % 1_000 / 100)
}
