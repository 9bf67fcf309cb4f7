//! Timing, and the table that is printed.

use std::hint::black_box;
use std::time::{Duration, Instant};

/// How long a figure is measured, at least, in each of its turns.
const TURN: Duration = Duration::from_millis(400);
/// Turns; the median counts.
const TURNS: usize = 5;

/// Rows of a table.
pub(crate) struct Table {
    rows: Vec<[String; 6]>,
    /// What alone is measured.
    only: Option<String>,
}

/// Nanoseconds that a call of each of two takes; they take turns, so that both have the same weather.
pub(crate) fn beside(mut one: impl FnMut(), mut floor: impl FnMut()) -> (f64, f64) {
    let (mut ones, mut floors) = (Vec::new(), Vec::new());
    for _ in 0..TURNS {
        ones.push(per_call(&mut one));
        floors.push(per_call(&mut floor));
    }
    (median(ones), median(floors))
}

fn per_call(call: &mut impl FnMut()) -> f64 {
    let (began, used, mut calls) = (Instant::now(), on_processor(), 0_u32);
    while began.elapsed() < TURN {
        black_box(&mut *call)();
        calls += 1;
    }
    let wall = began.elapsed().as_nanos() as f64;
    let processor = used.zip(on_processor()).map(|(before, after)| (after - before) as f64);
    processor.unwrap_or(wall) / f64::from(calls)
}

/// Nanoseconds that this thread has had a processor, where the system tells: others that run beside must not count, since
/// the figures are per core.
pub(crate) fn on_processor() -> Option<u64> {
    let text = std::fs::read_to_string("/proc/thread-self/schedstat").ok()?;
    text.split(' ').next()?.parse().ok()
}

/// Seconds of processor that ended children have used, where the system tells.
pub(crate) fn of_children() -> Option<f64> {
    let text = std::fs::read_to_string("/proc/self/stat").ok()?;
    let mut fields = text.rsplit(')').next()?.split_whitespace().skip(13);
    let mut next = || fields.next()?.parse::<f64>().ok();
    // In hundredths, whatever the kernel's own clock is.
    Some((next()? + next()?) / 100.0)
}

/// The middle one.
pub(crate) fn median(mut all: Vec<f64>) -> f64 {
    all.sort_by(f64::total_cmp);
    all[all.len() / 2]
}

impl Table {
    pub(crate) fn of(only: Option<String>) -> Self {
        Self { rows: Vec::new(), only }
    }

    /// Is this to be measured?
    pub(crate) fn wants(&self, what: &str) -> bool {
        self.only.as_ref().is_none_or(|only| only == what)
    }

    /// What takes so many nanoseconds a call, where the floor takes so many, and how many a second are aimed at.
    pub(crate) fn rate(&mut self, what: &str, nanos: f64, floor: Option<f64>, aim: Option<f64>) {
        let per_second = 1e9 / nanos;
        self.row([
            what.to_owned(),
            if per_second < 10.0 { format!("{per_second:.2}/s") } else { format!("{per_second:.0}/s") },
            format!("{:.1} µs", nanos / 1e3),
            floor.map_or_else(String::new, |floor| format!("{:.1} µs", floor / 1e3)),
            floor.map_or_else(String::new, |floor| format!("{:.1}", nanos / floor)),
            aim.map_or_else(String::new, |aim| {
                format!("{aim:.0}/s {}", if per_second >= aim { "holds" } else { "MISSED" })
            }),
        ]);
    }

    /// A figure that is no rate.
    pub(crate) fn figure(&mut self, what: &str, value: String) {
        self.row([what.to_owned(), value, String::new(), String::new(), String::new(), String::new()]);
    }

    fn row(&mut self, row: [String; 6]) {
        println!("{} {}", row[0], row[1..].join(" ").trim_end());
        self.rows.push(row);
    }

    pub(crate) fn print(&self) {
        let head = ["what", "rate or figure", "each", "floor", "times the floor", "aim"].map(str::to_owned);
        let rows = || std::iter::once(&head).chain(&self.rows);
        let widths: Vec<usize> = (0..6).map(|n| rows().map(|row| row[n].chars().count()).max().unwrap()).collect();
        println!();
        for row in rows() {
            let cells = row.iter().zip(&widths).map(|(cell, width)| format!("{cell:<width$}"));
            println!("{}", cells.collect::<Vec<_>>().join("  ").trim_end());
        }
    }
}
