//! How the benches tell what they measured: lines of JSON for machines, a table for people.
//!
//! One measurement is one object, with the same keys in every bench. Where something was measured beside a floor (the
//! least that anybody would have to do for the same), the floor's figure of the same run stands in the same object:
//! figures of different runs or machines compare badly, ratios within one run do.

#![allow(clippy::print_stdout, reason = "data goes to stdout")]

use std::fs::File;
use std::io::{self, Write};
use std::path::Path;

use comfy_table::presets::UTF8_FULL_CONDENSED;
use comfy_table::{CellAlignment, Table};
use serde::Serialize;

/// One figure.
#[derive(Clone, Debug, Serialize)]
pub(crate) struct Measurement {
    /// Which bench.
    pub(crate) bench: &'static str,
    /// What was done.
    pub(crate) test: &'static str,
    /// In which variant; `-` where there is only one.
    pub(crate) case: String,
    /// What was measured, its unit last.
    pub(crate) metric: &'static str,
    /// The median over `runs`.
    pub(crate) value: f64,
    /// The value of each repetition.
    pub(crate) runs: Vec<f64>,
    /// The median of the floor's repetitions, which took turns with these.
    pub(crate) floor: Option<f64>,
    /// `value` over `floor`.
    pub(crate) ratio: Option<f64>,
}

/// All figures of a run.
pub(crate) struct Report {
    bench: &'static str,
    lines: Option<File>,
    done: Vec<Measurement>,
}

impl Report {
    /// A report of `bench`, which also appends its lines to the file at `path`, if there is one.
    ///
    /// # Errors
    /// The file cannot be opened.
    pub(crate) fn open(bench: &'static str, path: Option<&Path>) -> io::Result<Self> {
        let lines = path.map(|path| File::options().create(true).append(true).open(path)).transpose()?;
        Ok(Self { bench, lines, done: Vec::new() })
    }

    /// Takes the figures of all repetitions of one measurement.
    ///
    /// # Errors
    /// The lines cannot be written.
    pub(crate) fn add(&mut self, test: &'static str, case: &str, metric: &'static str, runs: &[f64]) -> io::Result<()> {
        self.add_beside(test, case, metric, runs, &[])
    }

    /// The same, beside the floor's figures.
    ///
    /// # Errors
    /// The lines cannot be written.
    pub(crate) fn add_beside(
        &mut self,
        test: &'static str,
        case: &str,
        metric: &'static str,
        runs: &[f64],
        floor: &[f64],
    ) -> io::Result<()> {
        let (value, floor) = (median(runs).map(rounded), median(floor).map(rounded));
        let Some(value) = value else { return Ok(()) };
        let ratio = floor.filter(|floor| *floor > 0.0).map(|floor| rounded(value / floor));
        let runs = runs.iter().copied().map(rounded).collect();
        let one = Measurement { bench: self.bench, test, case: case.to_owned(), metric, value, runs, floor, ratio };
        let line = serde_json::to_string(&one)?;
        println!("{line}");
        if let Some(lines) = &mut self.lines {
            writeln!(lines, "{line}")?;
        }
        self.done.push(one);
        Ok(())
    }

    /// Shows all of it as a table.
    pub(crate) fn show(&self) {
        let mut table = Table::new();
        table.load_preset(UTF8_FULL_CONDENSED);
        table.set_header(["test", "case", "metric", "value", "floor", "ratio", "lowest", "highest"]);
        for one in &self.done {
            let shown = |value: Option<f64>| value.map(readable).unwrap_or_default();
            let lowest = one.runs.iter().copied().reduce(f64::min);
            let highest = one.runs.iter().copied().reduce(f64::max);
            table.add_row([
                one.test.to_owned(),
                one.case.clone(),
                one.metric.to_owned(),
                readable(one.value),
                shown(one.floor),
                shown(one.ratio),
                shown(lowest),
                shown(highest),
            ]);
        }
        for column in table.column_iter_mut().skip(3) {
            column.set_cell_alignment(CellAlignment::Right);
        }
        println!("\n{table}");
    }
}

/// The middle of `values`; of an even number the mean of the middle two; none of none.
pub(crate) fn median(values: &[f64]) -> Option<f64> {
    let mut sorted = values.to_vec();
    sorted.sort_by(f64::total_cmp);
    let half = sorted.len() / 2;
    let upper = *sorted.get(half)?;
    if sorted.len() % 2 == 1 { Some(upper) } else { Some(f64::midpoint(sorted[half - 1], upper)) }
}

/// Four digits of small numbers and all of large ones: more would be noise.
fn rounded(value: f64) -> f64 {
    let unit = if value.abs() >= 1_000.0 { 1.0 } else { 1_000.0 };
    (value * unit).round() / unit
}

/// Thousands apart.
fn readable(value: f64) -> String {
    if value.abs() < 1_000.0 {
        return format!("{value}");
    }
    let digits = format!("{value:.0}");
    let mut shown = String::new();
    for (at, digit) in digits.chars().enumerate() {
        if at > 0 && (digits.len() - at) % 3 == 0 {
            shown.push(',');
        }
        shown.push(digit);
    }
    shown
}
